"""Requests, replies, corrections and use records between the city and another platform, over both databases."""

import csv
import io
import json
from pathlib import Path

import life_city as city
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from catalogs.exchange.mapping import ExchangeMap, find_map
from catalogs.exchange.passing import Passed, give, take
from catalogs.exchange.tables import RECEIVED
from catalogs.life import duties
from catalogs.life.clocks import Kind
from catalogs.life.tasks import tasks
from catalogs.lookup import resource
from catalogs.people.people import person
from hub import hub
from infra.database import read
from infra.errors import Refused
from infra.ground import Ground
from infra.ledger.tables import ENTRY
from sharing.case import applicants, casebook, uscc, uses
from sharing.case.cases import Channel, Request, State
from sharing.case.declared import Registration
from sharing.case.uses import Use
from sharing.passing.passing import LEDGES

FIRM = uscc.sample(1)
KINDS = ("requests", "replies", "corrections", "uses")


@pytest.fixture
def ground(city_ground: Ground) -> Ground:
    city.stock(city_ground)
    applicants.register(city_ground, Registration(FIRM, "样例智能科技有限公司", "乙"), "clerk", city_ground.now())
    return city_ground


@pytest.fixture
def used(ground: Ground) -> ExchangeMap:
    return find_map("national", ground.city)


def opened(ground: Ground) -> str:
    items = tuple(item.name for item in resource(ground.engine, city.FLOW).items[:2])
    asked = Request(items, "信号配时", "=交通组织", 90, legal_basis="道路交通安全法")
    return casebook.apply(ground, FIRM, Channel.CONDITIONAL, city.FLOW, asked, "clerk").id


def everything(ground: Ground) -> str:
    """A case that is refused, with a use record, and a ticket: one record of each kind; the case."""
    case = opened(ground)
    uses.record(ground, case, Use("交通组织", results="-3% 延误", destruction="已销毁"), "clerk")
    casebook.refuse(ground, case, person(ground.engine, "reviewer_jinshui"), ["用途不明", "范围过大"])
    duties.file_correction(ground, city.FLOW, person(ground.engine, "officer_erqi"), what="7 月 3 日缺 2 小时")
    return case


def sent(ground: Ground, kind: str, used: ExchangeMap, form: str = "csv") -> bytes:
    data, _ = give(ground, LEDGES[kind](ground), used, person(ground.engine, "operator_sun"), form)
    return data


def came(ground: Ground, kind: str, used: ExchangeMap, data: bytes, form: str = "csv") -> Passed:
    by = person(ground.engine, "reviewer_authority" if kind == "corrections" else "operator_sun")
    return take(ground, LEDGES[kind](ground), used, by, (f"file.{form}", data))


def theirs(data: bytes, *changes: dict[str, str]) -> bytes:
    """The file's first record once for each of `changes`, with them: what another platform would send."""
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows([{**rows[0], **change} for change in changes])
    return out.getvalue().encode()


def entries(ground: Ground) -> list[str]:
    with read(ground.engine) as connection:
        bodies = connection.execute(sa.select(ENTRY.c.body).order_by(ENTRY.c.number)).scalars()
        return [json.loads(body)["act"] for body in bodies]


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("name", ["national", "vendor", "sichuan_db51t2847"])
def test_what_the_city_sends_of_each_kind_comes_back_as_known_and_changes_nothing(
    ground: Ground, name: str, form: str
) -> None:
    everything(ground)
    used = find_map(name, ground.city)
    for kind in KINDS:
        data = sent(ground, kind, used, form)
        before = entries(ground)
        back = came(ground, kind, used, data, form)
        assert (back.faults, back.conflicts, back.new, back.same) == ((), [], {}, 1), kind
        assert entries(ground) == before, "a file that changes nothing leaves no entry"
        assert sent(ground, kind, used, form) == data, kind
    assert entries(ground).count("catalogs:records:sent") == 2 * len(KINDS)


def test_a_request_of_another_platform_opens_one_case_and_a_repeat_none(ground: Ground, used: ExchangeMap) -> None:
    opened(ground)
    data = theirs(
        sent(ground, "requests", used), {"申请编号": "P-1", "使用范围": "省厅"}, {"申请编号": "P-2", "申请日期": ""}
    )
    first = came(ground, "requests", used, data)
    assert set(first.new) == {"P-1", "P-2"}
    made = casebook.case(ground.engine, first.new["P-1"])
    assert (made.state, made.request.scene, made.request.days, len(made.request.items)) == (
        State.APPLIED,
        "=交通组织",
        90,
        2,
    )
    assert made.barred == {"operator_sun", "clerk"}, "who takes it in does not review it"
    assert entries(ground)[-3:] == ["sharing:case:applied"] * 2 + ["catalogs:records:received"]
    before = entries(ground)
    again = came(ground, "requests", used, data)
    assert (again.new, again.same, again.conflicts, len(casebook.listing(ground.engine))) == ({}, 2, [], 3)
    assert entries(ground) == before
    back = {
        row["申请编号"]: row for row in csv.DictReader(io.StringIO(sent(ground, "requests", used).decode("utf-8-sig")))
    }
    assert back["P-1"]["使用范围"] == "省厅", "what they said goes back in their words and under their number"
    assert len(back) == 3
    other = theirs(data, {"申请编号": "P-1", "使用时限（天）": "400"}, {"申请编号": "P-3"})
    third = came(ground, "requests", used, other)
    assert [(one.number, one.differ) for one in third.conflicts] == [("P-1", {"days": ("90", "400")})]
    assert casebook.case(ground.engine, first.new["P-1"]).request.days == 90
    assert set(third.new) == {"P-3"}, "what is not in conflict is taken"


def test_what_a_request_names_has_to_be_here_and_with_one_fault_nothing_is_taken(
    ground: Ground, used: ExchangeMap
) -> None:
    opened(ground)
    data = theirs(
        sent(ground, "requests", used),
        {"申请编号": "P-1"},
        {"申请编号": "P-2", "信息资源名称": "没有的资源"},
        {"申请编号": "P-3", "所需信息项": "没有的数据项"},
        {"申请编号": "P-4", "需求单位代码": uscc.sample(9)},
        {"申请编号": "P-5", "使用场景": "甲\n乙"},
    )
    done = came(ground, "requests", used, data)
    assert [(one.place.row, one.code) for one in done.faults] == [
        (3, "MAP_NOT_HERE"), (4, "MAP_NOT_HERE"), (5, "SHARE_APPLICANT_UNKNOWN"), (6, "SHARE_TEXT"),
    ]  # fmt: skip
    assert (done.new, len(casebook.listing(ground.engine))) == ({}, 1)


def test_a_receipt_that_dies_half_way_has_done_nothing(
    ground: Ground, used: ExchangeMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(ground)
    data = theirs(sent(ground, "requests", used), {"申请编号": "P-1"}, {"申请编号": "P-2"})
    before, whole, calls = entries(ground), casebook.opened, []

    def dies(*arguments: object) -> str:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(casebook, "opened", dies)
    with pytest.raises(KeyboardInterrupt):
        came(ground, "requests", used, data)
    monkeypatch.undo()
    assert (entries(ground), len(casebook.listing(ground.engine))) == (before, 1)
    with read(ground.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(RECEIVED)).scalar() == 0
    assert len(came(ground, "requests", used, data).new) == 2


def test_a_reply_of_another_platform_is_kept_beside_its_case_and_decides_nothing(
    ground: Ground, used: ExchangeMap
) -> None:
    case = everything(ground)
    reply = sent(ground, "replies", used)
    request = theirs(sent(ground, "requests", used), {"申请编号": "P-1"})
    mine = came(ground, "requests", used, request).new["P-1"]
    yes = theirs(reply, {"申请编号": "P-1", "答复结果": "1", "理由": ""})
    assert came(ground, "replies", used, yes).new == {"P-1": mine}
    assert casebook.case(ground.engine, mine).state is State.APPLIED
    assert came(ground, "replies", used, yes).same == 1
    (differs,) = came(ground, "replies", used, theirs(reply, {"申请编号": "P-1", "答复结果": "2"})).conflicts
    assert differs.differ["outcome"] == ("同意", "不同意")
    (against,) = came(ground, "replies", used, theirs(reply, {"答复结果": "1", "理由": ""})).conflicts
    assert (against.ours, against.differ["outcome"]) == (case, ("不同意", "同意"))
    unknown = came(ground, "replies", used, theirs(reply, {"申请编号": "P-9"}, {"申请编号": "P-1", "理由": ""}))
    assert [one.code for one in unknown.faults] == ["MAP_NOT_HERE"], "a known one is compared, not judged"
    bare = came(ground, "replies", used, theirs(reply, {"申请编号": "P-8", "理由": ""}))
    assert {one.code for one in bare.faults} == {"MAP_NOT_HERE", "MAP_NO_REASON"}


def test_a_ticket_of_another_platform_is_filed_for_who_asks_and_ends_with_its_result(
    ground: Ground, used: ExchangeMap
) -> None:
    everything(ground)
    file = sent(ground, "corrections", used)
    new = theirs(file, {"校核编号": "X-7", "疑义内容": "坐标偏移"})
    operator = person(ground.engine, "operator_sun")
    refused = take(ground, LEDGES["corrections"](ground), used, operator, ("a.csv", new)).faults
    assert [one.code for one in refused] == ["CATALOG_ACT_DENIED"], "whose role files no ticket takes none in"
    number = came(ground, "corrections", used, new).new["X-7"]
    opened_ = {one.id: one for one in tasks(ground, kinds=[Kind.CORRECTION])}
    assert (opened_[number].asker, opened_[number].why) == ("erqi_education", "坐标偏移")
    assert came(ground, "corrections", used, new).same == 1
    over = theirs(
        file, {"校核编号": "X-7", "疑义内容": "坐标偏移", "核实结果": "已按 CGCS2000 更正", "反馈日期": "2026-12-01"}
    )
    assert came(ground, "corrections", used, over).gone_on == ["X-7"]
    assert number not in {one.id for one in tasks(ground, kinds=[Kind.CORRECTION])}
    assert came(ground, "corrections", used, new).same == 1, "an older view of it is no conflict"
    else_ = theirs(over, {"核实结果": "数据无误"})
    assert came(ground, "corrections", used, else_).conflicts[0].differ == {
        "result": ("已按 CGCS2000 更正", "数据无误")
    }
    own = theirs(file, {"校核编号": "X-8", "校核申请单位": "金水区交通运输部门(示例)", "校核申请单位代码": ""})
    assert [one.code for one in came(ground, "corrections", used, own).faults] == ["MAP_OWN_CORRECTION"]
    with pytest.raises(Refused, match="TASK_VERSION"):
        came(ground, "corrections", used, theirs(over, {"校核编号": "X-9", "更正版本": "99"}))
    assert len(tasks(ground, kinds=[Kind.CORRECTION], closed=True)) == 2


def test_a_use_record_of_another_platform_is_added_to_its_case_once(ground: Ground, used: ExchangeMap) -> None:
    everything(ground)
    mine = came(ground, "requests", used, theirs(sent(ground, "requests", used), {"申请编号": "P-1"})).new["P-1"]
    new = theirs(sent(ground, "uses", used), {"记录编号": "S-1", "申请编号": "P-1", "使用成效": "延误下降"})
    assert came(ground, "uses", used, new).new == {"S-1": "u-2"}
    assert came(ground, "uses", used, new).same == 1
    held = LEDGES["uses"](ground)
    with read(ground.engine) as connection:
        assert held.held(connection)["u-2"]["request"] == mine
    lost = came(ground, "uses", used, theirs(new, {"记录编号": "S-2", "申请编号": "P-99"}))
    assert [one.code for one in lost.faults] == ["MAP_NOT_HERE"]
    with pytest.raises(Refused, match="SHARE_USE"):
        uses.record(ground, mine, Use(" "), "clerk")


def test_exchange_is_the_authoritys_and_the_operators(ground: Ground, used: ExchangeMap) -> None:
    everything(ground)
    data = sent(ground, "uses", used)
    for identity in ("officer_jinshui", "reviewer_jinshui", "auditor_zhao", "engineer_li"):
        someone = person(ground.engine, identity)
        with pytest.raises(Refused, match="RECORDS_DENIED"):
            give(ground, LEDGES["uses"](ground), used, someone, "csv")
        with pytest.raises(Refused, match="RECORDS_DENIED"):
            take(ground, LEDGES["uses"](ground), used, someone, ("a.csv", data))
    authority = person(ground.engine, "reviewer_authority")
    assert take(ground, LEDGES["uses"](ground), used, authority, ("a.csv", data)).same == 1


def test_a_ticket_of_ours_that_they_answered_ends_and_keeps_their_day(ground: Ground, used: ExchangeMap) -> None:
    everything(ground)
    answered = theirs(sent(ground, "corrections", used), {"核实结果": "已更正", "反馈日期": "2026-12-01"})
    assert len(came(ground, "corrections", used, answered).gone_on) == 1
    assert tasks(ground, kinds=[Kind.CORRECTION]) == []
    before = entries(ground)
    assert came(ground, "corrections", used, answered).same == 1
    assert entries(ground) == before
    assert "2026-12-01" in sent(ground, "corrections", used).decode()


def test_a_conflict_exits_1_and_names_what_differs(ground: Ground, used: ExchangeMap, tmp_path: Path) -> None:
    case = everything(ground)
    file = tmp_path / "r.csv"
    file.write_bytes(theirs(sent(ground, "requests", used), {"使用时限（天）": "99"}))
    asked = ["receive-records", "requests", str(file), "--map", "national", "--as", "operator_sun"]
    environ = {**ground.environ, "HUB_LANG": "zh"}
    told = CliRunner().invoke(hub, ["catalog", *asked], env=environ)
    assert (told.exit_code, "使用时限（天）：本市“90”，对方“99”" in told.output) == (1, True), told.output
    assert case in told.output
    out = tmp_path / "out.json"
    wrote = CliRunner().invoke(
        hub, ["catalog", "send-records", "uses", str(out), "--map", "vendor", "--as", "operator_sun"], env=environ
    )
    assert (wrote.exit_code, len(json.loads(out.read_bytes()))) == (0, 1), wrote.output
