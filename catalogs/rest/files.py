"""Files in and out: the form, the departments' workbooks with every fault at its cell, Excel and DCAT-AP.

A workbook comes as the body, whatever it says it is; it is read by the guarded process of the command, and kept in a
scratch folder no longer than the request lasts.
"""

import contextlib
import re
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from catalogs.folder.read_codes import code_rules
from catalogs.lookup import city
from catalogs.people.asking import may_describe, sees
from catalogs.personal.read_personal import personal_rules
from catalogs.rest.answers import answer, attachment, binary, says
from catalogs.rest.asker import FILE_BODY, asker, check_text, received_file
from catalogs.sheet.importing import Imported, read_sheets, save
from catalogs.sheet.marking import write_marked
from catalogs.sheet.register import Register, register_of
from catalogs.sheet.standing import Sees, in_force_with_digest, in_hand
from catalogs.sheet.writing import write_book
from catalogs.values.model import Department, Person
from infra.errors import Refused, Unavailable, WrongUse
from infra.ground import Ground
from infra.language import Text

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RDF = {
    "ttl": ("turtle", "text/turtle"),
    "jsonld": ("json-ld", "application/ld+json"),
    "rdf": ("xml", "application/rdf+xml"),
}
AT_ONCE = 2  # workbooks that are read at once: each may take as much memory as a reader may (`catalogs.sheet.reading`)
WAIT_SECONDS = 2.0
READING = threading.BoundedSemaphore(AT_ONCE)
_ENDS = re.compile(r"[^/\\\0]{1,120}\.(xlsx|xls|xlsm|et)", re.IGNORECASE)
_NAMED = Query(max_length=160, description="the file's name / 文件名")
_WHOSE = Query(max_length=63, description="of this unit or department / 单位或部门编号")
Layout = Annotated[str, Query(pattern="^(hub|vendor|national)$")]
Named = Annotated[str, _NAMED]
Whose = Annotated[str | None, _WHOSE]
Why = Annotated[str, Query(min_length=1, max_length=200)]


def routes_of_files(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["files"])
    _out(routes, ground)
    _in(routes, ground)
    return routes


def _out(routes: APIRouter, ground: Ground) -> None:
    @routes.get("/template", responses=binary("the form; with `prefill` what is registered / 填报模板", XLSX))
    def template(request: Request, whose: Whose = None, layout: Layout = "hub", prefill: bool = False) -> Response:
        return _book(ground, asker(ground, request), (whose, layout), filled=prefill, drafts=True)

    @routes.get("/export.xlsx", responses=binary("what is registered / 已登记目录", XLSX))
    def excel(request: Request, whose: Whose = None, layout: Layout = "hub") -> Response:
        return _book(ground, asker(ground, request), (whose, layout), filled=True, drafts=False)

    @routes.get("/dcat", responses=binary("DCAT-AP 3", "text/turtle"))
    def dcat(request: Request, form: Annotated[str, Query(pattern="^(ttl|jsonld|rdf)$")] = "ttl") -> Response:
        person = asker(ground, request)
        from catalogs.exchange.dcat import catalogue  # noqa: PLC0415 - rdflib is not for every request
        from catalogs.exchange.rdf import serialize  # noqa: PLC0415

        whole = city(ground.engine)
        may_describe(ground, person, whole.resources)
        notation, media = RDF[form]
        return attachment(
            serialize(catalogue(whole, f"https://{whole.id}.invalid/"), notation), media, f"catalogue.{form}"
        )


def _in(routes: APIRouter, ground: Ground) -> None:
    @routes.post(
        "/sheets",
        responses=says("every fault at its cell; with `save` the drafts / 逐格错误，save 时存为草稿"),
        openapi_extra=FILE_BODY,
    )
    async def sheets(request: Request, name: Named, save: bool = False, why: Why = "Excel 填报") -> Any:
        person = await run_in_threadpool(asker, ground, request)
        content = await received_file(request)
        return await run_in_threadpool(_sheets, ground, person, (name, content), why if save else None)

    @routes.post(
        "/sheets/marked",
        responses=binary("the workbook with each fault as a comment / 标注副本", XLSX),
        openapi_extra=FILE_BODY,
    )
    async def marked(request: Request, name: Named) -> Response:
        person = await run_in_threadpool(asker, ground, request)
        content = await received_file(request)
        return await run_in_threadpool(_marked, ground, person, name, content)


def _book(ground: Ground, person: Person, asked: tuple[str | None, str], *, filled: bool, drafts: bool) -> Response:
    whose, layout = asked
    check_text(whose)
    register = register_of(ground.engine)
    providers = _providers(register, whose)
    ids = {one.id for one in providers}
    held = in_force_with_digest(ground.engine, ids) if filled else []
    if filled and drafts:
        held = in_hand(ground.engine, ids, _seen_by(ground, person))
    may_describe(ground, person, [one for one, _ in held])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalogue.xlsx"
        stamps = {one.id: digest for one, digest in held}
        write_book(path, register, [one for one, _ in held], layout=layout, providers=providers, stamps=stamps)
        return attachment(path.read_bytes(), XLSX, path.name)


def _seen_by(ground: Ground, person: Person) -> Sees:
    return lambda draft: sees(ground, person, draft)


def _providers(register: Register, whose: str | None) -> list[Department]:
    found = [one for one in register.departments if whose is None or whose in (one.id, one.unit)]
    if not found:
        raise WrongUse("SHEET_NOBODY", "没有登记这样的单位或部门", "no such unit or department is registered")
    return found


@contextlib.contextmanager
def _read(ground: Ground, person: Person, name: str, content: bytes) -> Iterator[tuple[Path, Imported]]:
    """The workbook in a scratch folder under its own name, and what it says."""
    if not _ENDS.fullmatch(name) or name.startswith("."):
        raise WrongUse(
            "REST_FILE_NAME", "name 应是以 .xlsx、.xls 或 .et 结尾的文件名", "name a file ending in .xlsx, .xls or .et"
        )
    if not READING.acquire(timeout=WAIT_SECONDS):
        raise Unavailable(
            "REST_BUSY",
            "正在读取其他工作簿",
            "other workbooks are being read",
            remedy=Text("稍后再交", "send it again in a moment"),
        )
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            rules, personal = code_rules(ground.city), personal_rules(ground.city)
            register = register_of(ground.engine, rules, person.id, _seen_by(ground, person), personal=personal)
            yield path, read_sheets([path], register)
    finally:
        READING.release()


def _sheets(ground: Ground, person: Person, sent: tuple[str, bytes], why: str | None) -> Response:
    with _read(ground, person, *sent) as (_, found):
        (sheet,) = found.sheets
        wanted = sheet.resources if why and not sheet.faults else ()
        saved = save(ground, wanted, person, why=why, known=found.known) if why and wanted else []
        value = {
            "file": sheet.file,
            "entries": sheet.entries,
            "good": len(sheet.resources),
            "faults": [fault.as_dict(ground.lang) for fault in sheet.faults],
            "remarks": [remark.as_dict(ground.lang) for remark in sheet.remarks],
            "same": found.same,
            "saved": saved,
        }
        return answer(value)


def _marked(ground: Ground, person: Person, name: str, content: bytes) -> Response:
    with _read(ground, person, name, content) as (path, found):
        (sheet,) = found.sheets
        if sheet.rows is None:
            fault = sheet.faults[0]
            raise Refused(fault.code, fault.text.zh, fault.text.en, place=fault.place, remedy=fault.remedy)
        target = path.with_name("marked.xlsx")
        write_marked(path, target, sheet.faults, ground.lang, sheet.stamps)
        return attachment(target.read_bytes(), XLSX, target.name)
