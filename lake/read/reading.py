"""The one door to the readers: a file and a contract in, a `Source` out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.errors import Place
from lake.read.detect import detect, packed_twice
from lake.read.source import Job, Limits, Source


def read(path: Path, contract: Any, scratch: Path, *, name: str | None = None, limits: Limits | None = None) -> Source:
    """The records of a delivery as a query of texts.

    Args:
        path: the verified plaintext, which nobody changes while the source is used.
        contract: a `contracts.model.Contract`, or what a contract is compiled to.
        scratch: a folder that lives as long as the source.
        name: the name under which the file was delivered, for sentences.
        limits: how much to take; the defaults when None.

    Raises:
        Refused: with a READ_… code, the place and the remedy; README.md lists them.
    """
    promised = getattr(contract, "contract", contract)
    job = Job(path, name or path.name, promised, scratch, limits or Limits())
    if detect(path, _place(job)) == "zip":
        from lake.read.parts import read_parts  # noqa: PLC0415

        return read_parts(job, _read_one)
    return _read_one(job)


def _place(job: Job) -> Place:
    return Place(file=job.name, dataset=job.contract.id)


def _read_one(job: Job) -> Source:
    """The source of a single file, as long as the contract wants it."""
    if detect(job.path, _place(job)) == "gzip":
        from lake.read.archive import gunzip  # noqa: PLC0415

        inside = gunzip(job.path, job.scratch / f"{job.path.name}.inside", job.limits, _place(job))
        job = replace(job, path=inside)
    if job.contract.reading.unpivot is None:
        return _read_as_it_is(job)
    from lake.read.unpivot import unpivoted  # noqa: PLC0415

    return unpivoted(job, _read_as_it_is)


def _read_as_it_is(job: Job) -> Source:
    found = detect(job.path, _place(job))
    if found in ("zip", "gzip"):
        raise packed_twice(_place(job))
    # Each reader is loaded when it is needed: the workbook's process must stay small.
    if found == "csv":
        from lake.read.csv import read_csv  # noqa: PLC0415

        return read_csv(job)
    if found in ("xlsx", "xls"):
        from lake.read.excel import read_workbook  # noqa: PLC0415

        return read_workbook(job, found)
    if found == "parquet":
        from lake.read.parquet import read_parquet  # noqa: PLC0415

        return read_parquet(job)
    if found == "shapefile":
        from lake.read.shapefile import read_shapefile  # noqa: PLC0415

        return read_shapefile(job)
    if found == "yaml":
        from lake.read.yaml import read_yaml  # noqa: PLC0415

        return read_yaml(job)
    from lake.read.json import read_json  # noqa: PLC0415

    return read_json(job)
