"""Workbooks, .xlsx and .xls: the parent's side of `lake.read.workbook`."""

from typing import Any

from infra.apart import Kind, ask
from infra.errors import Place
from infra.language import Text
from lake.read.source import DELIVER, Format, Job, Note, Source
from lake.read.spool import spooled

_WORKBOOK = Kind(Text("工作簿", "workbook"), DELIVER)


def read_workbook(job: Job, kind: Format) -> Source:
    """The source of a workbook's one matching sheet.

    Raises:
        Refused: what the sheet is refused for; READ_MEMORY and READ_TIME when it broke a limit.
    """
    target = job.scratch / f"{job.path.name}.sheet.parquet"
    names = [field.name for field in job.contract.fields if field.given is None]
    place = Place(file=job.name, dataset=job.contract.id)
    answer = ask("lake.read.workbook", _question(job, kind, str(target)), job.limits.bounds, place, _WORKBOOK)
    notes = tuple(Note(note["code"], Text(note["zh"], note["en"]), note["count"]) for note in answer["notes"])
    return spooled(target, names, first_line=answer["first_line"], notes=notes, format=kind, sheet=answer["sheet"])


def _question(job: Job, kind: Format, target: str) -> dict[str, Any]:
    reading, limits = job.contract.reading, job.limits
    fields = [field for field in job.contract.fields if field.given is None]
    return {
        "path": str(job.path),
        "name": job.name,
        "dataset": job.contract.id,
        "format": kind,
        "target": target,
        "fields": [{"name": field.name, "names": list(field.names), "required": field.required} for field in fields],
        "sheet": reading.sheet,
        "header_row": reading.header_row,
        "header": reading.header,
        "wide": job.wide,
        "skip_merged": reading.skip_merged,
        "below": reading.below,
        "max_columns": limits.max_columns,
        "max_cells": limits.sheet_cells,
        "max_cell": limits.max_cell,
    }
