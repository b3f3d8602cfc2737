"""The machine of states over every way through it, and the difference of any two versions in words."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogs.folder.city import load_city
from catalogs.life.diff import changes
from catalogs.life.labels import ITEM, RESOURCE
from catalogs.life.machine import Paper, State, Step, after, lacking, steps, substance
from catalogs.life.sheet import sheet
from catalogs.rows import digest, plain
from catalogs.values.model import Item, Resource, SharingAttribute, Text
from infra.ground import sample_city

SAMPLES = load_city(sample_city()).resources
FLOW = next(one for one in SAMPLES if one.id == "jinshui.traffic.road_flow")


@given(st.lists(st.sampled_from(list(Step)), max_size=40))
def test_nothing_is_published_that_was_not_submitted_and_reviewed_since_its_last_change(taken: list[Step]) -> None:
    state: State | None = None
    listed, since = False, list[Step]()
    for step in taken:
        new = after(state, step, listed=listed)
        assert (new is not None) == (step in steps(state, listed=listed))
        if new is None:
            continue
        since = [] if step in (Step.SAVE, Step.RETURN, Step.RECALL) else [*since, step]
        if step is Step.PUBLISH:
            assert since[-3:] == [Step.SUBMIT, Step.REVIEW, Step.PUBLISH]
            listed = True
        if step is Step.WITHDRAW:
            assert listed
            listed = False
        if state in (State.SUBMITTED, State.REVIEWED):
            assert step is not Step.SAVE  # what is under review stands still
        assert new is not State.CHANGED or listed
        state = new


@given(st.sets(st.sampled_from(list(Paper))))
def test_requirement_3_of_every_set_of_papers_exactly_the_rest_is_lacking(there: set[Paper]) -> None:
    held = [(paper, "d" if paper is Paper.APPROVAL else "s") for paper in there]
    assert set(lacking(held, "d", "s")) == set(Paper) - there
    assert set(lacking(held, "other", "other")) == set(Paper)


def test_every_field_has_a_word() -> None:
    for kind, label in ((Resource, RESOURCE), (Item, ITEM)):
        known = {key.partition(".")[0] for key in label}
        assert {field.name for field in fields(kind)} - {"id", "items", "name"} <= known, kind


def test_a_difference_is_said_in_an_officers_words() -> None:
    new = replace(
        FLOW,
        sharing_attribute=SharingAttribute.CONDITIONAL,
        conditions=replace(FLOW.conditions, scope=Text("市级部门", "city departments")),
        scenario="信号优化",
        items=(*FLOW.items[:-1], replace(FLOW.items[0], name="added", zh="新增项", en="added")),
    )
    said = [one.zh for one in changes(FLOW, new)]
    was = FLOW.sharing_attribute.text.zh
    assert f"共享属性由“{was}”改为“有条件共享”" in said
    assert "新填应用场景：信号优化" in said
    assert any(one.startswith("新增数据项 新增项(added") for one in said)
    assert any(one.startswith(f"删去数据项 {FLOW.items[-1].zh}") for one in said)
    assert "sharing attribute changed from" in " ".join(one.en for one in changes(FLOW, new))
    mended = replace(FLOW, items=(replace(FLOW.items[0], zh="改名"), *FLOW.items[1:]))
    assert [one.zh for one in changes(FLOW, mended)] == [
        f"数据项“{FLOW.items[0].zh}”({FLOW.items[0].name})的中文名称由“{FLOW.items[0].zh}”改为“改名”"
    ]


@pytest.mark.parametrize("old", SAMPLES[:8], ids=lambda one: one.id)
def test_two_versions_differ_in_words_exactly_if_their_digests_do(old: Resource) -> None:
    assert changes(old, old) == []
    for new in SAMPLES[:8]:
        other = replace(new, id=old.id)
        assert bool(changes(old, other)) == (digest(plain(old)) != digest(plain(other)))
    turned = replace(old, items=old.items[::-1])
    assert [one.zh for one in changes(old, turned)] == (["数据项的顺序有调整"] if len(old.items) > 1 else [])


def test_a_mended_title_keeps_the_assessments_and_another_grade_does_not() -> None:
    body = plain(FLOW)
    assert substance(plain(replace(FLOW, title=Text("别", "other")))) == substance(body)
    assert substance(plain(replace(FLOW, items=FLOW.items[:-1]))) != substance(body)


def test_the_sheet_shows_what_is_approved_and_loads_nothing() -> None:
    wicked = replace(FLOW, title=Text('<script>alert("1")</script>', "x"))
    about = {"unit": "金水区", "provider": "金水区交通局", "revision": "3", "printed": "2026年3月2日", "papers": ""}
    page = sheet(wicked, digest="ab" * 32, check="abababababab", changed=[Text("改名", "renamed")], about=about)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    for wanted in ("ab" * 32, "abab abab abab", "第 3 次修订", "改名", "A4", *(item.zh for item in FLOW.items)):
        assert wanted in page, wanted
    for reaching in ("http", "src=", "href=", "url(", "@import"):
        assert reaching not in page.replace('http-equiv="Content-Security-Policy"', ""), reaching
    assert "default-src 'none'" in page
