"""JSON (an array, or an object with the path to one), JSON Lines and GeoJSON.

What one record is: an element of the array; a line; a feature. Its place is the element's or feature's number from 1,
or the line. A line of JSON Lines stands alone, so a broken one is a record with the fault `json`; a document broken at
one place cannot be read behind it, so it is refused.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec

from infra.errors import Place, Refused
from infra.language import Text
from lake.read.encoding import as_utf8
from lake.read.layout import Laid, Layout, is_feature
from lake.read.match import missing_fields
from lake.read.records import BOM, physical_lines
from lake.read.refusals import no_records, too_many_keys, topology
from lake.read.source import FAULTS, Format, Job, Note, Source
from lake.read.spool import Spool, extra_json, spooled
from lake.read.stream import Decoder, Document, Doubled, holds_doubled, no_records_there, not_json, too_deep

_LOOKED_AT = 20
_WHOLE = 64 * 1024 * 1024
_CRS_NAME = re.compile(r"(?:urn:ogc:def:crs:[A-Za-z]{1,12}:[0-9.]{0,8}:|EPSG:{1,2})[A-Za-z0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Item:
    """A decoded record and its place; `broken` holds the text of a line that is not JSON."""

    place: int
    value: Any
    doubled: bool = False
    broken: str | None = None


def read_json(job: Job) -> Source:
    """The source of a JSON file.

    Raises:
        Refused: READ_JSON, READ_DEPTH, READ_RECORD_PATH, READ_RECORD_FAULTY, READ_COLUMN_MISSING, READ_NO_RECORDS and
            the encodings' codes.
    """
    place = Place(file=job.name, dataset=job.contract.id)
    path, encoding = as_utf8(job, place)
    if _is_lines(path, job, place):
        return laid_out(job, _line_items(path, job, place), "jsonl", encoding)
    with path.open(encoding="utf-8-sig", newline="") as file:
        document = Document(file, job.limits, place)
        return laid_out(job, _items(document, job, place, path.stat().st_size), "json", encoding, document)


def _is_lines(path: Path, job: Job, place: Place) -> bool:
    """Whether every line is a document of its own: most of the first lines are whole objects, and there are several."""
    decoder, whole, looked = Decoder(), 0, 0
    for text in islice(filter(None, _lines(path, job, place)), _LOOKED_AT):
        looked += 1
        if not text.startswith("{"):
            continue
        try:
            _, end = decoder.decode(text)
        except (ValueError, RecursionError):
            continue
        whole += end == len(text)
    return looked > 1 and whole * 2 >= looked


def _lines(path: Path, job: Job, place: Place) -> Iterator[str]:
    """The lines, empty ones too, without what stands around them."""
    limits = msgspec.structs.replace(job.limits, max_line=job.limits.max_element)
    return (line.lstrip(BOM).strip() for line in physical_lines(path, limits, place))


def _line_items(path: Path, job: Job, place: Place) -> Iterator[Item]:
    decoder = Decoder()
    for number, text in enumerate(_lines(path, job, place), 1):
        if not text:
            continue
        decoder.reset()
        try:
            value, end = decoder.decode(text)
        except RecursionError:
            raise too_deep(place, number) from None
        except ValueError:
            yield Item(number, None, broken=text)
            continue
        yield Item(number, value, decoder.doubled) if end == len(text) else Item(number, None, broken=text)


def _items(document: Document, job: Job, place: Place, size: int) -> Iterator[Item]:
    path = job.contract.reading.record_path
    if path:
        found = document.records(tuple(path.split(".")))
    elif document.peek() == "[":
        found = document.records(())
    else:
        found = _of_object(document, place, size)
    for number, value in enumerate(found, 1):
        # Where the list was decoded as one value, a key may stand twice in another record than this.
        yield Item(number, value, document.decoder.doubled and holds_doubled(value))
    document.finish()


def _of_object(document: Document, place: Place, size: int) -> Iterator[Any]:
    """The records of an object whose path nobody named: its features, its only list of objects, or itself."""
    members, streamed, twice = document.members, False, set[str]()
    for key in document.walk():
        if key in members or (key == "features" and streamed):
            twice.add(key)
        if key == "features" and not streamed and document.peek() == "[":
            streamed = True
            yield from document.elements()
            continue
        if not streamed and size > _WHOLE:
            raise no_records_there(place, lists=1)
        members[key] = document.value()
    if members.get("type") == "Topology" and "arcs" in members:
        raise topology(place)
    lists = [key for key, value in members.items() if isinstance(value, list) and value and isinstance(value[0], dict)]
    if streamed:
        lists = ["features"]
    elif is_feature(members) or not lists:
        document.decoder.doubled = document.decoder.doubled or bool(twice)
        yield Doubled(members) if twice else members
        return
    if len(lists) > 1 or lists[0] in twice:  # which of them is meant, nobody can tell, and none may get lost
        raise no_records_there(place, lists=max(2, len(lists)))
    if not streamed:
        yield from members[lists[0]]


def laid_out(job: Job, items: Iterator[Item], kind: Format, encoding: str, document: Document | None = None) -> Source:
    """The source of records that are objects.

    Raises:
        Refused: READ_NO_RECORDS, READ_RECORD_PATH, READ_JSON, READ_RECORD_FAULTY, READ_COLUMN_MISSING, READ_COLUMNS.
    """
    place = Place(file=job.name, dataset=job.contract.id)
    fields = [field for field in job.contract.fields if field.given is None]
    limits = job.limits
    layout = Layout(
        fields, flatten=job.contract.reading.flatten, max_depth=limits.max_depth, max_keys=limits.max_columns
    )
    path = job.scratch / f"{job.path.name}.json.parquet"
    first = next(items, None)
    if first is None:
        raise no_records(place)
    if isinstance(first.value, dict) and is_feature(first.value):
        kind = "geojson"
    faults: dict[str, int] = {}
    with Spool(path, layout.names) as spool:
        for item in chain((first,), items):
            laid = _lay(item, layout)
            if layout.too_many:
                raise too_many_keys(place, item.place, limits.max_columns)
            if laid.fault is not None:
                faults[laid.fault] = faults.get(laid.fault, 0) + 1
            _add(spool, laid, item.place)
    if sum(faults.values()) == spool.count:
        raise _unreadable(list(faults), first, place)
    _check(layout, fields, place)
    members = document.members if document else {}
    notes = tuple(_notes(layout, kind, members))
    about = {"first_line": spool.first_line, "notes": notes, "format": kind, "encoding": encoding}
    return spooled(path, layout.names, **about, crs=_crs(members))


def _lay(item: Item, layout: Layout) -> Laid:
    if item.broken is not None:
        return Laid([], extra_json({"_text": item.broken}), "json")
    return layout.lay(item.value, doubled=item.doubled)


def _add(spool: Spool, laid: Laid, place: int) -> None:
    if laid.fault is not None:
        spool.add_fault(laid.fault, place, laid.extra or "")
        return
    spool.weigh(sum(map(len, filter(None, laid.values))))
    spool.add(laid.values, place, laid.extra)


def _unreadable(faults: list[str], first: Item, place: Place) -> Refused:
    """Why not one record could be laid out; `faults` are theirs, that of the first record first."""
    if faults == ["not_object"]:
        return no_records_there(place)
    if faults == ["json"] and first.broken is not None:
        return not_json(place, first.place, "no line is JSON")
    said = FAULTS[faults[0]]
    zh, en = (one.replace("{line}", str(first.place)).rstrip("。.") for one in (said.zh, said.en))
    return Refused(
        "READ_RECORD_FAULTY",
        f"没有一条记录可以读取（{zh}）",
        f"not one record can be read ({en})",
        place=place,
        remedy=Text(
            "在源系统中改正后重新导出并报送", "correct it in the source system, export it again and deliver it"
        ),
    )


def _check(layout: Layout, fields: list[Any], place: Place) -> None:
    """Refuses a file in which no record had a required field."""
    unseen = set(layout.unseen)
    missing = [field for field in fields if field.required and field.name in unseen]
    if missing:
        raise missing_fields(missing, _keys(len(layout.others)), place)


def _notes(layout: Layout, kind: Format, members: dict[str, Any]) -> Iterator[Note]:
    others = _keys(len(layout.others))
    if others:
        said = Text(f"契约之外：{others.zh}", f"beyond the contract: {others.en}")
        yield Note("extra_columns", said, len(layout.others))
    absent = layout.unseen
    if absent:
        names = ", ".join(absent[:20])
        text = Text(f"缺少非必需字段：{names}", f"optional columns are missing: {names}")
        yield Note("optional_columns_missing", text, len(absent))
    if kind == "geojson":
        yield crs_note(_crs(members))


def _keys(count: int) -> Text | None:
    """Unknown keys by their number: the keys themselves may be data, e.g. the names of people."""
    return Text(f"{count} 个键", f"{count} key{'' if count == 1 else 's'}") if count else None


def _crs(members: dict[str, Any]) -> str | None:
    """The coordinate system that a GeoJSON document states: nothing but a name of one is repeated."""
    crs = members.get("crs")
    if crs is None:
        return None
    said = _CRS_NAME.search(json.dumps(crs, default=str))
    return said[0] if said else "?"


def crs_note(said: str | None) -> Note:
    """What a file says of its coordinate system."""
    if said is None:
        return Note(
            "crs_not_stated",
            Text("文件未写坐标系，以目录登记的为准", "the file states no coordinate system; the catalogue's applies"),
        )
    return Note("crs_stated", Text(f"文件所写坐标系：{said}", f"the file states the coordinate system {said}"))
