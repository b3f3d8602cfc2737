"""The gate matrix, row by row, for both receivers."""

import itertools
from dataclasses import replace

import pytest

from catalogs.register import load_city
from catalogs.values.matrix import MATRIX, Outcome, Receiver, verdict, verdicts
from catalogs.values.model import Content, Grade, IdentifierRole, Item, ItemType, PersonalClass, PersonalKind
from infra.ground import sample_city

PLAIN = Item("x", "甲", "x", ItemType.STRING, Grade.GENERAL_1)
PERSONAL = replace(PLAIN, grade=Grade.GENERAL_3, personal=PersonalClass(PersonalKind.BASIC, sensitive=True))


@pytest.mark.parametrize(
    ("item", "department", "firm"),
    [
        (replace(PLAIN, grade=Grade.CORE), Outcome.BLOCK, Outcome.BLOCK),
        (replace(PLAIN, grade=Grade.IMPORTANT), Outcome.APPROVAL, Outcome.BLOCK),
        (replace(PLAIN, grade=Grade.GENERAL_4), Outcome.DUTY, Outcome.AGGREGATE),
        (replace(PLAIN, grade=Grade.GENERAL_3), Outcome.DUTY, Outcome.AGGREGATE),
        (replace(PLAIN, grade=Grade.GENERAL_2), Outcome.ALLOW, Outcome.AGREEMENT),
        (PLAIN, Outcome.ALLOW, Outcome.ALLOW),
        (PERSONAL, Outcome.DUTY, Outcome.AGGREGATE),
        (replace(PERSONAL, grade=Grade.GENERAL_1), Outcome.DUTY, Outcome.AGGREGATE),
        (replace(PERSONAL, identifier=IdentifierRole.DIRECT), Outcome.DUTY, Outcome.BLOCK),
        (replace(PERSONAL, content=frozenset({Content.MINOR})), Outcome.APPROVAL, Outcome.AGGREGATE),
        (replace(PERSONAL, content=frozenset({Content.PATIENT})), Outcome.APPROVAL, Outcome.AGGREGATE),
        (replace(PLAIN, content=frozenset({Content.CAMERA})), Outcome.APPROVAL, Outcome.BLOCK),
        (replace(PLAIN, content=frozenset({Content.PLATE})), Outcome.APPROVAL, Outcome.BLOCK),
    ],
)
def test_each_row(item: Item, department: Outcome, firm: Outcome) -> None:
    assert verdict(item, Receiver.DEPARTMENT).outcome is department
    found = verdict(item, Receiver.FIRM)
    assert found.outcome is firm
    assert found.blocked == (firm is Outcome.BLOCK)
    assert found.article
    assert found.text.zh
    assert found.text.en


@pytest.mark.parametrize("receiver", list(Receiver))
def test_a_higher_grade_never_frees(receiver: Receiver) -> None:
    for content, personal in itertools.product(({*()}, *({each} for each in Content)), (None, PERSONAL.personal)):
        items = [replace(PLAIN, grade=grade, content=frozenset(content), personal=personal) for grade in Grade]
        strictness = [verdict(item, receiver).outcome.strictness for item in items]
        assert strictness == sorted(strictness)


def test_a_firm_never_gets_more_than_a_department_of_persons() -> None:
    for resource in load_city(sample_city()).resources:
        for name, found in verdicts(resource, Receiver.FIRM).items():
            item = resource.item(name)
            assert item is not None
            if item.personal is not None:
                assert found.outcome in (Outcome.AGGREGATE, Outcome.BLOCK)


def test_rows_have_names_of_their_own() -> None:
    assert len({row.id for row in MATRIX}) == len(MATRIX)
