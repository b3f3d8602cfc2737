"""Downloads under way: how many a firm has, and the end of one whose grant is closed.

What it promises:

- no firm has more than its share of places, so that one that reads slowly, or not at all, leaves places to the others;
- every `RECHECK_SECONDS` the gate looks at the grant, whether or not the client is reading, and what it finds closed is
  cut: the connection is broken, what waits to be sent is thrown away, the client sees a short file;
- a look that is not answered within `LOOK_SECONDS` is answered with no: together both stay below the promised five
  seconds. Looks have threads of their own, and the ledger's entry of the refusal is made after the cut: requests that
  wait for a busy database keep no download running.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from anyio import CapacityLimiter, to_thread
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from infra.connection import CUT
from infra.errors import HubError, Refused
from infra.language import Text
from infra.places import Places
from sharing.access.access import Access
from sharing.access.gate import RECHECK_SECONDS, Gate

LOOK_SECONDS = 3.0
LOOKS = 16  # at once

Held = contextlib.AbstractContextManager[object]


class Downloads(Places):
    """The downloads of one server: a firm has at most `most` at once, or is answered SHARE_BUSY."""

    def __init__(self, most: int) -> None:
        super().__init__(most, _busy)
        self.looks = CapacityLimiter(LOOKS)


def _busy(most: int) -> Refused:
    return Refused(
        "SHARE_BUSY",
        f"同时进行的下载已达 {most} 个",
        f"{most} downloads are under way already",
        remedy=Text("等其中之一结束后重试", "try again when one of them has ended"),
    )


class Download(StreamingResponse):
    """A file on its way, in the place that it holds, as long as the gate finds its grant open."""

    media_type = "application/octet-stream"

    def __init__(
        self,
        watch: tuple[Gate, CapacityLimiter, Access],
        content: Iterable[bytes],
        place: Held,
        status: int,
        headers: dict[str, str],
    ) -> None:
        super().__init__(content, status, headers)
        self._gate, self._looks, self._access = watch
        self._place = place
        self._refused: HubError | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or as much as may be sent."""
        with self._place:
            watch = asyncio.create_task(self._watch(scope["state"][CUT]))
            try:
                await super().__call__(scope, receive, send)
            finally:
                watch.cancel()
        if self._refused is not None:
            with contextlib.suppress(HubError):  # the cut holds, also where the ledger takes nothing
                await run_in_threadpool(self._gate.record_refusal, self._access, self._refused)

    async def _watch(self, cut: Callable[[], None]) -> None:
        try:
            while self._refused is None:
                await asyncio.sleep(RECHECK_SECONDS)
                async with asyncio.timeout(LOOK_SECONDS):
                    self._refused = await to_thread.run_sync(
                        self._gate.look, self._access, abandon_on_cancel=True, limiter=self._looks
                    )
        except Exception:  # noqa: S110 - a database that cannot be asked refuses too
            pass
        cut()
