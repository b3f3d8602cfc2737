"""A person's request (PIPL Art. 44 to 47): in which datasets and deliveries rows of that person stand. Counts alone.

Promises:

- who asks is a reviewer, of the authority for every dataset or of a provider for those of the own unit, and names a
  duty of the own; the search is in the ledger before the first file is read, with a keyed MAC of what was looked for;
- looked at are the columns that the catalogue calls direct identifiers or the key of the data subject, in every version
  that is kept, and in quarantine every field of the raw records, for there a value may stand in any;
- nothing is told but ids and counts; what was not searched is told too: landed bytes that nobody could read, and
  datasets without such a column or out of the register.

Compared is the whole value, without regard to width, case and blanks around it.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from catalogs.lookup import resource
from catalogs.values.model import IdentifierRole, Person, Resource, Role
from infra.crypto import mac
from infra.database import read
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, EntryRef, NewEntry
from lake.store.delta import DELIVERY, Tables, curated_key, quarantine_key
from lake.store.delta_log import LOG
from lake.store.files import parquet_file
from lake.tables import AUDITED, LANDED, REFUSED, delivery

KEY = "subject-digest"
_IDENTIFYING = frozenset({IdentifierRole.DIRECT, IdentifierRole.SUBJECT})
_LEAST, _MOST = 2, 100
_BATCH = 65_536


@dataclass(frozen=True, slots=True)
class Standing:
    """Rows of the person that one delivery brought.

    Attributes:
        rows: in the newest published version.
        quarantined: in the newest version of quarantine.
        older: files that only older versions name hold rows of the person as well.
    """

    dataset: str
    delivery: str
    state: str
    rows: int
    quarantined: int
    older: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What the search came to.

    Attributes:
        standings: by dataset and delivery.
        searched: dataset → the columns looked at.
        left_out: datasets with deliveries that have no identifying column or are not registered any more.
        unread: dataset → deliveries whose bytes are kept and were never read, or not yet.
        ledger: the entry of the search.
    """

    standings: tuple[Standing, ...]
    searched: dict[str, tuple[str, ...]]
    left_out: tuple[str, ...]
    unread: dict[str, int]
    ledger: EntryRef


def may_seek(person: Person, purpose: str | None) -> None:
    """Refuses who may not search for a person.

    Raises:
        Refused: `SUBJECT_ROLE`, `SUBJECT_PURPOSE`.
    """
    if person.roles.isdisjoint({Role.AUTHORITY_REVIEWER, Role.PROVIDER_REVIEWER}):
        raise Refused(
            "SUBJECT_ROLE",
            "按个人查找由主管部门或提供单位的审核人办理",
            "a person is searched for by a reviewer, of the authority or of the provider",
            remedy=Text("请审核人操作", "ask a reviewer"),
        )
    if purpose not in person.purposes:
        held = "、".join(sorted(person.purposes)) or "-"
        raise Refused(
            "SUBJECT_PURPOSE",
            "须用 --purpose 写明办理目的，且属于本人职责",
            "name why with --purpose: one of your duties",
            remedy=Text(f"本人职责：{held}", f"your duties: {held}"),
        )


def folded(value: str) -> str:
    """What is compared: NFKC, without blanks around it, in lower case.

    Raises:
        WrongUse: `SUBJECT_VALUE`.
    """
    plain = unicodedata.normalize("NFKC", value).strip().lower()
    if not _LEAST <= len(plain) <= _MOST or not plain.isprintable():
        raise WrongUse(
            "SUBJECT_VALUE",
            f"查找的标识须为一行，{_LEAST} 至 {_MOST} 个字符",
            f"an identifier is one line of {_LEAST} to {_MOST} characters",
        )
    return plain


def find(ground: Ground, person: Person, value: str, purpose: str | None, dataset: str | None = None) -> Found:
    """Search for the person whom `value` identifies.

    Raises:
        WrongUse: `SUBJECT_VALUE`.
        Refused: `SUBJECT_ROLE`, `SUBJECT_PURPOSE`, `CATALOG_UNKNOWN_RESOURCE`.
        Unavailable: STORE_…, DATABASE_….
    """
    may_seek(person, purpose)
    wanted = folded(value)
    resources, left_out = _resources(ground, person, dataset)
    searched = {one.id: _columns(one) for one in resources}
    digest = mac(ground.keys.current(KEY, life=None), wanted.encode()).hex()
    content = {"subject": digest, "purpose": purpose, "datasets": sorted(searched)}
    [entry] = ground.ledger.append([NewEntry(Act.SUBJECT_SOUGHT, person.id, "subject", content)])
    standings = [standing for one in resources for standing in _dataset(ground, one, wanted)]
    return Found(tuple(standings), searched, left_out, _unread(ground, sorted(searched)), entry)


def _resources(ground: Ground, person: Person, dataset: str | None) -> tuple[list[Resource], tuple[str, ...]]:
    """The resources that are searched, and the datasets that cannot be."""
    if dataset is not None:
        resource(ground.engine, dataset)
    query = sa.select(delivery.c.dataset).where(delivery.c.dataset.is_not(None)).distinct()
    with read(ground.engine) as connection:
        ids = sorted(connection.execute(query).scalars())
    everywhere = Role.AUTHORITY_REVIEWER in person.roles
    found, left_out = [], []
    for one in ids:
        mine = everywhere or one.split(".")[0] == person.unit
        if not mine or dataset not in (None, one):
            continue
        try:
            known = resource(ground.engine, one)
        except Refused:
            left_out.append(one)
            continue
        if _columns(known):
            found.append(known)
        else:
            left_out.append(one)
    return found, tuple(left_out)


def _columns(known: Resource) -> tuple[str, ...]:
    return tuple(item.name for item in known.items if item.identifier in _IDENTIFYING)


def _dataset(ground: Ground, known: Resource, wanted: str) -> list[Standing]:
    lake = Tables(ground.store)
    live, older = _curated(ground, lake, curated_key(known.id), _columns(known), wanted)
    aside, more = _quarantine(ground, lake, quarantine_key(known.id), wanted)
    numbers = sorted({*live, *older, *aside, *more})
    query = sa.select(delivery.c.number, delivery.c.id, delivery.c.state).where(delivery.c.number.in_(numbers))
    with read(ground.engine) as connection:
        rows = {row.number: row for row in connection.execute(query)}
    return [
        Standing(known.id, rows[n].id, rows[n].state, live[n], aside[n], older[n] + more[n] > 0)
        for n in numbers
        if n in rows
    ]


def _curated(
    ground: Ground, lake: Tables, key: str, columns: Sequence[str], wanted: str
) -> tuple[Counter[int], Counter[int]]:
    """Rows by delivery: in the newest version, and in files that only older ones name."""

    def hits(batch: pa.RecordBatch) -> pa.Array:
        some = None
        for at in range(1, batch.num_columns):
            same = pc.fill_null(pc.equal(_plain(batch.column(at)), wanted), fill_value=False)
            some = same if some is None else pc.or_(some, same)
        return some

    return _counted(ground, lake, key, columns, hits)


def _quarantine(ground: Ground, lake: Tables, key: str, wanted: str) -> tuple[Counter[int], Counter[int]]:
    def hits(batch: pa.RecordBatch) -> pa.Array:
        return pa.array([_within(json.loads(raw or "null"), wanted) for raw in batch.column(1).to_pylist()], pa.bool_())

    return _counted(ground, lake, key, ("raw",), hits)


def _within(raw: Any, wanted: str) -> bool:
    """Whether one of the record's values, however deep, is what is wanted."""
    if isinstance(raw, dict | list):
        return any(_within(one, wanted) for one in (raw.values() if isinstance(raw, dict) else raw))
    return raw is not None and unicodedata.normalize("NFKC", str(raw)).strip().lower() == wanted


def _plain(column: pa.Array) -> pa.Array:
    text = column if pa.types.is_string(column.type) else pc.cast(column, pa.string())
    return pc.utf8_lower(pc.utf8_trim_whitespace(pc.utf8_normalize(text, form="NFKC")))


def _counted(
    ground: Ground, lake: Tables, key: str, columns: Sequence[str], hits: Any
) -> tuple[Counter[int], Counter[int]]:
    live, older = Counter[int](), Counter[int]()
    if not lake.exists(key):
        return live, older
    newest = {file.path for file in lake.snapshot(key).files}
    for path, batch in _batches(ground, key, columns):
        mask = hits(batch)
        numbers = batch.column(0).filter(mask).to_pylist() if mask is not None else []
        (live if path in newest else older).update(numbers)
    return live, older


def _batches(ground: Ground, key: str, columns: Sequence[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
    for found in list(ground.store.list(key)):
        path = found.key.removeprefix(f"{key}/")
        if path.endswith(".parquet") and not path.startswith(f"{LOG}/"):
            file = parquet_file(ground.store, found.key, found.size)
            there = [name for name in columns if name in file.schema_arrow.names]
            for batch in file.iter_batches(batch_size=_BATCH, columns=[DELIVERY, *there]):
                # A file gives its columns in its own order; ours comes first.
                yield path, batch.select([DELIVERY, *there])


def _unread(ground: Ground, datasets: Sequence[str]) -> dict[str, int]:
    """Deliveries whose bytes are kept and stand in no table: never read, or not yet. Nobody looks into them."""
    query = (
        sa.select(delivery.c.dataset, sa.func.count())
        .where(delivery.c.dataset.in_(datasets), delivery.c.state.in_((LANDED, AUDITED, REFUSED)))
        .group_by(delivery.c.dataset)
    )
    with read(ground.engine) as connection:
        return {row[0]: row[1] for row in connection.execute(query.order_by(delivery.c.dataset))}
