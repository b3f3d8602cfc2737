"""Asking a source over HTTP: only http and https, no redirect, a limit to the bytes and seconds of a harvest.

An answer that drips is cut off by the deadline, one that never ends by its size; neither waits for the other side.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from infra.errors import Refused, Unavailable, WrongUse
from infra.language import Text

ANSWER_BYTES = 64 * 1024**2
HARVEST_BYTES = 1024**3
_CHUNK = 64 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A harvest asks the address that was named, and none that it leads to."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


_OPEN = urllib.request.build_opener(_NoRedirect(), urllib.request.ProxyHandler({})).open


class Web:
    """One harvest's questions: together at most `seconds` and `HARVEST_BYTES`."""

    def __init__(
        self, seconds: float = 900.0, answer_bytes: int = ANSWER_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._left = HARVEST_BYTES
        self._answer = answer_bytes

    def get(self, url: str) -> bytes:
        """The body of the answer.

        Raises:
            WrongUse: HARVEST_ADDRESS.
            Unavailable: HARVEST_UNREACHABLE, HARVEST_SLOW, HARVEST_ANSWER (a status that is no success).
            Refused: HARVEST_HUGE.
        """
        check_address(url)
        request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})  # noqa: S310 - checked above
        try:
            with _OPEN(request, timeout=min(30.0, self._remaining())) as answer:
                return self._read(answer)
        except urllib.error.HTTPError as error:
            error.close()
            said = f"{error.code}"
            raise Unavailable(
                "HARVEST_ANSWER", f"来源应答 {said}", f"the source answered {said}", remedy=_LATER
            ) from None
        except TimeoutError:
            raise _slow() from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(getattr(error, "reason", None), TimeoutError):
                raise _slow() from None
            raise Unavailable(
                "HARVEST_UNREACHABLE", "无法从来源读取", "the source cannot be read", remedy=_LATER
            ) from None

    def json(self, url: str) -> Any:
        """As `get`, read as JSON.

        Raises:
            Refused: HARVEST_NOT_JSON.
            WrongUse, Unavailable, Refused: as `get`.
        """
        try:
            return json.loads(self.get(url))
        except (ValueError, RecursionError):
            raise Refused("HARVEST_NOT_JSON", "来源的应答不是 JSON", "the source's answer is no JSON") from None

    def _remaining(self) -> float:
        left = self._end - self._clock()
        if left <= 0:
            raise _slow()
        return left

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        parts, size = [], 0
        while True:
            self._remaining()
            part = answer.read1(_CHUNK)
            if not part:
                break
            size += len(part)
            self._left -= len(part)
            if size > self._answer or self._left < 0:
                raise Refused("HARVEST_HUGE", "来源的应答过大", "the source's answer is too large")
            parts.append(part)
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
        return b"".join(parts)


_LATER = Text("确认地址后稍后重试；已登记的记录没有改动", "check the address, try later; no record was changed")


def check_address(url: str) -> None:
    """Refuse what is no plain http or https address.

    Raises:
        WrongUse: HARVEST_ADDRESS, also for an address that holds a password.
    """
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
        fine = fine and parts.password is None and (parts.port is None or parts.port > 0)
    except ValueError:
        fine = False
    if not fine or any(ord(char) <= 32 for char in url):
        raise WrongUse(
            "HARVEST_ADDRESS",
            "来源地址应为不含口令的 http 或 https 地址",
            "a source's address is http or https and holds no password",
        )


def _slow() -> Unavailable:
    return Unavailable("HARVEST_SLOW", "来源应答超过时限", "the source took longer than is allowed", remedy=_LATER)
