"""What of the register the metadata catalogue was not told yet goes into the outbox: each version of an entry once.

It is asked what is missing, not noted when it happens: registering waits for no catalogue and fails with none, and what
an older hub registered is told too. An entry with a withdrawal is told as removed; its next version brings it back.
"""

import sqlalchemy as sa

from catalogs.life.tables import WITHDRAWN
from catalogs.tables import RESOURCE
from infra.database import lock, write
from infra.ground import Ground
from lake.tables import outbox

ENTRY = "entry"


def enqueue(ground: Ground) -> int:
    """Put into the outbox what is not there yet; how many rows."""
    joined = RESOURCE.outerjoin(WITHDRAWN, WITHDRAWN.c.resource == RESOURCE.c.id)
    query = sa.select(RESOURCE.c.id, RESOURCE.c.version, WITHDRAWN.c.at).select_from(joined).order_by(RESOURCE.c.id)
    with write(ground.engine) as connection:
        lock(connection, "lake:describe")
        known = set(connection.execute(sa.select(outbox.c.subject).where(outbox.c.kind == ENTRY)).scalars())
        now = ground.now()
        rows = []
        for id_, version, gone in connection.execute(query):
            subject = f"{id_}@{version}" + (f"-{gone.isoformat()}" if gone else "")
            if subject not in known:
                payload = {"dataset": id_, "version": version, "withdrawn": gone is not None}
                rows.append({"kind": ENTRY, "subject": subject, "payload": payload, "created_at": now, "attempts": 0})
        if rows:
            connection.execute(outbox.insert(), rows)
    return len(rows)
