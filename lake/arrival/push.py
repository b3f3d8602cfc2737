"""Arrival by HTTP push: a unit's system sends a file and gets a receipt, and can ask what became of it.

    PUT | POST /arrivals/{dataset}/{file}      the body is the file; 201 with a receipt, 200 for what came before
    POST       /arrivals/{dataset}             the same, without a name
    GET        /arrivals/{delivery}            the receipt, the state and the counts

Promises:

- nobody sends anything without a key of a person whom the register knows (`Authorization: Bearer …`), who may deliver
  into that very resource, and is of its unit; whoever may not is answered before the body is read, and nothing lands
  for whom the answer is another one when it has come;
- half a body never lands: it is kept aside until it is whole and fits the digest that came with it (`Repr-Digest`,
  RFC 9530), within limits of bytes, time and pace, of connections, and of uploads of one unit at once; it may bring
  what is left of the unit's quota and leaves `free_bytes` on the disk, or ends;
- the receipt is sent when the delivery is durable, never before: who got none sends it again;
- with the same `Idempotency-Key` that is the same delivery at any time, and a key is good for one content; without one
  it is as long as the delivery was not published yet (`lake.landing.delivery`);
- errors have one shape, and hold no value, path or key.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from catalogs.folder.read_resource import DATASET
from catalogs.lookup import resource
from catalogs.people.asking import may_deliver
from catalogs.values.model import Person
from infra.console import json_text
from infra.errors import HubError, Place, Refused, Unavailable, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.places import Places
from infra.settings import Settings, load
from lake.arrival.push_body import Limits, declared, has_room, received, too_large
from lake.arrival.push_head import asked, bearer, lines, named
from lake.arrival.push_receipt import Pushed, key_of_another, land_pushed, receipt_for, size_before
from lake.landing import quota

PREFIX = "/arrivals"
RETRY_SECONDS = 5
STATUS = {
    "PERSON_UNKNOWN": 401,
    "KEY_EXPIRED": 401,
    "LANDING_UNKNOWN": 404,
    "PUSH_PATH": 404,
    "PUSH_SLOW": 408,
    "PUSH_KEY_RACED": 409,
    "PUSH_TOO_LARGE": 413,
    "PUSH_FORM": 415,
    "PUSH_KEY_OTHER": 422,
    "PUSH_BUSY": 429,
    "ARRIVAL_QUOTA": 429,
    "ARRIVAL_OVER_DAY": 413,
    "ARRIVAL_KEPT": 507,
    "PUSH_ROOM": 507,
    "PUSH_CUT": 400,
    "PUSH_DIGEST": 400,
    "LANDING_DISK": 507,
}
_DRAIN = 1 << 20  # bytes
_DRAIN_SECONDS = 1.0
_OURS = frozenset({"CATALOG_FAULTY", "POLICY_INVALID", "CITY_NOT_THIS"})  # what is wrong is nothing for a sender
_DELIVERY = re.compile(r"d-[0-9a-f]{24}")


class PushSettings(Settings, frozen=True):
    """Where pushes are heard, and what one may take: bytes, seconds, bytes a second, uploads of a unit at once.

    `free_bytes` of the disk stay free, whatever is sent.
    """

    section: ClassVar[str] = "push"

    host: str = "127.0.0.1"
    port: int = 8471
    max_bytes: int = 4 << 30
    free_bytes: int = 512 << 20
    seconds: float = 3600.0
    stall_seconds: float = 30.0
    pace: int = 1024
    uploads: int = 4
    max_connections: int = 64


def build_app(ground: Ground) -> FastAPI:
    """Build the application over `ground`."""
    # No redirect: it would lead to whatever host the request names.
    app = FastAPI(title="cityhub arrivals", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_exception_handler(HubError, lambda _, error: refusal(ground, error))
    for status in (404, 405):
        app.add_exception_handler(status, lambda *_: refusal(ground, _no_such()))
    door = Door(ground, load(PushSettings, ground.environ))

    @app.api_route(f"{PREFIX}/{{dataset}}/{{file}}", methods=["PUT", "POST"])
    async def push(request: Request, dataset: str, file: str) -> Response:
        return await door.take(request, dataset, file)

    @app.post(f"{PREFIX}/{{dataset}}")
    async def push_unnamed(request: Request, dataset: str) -> Response:
        return await door.take(request, dataset, dataset.partition(".")[2] or dataset)

    @app.get(f"{PREFIX}/{{delivery}}")
    def state(request: Request, delivery: str) -> Response:
        person = bearer(ground, request)
        return _json(receipt_for(ground, delivery if _DELIVERY.fullmatch(delivery) else "", person))

    return app


def refusal(ground: Ground, error: Exception) -> Response:
    """Answer with the house's one shape of an error, in the status that the code maps to."""
    assert isinstance(error, HubError)  # noqa: S101 - registered for this family alone
    if error.code in _OURS:
        error = _closed()
    kinds = ((Unavailable, 503), (WrongUse, 400), (Refused, 403))
    status = STATUS.get(error.code) or next(code for kind, code in kinds if isinstance(error, kind))
    headers = {"Connection": "close"}  # what is left of a body is not read
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (409, 429, 503) and error.code != "PUSH_CLOSED":
        later = quota.seconds_left(ground.now()) if error.code == quota.CODE else RETRY_SECONDS
        headers["Retry-After"] = str(later)
    return _json({"error": error.as_dict(ground.lang)}, status, headers)


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json_text(value), status, headers, "application/json")


class Door:
    """Takes pushes; a unit has at most so many under way."""

    def __init__(self, ground: Ground, settings: PushSettings) -> None:
        self._ground, self._settings = ground, settings
        self._places = Places(settings.uploads, _busy)

    async def take(self, request: Request, dataset: str, file: str) -> Response:
        """One push, from its head to its receipt."""
        stream = request.stream()
        try:
            return await self._take(request, stream, dataset, file)
        except HubError:
            await _drained(request, stream)
            raise

    async def _take(self, request: Request, stream: AsyncIterator[bytes], dataset: str, file: str) -> Response:
        person = await run_in_threadpool(self._admitted, request, dataset)
        key, digest = asked(request), declared(lines(request, "repr-digest") or lines(request, "content-digest"))
        limits = await run_in_threadpool(self._limits, request, person, key)
        apart = contextmanager_in_threadpool(self._ground.scratch())  # to clear gigabytes away keeps nobody waiting
        with self._places.place(person.unit):
            async with apart as scratch:
                path = named(scratch, file)
                got = await received(stream, path, limits)
                if digest not in (None, got.sha256):
                    raise _differs()
                # A body may take an hour: whose key ended, or who may no more, brings nothing by having begun before.
                person = await run_in_threadpool(self._admitted, request, dataset)
                pushed = Pushed(dataset, path, got.sha256, person, key)
                told, new = await run_in_threadpool(land_pushed, self._ground, pushed, scratch)
        value = {**told, "digest_checked": digest is not None}
        return _json(value, 201 if new else 200, {"Location": told["links"]["state"]})

    def _admitted(self, request: Request, dataset: str) -> Person:
        """Who sends, if they may; asked before the first byte of the body is.

        Raises:
            Refused: PERSON_UNKNOWN, KEY_EXPIRED, DELIVERY_DENIED.
        """
        person = bearer(self._ground, request)
        if not DATASET.fullmatch(dataset) or person.unit != dataset.partition(".")[0]:
            raise _denied(dataset)
        try:
            resource(self._ground.engine, dataset)  # this door takes nothing that nobody registered
            may_deliver(self._ground, person, dataset)
        except Refused as error:
            if error.code == "CATALOG_UNKNOWN_RESOURCE":
                raise _denied(dataset) from None
            raise
        return person

    def _limits(self, request: Request, person: Person, key: str | None) -> Limits:
        """What the body may take; asked before its first byte is, and again when it grows beyond.

        Raises:
            Refused: PUSH_TOO_LARGE, PUSH_KEY_OTHER, ARRIVAL_QUOTA, ARRIVAL_KEPT, ARRIVAL_OVER_DAY.
            Unavailable: PUSH_ROOM.
        """
        ground, settings = self._ground, self._settings
        size = int(request.headers.get("content-length") or 0)  # the server has refused what is no number
        before = size_before(ground, person, key)

        def room(size: int) -> int:
            if size > settings.max_bytes:
                raise too_large(settings.max_bytes)
            if before is not None:  # sent again for its receipt: it brings nothing more
                if size > before:
                    raise key_of_another()
                return before
            left = quota.check(ground, person.unit, size, ground.now())
            return settings.max_bytes if left is None else min(settings.max_bytes, left)

        most = room(size)
        has_room(ground.home, 2 * size, settings.free_bytes)  # the body, and its sealed copy beside it
        return Limits(most, room, settings.seconds, settings.stall_seconds, settings.pace, settings.free_bytes)


async def _drained(request: Request, stream: AsyncIterator[bytes]) -> None:
    """Read a little more, so that a client that is still sending hears the answer; one that waits to be let does."""
    if "expect" in request.headers:
        return
    left = _DRAIN
    with contextlib.suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while left > 0 and (chunk := await anext(stream, None)) is not None:
                left -= len(chunk)


def _denied(dataset: str) -> Refused:
    """One answer for what is another unit's and what nobody registered: the key tells nothing of either."""
    return Refused(
        "DELIVERY_DENIED",
        "此密钥不能向该数据资源报送，什么都没有接收",
        "this key may not deliver into that resource; nothing was taken",
        place=Place(dataset=dataset) if DATASET.fullmatch(dataset) else None,
        remedy=Text("用本单位填报员的密钥，报送本单位已登记的资源", "use a key of the unit that provides the resource"),
    )


def _closed() -> Unavailable:
    return Unavailable(
        "PUSH_CLOSED",
        "平台配置有误，暂不能接收",
        "the hub is not set up rightly; nothing can be taken now",
        remedy=Text("请告知平台管理员（hub doctor）", "tell the hub's administrator (`hub doctor`)"),
    )


def _busy(most: int) -> Refused:
    return Refused(
        "PUSH_BUSY",
        f"本单位同时进行的推送已达 {most} 个",
        f"{most} uploads of the unit are under way already",
        remedy=Text("等其中之一结束后重试", "try again when one of them has ended"),
    )


def _differs() -> Refused:
    return Refused(
        "PUSH_DIGEST",
        "收到的内容与所给的摘要不符，什么都没有接收",
        "what came does not have the digest that was given; nothing was taken",
        remedy=Text("重新发送", "send it again"),
    )


def _no_such() -> WrongUse:
    return WrongUse(
        "PUSH_PATH",
        "没有这个地址或方法",
        "there is no such path or method",
        remedy=Text(
            f"PUT {PREFIX}/数据集/文件名（curl -T 的地址以 / 结尾）",
            f"PUT {PREFIX}/<dataset>/<file> (with curl -T the address ends in /)",
        ),
    )
