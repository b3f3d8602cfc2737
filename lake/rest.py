"""What the lake adds to the register's API: the comparison of both, suggestions from files, quality tickets."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from catalogs.people.people import require
from catalogs.rest.answers import PAGE, Limit, Number, Offset, Words, answer, page, says
from catalogs.rest.asker import FILE_BODY, MAX_BODY, asker, body_schema, check_text, document, received, received_file
from catalogs.rest.exchange import AnyName
from catalogs.rest.life import Why
from catalogs.rest.parts import Part
from catalogs.values.words import Role
from infra.errors import WrongUse
from infra.ground import Ground
from lake.adopt.adopt import Wishes, propose
from lake.adopt.suggest import accept, entry, overall, raised, suggestions
from lake.arrival.doors import visible
from lake.compare.cli import plain
from lake.compare.reconcile import latest, reconcile
from lake.compare.rules import State
from lake.records.tickets import close, listing
from lake.tickets.cli import shown

_STATES = "|".join(str(one) for one in State)
Found = Annotated[str | None, Query(pattern=f"^({_STATES})$", description="one kind of difference / 一种结果")]
Dataset = Annotated[str, Query(max_length=191, description="unit.domain.name / 单位.领域.名称")]
Accepted = Annotated[list[str] | None, Query(max_length=1000, description="items to accept, or all / 采纳的数据项")]


def routes_of_lake(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["lake"])
    _comparison(routes, ground)
    _suggestions(routes, ground)
    _tickets(routes, ground)
    return routes


def _comparison(routes: APIRouter, ground: Ground) -> None:
    def told(request: Request, unit: str | None, state: str | None) -> Any:
        check_text(unit)
        units = visible(ground, asker(ground, request), unit)
        states = [one for one in State if str(one) == state]
        found = latest(ground.engine, units & {unit} if unit else units, states=states)
        differences = [plain(one) for one in found.differences]
        return {"at": found.at, "resources": found.resources, "differences": differences}

    @routes.get("/comparison", responses=says("where register and lake differed last / 目录与数据的差别"))
    def kept(request: Request, unit: Words = None, state: Found = None) -> Any:
        return answer(told(request, unit, state))

    @routes.post("/comparison", responses=says("compared now / 已核对"), openapi_extra=body_schema(Why))
    async def compared(request: Request) -> Any:
        person = await run_in_threadpool(asker, ground, request)
        document(request, await received(request, MAX_BODY), Why)  # what no page elsewhere can send unasked
        require(person, Role.ENGINEER, Role.AUTHORITY_REVIEWER)
        await run_in_threadpool(reconcile, ground, person.id)
        return answer(await run_in_threadpool(told, request, None, None))


def _suggestions(routes: APIRouter, ground: Ground) -> None:
    @routes.post(
        "/suggestions",
        responses=says("classes, roles and grades that a file speaks for; with `accept` the draft / 建议"),
        openapi_extra=FILE_BODY,
    )
    async def suggest(request: Request, dataset: Dataset, name: AnyName, accept: Accepted = None) -> Any:
        person = await run_in_threadpool(asker, ground, request)
        content = await received_file(request)
        check_text(dataset, name, *(accept or ()))
        return answer(await run_in_threadpool(_suggested, ground, person, dataset, (name, content), accept or ()))


def _suggested(ground: Ground, person: Any, dataset: str, sent: tuple[str, bytes], accepted: Any) -> Any:
    name, content = sent
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        found = suggestions(propose(ground, [path], dataset, Wishes()).draft)
    known = entry(ground, dataset)
    saved = accept(ground, dataset, found, accepted, person) if accepted else None
    doubts = raised(known[0], found) if known else ()
    return {
        "dataset": dataset,
        "grade": overall(found).id,
        "items": [one.plain() | {"evidence": {"zh": one.evidence.zh, "en": one.evidence.en}} for one in found],
        "triggers": [{"id": one.id, "raises": one.raises.id, "zh": one.text.zh, "en": one.text.en} for one in doubts],
        "accepted": sorted(accepted),
        "revision": saved.revision if saved else None,
    }


def _tickets(routes: APIRouter, ground: Ground) -> None:
    @routes.get("/tickets", responses=says("quality tickets, newest first / 质量问题单", schema=PAGE))
    def listed(
        request: Request, unit: Words = None, closed: bool = False, limit: Limit = 50, offset: Offset = 0
    ) -> Any:
        check_text(unit)
        units = visible(ground, asker(ground, request), unit)
        found = listing(ground, units & {unit} if unit else units, closed=closed)
        return page([shown(one) for one in found], limit, offset)

    @routes.post("/tickets/{number}/close", responses=says("closed / 已办结"), openapi_extra=body_schema(Why))
    async def ended(request: Request, number: Number) -> Any:
        person = await run_in_threadpool(asker, ground, request)
        document(request, await received(request, MAX_BODY), Why)

        def end() -> Any:
            units = frozenset(visible(ground, person, None))
            if number not in {one.number for one in listing(ground, units, closed=True, limit=100_000)}:
                raise WrongUse("TICKET_UNKNOWN", f"没有质量问题单 q-{number}", f"there is no ticket q-{number}")
            close(ground, number, person)
            return {"closed": f"q-{number}"}

        return answer(await run_in_threadpool(end))


PART = Part(routes_of_lake)
