"""A push's body on its way to a file: bounded in bytes and time, its digest taken, and checked where one was given.

It is whole or it is an error: a body that ends before its length, or whose connection ends, is none.
"""

import asyncio
import base64
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from typing import BinaryIO

from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from infra import crypto
from infra.errors import Refused, Unavailable, WrongUse
from infra.language import Text
from lake.landing.landing import disk

_BLOCK = 1 << 20
_SHA256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*(?:;[^,]*)?(?=,|$)")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one body may take.

    Attributes:
        most: bytes, as far as was known when it began.
        more: how many they may be when there are already as many as it is given; raises when that is beyond.
        seconds, stall_seconds: of the whole, and of each waiting.
        pace: bytes a second that it brings at least.
        free: bytes that stay free on the disk.
    """

    most: int
    more: Callable[[int], int]
    seconds: float
    stall_seconds: float
    pace: int
    free: int


@dataclass(frozen=True, slots=True)
class Received:
    """A whole body: its bytes and their SHA-256 (hex)."""

    size: int
    sha256: str


def declared(lines: Sequence[str]) -> str | None:
    """The SHA-256 (hex) that `Repr-Digest` or `Content-Digest` (RFC 9530) gives; None where there is none.

    Raises:
        WrongUse: PUSH_DIGEST_FORM when a digest is given and no SHA-256 can be read of it: it would go unchecked.
    """
    if not lines:
        return None
    found = {base64.b64decode(said).hex() for said in _SHA256.findall(",".join(lines))}
    if len(found) != 1:
        raise WrongUse(
            "PUSH_DIGEST_FORM",
            "Repr-Digest 须给出一个 SHA-256",
            "Repr-Digest gives one SHA-256",
            remedy=Text("写成 sha-256=:<Base64>:（RFC 9530）", "as sha-256=:<base64>: (RFC 9530)"),
        )
    return found.pop()


async def received(stream: AsyncIterator[bytes], target: Path, limits: Limits) -> Received:
    """The body of `stream`, whole, in the new file `target`.

    Raises:
        Refused: PUSH_SLOW, PUSH_CUT, and what `limits.more` raises.
        WrongUse: PUSH_EMPTY.
        Unavailable: PUSH_ROOM, LANDING_DISK.
    """
    try:
        async with asyncio.timeout(limits.seconds):
            with disk(target), target.open("xb") as file:
                got = await _written(stream, file, target.parent, limits)
    except TimeoutError:
        raise _slow() from None
    except ClientDisconnect:
        raise Refused(
            "PUSH_CUT", "连接中断，未收到完整内容，什么都没有接收", "the body was cut off; nothing was taken"
        ) from None
    if not got.size:
        raise WrongUse("PUSH_EMPTY", "请求没有内容", "the request has no body")
    return got


async def _written(stream: AsyncIterator[bytes], file: BinaryIO, folder: Path, limits: Limits) -> Received:
    digest, size, block, began = crypto.hasher(), 0, bytearray(), time.monotonic()
    most = limits.most

    def write() -> None:
        has_room(folder, len(block) + size, limits.free)
        digest.update(block)
        file.write(block)

    while True:
        try:
            async with asyncio.timeout(limits.stall_seconds):
                chunk = await anext(stream, None)
        except TimeoutError:  # to Python an error of the system, as those of the disk are
            raise _slow() from None
        if chunk is None:
            break
        size += len(chunk)
        if size > most:
            most = await run_in_threadpool(limits.more, size)
        passed = time.monotonic() - began
        if passed > limits.stall_seconds and size < limits.pace * passed:
            raise _slow()
        block += chunk
        if len(block) >= _BLOCK:
            await run_in_threadpool(write)
            block.clear()
    await run_in_threadpool(write)
    return Received(size, digest.hexdigest())


def has_room(folder: Path, size: int, free: int) -> None:
    """Make sure that `size` bytes more leave `free` on the disk of `folder`.

    Raises:
        Unavailable: PUSH_ROOM.
    """
    if disk_usage(folder).free < size + free:
        raise Unavailable(
            "PUSH_ROOM",
            "磁盘剩余空间不足，什么都没有接收",
            "the disk has too little room left; nothing was taken",
            remedy=Text(
                "由管理员清理或扩充 HUB_HOME 所在磁盘（保留量见 HUB_PUSH_FREE_BYTES），再重新发送",
                "have the administrator make room on the disk of HUB_HOME (HUB_PUSH_FREE_BYTES stay free), then send "
                "it again",
            ),
        )


def too_large(most: int) -> Refused:
    """The refusal of a body of more than `most` bytes."""
    return Refused(
        "PUSH_TOO_LARGE",
        f"内容超过上限 {most} 字节，什么都没有接收",
        f"the body has more than the limit of {most} bytes; nothing was taken",
        remedy=Text(
            "拆分后报送，或请平台管理员调高 HUB_PUSH_MAX_BYTES",
            "split it, or have the administrator raise HUB_PUSH_MAX_BYTES",
        ),
    )


def _slow() -> Refused:
    return Refused("PUSH_SLOW", "内容到达过慢，什么都没有接收", "the body came too slowly; nothing was taken")
