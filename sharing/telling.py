"""A case told to a person: the list, its history, whose turn it is and what to type next."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from catalogs.lookup import departments
from infra.console import table
from infra.ground import Ground
from infra.language import Text
from infra.local_time import CITY_TIME, local_time
from sharing.access import grants
from sharing.case.cases import Case, State
from sharing.case.reasons import from_dict


def listed(rows: Sequence[Mapping[str, Any]], lang: str) -> str:
    """One line a case, in the city's time."""
    zh, en = ("案件", "申请主体", "数据集", "状态", "申请时间"), ("case", "applicant", "dataset", "state", "applied")
    cells = [
        (
            row["id"],
            row["applicant"],
            row["dataset"],
            State(row["state"]).text.say(lang),
            f"{row['applied_at'].astimezone(CITY_TIME):%Y-%m-%d %H:%M}",
        )
        for row in rows
    ]
    return table(cells, zh if lang == "zh" else en)


def history(case: Case, events: Sequence[Mapping[str, Any]], lang: str) -> list[str]:
    """What is asked for, then one line an event with its reasons."""
    said = [f"{case.id}  {case.dataset}  {', '.join(case.request.items)}"]
    for event in events:
        after, when = State(event["after"]).text.say(lang), event["at"].astimezone(CITY_TIME)
        said.append(f"{when:%Y-%m-%d %H:%M}  {event['actor']}  {event['act']}  → {after}  #{event['ledger']}")
        said += [f"    - {from_dict(reason).sentence().say(lang)}" for reason in event["reasons"]]
    return said


def reading(ground: Ground, case_id: str, profile: Path) -> tuple[dict[str, str], list[str]]:
    """How the firm reads its extract: for a program, and for a person the very line to run."""
    address = grants.of_case(ground.engine, case_id).address
    said = (
        Text(
            f"凭据  {profile}（含访问令牌，只交给申请主体）",
            f"profile  {profile} (it holds the token: for the applicant alone)",
        ),
        Text(
            f'读取  delta_sharing.load_as_pandas("{profile.name}#{address}")，须 hub up 或 hub share serve 在运行',
            f'read  delta_sharing.load_as_pandas("{profile.name}#{address}"), while hub up or hub share serve runs',
        ),
    )
    return {"profile": str(profile), "table": address}, [one.say(ground.lang) for one in said]


def revoked(grant: grants.Grant, lang: str) -> str:
    """That a grant ended, since when."""
    return f"{grant.case}: {State.REVOKED.text.say(lang)}  {local_time(grant.revoked_at)}  {grant.id}"


def turn(ground: Ground, case: Case) -> list[str]:
    """What comes next, and whose approval is missing while the case waits for approvals."""
    return [_next(case).say(ground.lang), *_awaited(ground, case)]


def _next(case: Case) -> Text:
    """What to do with the case now."""
    zh, en = {
        "applied": ("下一步：hub share precheck {}", "next: hub share precheck {}"),
        "prechecked": ("等待批准，依次为：", "awaits approval, in this order:"),
        "approved": (
            "下一步：申请主体读 hub share agreement {}，再用 hub share sign {} --digest … 确认",
            "next: the applicant reads hub share agreement {}, then hub share sign {} --digest …",
        ),
        "signed": ("下一步：hub share issue {}", "next: hub share issue {}"),
        "issued": ("凭据文件遗失时：hub share profile {} 文件", "if the profile is lost: hub share profile {} FILE"),
        "refused": (
            "本案已结；补正后重新申请：hub share applicant …，hub share apply …",
            "this case is closed; mend what is said and apply again: hub share applicant …, hub share apply …",
        ),
    }.get(case.state.value, ("本案已结。", "This case is closed."))
    return Text(zh.replace("{}", case.id), en.replace("{}", case.id))


def _awaited(ground: Ground, case: Case) -> list[str]:
    """Whose approval is missing, while approvals are what the case waits for."""
    if case.state.value != "prechecked":
        return []
    named = {department.id: department.name.say(ground.lang) for department in departments(ground.engine)}
    sides = {"provider": Text("提供单位", "provider"), "authority": Text("主管部门", "authority")}
    return [
        f"  hub share approve {case.id} --side {side}  {sides[side].say(ground.lang)}  {named.get(who, who)}".rstrip()
        for side, who in case.awaited
    ]
