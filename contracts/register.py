"""Contracts in the database, which is the truth: registered from a folder, every version kept, given back as values.

Registering is one transaction with its ledger entries. Registering the same again changes nothing. A version that was
once registered never changes: other content under the same version is refused, and so are a version below the current
and a change that asks for more of the version number than was raised (`contracts.changes`).
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogs.values.model import Resource
from contracts.changes import Part, asked, next_version, raised
from contracts.check import Promise, check_contracts, load_contracts
from contracts.diff import diff
from contracts.model import Contract
from contracts.odcs import ContractDocument, dump
from contracts.parse import parse
from contracts.tables import CONTRACT, VERSION
from infra.crypto import sha256_hex
from infra.database import lock, read, write
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry

__all__ = [
    "Listed",
    "Registered",
    "check_contracts",
    "contract",
    "document",
    "export",
    "has_contract",
    "listing",
    "register_contracts",
]

_SHOWN = 5  # changes in a refusal; `hub contract diff` tells all


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration did, by dataset."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One registered contract in a list."""

    dataset: str
    version: str
    name: str


def register_contracts(
    ground: Ground, folder: Path, actor: str, resources: Iterable[Resource] | None = None
) -> Registered:
    """Registers every contract of `folder`, recorded in the ledger in the same transaction.

    Args:
        ground: where to.
        folder: contracts, or a city's folder.
        actor: who does it.
        resources: the catalogue's resources, against which the contracts are held.

    Raises:
        Refused: CONTRACT_FAULTY with every fault; CONTRACT_VERSION_…, CONTRACT_BREAKING; nothing is registered.
    """
    promises = load_contracts(folder, resources)
    done: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": []}
    with write(ground.engine) as connection:
        lock(connection, "contracts")
        for promise in promises:
            done[_put(connection, ground, promise, actor)].append(promise.contract.id)
    return Registered(*(tuple(done[word]) for word in ("added", "changed", "unchanged")))


def _put(connection: Connection, ground: Ground, promise: Promise, actor: str) -> str:
    made, raw = promise.contract, dict(promise.document.raw)
    digest = sha256_hex(json.dumps(raw, ensure_ascii=False, separators=(",", ":")).encode())
    current = connection.execute(sa.select(CONTRACT.c.version).where(CONTRACT.c.dataset == made.id)).scalar()
    same = sa.and_(VERSION.c.dataset == made.id, VERSION.c.version == made.version)
    taken = connection.execute(sa.select(VERSION.c.digest).where(same)).scalar()
    if taken == digest and current == made.version:
        return "unchanged"
    if taken is not None and taken != digest:
        raise _version_refused("CONTRACT_VERSION_TAKEN", made, "内容已变而版本号未变", "its content changed")
    if current is not None and order(made.version) < order(current):
        said = f"低于已登记的版本 {current}", f"is below the registered version {current}"
        raise _version_refused("CONTRACT_VERSION_OLDER", made, *said)
    if current is not None:
        _check_version(connection, made, current)
    content = {"version": made.version, "digest": digest, "rules": len(made.row_rules) + len(made.table_rules)}
    entry = ground.ledger.append(
        [NewEntry(Act.CONTRACT_REGISTERED, actor, made.id, content, None)], connection=connection
    )[0]
    row = {"version": made.version, "name": made.title.zh}
    if current is None:
        connection.execute(CONTRACT.insert().values(dataset=made.id, **row))
    else:
        connection.execute(CONTRACT.update().where(CONTRACT.c.dataset == made.id).values(row))
    connection.execute(
        VERSION.insert().values(
            dataset=made.id,
            version=made.version,
            digest=digest,
            registered_at=ground.now(),
            entry=entry.number,
            body=raw,
        )
    )
    return "added" if current is None else "changed"


def _check_version(connection: Connection, made: Contract, current: str) -> None:
    """Refuses a change that asks for more of the version number than was raised."""
    wanted = sa.and_(VERSION.c.dataset == made.id, VERSION.c.version == current)
    body = connection.execute(sa.select(VERSION.c.body).where(wanted)).scalar_one()
    changes = diff(_parsed(dict(body), made.id), made)
    part, given = asked(changes), raised(current, made.version)
    if given is not None and given >= part:
        return
    least = next_version(current, part)
    several = [one.said for one in changes if one.part == part]
    shown, more = several[:_SHOWN], len(several) - _SHOWN
    end = Text(f"，另有 {more} 处", f", and {more} more") if more > 0 else Text("", "")
    raise Refused(
        "CONTRACT_BREAKING" if part is Part.MAJOR else "CONTRACT_VERSION_TOO_LOW",
        f"契约 {made.id} 由 {current} 改为 {made.version}，但改动要求{part.said.zh}："
        f"{'；'.join(one.zh for one in shown)}{end.zh}",
        f"the contract {made.id} goes from {current} to {made.version}, but its changes ask for a new {part.said.en} "
        f"version: {'; '.join(one.en for one in shown)}{end.en}",
        place=Place(dataset=made.id),
        remedy=Text(f"把 version 改为 {least} 或更高", f"set version to {least} or higher"),
    )


def _version_refused(code: str, made: Contract, zh: str, en: str) -> Refused:
    return Refused(
        code,
        f"契约 {made.id} 的版本 {made.version} {zh}",
        f"version {made.version} of the contract {made.id}: {en}",
        place=Place(dataset=made.id),
        remedy=Text("提高契约的 version", "raise the contract's version"),
    )


def order(version: str) -> tuple[tuple[int, str], ...]:
    """The order of versions: numbers by value, `1.10.0` after `1.9.2`."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in re.split(r"[.+-]", version))


def document(engine: Engine, dataset: str, version: str | None = None) -> dict[str, Any]:
    """The ODCS document of a dataset's contract, the current version or the named one.

    Raises:
        Refused: CONTRACT_UNKNOWN.
    """
    wanted = VERSION.c.version == (CONTRACT.c.version if version is None else version)
    found = sa.select(VERSION.c.body).join_from(CONTRACT, VERSION, CONTRACT.c.dataset == VERSION.c.dataset)
    with read(engine) as connection:
        body = connection.execute(found.where(CONTRACT.c.dataset == dataset, wanted)).scalar()
    if body is None:
        at_zh, at_en = (f"的版本 {version}", f" at version {version}") if version else ("", "")
        raise Refused(
            "CONTRACT_UNKNOWN",
            f"没有数据集 {dataset} 的契约{at_zh}",
            f"there is no contract of {dataset}{at_en}",
            place=Place(dataset=dataset),
            remedy=Text("用 hub contract list 查看已登记的契约", "see the registered ones with `hub contract list`"),
        )
    return dict(body)


def contract(engine: Engine, dataset: str, version: str | None = None) -> Contract:
    """A dataset's contract, the current version or the named one.

    Raises:
        Refused: CONTRACT_UNKNOWN.
    """
    return _parsed(document(engine, dataset, version), dataset)


def has_contract(engine: Engine, dataset: str) -> bool:
    """Whether a contract of the dataset is registered: a resource may be catalogued before anything is promised."""
    with read(engine) as connection:
        return (
            connection.execute(sa.select(CONTRACT.c.dataset).where(CONTRACT.c.dataset == dataset)).first() is not None
        )


def _parsed(raw: dict[str, Any], dataset: str) -> Contract:
    made, faults = parse(ContractDocument(raw, f"{dataset}.yaml", {}), trusted=True)
    if made is None:  # an older hub registered what this one does not understand
        raise Refused(
            "CONTRACT_FAULTY", "已登记的契约不能读取", "the registered contract cannot be read", place=faults[0].place
        )
    return made


def listing(engine: Engine) -> list[Listed]:
    """The registered contracts, by dataset."""
    with read(engine) as connection:
        rows = connection.execute(sa.select(CONTRACT).order_by(CONTRACT.c.dataset)).all()
    return [Listed(row.dataset, row.version, row.name) for row in rows]


def export(engine: Engine, folder: Path) -> list[Path]:
    """Every current contract as a YAML file below `folder`, which is made; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for listed in listing(engine):
        path = folder / f"{listed.dataset}.yaml"
        path.write_text(dump(document(engine, listed.dataset)), encoding="utf-8")
        made.append(path)
    return made
