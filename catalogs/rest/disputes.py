"""Lead-source disputes (数源争议): listed, looked for, and settled by the authority."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from catalogs.life.disputes import disputes, look
from catalogs.life.lead import set_lead
from catalogs.people.asking import may_use
from catalogs.permission.decide import CATALOGUE
from catalogs.rest.answers import PAGE, Limit, Number, Offset, answer, page, says
from catalogs.rest.asker import MAX_BODY, asked, asker, body_schema, document, received
from catalogs.rest.life import Why
from infra.ground import Ground


class Lead(msgspec.Struct, forbid_unknown_fields=True):
    """The department that is the lead source, and why."""

    department: str
    why: str


def routes_of_disputes(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["disputes"])

    @routes.get("/disputes", responses=says("open disputes; with `settled` all / 数源争议", schema=PAGE))
    def listed(request: Request, settled: bool = False, limit: Limit = 50, offset: Offset = 0) -> Any:
        asker(ground, request)
        return page(disputes(ground, settled=settled), limit, offset)

    @routes.post(
        "/disputes/look", responses=says("the disputes that are new / 新发现的数源争议"), openapi_extra=body_schema(Why)
    )
    async def looked(request: Request) -> Any:
        person = await run_in_threadpool(asker, ground, request)
        document(request, await received(request, MAX_BODY), Why)  # what no page elsewhere can send unasked
        await run_in_threadpool(may_use, ground, person, "run_clock", CATALOGUE)
        return answer({"new": await run_in_threadpool(look, ground, person.id)})

    @routes.post(
        "/disputes/{number}/lead",
        responses=says("the lead source is named / 已确定数源部门"),
        openapi_extra=body_schema(Lead),
    )
    async def led(request: Request, number: Number) -> Any:
        person, said = await asked(ground, request, Lead)
        done = await run_in_threadpool(set_lead, ground, number, said.department, person, why=said.why)
        return answer(done)

    return routes
