"""Requirement 25 of the domain: codes of 6+2+3+5 digits, extensions marked, and the closed loop of a case."""

from datetime import UTC, datetime, timedelta

import pytest
from front_door import run_hub
from hypothesis import given
from hypothesis import strategies as st

from catalogs.register import register_city
from catalogs.values.components import Case, Code, Stage, parse
from infra.errors import Refused
from infra.ground import Ground, sample_city

HERE = frozenset({"410105", "410173"})
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
LOOP = [Stage.FILED, Stage.DISPATCHED, Stage.HANDLED, Stage.REPORTED, Stage.CLOSED, Stage.EVALUATED]

digits = lambda n: st.integers(1, 10**n - 1).map(lambda value: str(value).zfill(n))  # noqa: E731


@given(st.sampled_from(sorted(HERE)), digits(2), digits(3), digits(5))
def test_requirement_25_a_code_is_its_parts_and_080_to_999_are_extensions(
    division: str, major: str, minor: str, sequence: str
) -> None:
    code = parse(division + major + minor + sequence, HERE)
    assert code == Code(division, major, minor, sequence)
    assert str(code) == division + major + minor + sequence
    assert code.extension is ("080" <= minor <= "999")


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("410105010010000", None, "16 位"),
        ("4101050100100001x", None, "16 位"),
        ("４１０１０５０１００１００００１", None, "16 位"),
        ("4401050100100001", None, "440105"),
        ("4101050000100001", None, "大类"),
        ("4101050100000001", None, "小类"),
        ("4101050100100000", None, "顺序码"),
        ("4101050199900001", "智能座椅", "自定义"),
        ("4101050100100001", "上水井盖(自定义)", "自定义"),
    ],
)
def test_requirement_25_what_is_wrong_with_a_code_is_said(text: str, name: str | None, said: str) -> None:
    with pytest.raises(Refused, match="COMPONENT_CODE") as refused:
        parse(text, HERE, name)
    assert said in "".join(reason.zh for reason in refused.value.reasons)


def test_requirement_25_a_named_extension_is_one() -> None:
    assert parse("4101050199900001", HERE, "智能座椅（自定义）").extension
    assert not parse("4101050100100001", HERE, "上水井盖").extension


def test_requirement_25_a_case_is_closed_after_the_stages_before_it_in_order_and_timed_from_its_dispatch() -> None:
    case = Case()
    for hour, stage in enumerate(LOOP):
        for other in {*Stage} - {stage, Stage.CANCELLED}:
            with pytest.raises(Refused, match="CASE_STAGE"):
                case.go(other, NOON + timedelta(hours=hour))
        case = case.go(stage, NOON + timedelta(hours=hour))
        expected = None if stage is Stage.FILED else (min(hour, LOOP.index(Stage.CLOSED)) - 1) * 3600
        assert case.seconds(NOON + timedelta(hours=hour)) == expected
    assert case.stage is Stage.EVALUATED


def test_requirement_25_a_report_that_does_not_qualify_is_cancelled_before_dispatch_alone() -> None:
    assert Case().go(Stage.CANCELLED, NOON).stage is Stage.CANCELLED
    filed = Case().go(Stage.FILED, NOON)
    assert filed.go(Stage.CANCELLED, NOON).seconds(NOON) is None
    with pytest.raises(Refused, match="CASE_STAGE"):
        filed.go(Stage.DISPATCHED, NOON).go(Stage.CANCELLED, NOON)
    with pytest.raises(Refused, match="CASE_STAGE"):
        filed.go(Stage.DISPATCHED, NOON - timedelta(seconds=1))


def test_a_code_is_checked_by_command(ground: Ground) -> None:
    register_city(ground, sample_city(), "tester")
    told = run_hub(ground.environ, "catalog", "component", "4101050108100001", "--json").document
    assert (told["unit"], told["extension"], told["sequence"]) == ("jinshui", True, "00001")
    refused = run_hub(ground.environ, "catalog", "component", "4401050108100001")
    assert refused.status == 1
    assert "COMPONENT_CODE" in refused.said
