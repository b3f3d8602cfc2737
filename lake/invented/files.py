"""Writers whose bytes depend on their content alone, so that one seed gives one delivery, for ever.

An .xlsx is written here, part by part: every library puts the present time into it. An .xls is written by xlwt, the
only writer of that format; the format is frozen, the input is our own, and nothing else of the house uses it.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

Row = Sequence[Any]
_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_EPOCH = (2026, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet: rows of texts, numbers and None, and merged ranges (top, left, bottom, right), all from 0."""

    name: str
    rows: list[Row] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    def add(self, row: Row) -> int:
        """Appends a row; its index."""
        self.rows.append(row)
        return len(self.rows) - 1

    def add_merged(self, text: str, width: int) -> None:
        """Appends a row that is one merged cell."""
        at = self.add([text])
        self.merged.append((at, 0, at, width - 1))


def csv_bytes(rows: Iterable[Row], *, encoding: str, line_end: str = "\r\n") -> bytes:
    """Rows as CSV; a row given as one text is written as it stands."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=line_end)
    for row in rows:
        if isinstance(row, str):
            out.write(row + line_end)
        else:
            writer.writerow(row)
    return out.getvalue().encode(encoding)


def json_lines(records: Iterable[Any]) -> bytes:
    """One JSON text a line; a record given as text is written as it stands."""
    lines = [record if isinstance(record, str) else json_text(record) for record in records]
    return ("\n".join(lines) + "\n").encode()


def json_text(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _reference(row: int, column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def _cell(row: int, column: int, value: Any) -> str:
    place = _reference(row, column)
    if isinstance(value, (int, float)):
        return f'<c r="{place}"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def _sheet(grid: Grid) -> str:
    rows = []
    for at, row in enumerate(grid.rows):
        cells = "".join(_cell(at, column, value) for column, value in enumerate(row) if value is not None)
        rows.append(f'<row r="{at + 1}">{cells}</row>')
    ranges = "".join(
        f'<mergeCell ref="{_reference(top, left)}:{_reference(bottom, right)}"/>'
        for top, left, bottom, right in grid.merged
    )
    merged = f'<mergeCells count="{len(grid.merged)}">{ranges}</mergeCells>' if ranges else ""
    return f'<worksheet xmlns="{_NAMESPACE}"><sheetData>{"".join(rows)}</sheetData>{merged}</worksheet>'


def xlsx_bytes(grid: Grid) -> bytes:
    """A workbook of one sheet."""
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{main}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{main}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_NAMESPACE}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="{escape(grid.name)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": _sheet(grid),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}')
    return out.getvalue()


def xls_bytes(grid: Grid) -> bytes:
    """A workbook of one sheet, BIFF8; at most 65,536 rows."""
    import xlwt  # type: ignore[import-untyped]  # noqa: PLC0415 - for this one file of the sample city

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet(grid.name)
    corners = {(top, left): (bottom, right) for top, left, bottom, right in grid.merged}
    for at, row in enumerate(grid.rows):
        for column, value in enumerate(row):
            if value is None:
                continue
            if (at, column) in corners:
                bottom, right = corners[at, column]
                sheet.write_merge(at, bottom, column, right, value)
            else:
                sheet.write(at, column, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
