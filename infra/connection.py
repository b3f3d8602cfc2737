"""One connection of the server: nobody keeps it by doing nothing.

- The head of a request is whole within `head_seconds`: half a request holds no place.
- What waits to be sent moves within `stall_seconds`, or the connection is broken: a client that does not read holds no
  place either.
- Little waits: the next part of an answer is asked for when the kernel has taken the one before.
- Each request is told how to break its connection (`CUT` in its state): what was still to be sent is not sent then.
"""

import asyncio
import contextlib
import functools
import os
import socket
import struct

from uvicorn.protocols.http.h11_impl import H11Protocol

CUT = "cityhub.cut"


class Connection(H11Protocol):
    """uvicorn's HTTP protocol with an end to waiting."""

    head_seconds: float
    stall_seconds: float
    _waiting: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client came: it has to ask now."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # then writing is paused as long as anything waits in this process
        self.app_state = {**self.app_state, CUT: functools.partial(cut, transport)}  # what each request is given
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._cease()
        self._flows()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request, or of the next one's head."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait()
        else:
            self._cease()

    def pause_writing(self) -> None:
        """Something waits for the client to read."""
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Nothing waits any more."""
        self._flows()
        super().resume_writing()

    def _watch(self, waiting: int) -> None:
        self._flows()
        self._stuck = self.loop.call_later(self.stall_seconds, self._still, waiting)

    def _still(self, before: int) -> None:
        waiting = self.transport.get_write_buffer_size()
        if waiting < before:
            self._watch(waiting)
        else:
            cut(self.transport)

    def _flows(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.head_seconds, self._over)

    def _cease(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _over(self) -> None:
        self._waiting = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def timed(head_seconds: float, stall_seconds: float) -> type[Connection]:
    """The protocol with these limits."""
    return type("Timed", (Connection,), {"head_seconds": head_seconds, "stall_seconds": stall_seconds})


def cut(transport: asyncio.Transport) -> None:
    """End the connection now, without what this process or the kernel has still to send on it."""
    with (
        contextlib.suppress(OSError),
        socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as same,
    ):
        same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
