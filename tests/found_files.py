"""Files that nobody made for the tests, through the real command: `python tests/found_files.py FOLDER`.

Each file below FOLDER goes `hub adopt FILE --dataset found.files.f<n> --yes`, then
`hub query "SELECT count(*) FROM …"`, two processes each, all in one new home. Its records are counted beside that by
another library than the lake reads it with. A line a file, then the totals by format; the exit status is 1 when a file
gave a wrong count, a traceback, or was refused although judged readable.

`--judged FILE` is what a person found by looking, tab-separated: name, further options of `hub adopt`, the number of
records or `refused`, and anything. A name may stand on several lines: each is a run of its own. A file without a line
is counted as a table below one header. pytest does not collect this: the files are not ours to keep.
"""

import argparse
import collections
import csv
import gzip
import json
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click
import openpyxl
import pyarrow.parquet as pq
import shapefile
import xlrd
import yaml
from warm import MODULES

import hub as front_door

BESIDE = {".dbf", ".shx", ".prj", ".cpg", ".qpj", ".sbn", ".sbx", ".qix", ".xml"}
SECONDS = 600
csv.field_size_limit(1 << 30)


@dataclass(frozen=True)
class Case:
    """A file with what belongs to it, the options that a person gives, and what is known of it."""

    name: str
    files: tuple[Path, ...]
    options: tuple[str, ...] = ()
    judged: str | None = None


@dataclass(frozen=True)
class Result:
    """What became of it: right, refused, REFUSED (judged readable), WRONG or TRACEBACK, and the figures or sentence."""

    case: Case
    kind: str
    word: str
    said: str


def cases(folder: Path, judged: Path | None) -> Iterator[Case]:
    known: dict[str, list[tuple[tuple[str, ...], str | None]]] = collections.defaultdict(list)
    for line in judged.read_text("utf-8").splitlines() if judged else ():
        if line.strip() and not line.startswith("#"):
            name, options, said = (*line.split("\t"), "", "")[:3]
            known[name].append((tuple(shlex.split(options)), said or None))
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    shapes = {path.with_suffix("") for path in found if path.suffix.casefold() == ".shp"}
    for path in found:
        name, stem = str(path.relative_to(folder)), path.with_suffix("")
        if path.suffix.casefold() in BESIDE and stem in shapes:
            continue
        files = (path,)
        if path.suffix.casefold() == ".shp":
            files = (path, *(one for one in found if one.with_suffix("") == stem and one.suffix.casefold() in BESIDE))
        for options, said in known.get(name, [((), None)]):
            yield Case(name, files, options, said)


def decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    for encoding in ("utf-8-sig", "gb18030", "latin-1"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError


def text_records(content: bytes) -> int:
    text = decoded(content)
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = max(",\t;|", key=first.count)
    rows = csv.reader(text.splitlines(keepends=True), delimiter=mark)
    return sum(len(row) > 1 or any(cell.strip() for cell in row) for row in rows) - 1  # an empty line is none


def sheet_records(path: Path) -> int:
    book = openpyxl.load_workbook(path, data_only=True)
    for sheet in book.worksheets:
        rows = sum(any(cell not in (None, "") for cell in row) for row in sheet.iter_rows(values_only=True))
        if sheet.sheet_state == "visible" and rows:
            return rows - 1
    return 0


def old_sheet_records(path: Path) -> int:
    for sheet in xlrd.open_workbook(path).sheets():
        rows = sum(any(value != "" for value in sheet.row_values(at)) for at in range(sheet.nrows))
        if sheet.visibility == 0 and rows:
            return rows - 1
    return 0


def document_records(value: Any) -> int:
    if isinstance(value, list):
        return len(value)
    if isinstance(value.get("features"), list):
        return len(value["features"])
    lists = [one for one in value.values() if isinstance(one, list) and one and isinstance(one[0], dict)]
    return len(lists[0]) if len(lists) == 1 else 1


def json_records(path: Path) -> int:
    text = decoded(path.read_bytes())
    try:
        return document_records(json.loads(text))
    except json.JSONDecodeError:
        return sum(bool(line.strip()) for line in text.splitlines())


def shape_records(path: Path) -> int:
    with shapefile.Reader(str(path)) as reader:
        return len(reader)


def zip_records(path: Path) -> int | None:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        texts = [name for name in names if name.casefold().endswith((".csv", ".txt", ".tsv"))]
        return text_records(archive.read(texts[0])) if len(names) == len(texts) == 1 else None


COUNTERS: Mapping[str, Callable[[Path], int | None]] = {
    **dict.fromkeys(("csv", "tsv", "txt", "tab"), lambda path: text_records(path.read_bytes())),
    **dict.fromkeys(("xlsx", "xlsm"), sheet_records),
    **dict.fromkeys(("json", "jsonl", "geojson", "ndjson"), json_records),
    **dict.fromkeys(("yaml", "yml"), lambda path: document_records(yaml.safe_load(path.read_bytes()))),
    "xls": old_sheet_records,
    "gz": lambda path: text_records(gzip.decompress(path.read_bytes())),
    "parquet": lambda path: int(pq.read_metadata(path).num_rows),
    "shp": shape_records,
    "zip": zip_records,
}


def counted(case: Case) -> int | None:
    """How many records it holds, by a person or by another library; None where nobody can tell."""
    if case.judged:
        return None if case.judged == "refused" else int(case.judged)
    count = COUNTERS.get(case.files[0].suffix[1:].casefold(), lambda _: None)
    try:
        return count(case.files[0])
    except Exception:  # a counter that cannot read it counts nothing
        return None


def hub(home: Path, *arguments: str) -> tuple[str, Any]:
    """What the command printed on either stream, and its JSON document: in a process of its own, forked from this one,
    which has loaded what takes seconds to load."""
    told = home.parent / "told"
    if (child := os.fork()) == 0:
        run_alone(home, told, list(arguments))
    for _ in range(SECONDS * 20):
        if os.waitpid(child, os.WNOHANG)[0]:
            break
        time.sleep(0.05)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return "Traceback (most recent call last): it did not end", None
    said = told.read_text("utf-8", "replace")
    try:
        return said, json.loads(said[said.find("{") :])
    except json.JSONDecodeError:
        return said, None


def run_alone(home: Path, told: Path, arguments: list[str]) -> NoReturn:
    """The child's side: the front door with these arguments, both its streams in one file."""
    try:
        os.environ |= {"HUB_HOME": str(home), "HUB_DEMO": "1", "HUB_LANG": "en", "HUB_DEBUG": "1"}
        with told.open("wb") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        sys.argv[1:] = arguments
        front_door.main()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(1)


def run(case: Case, number: int, home: Path) -> Result:
    kind = case.files[0].suffix[1:].casefold()
    files = [str(path) for path in case.files]
    name = f"f{number}"
    said, adopted = hub(home, "adopt", *files, "--dataset", f"found.files.{name}", "--yes", "--json", *case.options)
    if "Traceback (most recent call last)" in said or adopted is None:
        return Result(case, kind, "TRACEBACK", said[-1500:])
    delivery = adopted.get("delivery") or {}
    error = adopted.get("error") or (delivery if delivery.get("code") else None)
    if error is not None:
        wanted = case.judged is not None and case.judged != "refused"
        remedy = f" ({error['remedy']})" if error.get("remedy") else ""
        return Result(case, kind, "REFUSED" if wanted else "refused", f"{error['code']} {error['message']}{remedy}")
    said, answer = hub(home, "query", f"SELECT count(*) AS n FROM found.files_{name}", "--json")
    if "Traceback (most recent call last)" in said or answer is None:
        return Result(case, kind, "TRACEBACK", said[-1500:])
    return judge(case, kind, adopted, answer)


def judge(case: Case, kind: str, adopted: Any, answer: Any) -> Result:
    """The counts of the delivery and of the query against the count of its own."""
    delivery = adopted["delivery"]
    parts = [delivery[name] for name in ("published", "quarantined", "duplicates")]
    there = answer["rows"][0]["n"] if isinstance(answer["rows"][0], dict) else answer["rows"][0][0]
    alone = counted(case)
    sums = "+".join(map(str, parts))
    told = f"{sums} of {alone}, query {there}, {adopted['format']} {adopted['encoding'] or ''}"
    told += f", key {'+'.join(adopted['key']) or '-'}, {len(adopted['columns'])} columns, {delivery['state']}"
    fits = delivery["state"] == "finished" and sum(parts) == alone and there == parts[0]
    if case.judged == "refused":
        return Result(case, kind, "WRONG", f"{told}: should have been refused")
    return Result(case, kind, "right" if fits else "uncounted" if alone is None else "WRONG", told)


def tell(*cells: object) -> None:
    click.echo("\t".join(map(str, cells)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--judged", type=Path, help="what a person found: name, options, records or `refused`")
    parser.add_argument("--only", help="names that hold this text")
    asked = parser.parse_args()
    results = []
    for module in MODULES:
        import_module(module)
    scratch = Path(tempfile.mkdtemp())  # not TemporaryDirectory: a child's end would take it away
    for number, case in enumerate(cases(asked.folder, asked.judged)):
        if asked.only is None or asked.only in case.name:
            result = run(case, number, scratch / "home")
            tell(result.word, result.kind, case.name, *case.options, result.said)
            results.append(result)
    shutil.rmtree(scratch)
    words = sorted({result.word for result in results})
    tell("format", *words, "all")
    for kind in [*sorted({result.kind for result in results}), None]:
        of = collections.Counter(result.word for result in results if kind in (None, result.kind))
        tell(kind or "all", *(of[word] for word in words), of.total())
    return int(bool({"WRONG", "TRACEBACK", "REFUSED"} & set(words)))


if __name__ == "__main__":
    sys.exit(main())
