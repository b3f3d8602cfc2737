"""Gather and fetch: from a file or an address to the objects of a source, each with its own error where it has one.

What concerns the source as a whole (unreachable, no such shape, fewer objects than it announces) refuses the harvest;
what concerns one object is that object's, and ends as its line.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from catalogs.exchange.ckan import package_id, packages, read_package
from catalogs.exchange.csv_record import read_row
from catalogs.exchange.portal import read_portal
from catalogs.exchange.records import Bad, Found, Read, Thing
from catalogs.exchange.web import Web
from infra.errors import HubError, Place, Refused, WrongUse
from infra.language import Text

FILE_BYTES = 256 * 1024**2
OBJECTS = 500_000
_PAGE = 200
_DCAT = {".ttl": "turtle", ".rdf": "xml", ".xml": "xml", ".jsonld": "json-ld", ".nt": "nt"}


@dataclass(frozen=True, slots=True)
class Gathered:
    """The objects of a source, how each is read, whether several may be one dataset, and what the whole was like."""

    kind: str
    things: list[Thing]
    read: Read
    merges: bool
    findings: tuple[Found, ...] = ()


def gather(source: str, kind: str | None, web: Web | None = None) -> Gathered:
    """All objects of `source`, a path or an http(s) address; `kind` is ckan, dcat, portal or csv, else found out.

    Raises:
        WrongUse: HARVEST_SOURCE, HARVEST_KIND, HARVEST_ADDRESS.
        Refused: HARVEST_HUGE, HARVEST_ENCODING, HARVEST_SHAPE, HARVEST_INCOMPLETE, HARVEST_NOT_JSON, HARVEST_RDF,
            READ_MEMORY, READ_TIME.
        Unavailable: HARVEST_UNREACHABLE, HARVEST_SLOW, HARVEST_ANSWER.
    """
    web = web or Web()
    if source.startswith(("http://", "https://")):
        suffix = Path(urlsplit(source).path).suffix.lower()
        kind = kind or ("dcat" if suffix in _DCAT else "csv" if suffix == ".csv" else "ckan")
        if kind == "ckan":
            return _ckan(list(_pages(source.rstrip("/"), web)))
        return _bytes(web.get(source), suffix, kind)
    path = Path(source)
    return _bytes(_file(path), path.suffix.lower(), kind)


def _file(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_BYTES:
            raise Refused("HARVEST_HUGE", "来源文件过大", "the source's file is too large", place=Place(file=path.name))
        return path.read_bytes()
    except OSError:
        raise WrongUse(
            "HARVEST_SOURCE", "来源文件不存在或不能读取", "there is no such file to read", place=Place(file=path.name)
        ) from None


def _bytes(data: bytes, suffix: str, kind: str | None) -> Gathered:
    kind = kind or _kind(data, suffix)
    if kind == "dcat":
        return _dcat(data, _DCAT.get(suffix) or ("json-ld" if data.lstrip()[:1] in (b"{", b"[") else "turtle"))
    text = _decode(data)
    if kind == "csv":
        return _csv(text)
    if kind == "portal":
        return _portal(text)
    return _ckan(_saved(text))


def _kind(data: bytes, suffix: str) -> str:
    """What a file is, by its name and its first bytes."""
    if suffix == ".csv":
        return "csv"
    if suffix in _DCAT:
        return "dcat"
    start = data[:2000].lstrip(b"\xef\xbb\xbf \r\n\t")
    if b'"@context"' in start or b'"@graph"' in start or b'"@type"' in start:
        return "dcat"
    first = start.split(b"\n", 1)[0]
    if start.startswith(b'{"name"') or (first.startswith(b"{") and first.rstrip().endswith(b"}") and b"name" in first):
        return "ckan" if b'"result"' in first else "portal"
    if start.startswith((b"{", b"[")):
        return "ckan"
    raise WrongUse(
        "HARVEST_KIND",
        "看不出来源的种类",
        "the kind of the source cannot be told",
        remedy=Text("用 --from 指明 ckan、dcat、portal 或 csv", "say it with --from: ckan, dcat, portal or csv"),
    )


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("HARVEST_ENCODING", "文件既非 UTF-8 也非 GB 18030", "the file is neither UTF-8 nor GB 18030")


def _portal(text: str) -> Gathered:
    """One object a line; a blank line is none. A file that is one JSON list is taken too."""
    found: list[Thing] = []
    lines = True
    if text.lstrip().startswith("["):
        found, lines = [Thing(number, raw) for number, raw in enumerate(_loads(text), 1)], False
    else:
        found = [_line(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    said = Text("文件是逐行的 JSON，不是一个 JSON 值", "the file is JSON Lines, not one JSON value")
    notes = (Found("HARVEST_JSON_LINES", said, 1, (1,)),) if lines and len(found) > 1 else ()
    return Gathered("portal", _bounded(found), read_portal, merges=True, findings=notes)


def _line(number: int, line: str) -> Thing:
    try:
        return Thing(number, json.loads(line, parse_constant=_no_number))
    except (ValueError, RecursionError):
        return Thing(number, None, Bad("HARVEST_LINE", "该行不是 JSON", "the line is no JSON"))


def _no_number(word: str) -> None:
    raise ValueError(word)


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused("HARVEST_NOT_JSON", "来源不是 JSON", "the source is no JSON") from None


def _saved(text: str) -> list[Thing]:
    try:
        return [Thing(number, raw) for number, raw in enumerate(packages(_loads(text)), 1)]
    except Bad as bad:
        raise Refused("HARVEST_SHAPE", bad.text.zh, bad.text.en) from None


def _ckan(things: list[Thing]) -> Gathered:
    return Gathered("ckan", _bounded(things), read_package, merges=False)


def _pages(base: str, web: Web) -> Iterator[Thing]:
    """Every package of a CKAN: gathered by pages, fetched alone where a page gives it without its resources."""
    start, position = 0, 0
    while True:
        query = urlencode({"rows": _PAGE, "start": start, "sort": "id asc"})
        answer = web.json(f"{base}/api/3/action/package_search?{query}")
        try:
            page = packages(answer)
            total = int(answer["result"]["count"])
        except (Bad, KeyError, TypeError, ValueError):
            raise Refused("HARVEST_SHAPE", "不是 CKAN 的应答", "no answer of CKAN") from None
        if total > OBJECTS or len(page) > OBJECTS:
            raise _too_many()
        for raw in page:
            position += 1
            yield _whole(base, web, Thing(position, raw))
        start += len(page)
        if start >= total:
            return
        if not page:
            raise Refused(
                "HARVEST_INCOMPLETE",
                f"来源称有 {total} 条，只给出 {start} 条；没有改动任何记录",
                f"the source announces {total} and gave {start}; no record was changed",
            )


def _whole(base: str, web: Web, thing: Thing) -> Thing:
    identity = package_id(thing.raw)
    if identity is None or "resources" in thing.raw:
        return thing
    try:
        shown = packages(web.json(f"{base}/api/3/action/package_show?{urlencode({'id': identity})}"))
    except (HubError, Bad) as error:
        if isinstance(error, HubError) and error.code == "HARVEST_SLOW":
            raise
        return Thing(thing.position, thing.raw, Bad(error.code, error.text.zh, error.text.en, identity))
    return Thing(thing.position, shown[0] if len(shown) == 1 else None)


def _dcat(data: bytes, form: str) -> Gathered:
    from catalogs.exchange.rdf import datasets, read_dataset  # noqa: PLC0415 - rdflib is not for every source

    things = [Thing(number, raw) for number, raw in enumerate(datasets(data, form), 1)]
    return Gathered("dcat", _bounded(things), read_dataset, merges=False)


def _csv(text: str) -> Gathered:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise Refused("HARVEST_SHAPE", "CSV 文件有错", "the CSV file is broken") from None
    filled = [(number, row) for number, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    if not filled:
        raise Refused("HARVEST_SHAPE", "CSV 文件没有表头", "the CSV file has no header")
    header = [cell.strip() for cell in filled[0][1]]
    if len(set(header)) != len(header):
        raise Refused("HARVEST_SHAPE", "CSV 表头有重名的列", "two columns of the CSV have one name")
    return Gathered("csv", _bounded([_row(number, header, row) for number, row in filled[1:]]), read_row, merges=False)


def _row(number: int, header: list[str], row: list[str]) -> Thing:
    if len(row) != len(header):
        return Thing(number, row, Bad("HARVEST_ROW", "列数与表头不符", "the row has not as many cells as the header"))
    return Thing(number, dict(zip(header, row, strict=True)))


def _bounded(things: list[Thing]) -> list[Thing]:
    if len(things) > OBJECTS:
        raise _too_many()
    return things


def _too_many() -> Refused:
    return Refused("HARVEST_HUGE", f"来源超过 {OBJECTS} 条", f"the source holds more than {OBJECTS} objects")


KINDS: tuple[str, ...] = ("ckan", "dcat", "portal", "csv")
