"""Requests, replies, corrections and use records over HTTP: the functions of `hub catalog send-records` and back."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from catalogs.exchange.mapping import find_map
from catalogs.exchange.passing import give, reported, take
from catalogs.people.asking import may_use
from catalogs.permission.decide import CATALOGUE
from catalogs.rest.answers import answer, attachment, binary, says
from catalogs.rest.asker import FILE_BODY, asked, asker, body_schema, check_text, received_file
from catalogs.rest.exchange import MEDIA, Form, Map, Name
from infra.ground import Ground
from sharing.case.uses import Use, record
from sharing.passing.passing import LEDGES

Kind = Annotated[str, Path(pattern=f"^({'|'.join(LEDGES)})$")]
Case = Annotated[str, Path(max_length=40, description="the case's id / 案件编号")]


class Used(msgspec.Struct, forbid_unknown_fields=True):
    """What is recorded of a use: scene, process, results, storage, destruction."""

    scene: str
    process: str = ""
    results: str = ""
    storage: str = ""
    destruction: str = ""


def routes_of_records(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["exchange"])

    @routes.get("/records/{kind}", responses=binary("the records in the words of a map / 按映射报送", MEDIA["csv"]))
    def out(request: Request, kind: Kind, name: Map, form: Form = "csv") -> Response:
        person = asker(ground, request)
        check_text(name)
        data, _ = give(ground, LEDGES[kind](ground), find_map(name, ground.city), person, form)
        return attachment(data, MEDIA[form], f"{kind}.{form}")

    @routes.post(
        "/records/{kind}",
        responses=says("what is new, known, in conflict or at fault / 新增、已有、不一致、错误"),
        openapi_extra=FILE_BODY,
    )
    async def back(request: Request, kind: Kind, map_: Map, name: Name) -> Any:
        person = await run_in_threadpool(asker, ground, request)
        content = await received_file(request)
        check_text(map_, name)

        def run() -> Any:
            used = find_map(map_, ground.city)
            done = take(ground, LEDGES[kind](ground), used, person, (name, content))
            return reported(done, used.uncertain, ground.lang)

        return answer(await run_in_threadpool(run))

    @routes.post(
        "/cases/{case}/uses",
        responses=says("the use is recorded / 已登记使用记录", 201),
        openapi_extra=body_schema(Used),
        status_code=201,
    )
    async def used(request: Request, case: Case) -> Any:
        person, said = await asked(ground, request, Used)
        check_text(case)

        def run() -> str:
            may_use(ground, person, "exchange", CATALOGUE)
            return record(ground, case, Use(**msgspec.structs.asdict(said)), person.id)

        return answer({"use": await run_in_threadpool(run), "case": case}, 201)

    return routes
