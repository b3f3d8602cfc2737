"""The consistency proof as a document: a genuine one holds, and none holds in which anything at all was changed."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from infra.errors import Refused
from infra.ground import Ground
from infra.ledger import Act, Checkpoint, Ledger, NewEntry
from infra.ledger.growth import Growth, Head
from infra.ledger.merkle import EMPTY_ROOT
from infra.ledger.note import Verifier


def grow(log: Ledger, count: int) -> Checkpoint:
    log.append([NewEntry(Act.DELIVERY_LANDED, "zhang.wei", f"d-{at}", {"at": at}) for at in range(count)])
    return log.sequence()


@pytest.fixture
def log(ground: Ground) -> Ledger:
    return ground.ledger


@pytest.fixture
def points(log: Ledger) -> list[Checkpoint]:
    return [grow(log, count) for count in (3, 290, 7)]


def refused(given: Any, *keys: Verifier) -> bool:
    try:
        Growth.from_dict(given).verify(keys)
    except Refused as error:
        assert error.code == "LEDGER_CONSISTENCY"
        return True
    return False


def test_every_pair_of_sizes_is_proved_signed_where_it_was_signed(log: Ledger, points: list[Checkpoint]) -> None:
    key = log.verifiers()[-1]
    signed = {point.size: point for point in points}
    last = points[-1].size
    for old in (0, 1, points[0].size, 100, points[1].size, last - 1, last):
        growth = log.consistency(old)
        read = Growth.from_dict(json.loads(json.dumps(growth.as_dict())))
        assert read == growth
        assert read.verify([key]) == read.verify() == log.origin
        assert (read.old.size, read.new.size, read.new.root) == (old, last, points[-1].root)
        assert read.old.checkpoint == (signed[old].note if old in signed else None)
    assert log.consistency(0).old.root == EMPTY_ROOT
    assert log.consistency(2, 100).verify() is None, "neither end was signed"


def test_everything_durable_is_in_the_newest(log: Ledger, points: list[Checkpoint]) -> None:
    log.append([NewEntry(Act.DELIVERY_LANDED, "zhang.wei", "d-late", {})])
    assert log.consistency(points[0].size).new.size > points[-1].size


@pytest.mark.parametrize(("old", "new"), [(1, 10**9), (10**9, None), (5, 2)])
def test_a_size_that_never_was_is_refused(log: Ledger, points: list[Checkpoint], old: int, new: int | None) -> None:
    with pytest.raises(Refused, match="LEDGER_SIZE"):
        log.consistency(old, new)


def changes(value: Any) -> Iterator[Any]:
    """`value` with one leaf of it changed, for every leaf and every character of a text."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from ({**value, name: other} for other in changes(inner))
            yield {key: kept for key, kept in value.items() if key != name}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in changes(inner))
            yield [*value[:at], *value[at + 1 :]]
        yield [*value, *value[-1:]] if value else ["A" * 43 + "="]
    elif isinstance(value, str):
        for at, char in enumerate(value):
            yield value[:at] + chr(ord(char) ^ 1) + value[at + 1 :]
    elif isinstance(value, int):
        yield from (value + 1, value - 1, str(value), None, -value)
    else:
        yield from ("x", 0)


def test_no_changed_byte_root_or_size_holds(log: Ledger, points: list[Checkpoint]) -> None:
    key = log.verifiers()[-1]
    for old, new in ((points[0].size, None), (100, None), (points[0].size, points[1].size)):
        document = log.consistency(old, new).as_dict()
        assert not refused(document, key)
        wrong = list(changes(document))
        assert len(wrong) > 500
        for changed in wrong:
            assert refused(changed, key), changed
            assert refused(changed), changed


def test_a_tree_that_was_rewritten_has_no_proof(log: Ledger, points: list[Checkpoint]) -> None:
    """Roots that differ in what the old size covered, each signed by nobody or taken from elsewhere."""
    growth = log.consistency(points[0].size)
    other = Head(points[0].size, points[1].root)
    assert refused(replace(growth, old=other).as_dict())
    assert refused(replace(growth, new=Head(growth.new.size, points[1].root)).as_dict())
    assert refused(replace(growth, old=growth.new, new=growth.old).as_dict())
    assert refused(replace(growth, proof=log.consistency(points[1].size).proof).as_dict())


def test_only_a_trusted_key_convinces_who_has_one(log: Ledger, points: list[Checkpoint]) -> None:
    key, stranger = log.verifiers()[-1], Verifier(log.origin, bytes(32))
    growth = log.consistency(points[0].size)
    assert refused(growth.as_dict(), stranger)
    assert not refused(growth.as_dict(), stranger, key)
    assert refused(log.consistency(2, 100).as_dict(), key), "its end bears no signature"
    unsigned = copy.deepcopy(growth.as_dict())
    unsigned["new"] |= {"checkpoint": None, "key": None}
    assert refused(unsigned, key)
    assert not refused(unsigned), "without a key to hold it against, it is whole"


@pytest.mark.parametrize("given", [{}, {"format": "x"}, {"format": "cityhub-ledger-consistency/1"}])
def test_what_is_no_proof_is_refused(given: dict[str, str]) -> None:
    assert refused(given)
