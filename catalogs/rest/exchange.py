"""Exchange: the catalogue by a map out and back as drafts, and what was harvested from other catalogues.

A harvest over HTTP takes a file as its body. The server fetches no address that a caller names: those are harvested by
the command, on the machine of whoever holds it.
"""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from catalogs.exchange import crossing, listing
from catalogs.exchange.drafting import draft_from
from catalogs.exchange.harvest import How, Wish, harvest
from catalogs.exchange.mapping import find_map, map_files
from catalogs.people.people import require
from catalogs.rest.answers import PAGE, Limit, Offset, Words, answer, attachment, binary, page, says
from catalogs.rest.asker import FILE_BODY, asked, asker, body_schema, check_text, received_file
from catalogs.rest.drafts import told
from catalogs.rules.faults import refusal
from catalogs.values.words import Role
from infra.ground import Ground

Map = Annotated[str, Query(alias="map", max_length=63, description="the map's name / 映射名称")]
Form = Annotated[str, Query(pattern="^(csv|json)$")]
_NAMED = r"^[^/\\\x00.][^/\\\x00]{0,119}"
Name = Annotated[str, Query(pattern=_NAMED + r"\.(csv|json)$", description="the file's name / 文件名")]
AnyName = Annotated[str, Query(pattern=_NAMED + "$", description="the file's name / 文件名")]
Why = Annotated[str, Query(min_length=1, max_length=200)]
Source = Annotated[str, Query(min_length=1, max_length=63, description="the source's name / 来源名称")]
Identity = Annotated[str, Query(min_length=1, max_length=200, description="the record's id / 记录标识")]
MEDIA = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


class Drafting(msgspec.Struct, forbid_unknown_fields=True):
    """The harvested record that becomes a draft of the asker's department; domain and id where they are to be given."""

    source: str
    id: str
    domain: str | None = None
    dataset: str | None = None


def routes_of_exchange(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["exchange"])
    _maps(routes, ground)
    _harvests(routes, ground)
    _harvested(routes, ground)
    return routes


def _maps(routes: APIRouter, ground: Ground) -> None:
    @routes.get("/maps", responses=says("the maps / 映射"))
    def maps(request: Request) -> Any:
        asker(ground, request)
        return answer({"maps": sorted(map_files(ground.city))})

    @routes.get("/catalogue", responses=binary("the catalogue in the words of a map / 按映射报送", MEDIA["csv"]))
    def out(request: Request, name: Map, form: Form = "csv", unit: Words = None) -> Response:
        person = asker(ground, request)
        check_text(name, unit)
        data, _, faults = crossing.out(ground, find_map(name, ground.city), person, (form, unit))
        if faults:
            raise refusal(faults)
        return attachment(data, MEDIA[form], f"catalogue.{form}")

    @routes.post(
        "/catalogue",
        responses=says("every fault at its place; with `save` the drafts / 逐处错误，save 时存为草稿"),
        openapi_extra=FILE_BODY,
    )
    async def back(
        request: Request,
        map_: Map,
        name: Name,
        save: bool = False,
        why: Why = "平台交换",
        assume: Annotated[list[str] | None, Query(max_length=20)] = None,
    ) -> Any:
        person = await run_in_threadpool(asker, ground, request)
        content = await received_file(request)
        check_text(map_, name, why, *(assume or ()))

        def take() -> Any:
            used = crossing.assuming(find_map(map_, ground.city), assume or ())
            found = crossing.back(ground, used, (name, content))
            saved = crossing.keep(ground, found, person, why=why) if save else []
            faults = [one.as_dict(ground.lang) for one in found.faults]
            return {"records": found.records, "faults": faults, "saved": saved, "uncertain": used.uncertain}

        return answer(await run_in_threadpool(take))


def _harvests(routes: APIRouter, ground: Ground) -> None:
    @routes.post(
        "/harvests",
        responses=says("what became of every object / 逐条结果"),
        openapi_extra=FILE_BODY,
    )
    async def harvests(
        request: Request,
        source: Source,
        name: AnyName,
        kind: Annotated[str | None, Query(pattern="^(ckan|dcat|portal|csv)$")] = None,
        believe: bool = False,
        dry_run: bool = False,
    ) -> Any:
        person = await run_in_threadpool(asker, ground, request)
        content = await received_file(request)
        check_text(source, name)
        require(person, Role.ENGINEER, Role.AUTHORITY_REVIEWER)

        def run() -> Any:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / name
                path.write_bytes(content)
                return harvest(ground, Wish(str(path), kind, source), person.id, How(believe, dry_run))

        return answer(await run_in_threadpool(run))


def _harvested(routes: APIRouter, ground: Ground) -> None:
    @routes.get("/harvested", responses=says("harvested records / 采集记录", schema=PAGE))
    def records(
        request: Request,
        source: Words = None,
        state: Annotated[str | None, Query(pattern="^(present|gone)$")] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Any:
        asker(ground, request)
        check_text(source)
        return page(listing.harvested(ground.engine, source=source, state=state), limit, offset)

    @routes.get("/harvested/lines", responses=says("what became of each object / 逐条结果", schema=PAGE))
    def lines(request: Request, source: Source, limit: Limit = 50, offset: Offset = 0) -> Any:
        asker(ground, request)
        check_text(source)
        return page(listing.lines(ground.engine, source), limit, offset)

    @routes.get("/harvested/record", responses=says("one record whole / 一条记录"))
    def record(request: Request, source: Source, identity: Annotated[str, Identity] = Query(alias="id")) -> Any:
        asker(ground, request)
        check_text(source, identity)
        return answer(listing.body(ground.engine, source, identity))

    @routes.post(
        "/harvested/draft",
        responses=says("an entry is drafted from the record / 已由采集记录起草", 201),
        openapi_extra=body_schema(Drafting),
        status_code=201,
    )
    async def drafted(request: Request) -> Any:
        person, said = await asked(ground, request, Drafting)

        def make() -> Any:
            return draft_from(ground, said.source, said.id, person, domain=said.domain, dataset=said.dataset)

        done = await run_in_threadpool(make)
        return answer(told(done), 201, etag=done.revision)
