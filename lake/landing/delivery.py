"""A delivery as a value: what arrives, what landed, and how both are told apart.

A delivery's id is a digest of dataset, content and ordinal, the number of times that this content was published for
this dataset before. So the same bytes that were not taken yet are the same delivery, however often and by whatever
door they come, and snapshots A, B, A are three.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from contracts.register import contract
from infra import crypto
from infra.database import read
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from lake import tables
from lake.landing.bundle import bundled


@dataclass(frozen=True, slots=True)
class Arrival:
    """What arrives: the dataset it is for, the file or folder, how it came, when, and who brought it.

    Attributes:
        together: files that are one delivery; `path` is the first of them then.
        also: written in the very transaction that lands it, or finds it landed: what must be true exactly then.
    """

    dataset: str
    path: Path
    channel: str
    arrived_at: datetime
    actor: str
    unit: str | None = None
    together: tuple[Path, ...] = ()
    also: "Callable[[Connection, Delivery], None] | None" = None

    @property
    def file_name(self) -> str:
        """What the delivery's file is called."""
        bundle = bundled(self.path, self.together)
        return file_name(self.path) if bundle is None else bundle.name


@dataclass(frozen=True, slots=True)
class Delivery:
    """A landed delivery; the first columns of its row in `lake_delivery`.

    Attributes:
        dataset: None when nobody registered what it is for.
        wrapped_key: None when it landed unsealed.
        code, message: why it was refused, when it was.
    """

    number: int
    id: str
    dataset: str | None
    unit: str
    sha256: str
    size: int
    file_name: str
    object_key: str
    channel: str
    arrived_at: datetime
    ordinal: int
    state: str
    key_id: str | None
    wrapped_key: str | None
    code: str | None = None
    message: Text | None = None

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> "Delivery":
        """The delivery of a row."""
        names = [name for name in cls.__slots__ if name != "message"]
        said = Text(row["message_zh"], row["message_en"] or "") if row["message_zh"] else None
        return cls(**{name: row[name] for name in names}, message=said)


def delivery_id(dataset: str, sha256: str, ordinal: int) -> str:
    """The delivery's id: a digest of dataset, content and how often this content was taken before."""
    return "d-" + crypto.sha256_hex(f"{dataset}|{sha256}|{ordinal}".encode())[:24]


def file_name(path: Path) -> str:
    """The file's name as text that a database and JSON can hold, whatever its bytes are."""
    return os.fsencode(path.name).decode("utf-8", "replace")[:255]


def known(
    ground: Ground, connection: Connection, dataset: str, sha256: str, first: int = 0
) -> tuple[Delivery | None, int]:
    """The delivery of this content that was not published yet, and the ordinal that a new one gets, from `first` on.

    A delivery that no longer stands has had its turn, and so has one that repeated what no longer is the newest.
    """
    table = tables.delivery
    same = sa.select(table).where(
        table.c.sha256 == sha256, sa.or_(table.c.dataset == dataset, table.c.dataset.is_(None))
    )
    rows = {row["id"]: row for row in connection.execute(same).mappings()}
    reverted = {identity for identity, row in rows.items() if row["state"] == tables.REVERTED}
    ordinal = first
    while True:
        found = rows.get(delivery_id(dataset, sha256, ordinal))
        if found is None:
            return None, ordinal
        over = found["state"] in (tables.FINISHED, tables.REVERTED) or found["repeats"] in reverted
        if not over and not (found["state"] == tables.REPEATED and _followed(ground, connection, found)):
            return Delivery.of(found), ordinal
        ordinal += 1


def _followed(ground: Ground, connection: Connection, repeat: Mapping[Any, Any]) -> bool:
    """Whether something newer was published since what `repeat` repeats, where the newest delivery is what counts."""
    table = tables.delivery
    published = table.c.dataset == repeat["dataset"], table.c.publish_no.is_not(None)
    newest = sa.select(table.c.id).where(*published).order_by(table.c.publish_no.desc()).limit(1)
    if connection.execute(newest).scalar() == repeat["repeats"]:
        return False
    try:
        return contract(ground.engine, repeat["dataset"]).mode != "append"
    except Refused:  # no contract any more: nothing of it will be published
        return False


def find(ground: Ground, identity: str) -> Delivery:
    """The delivery with this id.

    Raises:
        WrongUse: LANDING_UNKNOWN.
    """
    with read(ground.engine) as connection:
        row = (
            connection.execute(sa.select(tables.delivery).where(tables.delivery.c.id == identity))
            .mappings()
            .one_or_none()
        )
    if row is None:
        raise WrongUse("LANDING_UNKNOWN", f"没有归集批次 {identity[:60]}", f"there is no delivery {identity[:60]}")
    return Delivery.of(row)
