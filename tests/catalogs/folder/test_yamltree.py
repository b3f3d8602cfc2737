"""YAML is read without trust: every value with its line, nothing that could harm."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.folder import yamltree
from catalogs.folder.yamltree import Mapping, Scalar, Sequence, read_bytes, read_file


def test_values_keep_their_text_and_line() -> None:
    root, faults = read_bytes("a: 0123\nb:\n  - 是\n  - ~\nc: 'null'\n".encode(), "f")
    assert not faults
    assert isinstance(root, Mapping)
    first, second, third = root.values["a"], root.values["b"], root.values["c"]
    assert isinstance(first, Scalar)
    assert (first.text, first.line) == ("0123", 1)
    assert isinstance(second, Sequence)
    words = [value for value in second.values if isinstance(value, Scalar)]
    assert [(value.text, value.line, value.missing) for value in words] == [("是", 3, False), ("~", 4, True)]
    assert isinstance(third, Scalar)
    assert not third.missing
    assert root.lines == {"a": 1, "b": 2, "c": 5}


LAUGHS = b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n"


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (LAUGHS, "CATALOG_YAML_ALIAS", 1),
        (b"a: 1\nb: *c\n", "CATALOG_YAML_ALIAS", 2),
        (b"[" * 100_000, "CATALOG_YAML_DEPTH", 1),
        (b"- " * 100_000, "CATALOG_YAML_DEPTH", 1),
        (b"a: 1\n\xff", "CATALOG_ENCODING", 2),
        ("键: 值".encode("gbk"), "CATALOG_ENCODING", 1),
        (b"a: 1\nb: !!binary x", "CATALOG_YAML_TAG", 2),
        (b"a: 1\n---\na: 2\n", "CATALOG_YAML_DOCUMENTS", 2),
        (b"a: 1\n? [b, c]\n: 2", "CATALOG_YAML_KEY", 2),
        (b"a: [1, 2\n", "CATALOG_YAML_SYNTAX", 2),
        (b"a: 'x", "CATALOG_YAML_SYNTAX", 1),
        (b"a: \x07", "CATALOG_YAML_SYNTAX", 1),
        (b"a: " + b"x" * (yamltree.SCALAR + 1), "CATALOG_YAML_TOO_LARGE", 1),
    ],
)
def test_what_is_refused(data: bytes, code: str, line: int | None) -> None:
    root, faults = read_bytes(data, "f.yaml")
    assert root is None
    assert [(found.code, found.place.row) for found in faults] == [(code, line)]


def test_a_key_that_stands_twice_is_a_fault_and_reading_goes_on() -> None:
    root, faults = read_bytes(b"a: 1\na: {b: 2}\nc: 3\nc: 4\n", "f")
    assert isinstance(root, Mapping)
    assert set(root.values) == {"a", "c"}
    assert [(found.code, found.place.row, found.field) for found in faults] == [
        ("CATALOG_YAML_DUPLICATE_KEY", 2, "a"),
        ("CATALOG_YAML_DUPLICATE_KEY", 4, "c"),
    ]


def test_limits_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(yamltree, "NODES", 10)
    assert read_bytes(b"[1,2,3,4,5,6,7,8,9,10]", "f")[1][0].code == "CATALOG_YAML_TOO_LARGE"
    monkeypatch.setattr(yamltree, "BYTES", 5)
    (tmp_path / "f").write_bytes(b"a: 123456")
    assert read_file(tmp_path / "f", "f")[1][0].code == "CATALOG_YAML_TOO_LARGE"
    assert read_file(tmp_path / "none", "none")[1][0].code == "CATALOG_FILE_UNREADABLE"


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.binary(max_size=200), st.text("[]{}:,-&*!|>'\"%@` \n\tab~#?", max_size=80).map(str.encode)))
def test_no_bytes_are_a_traceback(data: bytes) -> None:
    root, faults = read_bytes(data, "f")
    assert root is None or isinstance(root, Scalar | Sequence | Mapping)
    assert all(found.code.startswith("CATALOG_") for found in faults)
