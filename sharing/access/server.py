"""The Delta Sharing server: the public protocol, so that a firm reads its extract with the tools it already has.

    GET  /delta-sharing/shares[/{share}[/schemas[/{schema}/tables]]]      what the bearer's grant names
    GET  /delta-sharing/shares/{share}/all-tables
    GET  /delta-sharing/shares/{share}/schemas/{schema}/tables/{table}/version | metadata
    POST /delta-sharing/shares/{share}/schemas/{schema}/tables/{table}/query
    GET  /delta-sharing/files/{file}?X-Amz-Signature=…                     one file, short-lived, in ranges

The routes parse and render; `sharing.access.gate` decides and records. The parameter that carries a link's secret has a
name that the public client takes for a signed URL; it is opaque here, and kept out of access logs.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from infra.errors import HubError, Refused, Unavailable, WrongUse
from infra.ground import Ground
from infra.settings import load
from sharing.access import protocol
from sharing.access.access import Access
from sharing.access.downloads import Download, Downloads
from sharing.access.gate import Gate
from sharing.access.protocol import SharedTable
from sharing.access.serving import ShareSettings

PREFIX = "/delta-sharing"
MAX_BODY = 64 * 1024  # bytes; a query is a few hundred
BODY_SECONDS = 10.0
RETRY_SECONDS = 5
NDJSON = "application/x-ndjson; charset=utf-8"
STATUS = {
    "SHARE_TOKEN": 401,
    "SHARE_UNKNOWN": 404,
    "SHARE_RANGE": 416,
    "SHARE_BODY": 413,
    "SHARE_PATH": 404,
    "SHARE_BUSY": 429,
    "CITY_NOT_THIS": 403,  # not what the client asked is wrong
}
HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": str(RETRY_SECONDS), "Connection": "close"},  # who was sent away keeps no connection
    503: {"Retry-After": str(RETRY_SECONDS)},
}


def build_app(ground: Ground) -> FastAPI:
    """Build the application over `ground`; one gate serves all of its requests."""
    app = FastAPI(title="cityhub Delta Sharing", docs_url=None, redoc_url=None)
    gate = Gate(ground)
    settings = load(ShareSettings, ground.environ)
    app.add_exception_handler(HubError, lambda _, error: refusal(error, ground.lang))
    app.add_exception_handler(404, lambda *_: refusal(_no_such(), ground.lang))
    app.add_exception_handler(405, lambda *_: refusal(_no_such(), ground.lang))
    _add_lists(app, gate)
    _add_tables(app, gate, settings.endpoint)
    _add_files(app, gate, Downloads(settings.places()))
    return app


def refusal(error: Exception, lang: str) -> JSONResponse:
    """Answer with the protocol's error shape: errorCode and message, in the status that the code maps to."""
    assert isinstance(error, HubError)  # noqa: S101 - registered for this family alone
    kinds = ((Unavailable, 503), (WrongUse, 400), (Refused, 403))
    status = STATUS.get(error.code) or next(code for kind, code in kinds if isinstance(error, kind))
    headers = HEADERS.get(status, {})
    return JSONResponse({"errorCode": error.code, "message": error.text.say(lang)}, status, headers)


def _no_such() -> Refused:
    return Refused("SHARE_PATH", "协议中没有这个地址或方法", "the protocol has no such path or method")


def _add_lists(app: FastAPI, gate: Gate) -> None:
    def listed(request: Request, items: Callable[[Access], list[dict[str, str]]], share: str | None = None) -> Any:
        access = gate.admit(request.headers.get("authorization"))
        if share is not None:
            access.require(share)
        size = request.query_params.get("maxResults")
        if size is not None and not (size.isascii() and size.isdigit() and len(size) < 10):
            raise WrongUse("SHARE_QUERY_FIELD", "maxResults 不是有效的数字", "maxResults is not a number")
        start = gate.page_start(access, request.url.path, request.query_params.get("pageToken"))
        shown, following = protocol.page(items(access), None if size is None else int(size), start)
        gate.record_listing(access, request.url.path)
        answer: dict[str, Any] = {"items": shown}
        if following is not None:
            answer["nextPageToken"] = gate.page_token(access, request.url.path, following)
        return answer

    @app.get(f"{PREFIX}/shares")
    def shares(request: Request) -> Any:
        return listed(request, lambda access: [{"name": access.table.share}])

    @app.get(f"{PREFIX}/shares/{{share}}")
    def one_share(request: Request, share: str) -> Any:
        access = gate.admit(request.headers.get("authorization"))
        access.require(share)
        gate.record_listing(access, request.url.path)
        return {"share": {"name": access.table.share}}

    @app.get(f"{PREFIX}/shares/{{share}}/schemas")
    def schemas(request: Request, share: str) -> Any:
        return listed(request, lambda a: [{"name": a.table.schema, "share": a.table.share}], share)

    @app.get(f"{PREFIX}/shares/{{share}}/schemas/{{schema}}/tables")
    def tables(request: Request, share: str, schema: str) -> Any:
        def of_schema(access: Access) -> list[dict[str, str]]:
            access.require(share, schema)
            return [access.table.as_item()]

        return listed(request, of_schema, share)

    @app.get(f"{PREFIX}/shares/{{share}}/all-tables")
    def all_tables(request: Request, share: str) -> Any:
        return listed(request, lambda access: [access.table.as_item()], share)


def _add_tables(app: FastAPI, gate: Gate, named: str | None) -> None:
    def admitted(request: Request, table: SharedTable) -> Access:
        access = gate.admit(request.headers.get("authorization"))
        access.require(table.share, table.schema, table.table)
        if not protocol.wants_parquet(request.headers.get(protocol.CAPABILITIES)):
            raise WrongUse(
                "SHARE_FORMAT", "本服务只提供 parquet 响应格式", "this server answers in the parquet format only"
            )
        return access

    at = f"{PREFIX}/shares/{{share}}/schemas/{{schema}}/tables/{{table}}"

    @app.get(f"{at}/version")
    def version(request: Request, share: str, schema: str, table: str) -> Response:
        access = admitted(request, SharedTable(share, schema, table))
        gate.record_listing(access, request.url.path)
        return PlainTextResponse("", headers={protocol.TABLE_VERSION: str(access.version)})

    @app.get(f"{at}/metadata")
    def metadata(request: Request, share: str, schema: str, table: str) -> Response:
        access = admitted(request, SharedTable(share, schema, table))
        described = gate.described(access)
        gate.record_listing(access, request.url.path)
        return _lines(access, [protocol.protocol_line(), described.metadata_line()])

    @app.get(f"{at}/changes")
    def changes(request: Request, share: str, schema: str, table: str) -> Response:
        admitted(request, SharedTable(share, schema, table))
        raise WrongUse(
            "SHARE_UNSUPPORTED",
            "不提供变更数据，只共享当前签发的版本",
            "changes are not shared, only the issued version is",
        )

    @app.post(f"{at}/query")
    async def query(request: Request, share: str, schema: str, table: str) -> Response:
        body = await _body(request)
        return await run_in_threadpool(answer, request, SharedTable(share, schema, table), body)

    def answer(request: Request, table: SharedTable, body: dict[str, Any]) -> Response:
        access = admitted(request, table)
        asked = protocol.parse_query(body)
        described = gate.described(access, version=asked.version, timestamp=asked.timestamp)
        start = gate.page_start(access, request.url.path, asked.page_token)
        wanted = protocol.take(described.files, asked.limit)
        shown = wanted[start : start + asked.max_files] if asked.max_files else wanted[start:]
        following = start + len(shown) if start + len(shown) < len(wanted) else None
        # The address that the operator names, else the one asked at; a link must not lead where a Host header says.
        base = named or str(request.base_url).rstrip("/") + PREFIX
        links = gate.open_links(access, shown, base.rstrip("/"))
        lines = [protocol.protocol_line(), described.metadata_line(), *protocol.file_lines(links)]
        if asked.max_files or protocol.wants_end_line(request.headers.get(protocol.CAPABILITIES)):
            token = None if following is None else gate.page_token(access, request.url.path, following)
            lines.append(protocol.end_line(token, min((link.expires_ms for link in links), default=None)))
        return _lines(access, lines)


def _add_files(app: FastAPI, gate: Gate, downloads: Downloads) -> None:
    @app.api_route(f"{PREFIX}/files/{{file}}", methods=["GET", "HEAD"])
    def file(request: Request, file: str) -> Response:
        opening = gate.admit_link(file, request.query_params.get("X-Amz-Signature"))
        headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, no-store", "ETag": f'"{file}"'}
        wanted = protocol.byte_range(request.headers.get("range"), opening.size)
        start, length = wanted or (0, opening.size)
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{opening.size}"
        headers["Content-Length"] = str(length)
        status = 206 if wanted else 200
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type="application/octet-stream")
        with contextlib.ExitStack() as held:
            held.enter_context(downloads.place(opening.access.applicant))
            content = gate.send(opening, start, length)
            watched = (gate, downloads.looks, opening.access)
            return Download(watched, content, held.pop_all(), status, headers)


def _lines(access: Access, lines: list[str]) -> Response:
    headers = {protocol.TABLE_VERSION: str(access.version), protocol.CAPABILITIES: "responseformat=parquet"}
    return Response("".join(lines), media_type=NDJSON, headers=headers)


async def _body(request: Request) -> dict[str, Any]:
    read = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                read += chunk
                if len(read) > MAX_BODY:
                    raise Refused("SHARE_BODY", "请求体过大", "the request body is too large")
    except TimeoutError:
        raise Refused("SHARE_BODY", "请求体迟迟未到齐", "the request body did not arrive in time") from None
    try:
        body = json.loads(bytes(read) or b"{}")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise WrongUse("SHARE_BODY_JSON", "请求体不是 JSON 对象", "the request body is not a JSON object")
    return body
