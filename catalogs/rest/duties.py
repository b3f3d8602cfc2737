"""What runs by working days: tasks, events that ask for a change, corrections (校核), the supervision report."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from catalogs.life.duties import answer as settle
from catalogs.life.duties import change_event, consent, file_correction, seen_by
from catalogs.life.supervision import supervision
from catalogs.people.asking import may_use
from catalogs.permission.decide import CATALOGUE
from catalogs.rest.answers import PAGE, Dataset, Limit, Number, Offset, answer, page, says
from catalogs.rest.asker import asked, asker, body_schema, check_text
from infra.ground import Ground

Count = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


class Event(msgspec.Struct, forbid_unknown_fields=True):
    """A duty or a law changed, on a day (today where none is given)."""

    kind: Literal["duty", "law"]
    why: str
    on: date | None = None


class Correction(msgspec.Struct, forbid_unknown_fields=True):
    """What is wrong with the data that the asker uses."""

    what: str


class Answered(msgspec.Struct, forbid_unknown_fields=True):
    """The result and, where the data was corrected, the version that is."""

    result: str
    version: Count | None = None


class Extension(msgspec.Struct, forbid_unknown_fields=True):
    """Why the authority consents, and to how many working days (the most by default)."""

    why: str
    days: Annotated[int, msgspec.Meta(ge=1, le=400)] | None = None


def routes_of_duties(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["duties"])

    @routes.get("/tasks", responses=says("open tasks; of the asker's department unless all / 待办任务", schema=PAGE))
    def listed(
        request: Request,
        everything: Annotated[bool, Query(alias="all")] = False,
        closed: bool = False,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Any:
        person = asker(ground, request)
        found = seen_by(ground, person, everything=everything, closed=closed)
        return page(found, limit, offset)

    @routes.get("/report", responses=says("the supervision report / 监督检查报告"))
    def report(request: Request) -> Any:
        may_use(ground, asker(ground, request), "supervise", CATALOGUE)
        return answer(supervision(ground)[0])

    _acts(routes, ground)
    return routes


def _acts(routes: APIRouter, ground: Ground) -> None:
    @routes.post(
        "/resources/{dataset}/events",
        responses=says("a task is open / 已开立任务", 201),
        openapi_extra=body_schema(Event),
        status_code=201,
    )
    async def event(request: Request, dataset: Dataset) -> Any:
        person, said = await asked(ground, request, Event)
        check_text(dataset)
        opened = await run_in_threadpool(
            change_event, ground, dataset, person, kind=said.kind, why=said.why, on=said.on
        )
        return answer(opened, 201)

    @routes.post(
        "/resources/{dataset}/corrections",
        responses=says("the ticket is filed / 已提出校核", 201),
        openapi_extra=body_schema(Correction),
        status_code=201,
    )
    async def correct(request: Request, dataset: Dataset) -> Any:
        person, said = await asked(ground, request, Correction)
        check_text(dataset)
        return answer(await run_in_threadpool(file_correction, ground, dataset, person, what=said.what), 201)

    @routes.post(
        "/tasks/{number}/answer", responses=says("the task is over / 已办结"), openapi_extra=body_schema(Answered)
    )
    async def answered(request: Request, number: Number) -> Any:
        person, said = await asked(ground, request, Answered)
        done = await run_in_threadpool(settle, ground, number, person, result=said.result, corrected=said.version)
        return answer(done)

    @routes.post("/tasks/{number}/extension", responses=says("extended / 已延期"), openapi_extra=body_schema(Extension))
    async def extended(request: Request, number: Number) -> Any:
        person, said = await asked(ground, request, Extension)
        return answer(await run_in_threadpool(consent, ground, number, person, why=said.why, days=said.days))
