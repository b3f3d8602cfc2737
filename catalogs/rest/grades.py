"""Grades: what raises one and its review, lowerings proposed by one person and settled by another."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool

from catalogs.life.drafts import draft
from catalogs.regrade.raising import raised, review_one
from catalogs.regrade.regrading import propose, regradings, settle
from catalogs.rest.answers import PAGE, Dataset, Limit, Number, Offset, Words, answer, page, says
from catalogs.rest.asker import asked, asker, body_schema, check_text
from catalogs.rest.drafts import seen
from catalogs.values.words import find_grade
from infra.errors import WrongUse
from infra.ground import Ground

Trigger = Annotated[str, Path(max_length=80, description="the trigger's id / 触发事项编号")]


class Lowering(msgspec.Struct, forbid_unknown_fields=True):
    """The lower grade that is proposed, e.g. `general_2`, of one item where it is named, and why."""

    to: str
    why: str
    item: str = ""


class Decided(msgspec.Struct, forbid_unknown_fields=True):
    """Whether a lowering is approved, and on what basis."""

    decision: Literal["approve", "refuse"]
    basis: str


class Reviewed(msgspec.Struct, forbid_unknown_fields=True):
    """On what basis a trigger is found to be not important."""

    basis: str


def routes_of_grades(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["grades"])

    @routes.get("/regradings", responses=says("proposed lowerings and their end / 降级建议", schema=PAGE))
    def listed(request: Request, dataset: Words = None, limit: Limit = 50, offset: Offset = 0) -> Any:
        asker(ground, request)
        check_text(dataset)
        return page([one.plain() for one in regradings(ground.engine, dataset)], limit, offset)

    @routes.get("/resources/{dataset}/triggers", responses=says("what raises the grade / 触发事项"))
    def triggers(request: Request, dataset: Dataset) -> Any:
        person = asker(ground, request)
        check_text(dataset)
        if draft(ground.engine, dataset) is not None:
            seen(ground, person, dataset)
        return answer(raised(ground, dataset).plain())

    _acts(routes, ground)
    return routes


def _acts(routes: APIRouter, ground: Ground) -> None:
    @routes.post(
        "/resources/{dataset}/regradings",
        responses=says("the lowering is proposed / 已建议降级", 201),
        openapi_extra=body_schema(Lowering),
        status_code=201,
    )
    async def proposed(request: Request, dataset: Dataset) -> Any:
        person, said = await asked(ground, request, Lowering)
        check_text(dataset)
        grade = find_grade(said.to)
        if grade is None:
            raise WrongUse("REST_PARAMETER", "没有这个级别：to", "there is no such grade: to")
        done = await run_in_threadpool(propose, ground, dataset, grade, person, item=said.item, why=said.why)
        return answer(done.plain(), 201)

    @routes.post(
        "/regradings/{number}/decision",
        responses=says("the proposal is settled / 已办结"),
        openapi_extra=body_schema(Decided),
    )
    async def settled(request: Request, number: Number) -> Any:
        person, said = await asked(ground, request, Decided)
        yes = said.decision == "approve"
        return answer((await run_in_threadpool(settle, ground, number, person, yes=yes, basis=said.basis)).plain())

    @routes.post(
        "/resources/{dataset}/triggers/{trigger}/review",
        responses=says("the review is recorded / 已登记复核"),
        openapi_extra=body_schema(Reviewed),
    )
    async def reviewed(request: Request, dataset: Dataset, trigger: Trigger) -> Any:
        person, said = await asked(ground, request, Reviewed)
        check_text(dataset, trigger)
        done = await run_in_threadpool(review_one, ground, dataset, trigger, person, basis=said.basis)
        return answer(done.plain())
