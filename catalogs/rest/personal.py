"""Flags of personal information: by which edition each stands, and all of them judged anew."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from catalogs.folder.read_thresholds import thresholds
from catalogs.lookup import resource, resources
from catalogs.own_city import own_city
from catalogs.people.people import require
from catalogs.personal.read_personal import personal_rules
from catalogs.personal.rejudge import rejudge
from catalogs.rest.answers import PAGE, Limit, Offset, Words, answer, page, says
from catalogs.rest.asker import MAX_BODY, asker, body_schema, check_text, document, received
from catalogs.rest.life import Why
from catalogs.values.model import Role
from infra.ground import Ground


def routes_of_personal(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["grades"])

    @routes.get("/personal", responses=says("flags, each with its edition and basis / 个人信息标记", schema=PAGE))
    def flags(request: Request, dataset: Words = None, limit: Limit = 50, offset: Offset = 0) -> Any:
        asker(ground, request)
        check_text(dataset)
        rules = personal_rules(own_city(ground))
        known = [resource(ground.engine, dataset)] if dataset else resources(ground.engine)
        found = [
            {
                "dataset": one.id,
                "item": item.name,
                "class": str(item.personal.kind),
                "sensitive": item.personal.sensitive,
                "edition": str(item.personal.edition),
                "current": item.personal.edition is rules.edition,
                "basis": rules.basis(item),
            }
            for one in known
            for item in one.items
            if item.personal
        ]
        return page(found, limit, offset)

    @routes.post(
        "/personal/rejudge",
        responses=says("judged by the edition in force / 已重新判定"),
        openapi_extra=body_schema(Why),
    )
    async def anew(request: Request) -> Any:
        person = await run_in_threadpool(asker, ground, request)
        document(request, await received(request, MAX_BODY), Why)  # what no page elsewhere can send unasked
        require(person, Role.AUTHORITY_REVIEWER)

        def run() -> Any:
            city = own_city(ground)
            done = rejudge(ground, personal_rules(city), thresholds(city), person.id)
            changed = [{"dataset": one.resource, "item": one.item, "grade": one.raised.id} for one in done.changed]
            return {"changed": changed, "held": [{"dataset": name, "trigger": why.id} for name, why in done.held]}

        return answer(await run_in_threadpool(run))

    return routes
