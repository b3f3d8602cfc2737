"""Tombstones: what is known of deliveries that were purged, and of those that are about to be.

Promises:

- a version that held rows of a purged delivery answers whoever asks for it with its tombstone, from the approval on;
- purged bytes that come again are recognised by a keyed MAC of their digest: who has the tombstone but not the key
  cannot confirm a guess of what it was;
- they are refused before they land, unless somebody let them in again on a basis of its own. What was delivered to the
  wrong resource is refused by that resource alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogs.values.erasure_words import PurgeBasis, PurgeState
from infra.crypto import mac
from infra.database import read
from infra.errors import Place, Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.local_time import local_time
from lake.tables import purge as table

KEY = "purge-mark"
_GONE = (PurgeState.APPROVED.value, PurgeState.CARRIED_OUT.value)


@dataclass(frozen=True, slots=True)
class Purge:
    """A purge as it stands; the columns of its row in `lake_purge`."""

    id: str
    delivery: str
    dataset: str | None
    unit: str | None
    basis: PurgeBasis
    reason: str
    state: PurgeState
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    opinion: str | None
    finished_at: datetime | None
    deliveries: tuple[Mapping[str, Any], ...]
    versions: tuple[int, ...]
    erased: Mapping[str, Any]
    key_id: str | None
    mark: str | None
    ordinal: int | None
    certificate: str | None
    readmitted_by: str | None
    readmitted_at: datetime | None
    readmitted_basis: str | None
    readmitted_why: str | None

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> "Purge":
        """The purge of a row."""
        plain = {name: row[name] for name in cls.__slots__}
        plain |= {"basis": PurgeBasis[row["basis"].upper()], "state": PurgeState[row["state"].upper()]}
        plain |= {"deliveries": tuple(row["deliveries"] or ()), "versions": tuple(row["versions"] or ())}
        return cls(**plain | {"erased": row["erased"] or {}})

    @property
    def numbers(self) -> list[int]:
        """The numbers of its deliveries, as rows bear them."""
        return [one["number"] for one in self.deliveries]

    @property
    def ids(self) -> list[str]:
        """The ids of its deliveries."""
        return [one["id"] for one in self.deliveries]


def load(engine: Engine, identity: str) -> Purge:
    """The purge of that id.

    Raises:
        WrongUse: `PURGE_UNKNOWN`.
    """
    with read(engine) as connection:
        row = connection.execute(sa.select(table).where(table.c.id == identity)).mappings().first()
    if row is None:
        raise WrongUse(
            "PURGE_UNKNOWN",
            f"没有清除事项 {identity[:60]}",
            f"there is no purge {identity[:60]}",
            remedy=Text("用 hub purge list 查看", "see `hub purge list`"),
        )
    return Purge.of(row)


def purges(engine: Engine, *where: sa.ColumnElement[bool]) -> list[Purge]:
    """All purges that `where` leaves, newest first."""
    with read(engine) as connection:
        return _purges(connection, *where)


def _purges(connection: Connection, *where: sa.ColumnElement[bool]) -> list[Purge]:
    rows = connection.execute(sa.select(table).where(*where).order_by(table.c.number.desc())).mappings().all()
    return [Purge.of(row) for row in rows]


def refuse_lost(engine: Engine, dataset: str, version: int) -> None:
    """Refuses a version of a dataset that held rows of a purged delivery.

    Raises:
        Refused: `LAKE_VERSION_PURGED` names the tombstone.
    """
    with read(engine) as connection:
        refuse_lost_in(connection, dataset, version)


def refuse_lost_in(connection: Connection, dataset: str, version: int) -> None:
    """As `refuse_lost`, within the caller's transaction."""
    for one in _purges(connection, table.c.dataset == dataset, table.c.state.in_(_GONE)):
        if version in one.versions:
            raise _lost(one, version)


def leaving(engine: Engine, dataset: str) -> list[int]:
    """The numbers of deliveries whose purge is approved and not yet carried out: their rows are shown to nobody."""
    found = purges(engine, table.c.dataset == dataset, table.c.state == PurgeState.APPROVED.value)
    return [number for one in found for number in one.numbers]


def _lost(one: Purge, version: int) -> Refused:
    place = Place(dataset=one.dataset)
    if one.state is PurgeState.APPROVED:
        return Refused(
            "LAKE_VERSION_PURGED",
            f"版本 {version} 含有正在清除的归集批次 {one.delivery}（{one.id}），停止提供",
            f"version {version} holds delivery {one.delivery}, which is being purged ({one.id}): it is read no more",
            place=place,
            remedy=Text(
                f"清除完成后查询当前版本；若清除中断，由审批人再次运行 hub purge approve {one.id}",
                f"ask the newest version when that is done; if it was interrupted, its approver runs "
                f"`hub purge approve {one.id}` again",
            ),
        )
    when = local_time(one.finished_at) if one.finished_at else ""
    return Refused(
        "LAKE_VERSION_PURGED",
        f"版本 {version} 曾含有归集批次 {one.delivery}，该批次已于 {when} 依法清除（{one.id}：{one.basis.text.zh}），"
        "该版本不可再读",
        f"version {version} held delivery {one.delivery}, which was purged on {when} ({one.id}: {one.basis.text.en}); "
        "it can be read no more",
        place=place,
        remedy=Text(f"用 hub purge show {one.id} 查看凭证", f"see `hub purge show {one.id}`"),
    )


def marked(ground: Ground, sha256: str, key_id: str | None = None) -> tuple[str, str]:
    """The key's id and the mark by which bytes of that digest are known again."""
    key = ground.keys.current(KEY, life=None) if key_id is None else ground.keys.by_id(key_id)
    return key.id, mac(key, f"delivery|{sha256}".encode()).hex()


def recognised(ground: Ground, connection: Connection, dataset: str, sha256: str) -> tuple[Purge | None, int]:
    """The purge that bars these bytes from the dataset, and the first ordinal that a delivery of them may have."""
    keys = connection.execute(sa.select(table.c.key_id).where(table.c.state.in_(_GONE)).distinct()).scalars().all()
    marks = [marked(ground, sha256, key)[1] for key in keys if key is not None]
    if not marks:
        return None, 0
    wanted = sa.select(table).where(table.c.mark.in_(marks), table.c.state.in_(_GONE)).order_by(table.c.number.desc())
    found = [Purge.of(row) for row in connection.execute(wanted).mappings()]
    here = [one for one in found if one.dataset == dataset or one.basis is not PurgeBasis.WRONG_RECIPIENT]
    barred = next((one for one in here if one.readmitted_at is None), None)
    return barred, max((one.ordinal or 0 for one in found if one.dataset in (dataset, None)), default=0)


def barred(one: Purge, file: str) -> Refused:
    """The refusal of purged bytes that came again."""
    return Refused(
        "DELIVERY_PURGED",
        f"该文件的内容已依法清除（{one.id}：{one.basis.text.zh}），不得再次归集，什么都没有接收",
        f"the content of this file was purged ({one.id}: {one.basis.text.en}) and is not taken again; nothing landed",
        place=Place(file=file, delivery=one.delivery),
        remedy=Text(
            f"请删除该文件；确有新的依据的，由主管部门审核人运行 hub purge readmit {one.id}",
            f"delete the file; where there is a new basis for it, the authority's reviewer runs "
            f"`hub purge readmit {one.id}`",
        ),
    )
