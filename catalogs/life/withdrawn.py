"""What was withdrawn: in no list, not deliverable, and still known with all its versions."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogs.life.tables import WITHDRAWN
from infra.database import lock, read
from infra.errors import Place, Refused
from infra.language import Text
from infra.local_time import local_time

CODE = "RESOURCE_WITHDRAWN"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """When a resource was withdrawn, by whom and why; `despite` says why in spite of data or grants."""

    resource: str
    version: int
    by: str
    at: datetime
    why: str
    despite: str | None


def withdrawal(engine: Engine, resource: str) -> Withdrawal | None:
    """The withdrawal that stands for a resource; None where it is in force or was never registered."""
    with read(engine) as connection:
        return _find(connection, resource)


def queue(connection: Connection, resource: str) -> None:
    """Queue, until the caller's transaction ends, with whoever withdraws the resource or works on its entry."""
    lock(connection, f"draft:{resource}")


def stands(connection: Connection, resource: str) -> None:
    """Refuse in the caller's transaction what would put data into a withdrawn resource; no withdrawal comes between.

    Raises:
        Refused: RESOURCE_WITHDRAWN.
    """
    queue(connection, resource)
    found = _find(connection, resource)
    if found is not None:
        raise _refused(found)


def refusal(engine: Engine, resource: str) -> Refused | None:
    """What whoever would deliver into a withdrawn resource is told, in one sentence; None where it is in force."""
    found = withdrawal(engine, resource)
    return None if found is None else _refused(found)


def _find(connection: Connection, resource: str) -> Withdrawal | None:
    row = connection.execute(sa.select(WITHDRAWN).where(WITHDRAWN.c.resource == resource)).first()
    return None if row is None else Withdrawal(**row._asdict())


def _refused(found: Withdrawal) -> Refused:
    day = local_time(found.at)[:10]
    return Refused(
        CODE,
        f"数据资源 {found.resource} 已于 {day} 撤销，不再接收、提供数据；已落地的文件原样保留",
        f"the resource {found.resource} was withdrawn on {day}: it takes and gives no more data; what landed is kept",
        place=Place(dataset=found.resource),
        remedy=Text(
            "用 hub catalog history 查看撤销事由；目录重新发布后，再报送同一文件即可",
            "see why with `hub catalog history`; once it is published again, deliver the same file again",
        ),
    )
