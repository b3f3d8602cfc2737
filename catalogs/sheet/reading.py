"""A department's workbook read into resources: every fault at its cell, all at once.

Both layouts are read, and what differs a little from them: the vendor's (a row a resource, its items on another sheet)
and the national one (a row an item, headings of two rows). What the officer's words mean is `catalogs.sheet.values`,
what is wrong with an entry the rules of the register (`catalogs.rules.checking`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalogs.rules.faults import Fault
from catalogs.sheet.columns import RESOURCE
from catalogs.sheet.headers import Header, find_header, plain
from catalogs.sheet.identity import known_id
from catalogs.sheet.item_columns import EVERY as ITEM_COLUMNS
from catalogs.sheet.judging import Judged, judge
from catalogs.sheet.link import link_items
from catalogs.sheet.merging import OTHERWISE
from catalogs.sheet.provided import supply
from catalogs.sheet.register import Register
from catalogs.sheet.stamps import STAMPS, stamps_of
from catalogs.sheet.table import Entry, entries, filled, letters, missing_columns
from catalogs.sheet.telling import Told, in_order, shown
from catalogs.values.model import Resource
from infra.apart import Bounds
from infra.errors import Place, Refused
from infra.language import Text
from infra.workbook_rows import Rows, SheetRows, read_rows

BOUNDS = Bounds(memory=2 * 1024**3, seconds=120)
OWN_SHEETS = ("填报说明", "选项", "问题清单", STAMPS)
"""Sheets of our own form and of a marked copy that hold no entry."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a workbook says.

    Attributes:
        resources: the entries without a fault, in their order.
        faults: every fault, by sheet, row and column.
        remarks: what was read otherwise than written, or not read at all; no faults.
        entries: how many entries there are, with the faulty ones.
        judged: what the entries came to, the good ones among it.
        stamped: the stamps that the workbook carries, by id.
    """

    file: str
    resources: tuple[Resource, ...]
    faults: tuple[Fault, ...]
    remarks: tuple[Fault, ...]
    entries: int
    rows: Rows | None
    judged: Judged = field(default_factory=Judged)
    stamped: Mapping[str, str] = field(default_factory=dict)

    @property
    def stamps(self) -> dict[str, str]:
        """The stamps of a copy that goes back: rows with conflicts are shown what stands, so they come of that now."""
        now = {one: self.judged.known[one].digest for one in self.judged.conflicts}
        return {**self.stamped, **now}


def read_sheet(path: Path, register: Register, *, name: str | None = None) -> Sheet:
    """The workbook at `path`, called `name` in sentences (its own name without it).

    Raises:
        Refused: SHEET_NO_TABLE when no sheet holds a catalogue; what `infra.workbook_rows` refuses.
        Unavailable: READ_PROCESS.
    """
    called = name or Path(path).name
    rows = read_rows(Path(path), called, BOUNDS)
    told = Told(called, tuple(sheet.name for sheet in rows.sheets))
    found = list(_entries(rows, told, register))
    stamps = next((stamps_of(sheet.rows) for sheet in rows.sheets if sheet.name == STAMPS), {})
    judged = judge(found, told, register, stamps)
    faults = in_order(told.faults, told.names)
    remarks = in_order(told.remarks, told.names)
    return Sheet(called, judged.good, tuple(faults), tuple(remarks), len(found), rows, judged, stamps)


def _entries(rows: Rows, told: Told, register: Register) -> Iterator[Entry]:
    """The entries of all tables, each with its items."""
    listed: list[Entry] = []
    resources: list[Entry] = []
    headers: list[tuple[int, Header]] = []
    unread: list[str] = []
    for number, sheet in enumerate(rows.sheets):
        header = find_header(sheet.rows, sheet.merged) if not sheet.hidden and sheet.name not in OWN_SHEETS else None
        if header is None:
            if any(map(any, sheet.rows)) and sheet.name not in OWN_SHEETS:
                unread.append(sheet.name)
            continue
        _remarks(number, sheet, header, told)
        headers.append((number, header))
        for row in filled(sheet.rows, sheet.merged, header.row + header.height):
            sheet.rows[row].clear()  # no text of its own: the lower part of cells merged from above
        passed: list[int] = []
        found = list(entries(number, sheet.rows, header, passed))
        for row in passed:
            told.remark(
                told.place(number, row, None), "SHEET_EXAMPLE", "这一行是填写示例或说明，没有读取", "an example"
            )
        supply(found, sheet.rows, header, told)
        (listed if header.lists_items else resources).extend(found)
    _aside(rows.macros, unread if headers else [], told)
    if all(header.lists_items for _, header in headers):
        raise _no_table(told)
    has_items = any(header.lists_items or "zh" in header.item for _, header in headers)
    new = {entry.sheet for entry in resources if not _stands(entry, register)}
    for number, header in headers:
        if header.lists_items or number in new:  # what stands already keeps what the sheet has no column for
            _columns(number, header, told, has_items)
    link_items(resources, listed, told)
    for entry in resources:
        if not entry.items and has_items:
            place = told.at(entry, "title")
            text = Text("没有数据项", "no item is listed")
            remedy = Text("在数据项表中补填（政务数据共享条例第十三条）", "list its items (Decree 809 Art. 13)")
            told.faults.append(Fault(place, "SHEET_MISSING", text, remedy, "items"))
        yield entry


def _aside(macros: bool, unread: list[str], told: Told) -> None:
    """What of the workbook is not read."""
    if macros:
        told.remark(
            Place(told.file), "SHEET_MACROS", "工作簿带有宏；宏没有运行，也不影响读取", "it carries macros, not run"
        )
    if unread:
        names = "、".join(unread[:10])
        told.remark(
            Place(told.file), "SHEET_UNREAD", f"这些工作表不是目录，没有读取：{names}", f"sheets not read: {names}"
        )


def _of_table(number: int, sheet: SheetRows, header: Header, told: Told) -> list[Entry]:
    for row in filled(sheet.rows, sheet.merged, header.row + header.height):
        sheet.rows[row].clear()  # no text of its own: the lower part of cells merged from above
    passed: list[int] = []
    found = list(entries(number, sheet.rows, header, passed))
    for row in passed:
        told.remark(told.place(number, row, None), "SHEET_EXAMPLE", "这一行是填写示例或说明，没有读取", "an example")
    supply(found, sheet.rows, header, told)
    return found


def _stands(entry: Entry, register: Register) -> bool:
    return register.look is not None and known_id(entry, register) in register.ids


def _no_table(told: Told) -> Refused:
    return Refused(
        "SHEET_NO_TABLE",
        "没有找到目录表：前40行中没有一行是表头（目录名称、提供单位、数据格式……）",
        "no sheet holds a catalogue: none of its first 40 rows is a header",
        place=Place(file=told.file),
        remedy=Text(
            "用 hub catalog template 取得空表，或在表头写明“目录名称”等列名",
            "get the form with `hub catalog template`, or name the columns (目录名称, 提供单位, …)",
        ),
    )


def _named_alone(place: Place, told: Told) -> None:
    """Items that are named beside their resource and nothing more is said of: often all of them in one cell."""
    text = Text("数据项只写了名称，没有数据类型", "the items have names and no data types")
    remedy = Text(
        "另建工作表“数据项”，每个数据项一行，写明目录名称、数据项名称、数据类型（政务数据共享条例第十三条）",
        "add a sheet 数据项 with a row an item: 目录名称, 数据项名称, 数据类型 (Decree 809 Art. 13)",
    )
    told.faults.append(Fault(place, "SHEET_COLUMN_MISSING", text, remedy, "type"))


def _columns(number: int, header: Header, told: Told, has_items: bool) -> None:
    """Columns that every entry needs and that the table lacks: told once, at the header."""
    if header.lists_items:
        lacking = [ITEM_COLUMNS["type"]] if "type" not in header.item else []
    else:
        lacking = [
            column
            for column in missing_columns(header, [column for column in RESOURCE if column.needed])
            if not set(OTHERWISE.get(column.key, ())) & header.resource.keys()
        ]
        if "zh" in header.item and "type" not in header.item:
            _named_alone(told.place(number, header.row, header.item["zh"]), told)
    place = told.place(number, header.row, None)
    for column in lacking:
        if column.key == "classification.grade" and "grade" in header.item:
            continue
        text = Text(f"表中没有“{column.zh}”一列", f"the table has no column {column.en}")
        remedy = Text(f"增加一列“{column.zh}”并填写。{column.note}", f"add the column {column.zh} and fill it in")
        told.faults.append(Fault(place, "SHEET_COLUMN_MISSING", text, remedy, column.key))
    if not has_items and not header.lists_items:
        text = Text(
            "没有数据项：既没有“数据项”工作表，也没有信息项各列", "no items: neither a sheet of them nor columns"
        )
        remedy = Text(
            "增加工作表“数据项”，列出目录名称、数据项名称、数据类型（政务数据共享条例第十三条）",
            "add a sheet 数据项 with 目录名称, 数据项名称, 数据类型 (Decree 809 Art. 13)",
        )
        told.faults.append(Fault(place, "SHEET_COLUMN_MISSING", text, remedy, "items"))


def _remarks(number: int, sheet: SheetRows, header: Header, told: Told) -> None:
    row = header.row + header.height - 1
    for alike in header.alike:
        text = shown(alike.text)
        told.remark(
            told.place(number, row, alike.column),
            "SHEET_HEADER_ALIKE",
            f"表头“{text}”按“{alike.meant.zh}”读取",
            f"the heading {text!r} is read as {alike.meant.zh}",
        )
    for at, column in header.twice:
        told.remark(
            told.place(number, row, at),
            "SHEET_HEADER_TWICE",
            f"“{column.zh}”一列出现两次，只读第一次的",
            f"the column {column.zh} stands twice; the first is read",
        )
    extra = [(at, text) for at, text in header.extra if plain(text) not in ("序号", "编号", "no", "")]
    if extra:
        names = "、".join(shown(text) for _, text in extra[:10])
        told.remark(
            told.place(number, row, extra[0][0]),
            "SHEET_EXTRA",
            f"这些列不属于目录，没有读取：{names}",
            f"columns that are not of the catalogue were not read: {names}",
        )
    read = {*header.resource.values(), *header.item.values()}
    below = [cell for cell in sheet.formulas if cell[0] > row and cell[1] in read]
    if below:
        first = min(below)
        told.remark(
            told.place(number, first[0], first[1]),
            "SHEET_FORMULAS",
            f"有 {len(below)} 个单元格是公式，按其结果读取；首个在 {letters(first[1])}{first[0] + 1}",
            f"{len(below)} cells are formulas, read as their results; the first is {letters(first[1])}{first[0] + 1}",
        )
    for at_row, at_column in sorted(sheet.unsolved)[:20]:
        if at_row > row and at_column in read:
            place = told.place(number, at_row, at_column)
            unsolved = Text("公式没有结果，读不到值", "the formula has no stored result")
            mend = Text("在 Excel 或 WPS 中打开并保存一次，或直接填值", "open and save it once, or write the value")
            told.faults.append(Fault(place, "SHEET_FORMULA", unsolved, mend))
