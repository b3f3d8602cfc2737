"""The registration of public data (发改数据规〔2025〕26号): its clocks and the dossier of a first registration."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from catalogs.exchange.dossier import dossier, lines
from catalogs.exchange.registration import Term, validity
from catalogs.folder.city import load_city
from infra.calendar import WorkingDays, Year
from infra.ground import sample_city

DAYS = WorkingDays(
    {2026: Year(frozenset({date(2026, 10, day) for day in range(1, 8)}), frozenset({date(2026, 10, 10)}))}
)


@pytest.mark.parametrize(
    ("term", "last"),
    [
        (Term.FILE, date(2026, 10, 30)),
        (Term.ACCEPT, date(2026, 10, 8)),
        (Term.REVIEW, date(2026, 10, 30)),
        (Term.PUBLICITY, date(2026, 10, 16)),
        (Term.CANCEL, date(2026, 10, 16)),
    ],
)
def test_terms_count_working_days_from_the_day_after(term: Term, last: date) -> None:
    assert term.ends(date(2026, 9, 28), DAYS).date == last


def test_a_term_into_a_year_without_a_table_stays_open() -> None:
    assert Term.FILE.ends(date(2026, 12, 20), DAYS).missing_year == 2027


@pytest.mark.parametrize(
    ("coded", "until"),
    [
        (date(2026, 3, 1), date(2029, 2, 28)),
        (date(2028, 2, 29), date(2031, 2, 28)),
        (date(2025, 3, 1), date(2028, 2, 29)),
    ],
)
def test_three_years_and_sixty_days_to_renew(coded: date, until: date) -> None:
    found = validity(coded)
    assert found.until == until
    day = timedelta(days=1)
    assert sum(found.renewable(until - day * back) for back in range(-5, 200)) == 60
    assert (found.renewable(until + day), found.ended(until), found.ended(until + day)) == (False, False, True)


def test_a_shorter_operation_ends_it() -> None:
    assert validity(date(2026, 3, 1), date(2027, 1, 1)).until == date(2027, 1, 1)
    assert validity(date(2026, 3, 1), date(2099, 1, 1)).until == date(2029, 2, 28)


def test_the_dossier_fills_what_is_known_and_names_what_is_missing() -> None:
    city = load_city(sample_city())
    providers = {department.id: department for department in city.departments}
    one = replace(city.resources[0], code=None, scenario=None, example=True)
    provider = providers[one.provider]
    bare = dossier(one, replace(provider, uscc=None))
    full = dossier(replace(one, code="306/1", scenario="停车诱导"), replace(provider, uscc="X9419900990000017J"))
    assert [material.title for material in bare] == [material.title for material in full]
    assert len(bare) == 7
    missing = [{text.zh for each in materials for text in each.missing} for materials in (bare, full)]
    assert missing[0] - missing[1] == {"统一社会信用代码", "资源代码", "应用场景说明"}
    text = "\n".join(lines(one, bare))
    assert all(f"【待补】{word}" in text for word in missing[0])
    assert "不得用于申报" in text
