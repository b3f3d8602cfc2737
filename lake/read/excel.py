"""Workbooks, .xlsx and .xls: the parent's side of `lake.read.workbook`."""

import json
import os
import subprocess
import sys
from typing import Any

from infra.errors import Place, Refused, Unavailable
from infra.language import Text
from lake.read.source import Format, Job, Note, Source
from lake.read.spool import spooled

_NO_MEMORY = (b"MemoryError", b"memory allocation", b"Cannot allocate memory", b"failed to map", b"MemError")


def read_workbook(job: Job, kind: Format) -> Source:
    """The source of a workbook's one matching sheet.

    Raises:
        Refused: what the sheet is refused for; READ_MEMORY and READ_TIME when it broke a limit.
    """
    target = job.scratch / f"{job.path.name}.sheet.parquet"
    names = [field.name for field in job.contract.fields if field.given is None]
    answer = _ask(job, _question(job, kind, str(target)))
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
        "skip_merged": reading.skip_merged,
        "max_columns": limits.max_columns,
        "max_cells": limits.sheet_cells,
        "max_cell": limits.max_cell,
        "memory": limits.sheet_memory,
        "seconds": limits.sheet_seconds,
    }


def _ask(job: Job, question: dict[str, Any]) -> dict[str, Any]:
    place = Place(file=job.name, dataset=job.contract.id)
    # Nothing of our environment goes along: it holds secrets. Arrow's own allocator would reserve address space.
    environ = {"PATH": os.defpath, "LANG": "C.UTF-8", "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", "-m", "lake.read.workbook"],
            input=json.dumps(question).encode(),
            capture_output=True,
            timeout=job.limits.sheet_seconds,
            env=environ,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _broke("READ_TIME", "打开工作簿超过时限", "reading the workbook took too long", place) from None
    except OSError as error:
        raise Unavailable(
            "READ_PROCESS", "无法启动读取进程", "the reading process could not be started", place=place
        ) from error
    if done.returncode == 0:
        answer: dict[str, Any] = json.loads(done.stdout)
        if "error" in answer:
            raise _rebuilt(answer["error"])
        return answer
    if done.returncode == -24:  # SIGXCPU
        raise _broke("READ_TIME", "打开工作簿超过时限", "reading the workbook took too long", place)
    # A process without memory for its own traceback says nothing at all.
    if (
        done.returncode < 0
        or not done.stderr
        or done.returncode == 3
        or any(sign in done.stderr for sign in _NO_MEMORY)
    ):
        raise _broke(
            "READ_MEMORY", "打开工作簿所需内存超过上限", "reading the workbook needs more memory than allowed", place
        )
    raise _broke("READ_DAMAGED", "工作簿已损坏，不能读取", "the workbook is damaged and cannot be read", place)


def _broke(code: str, zh: str, en: str, place: Place) -> Refused:
    remedy = Text("改报 CSV，或检查文件是否损坏", "deliver CSV instead, or see whether the file is damaged")
    return Refused(code, zh, en, place=place, remedy=remedy)


def _rebuilt(said: dict[str, Any]) -> Refused:
    remedy = Text(*said["remedy"]) if said["remedy"] else None
    return Refused(said["code"], said["zh"], said["en"], place=Place(**said["place"]), remedy=remedy)
