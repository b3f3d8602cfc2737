"""Errors as `application/problem+json` (RFC 9457): the house's one shape of an error, in both languages, with a status.

`code` is stable and what a program looks at; `title`, `detail` are in the city's language; `message`, `remedy` and
`reasons` in both. What is wrong with the house itself is no more than named.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response

from infra.console import json_text
from infra.errors import HubError, Refused, Unavailable, WrongUse
from infra.ground import Ground
from infra.language import Text

MEDIA = "application/problem+json"
RETRY_SECONDS = 5
STATUS: Mapping[str, int] = {
    "PERSON_UNKNOWN": 401,
    "KEY_EXPIRED": 401,
    "PERSON_ROLE": 403,
    "CATALOG_UNKNOWN_RESOURCE": 404,
    "CATALOG_EMPTY": 404,
    "DRAFT_UNKNOWN": 404,
    "TASK_UNKNOWN": 404,
    "DISPUTE_UNKNOWN": 404,
    "CATALOG_UNKNOWN_VERSION": 404,
    "HARVEST_UNKNOWN": 404,
    "MAP_UNKNOWN": 404,
    "SHARE_CASE_UNKNOWN": 404,
    "REGRADE_UNKNOWN": 404,
    "TRIGGER_UNKNOWN": 404,
    "PAPER_UNKNOWN": 404,
    "TICKET_UNKNOWN": 404,
    "REST_PATH": 404,
    "REST_METHOD": 405,
    "REST_SLOW": 408,
    "DRAFT_STATE": 409,
    "DRAFT_BASE": 409,
    "CATALOG_CODE_TAKEN": 409,
    "DRAFT_REVISION": 412,
    "REST_BODY": 413,
    "REST_MEDIA": 415,
    "REST_NO_REVISION": 428,
    "CATALOG_INDEX_STALE": 503,
}
_KINDS = ((Unavailable, 503), (WrongUse, 400), (Refused, 422))
_DENIED = ("_DENIED", "_AS", "_SAME_PERSON")


def status_of(error: HubError) -> int:
    """The status of an error: by its code, else by its family."""
    if error.code in STATUS:
        return STATUS[error.code]
    if error.code.endswith(_DENIED):
        return 403
    return next(status for kind, status in _KINDS if isinstance(error, kind))


def problem(ground: Ground, error: Exception) -> Response:
    """The answer to an error."""
    assert isinstance(error, HubError)  # noqa: S101 - registered for this family alone
    status, lang = status_of(error), ground.lang
    both = error.remedy
    value = {
        "type": f"urn:cityhub:error:{error.code}",
        "title": error.text.say(lang),
        "status": status,
        "detail": error.sentence(lang),
        "code": error.code,
        "message": _both(error.text),
        "place": error.place.as_dict() if error.place else None,
        "remedy": _both(both) if both else None,
        "reasons": [_both(reason) for reason in error.reasons],
    }
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if status in (408, 413):
        headers["Connection"] = "close"  # what is left of a body is not read
    return Response(json_text(value), status, headers, MEDIA)


def no_such_path() -> Refused:
    """The refusal of an address that is none."""
    return Refused(
        "REST_PATH",
        "没有这个地址",
        "there is no such address",
        remedy=Text("参见 /v1/openapi.json", "see /v1/openapi.json"),
    )


def no_such_method() -> Refused:
    """The refusal of a method that an address does not have."""
    return Refused("REST_METHOD", "该地址不支持此方法", "the address does not take this method")


def wrong_parameter(error: RequestValidationError) -> WrongUse:
    """What is wrong with path, query or headers, by their names; their values are not repeated."""
    names = sorted({".".join(str(part) for part in one.get("loc", ())[1:])[:80] for one in error.errors()})
    shown = ", ".join(name for name in names if name) or "?"
    return WrongUse(
        "REST_PARAMETER", f"参数不符合要求：{shown}", f"these parameters are not as they should be: {shown}"
    )


def broken(_: Request, __: Exception) -> Response:
    """The answer to a fault of the house: nothing is told of it."""
    value = {
        "type": "urn:cityhub:error:REST_INTERNAL",
        "title": "服务内部错误 / internal error",
        "status": 500,
        "code": "REST_INTERNAL",
    }
    return Response(json_text(value), 500, {"Cache-Control": "no-store"}, MEDIA)


def schema() -> dict[str, Any]:
    """The JSON schema of a problem."""
    both = {"type": "object", "properties": {"zh": {"type": "string"}, "en": {"type": "string"}}}
    return {
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string"},
            "message": both,
            "place": {"type": ["object", "null"]},
            "remedy": {"anyOf": [both, {"type": "null"}]},
            "reasons": {"type": "array", "items": both},
        },
    }


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
