"""Refusals and notes that the readers share; each sentence has its code, its place and what to do about it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from infra.errors import Place, Refused
from infra.language import Text
from lake.read.match import SEARCH_ROWS, Header, listed
from lake.read.place import filled
from lake.read.source import Note


def empty(place: Place) -> Refused:
    """The refusal of a file without any content."""
    return Refused(
        "READ_EMPTY",
        "文件是空的",
        "the file is empty",
        place=place,
        remedy=Text("重新导出并报送", "export it again and deliver it"),
    )


def no_records(place: Place, line: int | None = None) -> Refused:
    """The refusal of a file that is a header, on that line, and nothing else; without a line, of a document."""
    said = Text("文件只有表头，没有数据", "the file holds a header and no record")
    if line is None:
        said = Text("文件里没有一条记录", "the file holds no record")
    return Refused(
        "READ_NO_RECORDS",
        said.zh,
        said.en,
        place=replace(place, row=line),
        remedy=Text("补上数据后重新报送", "deliver it again with its data"),
    )


def too_wide(place: Place, line: int, columns: int, most: int) -> Refused:
    """The refusal of a table with more columns than the house reads."""
    return Refused(
        "READ_COLUMNS",
        f"有 {columns} 列，超过上限 {most} 列",
        f"the table has {columns} columns, more than the {most} allowed",
        place=replace(place, row=line),
        remedy=Text("检查分隔符，或拆分后报送", "see whether the delimiter is right, or split the table"),
    )


def too_many_keys(place: Place, record: int, most: int) -> Refused:
    """The refusal of a document whose records have more different keys than a table may have columns."""
    return Refused(
        "READ_COLUMNS",
        f"到第 {record} 条记录为止，不同的键已超过上限 {most} 个：名称、日期之类的数据可能写成了键",
        f"up to record {record} there are more different keys than the {most} allowed: data, such as names or dates, "
        "may be written as keys",
        place=replace(place, row=record),
        remedy=Text(
            "把这些键写成字段的值：一个列表，每条记录一个对象，各对象的键相同",
            "write such keys as values: one list, an object for each record, all with the same keys",
        ),
    )


def topology(place: Place) -> Refused:
    """The refusal of TopoJSON: no object of it holds its own shape."""
    return Refused(
        "READ_FORMAT",
        "文件是 TopoJSON，图形存放在各对象共用的弧段中，不能读取",
        "the file is TopoJSON, whose shapes lie in arcs that its objects share; it cannot be read",
        place=place,
        remedy=Text("转换为 GeoJSON 后报送", "convert it to GeoJSON and deliver that"),
    )


def header_notes(header: Header, line: int) -> Iterator[Note]:
    """What finding the header showed."""
    if header.row or header.height > 1:
        yield Note(
            "header_found",
            Text(f"表头在第 {line} 行，占 {header.height} 行", f"the header is on line {line}, {header.height} row(s)"),
        )
    others = listed([position for position, _ in header.extras])
    if others:
        said = Text(f"契约之外：{others.zh}", f"beyond the contract: {others.en}")
        yield Note("extra_columns", said, len(header.extras))
    if header.missing:
        names = ", ".join(header.missing[:20])
        yield Note(
            "optional_columns_missing",
            Text(f"缺少非必需字段：{names}", f"optional columns are missing: {names}"),
            len(header.missing),
        )


def blank_header(place: Place, position: int, line: int) -> Refused:
    """The refusal of a column that has values and no name."""
    return Refused(
        "READ_HEADER_BLANK",
        f"第 {position + 1} 列没有列名，但第 {line} 行有值",
        f"column {position + 1} has no name, but line {line} has a value in it",
        place=replace(place, row=line, column=position + 1),
        remedy=Text("为该列补上列名，或删除该列", "name the column or remove it"),
    )


def late_header(place: Place) -> Refused:
    """The refusal of a table that begins only below the rows in which a header is looked for."""
    return Refused(
        "READ_HEADER_NOT_FOUND",
        f"前 {SEARCH_ROWS} 行里没有表头，表格在其下才开始",
        f"none of the first {SEARCH_ROWS} rows is a header; the table begins below them",
        place=place,
        remedy=Text("删去表头之上的说明行", "remove the lines above the header"),
    )


def below_notes(places: Sequence[int], count: int) -> Iterator[Note]:
    """That rows below a table were left out (`lake.read.below`): from where on, and how many."""
    if count:
        place = filled(Text("第{line}行", "row {line}"), places[0])
        yield Note(
            "rows_below",
            Text(
                f"{place.zh}起是表格下方的合计、注释或签章，共 {count} 行，不作为记录",
                f"from {place.en} on stand totals, notes or signatures below the table: {count} row(s), no records",
            ),
            count,
        )


_PARTS = {
    "empty": Text("没有数据的文件：{}", "without a record: {}"),
    "faulty": Text("不能读取而未受理的文件：{}", "not readable and left out: {}"),
    "other": Text("契约未涉及的文件：{}", "files that the contract does not speak of: {}"),
}
_NUMBERS_TOLD, _NOTES_TOLD = 10, 20


def parts_note(state: str, numbers: Sequence[int]) -> Note:
    """What became of some files of a delivery of several, by their numbers: their names may be people's."""
    shown = ", ".join(map(str, numbers[:_NUMBERS_TOLD])) + (", …" if len(numbers) > _NUMBERS_TOLD else "")
    said = _PARTS[state]
    files = f"file {shown}" if len(numbers) == 1 else f"files {shown}"
    text = Text(said.zh.format(f"第 {shown} 个"), said.en.format(files))
    return Note(f"parts_{state}", text, len(numbers))


FILES = Text("个文件", "file")
SHEETS = Text("个工作表", "sheet")


def joined_notes(notes: Sequence[Note], of: Text = FILES) -> Iterator[Note]:
    """What reading the files (or sheets) of a delivery showed, each thing once, with the number that showed it."""
    for (code, text), count in Counter((note.code, note.text) for note in notes).most_common(_NOTES_TOLD):
        plural = "" if count == 1 else "s"
        yield Note(code, Text(f"{text.zh}（{count} {of.zh}）", f"{text.en} ({count} {of.en}{plural})"), count)
