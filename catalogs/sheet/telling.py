"""What is said of a sheet: faults at their cells and remarks, each sentence as an officer reads it.

A fault's place names file, sheet, row and column as the editor shows them (`目录!C12`).
"""

import re
from dataclasses import dataclass, field

from catalogs.rules.faults import Fault
from catalogs.sheet.column import Column
from catalogs.sheet.table import Cell, Entry, letters
from infra.errors import Place
from infra.language import Text

_KEYS = re.compile(r"[(（](?:[a-z][a-z0-9_.]{2,190})[)）]")
_LONGEST = 40
_REMEDIES = {
    "CATALOG_CONDITION_MISSING": "填“共享范围”“使用用途”；或在共享条件中写“共享范围：…；使用用途：…”（条例第十五条）",
    "CATALOG_BASIS_MISSING": "填理由、依据类型、法律依据和条款；只有法律、行政法规、国务院决定可作依据（条例第十五条）",
    "CATALOG_GRADE_TOO_LOW": "就高从严：数据分级不低于任何一个数据项的级别",
    "CATALOG_IDENTIFIER_NOT_PERSONAL": "补填“个人信息类别”",
    "CATALOG_CRS_MISSING": "填“坐标系”，如 CGCS2000",
}
"""What to do, in the words of the form, where the register's rules speak of the keys of its files."""


def shown(text: str) -> str:
    """A text as sentences quote it."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"


@dataclass(slots=True)
class Told:
    """The faults and remarks of one file; `names` are its sheets'."""

    file: str
    names: tuple[str, ...]
    faults: list[Fault] = field(default_factory=list)
    remarks: list[Fault] = field(default_factory=list)

    def place(self, sheet: int, row: int, column: int | None) -> Place:
        """The place of a cell, counted from 0."""
        return Place(self.file, self.names[sheet], row + 1, None if column is None else letters(column))

    def cell(self, cell: Cell, code: str, said: tuple[str, str], remedy: tuple[str, str], key: str) -> None:
        """A fault at a cell."""
        place = self.place(cell.sheet, cell.row, cell.column)
        self.faults.append(Fault(place, code, Text(*said), Text(*remedy), key))

    def at(self, entry: Entry, key: str) -> Place:
        """Where the value of a key stands or should stand: its cell, else below its heading, else the entry's title."""
        cell = entry.cells.get(key)
        if cell is not None:
            return self.place(cell.sheet, cell.row, cell.column)
        known = {**entry.header.item, **entry.header.resource} if key in entry.header.resource else entry.header.item
        column = known.get(key)
        if column is None:
            title = entry.cells.get("title") or entry.cells.get("zh")
            column = title.column if title else min((cell.column for cell in entry.cells.values()), default=0)
        return self.place(entry.sheet, entry.row, column)

    def missing(self, entry: Entry, column: Column, where: str | None = None) -> None:
        """An entry without what it must have."""
        law = "政务数据共享条例第十三条规定必填" if column.first else "必填"
        remedy = Text(f"补填（{law}）。{column.note}", f"fill it in{' (Decree 809 Art. 13)' if column.first else ''}")
        text = Text(f"缺少“{column.zh}”", f"{column.en} is missing")
        self.faults.append(Fault(self.at(entry, where or column.key), "SHEET_MISSING", text, remedy, column.key))

    def breach(self, place: Place, code: str, text: Text, remedy: Text | None, key: str) -> None:
        """A rule of the register that is broken, without the keys of YAML in what it says."""
        plain = Text(_KEYS.sub("", text.zh), text.en)
        mend = Text(_REMEDIES.get(code) or _KEYS.sub("", remedy.zh), remedy.en) if remedy else None
        self.faults.append(Fault(place, code, plain, mend, key))

    def domain(self, place: Place, remedy: tuple[str, str]) -> None:
        """An entry of which no word says to which domain it belongs."""
        text = Text("看不出属于哪个领域", "nothing says to which domain it belongs")
        self.faults.append(Fault(place, "SHEET_DOMAIN", text, Text(*remedy), "domain"))

    def remark(self, place: Place, code: str, zh: str, en: str) -> None:
        """Something that the officer should know and that is no fault."""
        self.remarks.append(Fault(place, code, Text(zh, en)))


def spot(place: Place) -> str:
    """Sheet and cell as the editor names them: 目录!C12."""
    at = f"{place.column or ''}{place.row or ''}"
    return f"{place.sheet}!{at}" if place.sheet and at else place.sheet or ""


def sentence(fault: Fault, lang: str) -> str:
    """A fault in one line: file, cell, what is wrong, what to do."""
    where = " ".join(part for part in (fault.place.file, spot(fault.place)) if part)
    end = f" → {fault.remedy.say(lang)}" if fault.remedy else ""
    return f"{where}  {fault.text.say(lang)}{end}"


def in_order(faults: list[Fault], names: tuple[str, ...]) -> list[Fault]:
    """Faults by sheet, row and column, each said once."""

    def key(fault: Fault) -> tuple[int, int, int, str]:
        sheet = names.index(fault.place.sheet) if fault.place.sheet in names else -1
        column = str(fault.place.column or "")
        return sheet, fault.place.row or 0, len(column), column

    seen: dict[tuple[Place, str, str], Fault] = {}
    for fault in faults:
        seen.setdefault((fault.place, fault.code, fault.text.zh), fault)
    unread = {fault.place for fault in faults if fault.code == "SHEET_FORMULA"}
    seen = {at: one for at, one in seen.items() if one.code != "SHEET_MISSING" or one.place not in unread}
    return sorted(seen.values(), key=key)
