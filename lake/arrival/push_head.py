"""The head of a push, looked at before its body: who sends it, under which key, and what its file is called."""

import re
from pathlib import Path

from fastapi import Request

from catalogs.people.people import authenticate
from catalogs.values.model import Person
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from infra.language import Text

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BEARER = re.compile(r"Bearer +(\S{1,300})", re.IGNORECASE)
_HEADER = Text(
    "请求头给出 Authorization: Bearer 密钥；密钥由主管部门审核人用 hub people key 签发",
    "give the header `Authorization: Bearer KEY`; the authority's reviewer issues keys with `hub people key`",
)


def bearer(ground: Ground, request: Request) -> Person:
    """Who sends it.

    Raises:
        Refused: PERSON_UNKNOWN, KEY_EXPIRED.
    """
    given = _BEARER.fullmatch(request.headers.get("authorization", ""))
    try:
        return authenticate(ground, given[1] if given else "")
    except Refused as error:
        if error.code != "PERSON_UNKNOWN":
            raise
        raise Refused(error.code, error.text.zh, error.text.en, remedy=_HEADER) from None


def lines(request: Request, name: str) -> list[str]:
    """Every header of that name."""
    return request.headers.getlist(name)


def asked(request: Request) -> str | None:
    """The client's Idempotency-Key, if the request is one that can be taken.

    Raises:
        WrongUse: PUSH_FORM, PUSH_KEY.
    """
    form = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    coded = request.headers.get("content-encoding", "identity").strip().lower()
    if form in ("multipart/form-data", "application/x-www-form-urlencoded") and lines(request, "content-type"):
        # curl -d says that it sends a form, whatever it sends, and takes the ends of lines out of it.
        raise _no_form()
    if coded != "identity":
        raise _no_form()
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise WrongUse(
            "PUSH_KEY",
            "Idempotency-Key 为 1 至 255 个可见 ASCII 字符",
            "an Idempotency-Key has 1 to 255 visible ASCII characters",
        )
    return key


def named(scratch: Path, file: str) -> Path:
    """Where the body goes: a folder of its own, under the name that its sender gives it.

    Raises:
        WrongUse: PUSH_NAME.
    """
    if file in ("", ".", "..") or "/" in file or not file.isprintable() or len(file.encode("utf-8", "replace")) > 200:
        raise WrongUse("PUSH_NAME", "文件名不可用", "the file cannot be called that")
    folder = scratch / "body"
    folder.mkdir(mode=0o700)
    return folder / file


def _no_form() -> WrongUse:
    return WrongUse(
        "PUSH_FORM",
        "请求体须为文件本身，不是表单，也不压缩传输",
        "the body is the file itself, no form and not compressed on the way",
        remedy=Text("curl -T 文件 地址/arrivals/数据集/", "curl -T FILE …/arrivals/DATASET/"),
    )
