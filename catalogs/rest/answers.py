"""Answers: a value as JSON, a page of a list, a file; and how the OpenAPI document describes them."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Path, Query
from fastapi.responses import Response

from infra.console import json_text

MOST = 200
FURTHEST = 1_000_000
Limit = Annotated[int, Query(ge=1, le=MOST, description="how many at most / 最多几项")]
Offset = Annotated[int, Query(ge=0, le=FURTHEST, description="how many to leave out before / 跳过几项")]
Dataset = Annotated[str, Path(max_length=191, description="the resource's id / 资源编号")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Words = Annotated[str | None, Query(max_length=200)]


def answer(value: Any, status: int = 200, etag: object | None = None) -> Response:
    """A value as JSON; nothing of the register is for a cache that several share."""
    headers = {"Cache-Control": "private, no-cache"}
    if etag is not None:
        headers["ETag"] = f'"{etag}"'
    return Response(json_text(value), status, headers, "application/json")


def page(items: Sequence[Any], limit: int, offset: int) -> Response:
    """Part of a list: `items`, `total`, and the `next` offset or null."""
    shown = items[offset : offset + limit]
    following = offset + len(shown)
    return answer({"items": shown, "total": len(items), "next": following if following < len(items) else None})


def attachment(content: bytes, media: str, name: str) -> Response:
    """A file."""
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, 200, headers, media)


def says(what: str, status: int = 200, schema: dict[str, Any] | None = None) -> dict[int | str, dict[str, Any]]:
    """The answer of a route that goes well, for the OpenAPI document."""
    content = {"application/json": {"schema": schema or {"type": "object"}}}
    return {status: {"description": what, "content": content}}


def binary(what: str, media: str = "application/octet-stream") -> dict[int | str, dict[str, Any]]:
    """The answer of a route that gives a file, for the OpenAPI document."""
    return {200: {"description": what, "content": {media: {"schema": {"type": "string", "format": "binary"}}}}}


PAGE: dict[str, Any] = {
    "type": "object",
    "required": ["items", "total", "next"],
    "properties": {
        "items": {"type": "array", "items": {"type": "object"}},
        "total": {"type": "integer"},
        "next": {"type": ["integer", "null"]},
    },
}


def schemas(kinds: Iterable[type[Any]]) -> dict[str, Any]:
    """The components of the OpenAPI document that describe `kinds`."""
    _, components = msgspec.json.schema_components(list(kinds), ref_template="#/components/schemas/{name}")
    return components
