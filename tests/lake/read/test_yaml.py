"""YAML: what one record is, that scalars stay as written, and that no small file grows without end."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from contracts.model import Contract, Field, Reading
from infra.errors import Refused
from lake.read import Source, read
from lake.read.detect import detect

LIST = "- a: 010\n  b: yes\n- a: 2020-01-30\n  b: ~\n"


def contract(*names: str, **reading: Any) -> Contract:
    fields = tuple(Field(name, (name,)) for name in names)
    return Contract("u.d.n", "1.0.0", (), fields, (), (), "append", reading=Reading(**reading))


def got(tmp_path: Path, content: str | bytes, *names: str, **reading: Any) -> Source:
    path = tmp_path / "t.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path, contract(*(names or ("a", "b")), **reading), tmp_path)


def rows(source: Source) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(source.sql, source.parameters).fetchall()


SHAPES = {
    "a list": (LIST, 1),
    "a list behind a comment": (f"# 数据\n\n{LIST}", 3),
    "a list inside": ("名称: 表\n记录:\n" + LIST, 3),
    "a list inside, indented": ("名称: 表\n记录:\n" + "".join(f"  {x}\n" for x in LIST.splitlines()), 3),
    "documents": ("---\na: 010\nb: yes\n---\na: 2020-01-30\nb:\n", 2),
    "quoted keys": ('"a": 010\n"b": \'yes\'\n...\n---\na: "2020-01-30"\nb: null\n', 1),
    "flow": ("- {a: 010, b: yes}\n- {a: 2020-01-30, b: ''}\n", 1),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_records_are_mappings_and_scalars_stay_as_written(name: str, encoding: str, tmp_path: Path) -> None:
    text, first = SHAPES[name]
    source = got(tmp_path, text.encode(encoding))
    assert source.format == "yaml"
    assert [row[:2] for row in rows(source)] == [("010", "yes"), ("2020-01-30", None)]
    assert source.lines_of([0])[0] == first


def test_the_contract_names_the_path_and_a_mapping_alone_is_one_record(tmp_path: Path) -> None:
    two = "x:\n  y:\n  - a: 1\n    b: 2\nz:\n- a: 3\n  b: 4\n"
    assert [row[:2] for row in rows(got(tmp_path, two, record_path="x.y"))] == [("1", "2")]
    alone = rows(got(tmp_path, "a: |\n  one\n  two\nb: [1, 02]\nc: {d: 1.10}\n"))
    assert [row[:3] for row in alone] == [("one\ntwo\n", '["1","02"]', '{"c.d":"1.10"}')]


def test_anchors_are_followed_and_merged(tmp_path: Path) -> None:
    text = "- &first\n  a: 1\n  b: &two 2\n- <<: *first\n  a: 3\n- a: *two\n  b: 5\n"
    assert [row[:2] for row in rows(got(tmp_path, text))] == [("1", "2"), ("3", "2"), ("2", "5")]


def test_a_key_that_stands_twice_and_an_element_that_is_no_mapping_are_set_aside(tmp_path: Path) -> None:
    found = rows(got(tmp_path, "- a: 1\n  b: 2\n- a: 1\n  a: 2\n- words\n"))
    assert [(*row[:2], row[3]) for row in found] == [
        ("1", "2", None), (None, None, "duplicate_key"), (None, None, "not_object"),
    ]  # fmt: skip


def test_the_public_notices_are_read_whole(shared: Path, tmp_path: Path) -> None:
    files = sorted((shared / "data" / "health-covid-daily-2020" / "Report").glob("*.yaml"))
    assert len(files) == 17
    for file in files:
        keys = [line.split(": ", 1) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        source = read(file, contract(*(key.removesuffix(":") for key, *_ in keys)), tmp_path)
        assert [row[: len(keys)] for row in rows(source)] == [tuple(value[0] if value else None for _, *value in keys)]


LAUGHS = "a: &l0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"k{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 20)
)
REFUSED: dict[str, tuple[str, str]] = {
    "a milliard laughs": (LAUGHS, "READ_YAML_SIZE"),
    "deep": ("a: " + "[" * 10_000, "READ_DEPTH"),
    "deep in blocks": ("".join(f"{' ' * n}k:\n" for n in range(500)), "READ_DEPTH"),
    "an alias of itself": ("a: &x\n  b: *x\n", "READ_YAML"),
    "an unknown alias": ("a: *x\n", "READ_YAML"),
    "a tag of a program": ("a: !!python/object/apply:os.system [ls]\nb: !run x\n", "READ_YAML"),
    "broken": ('a: "1\nb: 2\n', "READ_YAML"),
    "a key that is a list": ("b:\n  ? [a]\n  : 1\n", "READ_YAML"),
    "merged with a text": ("a: 1\n<<: 2\n", "READ_YAML"),
    "two lists": ("x:\n- a: 1\ny:\n- a: 2\n", "READ_RECORD_PATH"),
    "nothing but a mark": ("---\n", "READ_NO_RECORDS"),
    "no record": ("- 1\n- 2\n", "READ_RECORD_PATH"),
    "a field missing": ("- b: 1\n- b: 2\n", "READ_COLUMN_MISSING"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    text, code = REFUSED[name]
    with pytest.raises(Refused) as refused:
        got(tmp_path, text)
    assert refused.value.code == code
    assert refused.value.remedy


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.read.yaml.MOST_BYTES", 10)
    with pytest.raises(Refused) as refused:
        got(tmp_path, LIST)
    assert refused.value.code == "READ_YAML_SIZE"


@pytest.mark.parametrize(
    "text",
    [
        "a,b\nx: 1,2\n",
        "时间: 2020-01-01\na,b\n1,2\n",
        "a: b;c\n1;2\n",
        "a\n-1\n- 2\n",
        "-1,2\n-3,4\n",
        "a:b\nc:d\n",
        "# a\n# b\n",
        " a: 1\n",
        "time: x\ty\n1\t2\n",
    ],
)
def test_a_text_table_is_no_yaml(text: str, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(text, encoding="utf-8")
    from infra.errors import Place

    assert detect(path, Place(file="t")) == "csv"
