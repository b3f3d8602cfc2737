"""What a withdrawal of a resource would cut off: published rows, deliveries under way, live grants and open cases."""

from collections.abc import Sequence

import sqlalchemy as sa

from catalogs.life.withdraw import Check
from infra.database import read
from infra.ground import Ground
from infra.language import Text
from lake.tables import FINISHED, delivery
from sharing.case.cases import State
from sharing.tables import case, grant

_OPEN = (State.APPLIED, State.PRECHECKED, State.APPROVED, State.SIGNED)


def data(ground: Ground, resource: str) -> Sequence[Text]:
    """Published rows, and deliveries that are on their way."""
    table = delivery
    mine = table.c.dataset == resource
    with read(ground.engine) as connection:
        rows = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(table.c.published), 0))
        count, published = connection.execute(rows.where(mine, table.c.state == FINISHED, table.c.published > 0)).one()
        waiting = connection.execute(sa.select(sa.func.count()).where(mine, table.c.finished_at.is_(None))).scalar_one()
    found = []
    if count:
        found.append(
            Text(
                f"湖中有 {count} 批已发布的数据，共 {published} 行",
                f"the lake holds {count} published deliveries, {published} rows",
            )
        )
    if waiting:
        found.append(Text(f"有 {waiting} 批数据正在处理", f"{waiting} deliveries are on their way"))
    return found


def grants(ground: Ground, resource: str) -> Sequence[Text]:
    """Grants that open the resource's data today or later."""
    now = ground.now()
    query = sa.select(grant.c.case).where(
        grant.c.dataset == resource, grant.c.revoked_at.is_(None), grant.c.ends_at > now
    )
    with read(ground.engine) as connection:
        cases = sorted(connection.execute(query).scalars())
    if not cases:
        return []
    named = ", ".join(cases[:10])
    return [Text(f"有 {len(cases)} 项有效许可：{named}", f"{len(cases)} live grants: {named}")]


def cases(ground: Ground, resource: str) -> Sequence[Text]:
    """Applications for the resource's data that nobody has answered to the end."""
    query = sa.select(case.c.id).where(case.c.dataset == resource, case.c.state.in_([str(state) for state in _OPEN]))
    with read(ground.engine) as connection:
        found = sorted(connection.execute(query).scalars())
    if not found:
        return []
    named = ", ".join(found[:10])
    return [Text(f"有 {len(found)} 项申请尚未办结：{named}", f"{len(found)} open cases: {named}")]


CHECKS: tuple[Check, ...] = (data, grants, cases)
