"""What was withdrawn: in no list, not deliverable, and still known with all its versions."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from catalogs.life.tables import WITHDRAWN
from infra.database import read
from infra.errors import Place, Refused
from infra.language import Text

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
        row = connection.execute(sa.select(WITHDRAWN).where(WITHDRAWN.c.resource == resource)).first()
    return None if row is None else Withdrawal(**row._asdict())


def refusal(engine: Engine, resource: str) -> Refused | None:
    """What whoever would deliver into a withdrawn resource is told, in one sentence; None where it is in force."""
    found = withdrawal(engine, resource)
    if found is None:
        return None
    day = found.at.date().isoformat()
    return Refused(
        CODE,
        f"数据资源 {resource} 已于 {day} 撤销，不再接收数据",
        f"the resource {resource} was withdrawn on {day} and takes no more data",
        place=Place(dataset=resource),
        remedy=Text("用 hub catalog history 查看撤销事由", "see why with `hub catalog history`"),
    )
