"""Drafts of entries: read and saved with the revision of which the caller knows, so that nobody's work is lost.

`GET` gives the revision as `ETag`; `PUT` names it in `If-Match` (`If-None-Match: *` where there was none). When
somebody saved meanwhile the answer is 412 with who it was and when, and nothing is changed.
"""

from dataclasses import asdict
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from catalogs.life.drafts import Draft, draft, drafts, save
from catalogs.life.machine import State, steps
from catalogs.life.steps import discard
from catalogs.lookup import departments, units
from catalogs.people.asking import may_act, sees
from catalogs.rest.answers import PAGE, Dataset, Limit, Offset, Words, answer, page, says
from catalogs.rest.asker import MAX_BODY, asker, body_schema, check_text, document, read_revision, received, revision
from catalogs.rows import plain
from catalogs.rules.checking import check_resources
from catalogs.values.model import Person, Resource
from catalogs.values.word import find
from infra.errors import Place, Refused, WrongUse
from infra.ground import Ground


class Saved(msgspec.Struct, forbid_unknown_fields=True):
    """What is saved: the entry whole, and why."""

    resource: Resource
    why: str


class Given(msgspec.Struct, forbid_unknown_fields=True):
    """Why a draft is given up."""

    why: str


def routes_of_drafts(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["drafts"])

    @routes.get("/drafts", responses=says("the drafts that the asker works on or reviews / 草稿", schema=PAGE))
    def list_drafts(
        request: Request,
        unit: Words = None,
        state: Annotated[str | None, Query(max_length=20)] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Any:
        person = asker(ground, request)
        check_text(unit, state)
        wanted = find(State, state) if state is not None else None
        if state is not None and wanted is None:
            raise WrongUse("REST_PARAMETER", "参数不符合要求：state", "this parameter is not as it should be: state")
        known = drafts(ground.engine, unit, wanted)
        own = {place for place, ref in {_place(one): one.ref for one in known}.items() if sees(ground, person, ref)}
        return page([_line(one) for one in known if _place(one) in own], limit, offset)

    @routes.get("/drafts/{dataset}", responses=says("the draft; its revision is the ETag / 草稿，修订号为 ETag"))
    def show(request: Request, dataset: Dataset) -> Any:
        person = asker(ground, request)
        found = seen(ground, person, dataset)
        return answer(told(found), etag=found.revision)

    @routes.put(
        "/drafts/{dataset}",
        responses=says("saved; the ETag is the new revision / 已保存"),
        openapi_extra=body_schema(Saved),
    )
    async def put(request: Request, dataset: Dataset) -> Any:
        person = await run_in_threadpool(asker, ground, request)
        content = await received(request, MAX_BODY)
        return await run_in_threadpool(_save, ground, request, person, dataset, content)

    @routes.post(
        "/drafts/{dataset}/discard",
        responses=says("the draft is given up / 已放弃草稿"),
        openapi_extra=body_schema(Given, known=True),
    )
    async def given_up(request: Request, dataset: Dataset) -> Any:
        person, known = await run_in_threadpool(asker, ground, request), read_revision(request)
        said = document(request, await received(request, MAX_BODY), Given)
        check_text(dataset)
        await run_in_threadpool(discard, ground, dataset, person, why=said.why, revision=known)
        return answer({"resource": dataset, "discarded": True})

    @routes.post(
        "/check",
        responses=says("every rule that the entry breaks / 违反的规则"),
        openapi_extra=body_schema(Resource),
    )
    async def check(request: Request) -> Any:
        await run_in_threadpool(asker, ground, request)
        entry = document(request, await received(request, MAX_BODY), Resource)
        return await run_in_threadpool(_checked, ground, entry)

    return routes


def seen(ground: Ground, person: Person, dataset: str) -> Draft:
    """The draft of a resource, if the person works on it or reviews it.

    Raises:
        Refused: DRAFT_UNKNOWN, CATALOG_ACT_DENIED.
    """
    check_text(dataset)
    found = draft(ground.engine, dataset)
    if found is None:
        raise Refused("DRAFT_UNKNOWN", "该资源没有草稿", "the resource has no draft", place=Place(dataset=dataset))
    if not sees(ground, person, found.ref):
        may_act(ground, person, "edit_draft", found.ref)
    return found


def _save(ground: Ground, request: Request, person: Person, dataset: str, content: bytes) -> Any:
    known = revision(request)
    said = document(request, content, Saved)
    if said.resource.id != dataset:
        raise WrongUse("REST_OTHER", "地址与内容不是同一资源", "address and body are of different resources")
    done = save(ground, said.resource, person, revision=known, why=said.why)
    return answer(told(done), etag=done.revision)


def _checked(ground: Ground, entry: Resource) -> Any:
    found = check_resources([entry], departments(ground.engine), units(ground.engine))
    return answer({"count": len(found), "faults": [one.as_dict(ground.lang) for one in found]})


def _place(one: Draft) -> tuple[str, str]:
    """What the rules look at: asked once for all drafts of one department."""
    return one.unit, one.provider


def _line(one: Draft) -> dict[str, Any]:
    told = asdict(one) | {"state": str(one.state), "title": one.body.title}
    del told["body"]
    return told


def told(one: Draft) -> dict[str, Any]:
    """A draft whole, with the steps that can be taken from where it stands."""
    listed = one.state is not State.WITHDRAWN and one.base > 0
    return _line(one) | {"body": plain(one.body), "steps": [str(step) for step in steps(one.state, listed=listed)]}
