"""What the register's API asks of lake and sharing: the withdrawal of a resource, which knows what it would cut off."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from catalogs.life.withdraw import withdraw
from catalogs.rest.answers import Dataset, answer, says
from catalogs.rest.asker import asked, body_schema, check_text
from catalogs.rest.parts import Part
from infra.ground import Ground
from lake.rest import PART
from sharing.ending.withdrawing import CHECKS
from sharing.passing.rest_records import Used, routes_of_records


class Withdrawal(msgspec.Struct, forbid_unknown_fields=True):
    """Why a resource is withdrawn and, where data or grants are in the way, why in spite of them."""

    why: str
    despite: str | None = None


def routes_of_withdrawal(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["life"])

    @routes.post(
        "/resources/{dataset}/withdrawal",
        responses=says("the resource is withdrawn / 已撤销"),
        openapi_extra=body_schema(Withdrawal),
    )
    async def withdrawn(request: Request, dataset: Dataset) -> Any:
        person, said = await asked(ground, request, Withdrawal)
        check_text(dataset)

        def take() -> Any:
            return withdraw(ground, dataset, person, why=said.why, checks=CHECKS, despite=said.despite)

        done = await run_in_threadpool(take)
        return answer({"resource": done.resource, "state": str(done.state), "why": done.why, "at": done.at})

    return routes


PARTS = (PART, Part(routes_of_withdrawal, (Withdrawal,)), Part(routes_of_records, (Used,)))
