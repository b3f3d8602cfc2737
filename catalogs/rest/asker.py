"""Who asks, and what they sent: the head and the body of a request, bounded before anything else is done."""

import asyncio
import re
from typing import Any, TypeVar

import msgspec
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from catalogs.people.people import authenticate, current
from catalogs.values.model import Person
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from infra.language import Text

MAX_BODY = 2 << 20  # bytes of a JSON document; an entry of a thousand items is a few hundred KiB
MAX_FILE = 32 << 20  # bytes of a workbook or a scan
BODY_SECONDS = 20.0
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
_BEARER = re.compile(r"Bearer +(\S{1,300})", re.IGNORECASE)
_TAG = re.compile(r'"([0-9]{1,9})"')
_HEADER = Text(
    "请求头给出 Authorization: Bearer 密钥；密钥由主管部门审核人用 hub people key 签发",
    "give the header `Authorization: Bearer KEY`; the authority's reviewer issues keys with `hub people key`",
)
KNOWN: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "the revision that was read, the ETag of the draft / 所依据的修订号",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
}
"""The header parameter of what is done to a draft as it was read."""
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""The part of an OpenAPI operation that describes a file as body."""
B = TypeVar("B")


def asker(ground: Ground, request: Request) -> Person:
    """Who asks: the holder of the bearer's key; in the demo, on this machine alone, the local user without one.

    The server's own HUB_API_KEY makes nobody known who asks without a key.

    Raises:
        Refused: PERSON_UNKNOWN, KEY_EXPIRED.
        WrongUse: REST_TEXT, for whatever stands in the address.
    """
    check_text(request.scope["path"], *(text for pair in request.query_params.multi_items() for text in pair))
    head = request.headers.get("authorization")
    local = head is None and ground.demo and ground.settings.api_key is None
    if local and request.url.hostname in LOCAL:  # another name in Host is a page elsewhere that asks through a browser
        return current(ground)
    given = _BEARER.fullmatch(head or "")
    try:
        return authenticate(ground, given[1] if given else "")
    except Refused as error:
        if error.code != "PERSON_UNKNOWN":
            raise
        raise Refused(error.code, error.text.zh, error.text.en, remedy=_HEADER) from None


def check_text(*texts: str | None) -> None:
    """Refuse what no database keeps as text.

    Raises:
        WrongUse: REST_TEXT.
    """
    if any("\0" in text for text in texts if text):
        raise WrongUse("REST_TEXT", "含有不能保存的字符", "there is a character in it that no text may hold")


async def received(request: Request, most: int) -> bytes:
    """The body, of at most `most` bytes, in time.

    Raises:
        Refused: REST_BODY, at once where the head says so; REST_SLOW; REST_GONE.
    """
    taken = bytearray()
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > most:
        raise _large(most)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                taken += chunk
                if len(taken) > most:
                    raise _large(most)
    except ClientDisconnect:
        raise Refused(
            "REST_GONE", "对方在请求体到齐之前断开", "the other side left before its body was whole"
        ) from None
    except TimeoutError:
        raise Refused("REST_SLOW", "请求体迟迟未到齐", "the body did not arrive in time") from None
    return bytes(taken)


def _large(most: int) -> Refused:
    return Refused("REST_BODY", f"请求体超过 {most} 字节", f"the body is larger than {most} bytes")


async def received_file(request: Request) -> bytes:
    """A file that is the body.

    Raises:
        Refused: REST_MEDIA when it is not said to be `application/octet-stream`, which no page elsewhere can say
            without being asked first; as `received`.
    """
    if _media(request) != "application/octet-stream":
        raise Refused(
            "REST_MEDIA", "请求体应为 application/octet-stream", "the body has to be application/octet-stream"
        )
    return await received(request, MAX_FILE)


def document(request: Request, content: bytes, kind: type[B]) -> B:
    """The body as a `kind`, by its fields; what it does not know is refused where the kind says so.

    Raises:
        Refused: REST_MEDIA when it is not said to be JSON, which no page elsewhere can say without being asked first.
        WrongUse: REST_JSON with the place in it.
    """
    if _media(request) != "application/json":
        raise Refused("REST_MEDIA", "请求体应为 application/json", "the body has to be application/json")
    if b"\0" in content or b"\\u0000" in content:
        check_text("\0")
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        where = str(error).rpartition(" - at `")[2].rstrip("`")[:200] if " - at `" in str(error) else "$"
        raise WrongUse(
            "REST_JSON", f"请求体 {where} 处不符合要求", f"the body is not as it should be at {where}"
        ) from None
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise WrongUse("REST_JSON", "请求体不是有效的 JSON", "the body is no JSON") from None


async def asked(ground: Ground, request: Request, kind: type[B]) -> tuple[Person, B]:
    """Who asks, and the JSON body as a `kind`; a stranger's body is not read.

    Raises:
        Refused, WrongUse: as `asker`, `received` and `document`.
    """
    person = await run_in_threadpool(asker, ground, request)
    return person, document(request, await received(request, MAX_BODY), kind)


def _media(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def revision(request: Request) -> int | None:
    """The revision of which the caller knows: `If-Match: "7"`, or `If-None-Match: *` for none.

    Raises:
        Refused: REST_NO_REVISION.
    """
    return None if request.headers.get("if-none-match", "").strip() == "*" else read_revision(request)


def read_revision(request: Request) -> int:
    """The revision upon which the caller acts, which they must have read: `If-Match: "7"`.

    Raises:
        Refused: REST_NO_REVISION.
    """
    found = _TAG.fullmatch(request.headers.get("if-match", "").strip())
    if found is None:
        raise Refused(
            "REST_NO_REVISION",
            "请写明所依据的修订号",
            "say which revision this builds on",
            remedy=Text(
                '请求头 If-Match: "修订号"（读取草稿时的 ETag）；新建时用 If-None-Match: *',
                'the header `If-Match: "REVISION"`, the ETag of the draft as read; for a new one `If-None-Match: *`',
            ),
        )
    return int(found[1])


def body_schema(kind: type[Any], *, known: bool = False) -> dict[str, Any]:
    """The part of an OpenAPI operation that describes a JSON body of a `kind`; `known`: it asks for a revision."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}
    body = {"requestBody": {"required": True, "content": content}}
    return body | {"parameters": [KNOWN]} if known else body
