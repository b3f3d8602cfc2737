"""`hub people list|add|key|revoke`: who the people are, and the keys by which the house knows them."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, table
from infra.language import Text

if TYPE_CHECKING:
    from infra.ground import Ground


def _said(ground: "Ground", zh: str, en: str) -> str:
    return Text(zh, en).say(ground.lang)


@click.group(help=help_text("人员、角色与接口密钥。", "People, roles and API keys."))
def people() -> None:
    """Hold the commands on people."""


@people.command(
    "list",
    help=help_text(
        "列出人员（审计员、主管部门审核人）。", "List the people, for an auditor or the authority's reviewer."
    ),
)
@as_option
@json_option
def people_list(as_: str | None) -> None:
    """Print one line a person."""
    from catalogs.people.asking import may
    from catalogs.people.people import people as everybody
    from catalogs.permission.decide import PEOPLE
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        may(ground, "list_people", PEOPLE, as_)
        found = everybody(ground.engine)
        value = [
            {
                "id": each.id,
                "name": each.name,
                "unit": each.unit,
                "department": each.department,
                "roles": sorted(str(role) for role in each.roles),
                "clearance": each.clearance.id,
                "purposes": sorted(each.purposes),
            }
            for each in found
        ]
        zh = ("人员", "姓名", "部门", "角色", "可阅级别")
        en = ("person", "name", "department", "roles", "clearance")
        rows = [
            (
                each.id,
                each.name,
                each.department,
                ", ".join(sorted(role.text.say(ground.lang) for role in each.roles)),
                each.clearance.text.say(ground.lang),
            )
            for each in found
        ]
        emit(ground, {"people": value}, lambda _: table(rows, zh if ground.lang == "zh" else en))


@people.command("add", help=help_text("登记或变更一个人员。", "Register a person, or change one."))
@click.argument("identity")
@click.option("--name", required=True, help=help_text("姓名", "name"))
@click.option("--department", required=True, help=help_text("部门编号", "department id"))
@click.option("--role", "roles", multiple=True, required=True, help=help_text("角色，可多次", "role, may be repeated"))
@click.option("--clearance", required=True, help=help_text("可阅级别，如 general_2", "clearance, e.g. general_2"))
@click.option("--purpose", "purposes", multiple=True, help=help_text("职责目的，可多次", "purpose, may be repeated"))
@json_option
def people_add(
    identity: str, name: str, department: str, roles: tuple[str, ...], clearance: str, purposes: tuple[str, ...]
) -> None:
    """Register a person."""
    from catalogs.people.people import add_person, new_person, registrar
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        actor = registrar(ground)
        person = new_person(ground.engine, identity, name, department, (roles, clearance, purposes))
        add_person(ground, person, actor)
        said = _said(ground, f"已登记人员 {person.id}", f"registered {person.id}")
        emit(ground, {"person": person.id}, lambda _: said)


@people.command("key", help=help_text("签发接口密钥，只显示这一次。", "Issue an API key, shown this once."))
@click.argument("identity")
@click.option(
    "--days", type=click.IntRange(1, 366), default=180, show_default=True, help=help_text("有效天数", "days of life")
)
@json_option
def people_key(identity: str, days: int) -> None:
    """Print a new key."""
    from catalogs.people.people import BOOTSTRAP, issue_key, registrar
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        actor = registrar(ground)
        key = issue_key(ground, identity, actor, life=timedelta(days=days))
        note = _said(ground, "请立即保存，不再显示。", "keep it now; it is not shown again.")
        notes = [note]
        if actor == BOOTSTRAP:
            first = "其余密钥由该人签发：export HUB_API_KEY=… 后运行 hub people key <人员>"
            notes.append(_said(ground, first, "its holder issues the others: export HUB_API_KEY=…; hub people key …"))
        emit(ground, {"person": identity, "key": key, "days": days}, lambda _: [key, *notes])


@people.command("revoke", help=help_text("撤销一个人的全部密钥。", "End every living key of a person."))
@click.argument("identity")
@json_option
def people_revoke(identity: str) -> None:
    """End a person's keys."""
    from catalogs.people.people import registrar, revoke_keys
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        count = revoke_keys(ground, identity, registrar(ground))
        said = _said(ground, f"已撤销 {count} 个密钥", f"{count} keys ended")
        emit(ground, {"person": identity, "revoked": count}, lambda _: said)
