"""An entry's bytes: canonical JSON, salted commitments, pseudonyms and bounds."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.crypto import sha256
from infra.errors import WrongUse
from infra.ledger.acts import Act
from infra.ledger.entry import MAX_CONTENT_BYTES, NewEntry, canonical, canonical_object, seal

NOW = datetime(2026, 11, 23, 13, 30, tzinfo=timezone(timedelta(hours=8)))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_canonical_json_is_that_of_the_standard_and_reads_back(value: dict[str, object]) -> None:
    line = canonical(value)
    assert line == rfc8785.dumps(value)  # type: ignore[arg-type]
    read = canonical_object(line)
    assert read is not None
    assert canonical(read) == line


@pytest.mark.parametrize(
    "line", [b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1.0}', b'{"a":1,"a":1}', b"[]", b"", b"\xff", b"[" * 100_000]
)
def test_any_other_form_is_not_canonical(line: bytes) -> None:
    assert canonical_object(line) is None


def sealed(new: NewEntry, *, demo: bool = False) -> dict[str, object]:
    body = seal(new, pseudonym="key:00", now=NOW, salt=b"s" * 32, demo=demo).body
    read = canonical_object(body)
    assert read is not None
    return read


def test_an_entry_holds_a_pseudonym_and_a_commitment_and_nothing_else() -> None:
    new = NewEntry(Act.DELIVERY_LANDED, "张三", "jinshui.traffic.road_flow", {"name": "李四"}, once="k")
    assert sealed(new) == {
        "act": "lake:delivery:landed",
        "actor": "key:00",
        "commitment": sha256(b"s" * 32 + '{"name":"李四"}'.encode()).hex(),
        "once": "k",
        "subject": "jinshui.traffic.road_flow",
        "time": "2026-11-23T05:30:00.000000Z",
        "version": 1,
    }


def test_the_demo_is_marked() -> None:
    new = NewEntry(Act.DELIVERY_LANDED, "a", "b")
    assert sealed(new, demo=True)["demo"] is True
    assert "demo" not in sealed(new)


@pytest.mark.parametrize("content", [{"a": 2**53}, {"a": float("nan")}, {"a": "\ud800"}, {"a": object()}, {1: 2}])
def test_what_json_cannot_keep_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(WrongUse) as refused:
        sealed(NewEntry(Act.DELIVERY_LANDED, "a", "b", content))
    assert refused.value.code == "LEDGER_CONTENT"


def test_bounds() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for content in ({"a": "x" * MAX_CONTENT_BYTES}, {"a": deep}):
        with pytest.raises(WrongUse):
            sealed(NewEntry(Act.DELIVERY_LANDED, "a", "b", content))
    for subject, once in (("", None), ("x" * 513, None), ("a\nb", None), ("a", ""), ("a", "\0")):
        with pytest.raises(WrongUse) as refused:
            sealed(NewEntry(Act.DELIVERY_LANDED, "a", subject, {}, once))
        assert refused.value.code == "LEDGER_ID"


def test_acts_are_named_source_subject_act() -> None:
    for act in Act:
        source, subject, done = act.value.split(":")
        assert source in {"infra", "catalogs", "contracts", "lake", "sharing"}
        assert subject
        assert done
    assert NOW.astimezone(UTC).hour == 5
