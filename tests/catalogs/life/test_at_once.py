"""Several people act upon one entry at the same moment, on both databases: one of them does, nothing is half done."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import life_city as city
import pytest
import sqlalchemy as sa

from catalogs.life import papers, steps
from catalogs.life.drafts import draft, save
from catalogs.life.held import held
from catalogs.life.machine import Paper
from catalogs.life.tables import STEP
from catalogs.people.people import add_person
from catalogs.register import resource
from catalogs.regrade.regrading import propose, regradings, settle
from catalogs.tables import RESOURCE_VERSION
from catalogs.values.model import Grade
from infra.database import read
from infra.errors import Refused
from infra.ground import Ground
from infra.ledger import Act

ROUNDS = 6


@pytest.fixture
def ground(city_ground: Ground) -> Ground:
    city.stock(city_ground)
    return city_ground


def at_once(acts: Sequence[Callable[[], object]]) -> list[str]:
    """What became of each: nothing, or the code of its refusal."""
    ready = Barrier(len(acts))

    def one(act: Callable[[], object]) -> str:
        ready.wait(timeout=60)
        try:
            act()
        except Refused as refused:
            return refused.code
        return ""

    with ThreadPoolExecutor(len(acts)) as people:
        return sorted(people.map(one, acts))


def test_an_entry_is_published_once(ground: Ground, tmp_path: Path) -> None:
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"%PDF-1.7 assessed")
    officer, authority = city.who(ground, "officer_jinshui"), city.who(ground, "reviewer_authority")
    entry = city.fresh(ground)
    save(ground, entry, officer, revision=None, why="新建")
    city.assessed(ground, city.NEW, paper)
    papers.approve(ground, city.NEW, city.who(ground, "head_jinshui"))
    steps.submit(ground, city.NEW, officer)
    steps.review(ground, city.NEW, authority)
    city.looked_at(ground, entry)
    others = [replace(authority, id=f"reviewer_{number}") for number in range(4)]
    for other in others:
        add_person(ground, other, "tester")
    became = at_once([lambda one=one: steps.publish(ground, city.NEW, one) for one in others])  # type: ignore[misc]
    assert became == ["", *["DRAFT_STATE"] * 3]
    with read(ground.engine) as connection:
        versions = connection.execute(sa.select(RESOURCE_VERSION).where(RESOURCE_VERSION.c.resource == city.NEW)).all()
        published = connection.execute(sa.select(STEP).where(STEP.c.act == str(Act.RESOURCE_PUBLISHED))).all()
    assert (len(versions), len(published)) == (1, 1)
    assert resource(ground.engine, city.NEW) == entry


def test_what_is_approved_while_it_is_edited_is_what_was_read(ground: Ground) -> None:
    officer, head = city.who(ground, "officer_jinshui"), city.who(ground, "head_jinshui")
    last = save(ground, city.fresh(ground), officer, revision=None, why="新建")
    for number in range(ROUNDS):
        seen, new = last, city.fresh(ground, title=f"方案{number}")
        edit = lambda: save(ground, new, officer, revision=seen.revision, why="改")  # noqa: B023, E731 - run at once
        sign = lambda: papers.approve(ground, city.NEW, head, revision=seen.revision)  # noqa: B023, E731
        assert at_once([edit, sign]) in (["", ""], ["", "DRAFT_REVISION"])
        now = draft(ground.engine, city.NEW)
        assert now is not None
        assert now.body == new
        with read(ground.engine) as connection:
            assert (Paper.APPROVAL, now.digest) not in held(connection, city.NEW), "nobody approved what came after"
        last = now


def test_a_lowering_is_settled_once(ground: Ground) -> None:
    officer, authority = city.who(ground, "officer_jinshui"), city.who(ground, "reviewer_authority")
    asked = propose(ground, city.FLOW, Grade.GENERAL_1, officer, why="已汇总")
    acts = [lambda yes=yes: settle(ground, asked.number, authority, yes=yes, basis="x") for yes in (True, False) * 2]
    assert at_once(acts) == ["", *["REGRADE_SETTLED"] * 3]
    assert regradings(ground.engine, city.FLOW)[0].state in ("approved", "refused")
