"""A grade is lowered by two people or not at all, and a join is no way round it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from catalogs.enter import enter_city
from catalogs.folder.write import write_city
from catalogs.life.withdraw import withdraw
from catalogs.people.people import person
from catalogs.register import city as registered_city
from catalogs.register import load_city, register_city, resource
from catalogs.regrade.regrading import cleared, propose, regradings, review, settle
from catalogs.values.model import City, Grade, Person, Resource, Role
from hub import hub
from infra.database import read
from infra.errors import Refused, WrongUse
from infra.ground import Ground, sample_city
from infra.ledger import Act
from infra.ledger.tables import ENTRY

ZONES = "jingkai.logistics.bonded_zones"
JOINED = "jingkai.logistics.joined"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_city(), tmp_path / "own/zhengzhou"))


@pytest.fixture
def stocked(city_ground: Ground) -> Ground:
    register_city(city_ground, sample_city(), "tester")
    return city_ground


def acts(ground: Ground) -> list[str]:
    with read(ground.engine) as connection:
        bodies = connection.execute(sa.select(ENTRY.c.body).order_by(ENTRY.c.number)).scalars()
        return [json.loads(body)["act"] for body in bodies]


def put(ground: Ground, folder: Path, *new: Resource) -> None:
    city: City = load_city(sample_city())
    ids = {each.id for each in new}
    write_city(replace(city, resources=(*(each for each in city.resources if each.id not in ids), *new)), folder)
    register_city(ground, folder, "tester")
    ground.city = folder


def graded(source: Resource, grade: Grade) -> Resource:
    return replace(source, grade=grade)


def authority(ground: Ground) -> Person:
    return person(ground.engine, "reviewer_authority")


def local(ground: Ground) -> Person:
    return person(ground.engine, "local")


def test_requirement_15_a_grade_is_lowered_by_two_people_once(stocked: Ground, folder: Path) -> None:
    high = graded(resource(stocked.engine, ZONES), Grade.GENERAL_4)
    low = graded(high, Grade.GENERAL_2)
    put(stocked, folder, high)  # raising takes nobody's consent
    with pytest.raises(Refused, match="CATALOG_GRADE_LOWERED") as refused:
        put(stocked, folder, low)
    assert "一般4级降为一般2级" in refused.value.reasons[0].zh
    assert resource(stocked.engine, ZONES).grade is Grade.GENERAL_4
    asked = propose(stocked, ZONES, Grade.GENERAL_2, local(stocked), why="已脱敏")
    with pytest.raises(Refused, match="CATALOG_GRADE_LOWERED"):
        put(stocked, folder, low)  # one person's word
    with pytest.raises(Refused, match="REGRADE_SAME_PERSON"):
        settle(stocked, asked.number, local(stocked), yes=True, basis="同意")
    done = settle(stocked, asked.number, authority(stocked), yes=True, basis="脱敏报告")
    assert (done.state, done.settled_by) == ("approved", "reviewer_authority")
    with pytest.raises(Refused, match="REGRADE_SETTLED"):
        settle(stocked, asked.number, authority(stocked), yes=False, basis="改主意")
    with pytest.raises(Refused, match="CATALOG_GRADE_LOWERED"):
        put(stocked, folder, lower_item(low))
    put(stocked, folder, low)
    assert resource(stocked.engine, ZONES).grade is Grade.GENERAL_2
    assert regradings(stocked.engine, ZONES)[0].used == 3
    put(stocked, folder, high)
    with pytest.raises(Refused, match="CATALOG_GRADE_LOWERED"):
        put(stocked, folder, low)  # the consent is used up
    found = acts(stocked)
    assert [found.count(act) for act in (Act.REGRADE_PROPOSED, Act.REGRADE_APPROVED)] == [1, 1]


def lower_item(source: Resource) -> Resource:
    """The same with one item graded lower, which nobody approved."""
    at = next(number for number, item in enumerate(source.items) if item.grade is Grade.GENERAL_2)
    items = list(source.items)
    items[at] = replace(items[at], grade=Grade.GENERAL_1)
    return replace(source, items=tuple(items))


def test_an_item_that_leaves_and_comes_back_is_no_lower_than_it_was(stocked: Ground, folder: Path) -> None:
    """Not under its own name, not under another with the same words, and not with what consents to it by one person."""
    high = graded(resource(stocked.engine, ZONES), Grade.GENERAL_4)
    put(stocked, folder, high)
    at = next(item for item in high.items if item.grade is Grade.GENERAL_2)
    without = replace(high, items=tuple(item for item in high.items if item is not at))
    back = replace(without, items=(*without.items, replace(at, grade=Grade.GENERAL_1)))
    renamed = replace(without, items=(*without.items, replace(at, name="another", grade=Grade.GENERAL_1)))
    with pytest.raises(Refused, match="CATALOG_GRADE_LOWERED"):
        put(stocked, folder, renamed)
    put(stocked, folder, without)
    for lowered in (back, renamed):
        with pytest.raises(Refused, match="CATALOG_GRADE_LOWERED") as refused:
            put(stocked, folder, lowered)
        assert f"{ZONES}/{at.name}" in refused.value.reasons[0].en
    put(stocked, folder, replace(without, items=(*without.items, replace(at, name="other", zh="别的"))))
    asked = propose(stocked, ZONES, Grade.GENERAL_1, local(stocked), item=at.name, why="公开信息")
    settle(stocked, asked.number, authority(stocked), yes=True, basis="已公开")
    put(stocked, folder, back)
    assert resource(stocked.engine, ZONES).item(at.name) == replace(at, grade=Grade.GENERAL_1)


def test_what_was_withdrawn_does_not_come_back_lower_under_another_id(stocked: Ground, folder: Path) -> None:
    high = graded(resource(stocked.engine, ZONES), Grade.GENERAL_4)
    put(stocked, folder, high)
    withdraw(stocked, ZONES, authority(stocked), why="改号", checks=())
    moved = replace(high, id=f"{ZONES}_again", code=None, derived_from=())
    city: City = load_city(sample_city())
    others = tuple(each for each in city.resources if each.id != ZONES)

    def enter(entry: Resource) -> None:
        enter_city(stocked, replace(city, resources=(*others, entry)), "tester", sample=True)

    with pytest.raises(Refused, match="CATALOG_GRADE_LOWERED") as refused:
        enter(graded(moved, Grade.GENERAL_2))
    assert ZONES in refused.value.reasons[0].en
    asked = propose(stocked, ZONES, Grade.GENERAL_2, local(stocked), why="已脱敏")
    settle(stocked, asked.number, authority(stocked), yes=True, basis="脱敏报告")
    enter(graded(moved, Grade.GENERAL_2))
    assert resource(stocked.engine, moved.id).grade is Grade.GENERAL_2
    assert regradings(stocked.engine, ZONES)[0].used == 1


def test_an_item_s_grade_is_lowered_like_the_whole(stocked: Ground, folder: Path) -> None:
    old = resource(stocked.engine, ZONES)
    lower = lower_item(old)
    name = next(a.name for a, b in zip(old.items, lower.items, strict=True) if a != b)
    with pytest.raises(Refused, match="CATALOG_GRADE_LOWERED"):
        put(stocked, folder, lower)
    asked = propose(stocked, ZONES, Grade.GENERAL_1, local(stocked), item=name, why="公开信息")
    settle(stocked, asked.number, authority(stocked), yes=True, basis="已公开")
    put(stocked, folder, lower)
    assert resource(stocked.engine, ZONES) == lower


def test_an_item_that_left_comes_back_no_lower(stocked: Ground, folder: Path) -> None:
    old = resource(stocked.engine, ZONES)
    lower = lower_item(old)
    name = next(a.name for a, b in zip(old.items, lower.items, strict=True) if a != b)
    without = replace(old, items=tuple(item for item in old.items if item.name != name))
    put(stocked, folder, without)
    with pytest.raises(Refused, match="CATALOG_GRADE_LOWERED") as refused:
        put(stocked, folder, lower)
    assert [name in reason.en for reason in refused.value.reasons] == [True]
    put(stocked, folder, old)
    assert resource(stocked.engine, ZONES) == old


def test_a_refused_proposal_lowers_nothing(stocked: Ground, folder: Path) -> None:
    high = graded(resource(stocked.engine, ZONES), Grade.GENERAL_4)
    put(stocked, folder, high)
    asked = propose(stocked, ZONES, Grade.GENERAL_2, local(stocked), why="已脱敏")
    settle(stocked, asked.number, authority(stocked), yes=False, basis="依据不足")
    with pytest.raises(Refused, match="CATALOG_GRADE_LOWERED"):
        put(stocked, folder, graded(high, Grade.GENERAL_2))


def test_requirement_15_a_join_is_never_below_its_highest_input_without_a_regrading(
    stocked: Ground, folder: Path
) -> None:
    plain = resource(stocked.engine, ZONES)
    source = graded(plain, Grade.GENERAL_4)
    title = replace(plain.title, zh="联合统计", en="joined")
    joined = replace(plain, id=JOINED, title=title, derived_from=(ZONES, "gaoxin.x.unknown"))
    with pytest.raises(Refused, match="CATALOG_GRADE_LINEAGE"):
        put(stocked, folder, source, joined)
    put(stocked, folder, source, graded(joined, Grade.GENERAL_4))
    with pytest.raises(Refused, match="CATALOG_GRADE_LOWERED"):
        put(stocked, folder, source, joined)
    asked = propose(stocked, JOINED, joined.grade, local(stocked), why="只有合计数")
    settle(stocked, asked.number, authority(stocked), yes=True, basis="匿名化评估")
    put(stocked, folder, source, joined)
    assert resource(stocked.engine, JOINED).grade is joined.grade
    put(stocked, folder, source, replace(joined, scenario="招商"))  # and it stays so
    with pytest.raises(Refused, match="CATALOG_GRADE_LINEAGE"):
        put(stocked, folder, graded(plain, Grade.IMPORTANT), replace(joined, scenario="其他"))  # beyond the consent
    with pytest.raises(Refused, match="CATALOG_GRADE_CIRCLE"):
        put(stocked, folder, replace(source, derived_from=(JOINED,)), replace(joined, scenario="环"))


def test_who_may_not_propose_or_settle_is_refused(stocked: Ground) -> None:
    other = next(
        each
        for each in registered_city(stocked.engine).people
        if each.roles == {Role.OFFICER} and each.unit != "jingkai"
    )
    with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
        propose(stocked, ZONES, Grade.GENERAL_1, other, why="试")
    with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
        review(stocked, resource(stocked.engine, ZONES), "volume:7", other, basis="试")
    with pytest.raises(WrongUse, match="REGRADE_NOT_LOWER"):
        propose(stocked, ZONES, Grade.CORE, local(stocked), why="试")
    with pytest.raises(WrongUse, match="REGRADE_ITEM"):
        propose(stocked, ZONES, Grade.GENERAL_1, local(stocked), item="nothing", why="试")
    with pytest.raises(WrongUse, match="REGRADE_WORDS"):
        propose(stocked, ZONES, Grade.GENERAL_1, local(stocked), why=" ")
    with pytest.raises(Refused, match="REGRADE_UNKNOWN"):
        settle(stocked, 99, authority(stocked), yes=True, basis="试")


def test_a_review_is_recorded_once_with_who_and_on_what_basis(stocked: Ground) -> None:
    found = resource(stocked.engine, ZONES)
    assert cleared(stocked.engine, found) == set()
    for _ in range(2):
        review(stocked, found, "volume:7", authority(stocked), basis="重要数据目录未列入")
    assert cleared(stocked.engine, found) == {"volume:7"}
    assert acts(stocked).count(Act.TRIGGER_REVIEWED) == 1


def test_the_commands_lower_a_grade_and_review_a_trigger(
    ground: Ground, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "grading.yaml").write_text("words: {vehicle: [保税]}\n", encoding="utf-8")
    register_city(ground, folder, "tester")
    for name, value in (("HUB_HOME", str(ground.home)), ("HUB_DEMO", "1"), ("HUB_LANG", "zh")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HUB_CITY_DIR", str(folder))

    def run(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(hub, ["catalog", "regrade", *words])
        assert done.exit_code == status, done.output
        return done.output

    asked = json.loads(run("propose", ZONES, "--to", "general_1", "--why", "公开", "--json"))
    assert asked["regradings"][0]["number"] == 1
    run("settle", "1", "--yes", "--basis", "已公开", status=1)  # the local user proposed it
    assert "已核准" in run("settle", "1", "--yes", "--basis", "已公开", "--as", "reviewer_authority")
    assert "公开" in run("list")
    said = json.loads(run("triggers", ZONES, "--json"))
    assert (said["grade"], [each["id"] for each in said["triggers"]]) == ("important", ["vehicle:保税"])
    run("review", ZONES, "volume:9", "--basis", "试", status=1)
    run("review", ZONES, "vehicle:保税", "--basis", "未列入重要数据目录")
    assert json.loads(run("triggers", ZONES, "--json"))["grade"] == "general_2"
    assert "是" in run("triggers", ZONES)


def test_a_grade_that_fell_with_an_item_that_left_is_no_lowering_unless_another_came(
    stocked: Ground, folder: Path
) -> None:
    before = resource(stocked.engine, ZONES)
    high = replace(before.items[0], name="manager", zh="负责人", aliases=(), grade=Grade.GENERAL_4)
    raised = replace(before, items=(*before.items, high), grade=Grade.GENERAL_4)
    put(stocked, folder, raised)
    other = replace(high, name="principal", zh="主管", grade=Grade.GENERAL_1)
    renamed = replace(before, items=(*before.items, other))
    with pytest.raises(Refused, match="CATALOG_GRADE_LOWERED"):
        put(stocked, folder, renamed)
    put(stocked, folder, before)
    assert resource(stocked.engine, ZONES).grade is before.grade
