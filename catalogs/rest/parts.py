"""A part of the API: the routes of one subject and the bodies that they take.

What stands to the right of the register knows more than it does: the lake of data, sharing of grants. Their parts are
handed in by whoever hosts the API (`hub up`, `hub catalog serve`); nothing here asks for them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from infra.ground import Ground


@dataclass(frozen=True, slots=True)
class Part:
    """Routes over a ground, and the kinds of JSON bodies that the OpenAPI document has to describe for them."""

    routes: Callable[[Ground], APIRouter]
    bodies: tuple[type[Any], ...] = ()
