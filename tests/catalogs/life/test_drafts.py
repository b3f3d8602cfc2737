"""Drafts: nobody loses what somebody else wrote, and only the provider's own people write."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import life_city as city
import pytest
import sqlalchemy as sa

from catalogs.life.drafts import draft, drafts, save, save_all
from catalogs.life.machine import State
from catalogs.life.tables import STEP
from catalogs.register import resource
from catalogs.values.model import Secrecy, Text
from infra.database import read
from infra.errors import Refused
from infra.ground import Ground


@pytest.fixture
def ground(city_ground: Ground) -> Ground:
    city.stock(city_ground)
    return city_ground


def test_a_first_save_is_a_draft_and_of_a_published_entry_a_change(ground: Ground) -> None:
    officer = city.who(ground, "officer_jinshui")
    new = save(ground, city.fresh(ground), officer, revision=None, why="新建")
    assert (new.state, new.revision, new.base) == (State.DRAFT, 1, 0)
    old = resource(ground.engine, city.FLOW)
    changed = save(ground, replace(old, scenario="信号优化"), officer, revision=None, why="补充应用场景")
    assert (changed.state, changed.base) == (State.CHANGED, 1)
    assert resource(ground.engine, city.FLOW) == old  # what is published stays in force
    assert draft(ground.engine, city.FLOW) == changed
    assert [one.resource for one in drafts(ground.engine, unit="jinshui", state=State.DRAFT)] == [city.NEW]


def test_a_save_with_an_old_revision_is_refused_and_says_who_changed_it_when(ground: Ground) -> None:
    officer, deputy = city.who(ground, "officer_jinshui"), city.who(ground, "deputy_jinshui")
    mine = save(ground, city.fresh(ground), officer, revision=None, why="新建")
    theirs = save(ground, city.fresh(ground, title="配时"), deputy, revision=mine.revision, why="改名")
    with pytest.raises(Refused, match="DRAFT_REVISION") as refused:
        save(ground, city.fresh(ground, title="方案"), officer, revision=mine.revision, why="改名")
    assert "deputy_jinshui" in refused.value.text.zh
    assert theirs.at.strftime("%Y-%m-%d %H:%M") in refused.value.text.zh
    assert draft(ground.engine, city.NEW) == theirs
    with pytest.raises(Refused, match="DRAFT_REVISION"):
        save(ground, city.fresh(ground, title="方案"), officer, revision=None, why="新建")
    assert save(ground, theirs.body, officer, revision=mine.revision, why="再存") == theirs  # the same is no conflict


def test_of_several_drafts_all_are_saved_or_none(ground: Ground) -> None:
    officer = city.who(ground, "officer_jinshui")
    save(ground, city.fresh(ground), officer, revision=None, why="新建")
    other = city.fresh(ground, "jinshui.traffic.crossings", "路口")
    with pytest.raises(Refused, match="DRAFT_REVISION"):
        save_all(ground, [(other, None), (city.fresh(ground, title="改"), None)], officer, why="导入")
    assert draft(ground.engine, other.id) is None


def test_only_the_providers_own_people_save(ground: Ground) -> None:
    for outsider in ("officer_erqi", "auditor_zhao", "reviewer_authority", "engineer_li"):
        with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
            save(ground, city.fresh(ground), city.who(ground, outsider), revision=None, why="新建")
    kept = save(ground, city.fresh(ground), city.who(ground, "officer_jinshui"), revision=None, why="新建")
    thief = city.who(ground, "officer_erqi")
    taken = replace(kept.body, provider=thief.department)  # naming oneself as the provider takes nothing over
    with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
        save(ground, taken, thief, revision=kept.revision, why="改提供单位")


def test_what_is_registered_is_not_taken_over_by_a_first_draft_of_another_department(ground: Ground) -> None:
    thief = replace(city.who(ground, "officer_jinshui"), id="thief", department="jinshui_management")
    old = resource(ground.engine, city.FLOW)
    with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
        save(ground, replace(old, provider=thief.department), thief, revision=None, why="改提供单位")
    assert draft(ground.engine, city.FLOW) is None
    assert save(ground, old, city.who(ground, "officer_jinshui"), revision=None, why="核对").provider == old.provider


def test_a_district_takes_no_id_of_another(ground: Ground) -> None:
    erqi = city.who(ground, "officer_erqi")
    named = replace(city.fresh(ground), provider=erqi.department)
    with pytest.raises(Refused, match="DRAFT_PLACE"):
        save(ground, named, erqi, revision=None, why="新建")
    own = replace(named, id="erqi.traffic.signal_plans")
    assert save(ground, own, erqi, revision=None, why="新建").unit == "erqi"


def test_what_is_secret_is_not_even_drafted(ground: Ground) -> None:
    officer, entry = city.who(ground, "officer_jinshui"), city.fresh(ground)
    item = replace(entry.items[0], secrecy=Secrecy.WORK)
    for marked in (replace(entry, secrecy=Secrecy.STATE), replace(entry, items=(item, *entry.items[1:]))):
        with pytest.raises(Refused, match="CATALOG_SECRET"):
            save(ground, marked, officer, revision=None, why="新建")
    with read(ground.engine) as connection:
        assert connection.execute(sa.select(STEP.c.body)).all() == []
    assert save(ground, entry, officer, revision=None, why="新建").revision == 1


def test_a_draft_needs_words_and_a_registered_place(ground: Ground) -> None:
    officer = city.who(ground, "officer_jinshui")
    with pytest.raises(Refused, match="LIFE_WORDS"):
        save(ground, city.fresh(ground), officer, revision=None, why="  ")
    with pytest.raises(Refused, match="DRAFT_PLACE"):
        save(ground, city.fresh(ground, "nowhere.traffic.flow"), officer, revision=None, why="新建")


def test_32_concurrent_editors_lose_no_update(ground: Ground) -> None:
    """Each editor adds one alias to what stands, and reads again when refused: all 32 stand in the end."""
    officer = city.who(ground, "officer_jinshui")
    save(ground, replace(city.fresh(ground), aliases=()), officer, revision=None, why="新建")

    def edit(number: int) -> int:
        refused = 0
        while True:
            at = draft(ground.engine, city.NEW)
            assert at is not None
            mine = replace(at.body, aliases=(*at.body.aliases, f"别名{number}"))
            try:
                save(ground, mine, officer, revision=at.revision, why=f"编辑 {number}")
            except Refused as error:
                assert error.code == "DRAFT_REVISION"
                refused += 1
            else:
                return refused

    with ThreadPoolExecutor(32) as editors:
        refused = sum(editors.map(edit, range(32)))
    end = draft(ground.engine, city.NEW)
    assert end is not None
    assert sorted(end.body.aliases) == sorted(f"别名{number}" for number in range(32))
    assert end.revision == 33
    assert refused > 0  # they did meet
    with read(ground.engine) as connection:
        kept = connection.execute(sa.select(STEP.c.revision, STEP.c.why).order_by(STEP.c.number)).all()
    assert [revision for revision, _ in kept] == list(range(1, 34))
    assert end.body.title == Text("信号配时方案", "信号配时方案")
