"""The end of a person's keys, within the transaction of what ends them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.tables import KEY
from infra.ground import Ground
from infra.ledger import Act, NewEntry


def end_keys(connection: Connection, ground: Ground, identity: str, actor: str) -> int:
    """Ends every living key of a person, recorded in the ledger; returns how many."""
    now: datetime = ground.now()
    living = KEY.c.person == identity, KEY.c.revoked_at.is_(None), KEY.c.not_after > now
    numbers = list(connection.execute(sa.select(KEY.c.id).where(*living)).scalars())
    connection.execute(sa.update(KEY).where(KEY.c.id.in_(numbers)).values(revoked_at=now))
    entries = [
        NewEntry(Act.KEY_REVOKED, actor, f"key/{number}", {"person": identity, "key": number}) for number in numbers
    ]
    ground.ledger.append(entries, connection=connection)
    return len(numbers)
