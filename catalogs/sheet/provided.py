"""Who provides the entries of a table that does not say so in each row.

A department's own sheet often names it once: in a line above the table (填报单位：…), or in the first row alone.
"""

import re
from collections.abc import Sequence

from catalogs.sheet.headers import Header
from catalogs.sheet.table import Cell, Entry
from catalogs.sheet.telling import Told, shown
from catalogs.sheet.values import stripped

_LINE = re.compile(
    r"(?:填报|填表|提供|编制|报送|责任|申报)(?:单位|部门)(?:名称)?(?:[(（]盖章[)）])?\s*[:：]\s*(?P<name>.*)"
)
_GAP = re.compile(r"\s{2,}|\u3000")


def supply(found: Sequence[Entry], rows: Sequence[Sequence[str | None]], header: Header, told: Told) -> None:
    """Gives each entry without a provider the one that the table means, and tells it."""
    if not found or header.lists_items:
        return
    silent = [entry for entry in found if not entry.text("provider") and not entry.text("uscc")]
    if len(silent) == len(found):
        _from_above(found, rows, header, told)
    elif found[0].text("provider") and 2 * len(silent) >= len(found):
        _downwards(found, told)


def _from_above(found: Sequence[Entry], rows: Sequence[Sequence[str | None]], header: Header, told: Told) -> None:
    for row in range(header.row + header.height):
        for column, text in enumerate(rows[row]):
            line = _LINE.match(stripped(text or ""))
            if line is None:
                continue
            after = [stripped(one) for one in rows[row][column + 1 :] if one and stripped(one)]
            # A title may stand where the upper row of a header would; a heading with a colon names nobody.
            name = _GAP.split(line["name"])[0] or (next(iter(after), "") if row < header.row else "")
            if not name:
                continue
            cell = Cell(found[0].sheet, row, column, name)
            for entry in found:
                entry.cells["provider"] = cell
            header.resource.setdefault("provider", column)
            told.remark(
                told.place(cell.sheet, row, column),
                "SHEET_PROVIDER_ABOVE",
                f"各行没有提供单位，按表上方的“{shown(name)}”读取",
                f"no row names its provider; {shown(name)!r} above the table is taken",
            )
            return


def _downwards(found: Sequence[Entry], told: Told) -> None:
    above, rows = found[0].cells["provider"], []
    for entry in found:
        if "provider" in entry.cells:
            above = entry.cells["provider"]
        elif not entry.text("uscc"):
            entry.cells["provider"] = Cell(entry.sheet, entry.row, above.column, above.text)
            rows.append(str(entry.row + 1))
    told.remark(
        told.place(above.sheet, int(rows[0]) - 1, above.column),
        "SHEET_PROVIDER_ABOVE",
        f"第 {'、'.join(rows[:10])} 行没有提供单位，按上一行的读取",
        f"rows {', '.join(rows[:10])} name no provider; that of the row above is taken",
    )
