"""The life of entries: papers, approval, steps, versions in words.

Approval and steps name the revision that was read (`If-Match`): nobody approves what a colleague wrote after they
looked.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from catalogs.life import steps
from catalogs.life.document import approval_sheet
from catalogs.life.drafts import Draft
from catalogs.life.machine import Paper, Step
from catalogs.life.papers import approve, approve_on_paper, assess, papers, write_paper
from catalogs.life.versions import difference, history, sees_drafts
from catalogs.rest.answers import Dataset, Number, answer, attachment, binary, says
from catalogs.rest.asker import (
    FILE_BODY,
    MAX_BODY,
    asker,
    body_schema,
    check_text,
    document,
    read_revision,
    received,
    received_file,
)
from catalogs.rest.drafts import seen, told
from infra.errors import WrongUse
from infra.ground import Ground

STEPS: Mapping[Step, Callable[..., Draft]] = {
    Step.SUBMIT: steps.submit,
    Step.RECALL: steps.recall,
    Step.RETURN: steps.give_back,
    Step.REVIEW: steps.review,
    Step.PUBLISH: steps.publish,
}
Taken = Annotated[str, Path(max_length=20, description=f"one of / 其一：{', '.join(map(str, STEPS))}")]
Version = Annotated[str | None, Query(max_length=20, description="a number or draft / 版本号或 draft")]
Kind = Annotated[str, Query(pattern="^(secrecy|personal)$", description="保密风险评估、个人信息保护影响评估")]
Result = Annotated[str, Query(min_length=1, max_length=500, description="what it found / 评估结论")]
Name = Annotated[str, Query(pattern=r"^[^/\\\x00.][^/\\\x00]{0,119}$", description="the file's name / 文件名")]
Told = Annotated[str | None, Query(max_length=100)]


_SAFE = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """Why a step is taken; returning and recalling ask for it."""

    why: str = ""


def routes_of_life(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["life"])
    _versions(routes, ground)
    _papers(routes, ground)
    _approval(routes, ground)

    @routes.post(
        "/drafts/{dataset}/steps/{step}",
        responses=says("taken; where the entry stands now / 已办理"),
        openapi_extra=body_schema(Why, known=True),
    )
    async def take(request: Request, dataset: Dataset, step: Taken) -> Any:
        person, known = await run_in_threadpool(asker, ground, request), read_revision(request)
        why = document(request, await received(request, MAX_BODY), Why).why
        check_text(dataset, why)
        wanted = next((one for one in STEPS if str(one) == step), None)
        if wanted is None:
            raise WrongUse("REST_PARAMETER", f"没有步骤 {step}", f"there is no step {step}")
        done = await run_in_threadpool(STEPS[wanted], ground, dataset, person, why=why, revision=known)
        return answer(told(done), etag=done.revision)

    return routes


def _versions(routes: APIRouter, ground: Ground) -> None:
    @routes.get("/resources/{dataset}/history", responses=says("all that was done to the entry / 办理经过"))
    def past(request: Request, dataset: Dataset) -> Any:
        person = asker(ground, request)
        check_text(dataset)
        return answer({"history": history(ground, dataset, drafts=sees_drafts(ground, person, dataset))})

    @routes.get("/resources/{dataset}/diff", responses=says("what differs, in words / 差别"))
    def differs(request: Request, dataset: Dataset, old: Version = None, new: Version = None) -> Any:
        person = asker(ground, request)
        check_text(dataset, old, new)
        if "draft" in (old, new):
            seen(ground, person, dataset)
        since, to, found = difference(ground, dataset, old, new, drafts=sees_drafts(ground, person, dataset))
        return answer({"from": since, "to": to, "changes": found})


def _papers(routes: APIRouter, ground: Ground) -> None:
    @routes.get("/drafts/{dataset}/papers", responses=says("what was recorded / 已登记的材料"))
    def listed(request: Request, dataset: Dataset) -> Any:
        seen(ground, asker(ground, request), dataset)
        return answer({"papers": papers(ground, dataset)})

    @routes.get("/papers/{number}", responses=binary("a recorded file / 一份已登记的材料"))
    def one(request: Request, number: Number) -> Response:
        person = asker(ground, request)
        with tempfile.TemporaryDirectory() as folder:
            path = FilePath(folder) / "paper"
            write_paper(ground, number, person, path)
            return attachment(path.read_bytes(), "application/octet-stream", f"paper-{number}")

    @routes.post(
        "/drafts/{dataset}/papers", responses=says("recorded / 已登记", 201), openapi_extra=FILE_BODY, status_code=201
    )
    async def assessed(request: Request, dataset: Dataset, kind: Kind, result: Result, name: Name) -> Any:
        person = await run_in_threadpool(asker, ground, request)
        content = await received_file(request)
        check_text(dataset, result)
        paper = next(one for one in Paper if str(one) == kind)

        def record() -> Any:
            with _kept(name, content) as path:
                return assess(ground, dataset, paper, path.file, person, result=result)

        return answer(await run_in_threadpool(record), 201)


def _approval(routes: APIRouter, ground: Ground) -> None:
    @routes.post(
        "/drafts/{dataset}/approval",
        responses=says("the head approves / 负责人批准", 201),
        openapi_extra=body_schema(Why, known=True),
        status_code=201,
    )
    async def approved(request: Request, dataset: Dataset) -> Any:
        person, known = await run_in_threadpool(asker, ground, request), read_revision(request)
        document(request, await received(request, MAX_BODY), Why)  # what no page elsewhere can send unasked
        check_text(dataset)
        return answer(await run_in_threadpool(approve, ground, dataset, person, revision=known), 201)

    @routes.get(
        "/drafts/{dataset}/sheet",
        responses={200: {"description": "审批表", "content": {"text/html": {"schema": {"type": "string"}}}}},
    )
    def sheet(request: Request, dataset: Dataset) -> Response:
        person = asker(ground, request)
        check_text(dataset)
        with _kept("sheet.html", b"") as path:
            approval_sheet(ground, dataset, person, path.file)
            return Response(path.file.read_bytes(), 200, _SAFE, "text/html; charset=utf-8")

    @routes.post(
        "/drafts/{dataset}/approval/scan",
        responses=says("the signed sheet is taken back / 已交回扫描件", 201),
        openapi_extra=FILE_BODY,
        status_code=201,
    )
    async def scanned(
        request: Request, dataset: Dataset, name: Name, check: Told = None, signed_by: Told = None
    ) -> Any:
        person = await run_in_threadpool(asker, ground, request)
        content = await received_file(request)
        check_text(dataset, check, signed_by)

        def record() -> Any:
            with _kept(name, content) as path:
                return approve_on_paper(ground, dataset, path.file, person, check=check, signed_by=signed_by)

        return answer(await run_in_threadpool(record), 201)


class _kept:
    """A file of the request, in a scratch folder for the block."""

    def __init__(self, name: str, content: bytes) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.file = FilePath(self._folder.name) / name
        self.file.write_bytes(content)

    def __enter__(self) -> "_kept":
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()
