"""People: who they are, for those who may know, and the hand-over of work when they change posts.

Registering people and issuing keys stays with the command, at the machine: no key is in an answer.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool

from catalogs.life.handover import hand_over
from catalogs.people.asking import may_use
from catalogs.people.people import people, require
from catalogs.permission.decide import PEOPLE
from catalogs.rest.answers import PAGE, Limit, Offset, answer, page, says
from catalogs.rest.asker import asked, asker, body_schema, check_text
from catalogs.rows import plain
from catalogs.values.words import Role
from infra.ground import Ground

Leaver = Annotated[str, Path(max_length=63, description="the person's id / 人员编号")]


class Successor(msgspec.Struct, forbid_unknown_fields=True):
    """Who takes the work over, and why."""

    successor: str
    reason: str


def routes_of_people(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["people"])

    @routes.get("/people", responses=says("the people of the city / 人员", schema=PAGE))
    def listed(request: Request, limit: Limit = 50, offset: Offset = 0) -> Any:
        may_use(ground, asker(ground, request), "list_people", PEOPLE)
        return page([plain(one) for one in people(ground.engine)], limit, offset)

    @routes.post(
        "/people/{leaver}/hand-over",
        responses=says("open drafts and tasks went over, keys ended / 已移交"),
        openapi_extra=body_schema(Successor),
    )
    async def handed(request: Request, leaver: Leaver) -> Any:
        person, said = await asked(ground, request, Successor)
        check_text(leaver)
        require(person, Role.AUTHORITY_REVIEWER)
        done = await run_in_threadpool(hand_over, ground, leaver, said.successor, person.id, reason=said.reason)
        return answer(done)

    return routes
