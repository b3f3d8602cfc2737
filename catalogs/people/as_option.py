"""The option `--as PERSON` of commands that ask who is there. Light: commands import it before anything else."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from infra.console import help_text

F = TypeVar("F", bound=Callable[..., Any])


def as_option(command: F) -> F:
    """Give a command `--as`, passed as `as_`: in the demo somebody else's name; elsewhere it is refused."""
    said = help_text("演示模式下以此人身份", "as this person, in the demo")
    return click.option("--as", "as_", metavar="PERSON", help=said)(command)
