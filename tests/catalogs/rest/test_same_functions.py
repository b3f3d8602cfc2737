"""The command and the API do the same: every command of the register has its route, or a reason why it has none."""

import click

import hub as front_door
from catalogs.rest.app import build_app
from infra.ground import Ground
from sharing.rest import PARTS

ROUTES = {
    "answer": "POST /tasks/{number}/answer",
    "approve": "POST /drafts/{dataset}/approval",
    "approve-paper": "POST /drafts/{dataset}/approval/scan",
    "assess": "POST /drafts/{dataset}/papers",
    "change-event": "POST /resources/{dataset}/events",
    "check": "POST /check",
    "compare": "POST /comparison",
    "component": "GET /components/{code}",
    "correct": "POST /resources/{dataset}/corrections",
    "diff": "GET /resources/{dataset}/diff",
    "discard": "POST /drafts/{dataset}/discard",
    "disputes": "GET /disputes",
    "dossier": "GET /resources/{dataset}/dossier",
    "draft": "GET /drafts/{dataset}",
    "draft-from": "POST /harvested/draft",
    "drafts": "GET /drafts",
    "export-dcat": "GET /dcat",
    "export-excel": "GET /export.xlsx",
    "extend": "POST /tasks/{number}/extension",
    "harvest": "POST /harvests",
    "harvested": "GET /harvested",
    "history": "GET /resources/{dataset}/history",
    "import-excel": "POST /sheets",
    "lead": "POST /disputes/{number}/lead",
    "list": "GET /resources",
    "paper": "GET /papers/{number}",
    "personal list": "GET /personal",
    "personal rejudge": "POST /personal/rejudge",
    "receive": "POST /catalogue",
    "receive-records": "POST /records/{kind}",
    "regrade list": "GET /regradings",
    "regrade propose": "POST /resources/{dataset}/regradings",
    "regrade settle": "POST /regradings/{number}/decision",
    "regrade triggers": "GET /resources/{dataset}/triggers",
    "regrade review": "POST /resources/{dataset}/triggers/{trigger}/review",
    "report": "GET /report",
    "save": "PUT /drafts/{dataset}",
    "search": "GET /search",
    "send": "GET /catalogue",
    "send-records": "GET /records/{kind}",
    "sheet": "GET /drafts/{dataset}/sheet",
    "show": "GET /resources/{dataset}",
    "suggest": "POST /suggestions",
    "tasks": "GET /tasks",
    "template": "GET /template",
    "withdraw": "POST /resources/{dataset}/withdrawal",
    **dict.fromkeys(("submit", "recall", "return", "review", "publish"), "POST /drafts/{dataset}/steps/{step}"),
}
ALONE = {
    "register": "reads a folder of the machine on which it is run",
    "export": "writes a folder of the machine on which it is run, with the people in it",
    "reindex": "mends the machine's own index",
    "run-clock": "is the daily run of the clocks, which the scheduler starts",
    "serve": "is the API",
}


def commands() -> set[str]:
    group = front_door.hub.get_command(click.Context(front_door.hub), "catalog")
    assert isinstance(group, click.Group)
    found = set()
    for name, command in group.commands.items():
        inner = command.commands if isinstance(command, click.Group) else None
        found |= {f"{name} {one}" for one in inner} if inner else {name}
    return found


def test_every_command_of_the_register_has_its_route_or_a_reason(ground: Ground) -> None:
    paths = build_app(ground, PARTS).openapi()["paths"]
    there = {f"{method.upper()} {path.removeprefix('/v1')}" for path, methods in paths.items() for method in methods}
    assert commands() == {*ROUTES, *ALONE}
    assert {route for route in ROUTES.values() if route not in there} == set()
