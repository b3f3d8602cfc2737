"""What a purge does to the extracts that were made from what it erases.

`lake.purge.purge.Downstream` as the door keeps it.

Promises:

- the grant of an extract made from a version that held purged rows is revoked before the first file goes, so that the
  gate refuses at its next look, running downloads too;
- its files and its table's log are deleted, what an attempt at an issue left as well, under the case's lease: an issue
  at work meanwhile is waited for and then erased;
- case, grant, certificate and receipt stay: records without values of what left, and under which terms.
"""

from typing import Any

import sqlalchemy as sa

from infra.database import read, write
from infra.ground import Ground
from infra.lease import kept, lease
from infra.ledger import Act, NewEntry
from lake.records.record import ACTOR
from lake.records.tombstones import Purge
from sharing.access import grants
from sharing.case import casebook
from sharing.case.cases import State
from sharing.extract.record import BEGUN, ISSUED
from sharing.tables import case as case_table
from sharing.tables import extract as table
from sharing.tables import grant

_LEASE_SECONDS, _WAIT_SECONDS = 120.0, 600.0


class Extracts:
    """See the module."""

    def affected(self, ground: Ground, dataset: str, versions: tuple[int, ...]) -> list[dict[str, Any]]:
        """The extracts made from these versions of the dataset, and the attempts at one."""
        query = (
            sa.select(table.c.id, table.c.case, table.c.state, table.c.rows, grant.c.ends_at, grant.c.revoked_at)
            .join(case_table, case_table.c.id == table.c.case)
            .join(grant, grant.c.id == table.c.grant, isouter=True)
            .where(case_table.c.dataset == dataset, table.c.source_version.in_(versions))
            .order_by(table.c.id)
        )
        now = ground.now()
        with read(ground.engine) as connection:
            rows = connection.execute(query).all()
        return [
            {
                "extract": row.id,
                "case": row.case,
                "state": row.state,
                "rows": row.rows,
                "granted": row.ends_at is not None and row.revoked_at is None and row.ends_at > now,
            }
            for row in rows
        ]

    def close(self, ground: Ground, purge: Purge) -> None:
        """Revoke the grants on what was made."""
        for one in self._of(ground, purge):
            if one["state"] == ISSUED:
                self._revoke(ground, purge, one["case"])

    def erase(self, ground: Ground, purge: Purge) -> list[str]:
        """Delete the extracts and forget the attempts."""
        for one in self._of(ground, purge):
            name = f"sharing:{one['case']}"
            with lease(ground.engine, name, seconds=_LEASE_SECONDS, wait_seconds=_WAIT_SECONDS) as held, kept(held):
                self._erase(ground, purge, one["extract"], one["case"])
        return list(purge.erased.get("extracts", ()))

    def _of(self, ground: Ground, purge: Purge) -> list[dict[str, Any]]:
        return self.affected(ground, purge.dataset, purge.versions) if purge.dataset else []

    def _revoke(self, ground: Ground, purge: Purge, case_id: str) -> None:
        if casebook.case(ground.engine, case_id).state is State.ISSUED:
            grants.revoke(ground, case_id, purge.decided_by or ACTOR, f"依法清除 {purge.id}")

    def _erase(self, ground: Ground, purge: Purge, identity: str, case_id: str) -> None:
        with read(ground.engine) as connection:
            row = connection.execute(sa.select(table).where(table.c.id == identity)).mappings().first()
        if row is None:  # an attempt that was given up meanwhile, with all that it left
            return
        if row["state"] == ISSUED:
            self._revoke(ground, purge, case_id)
        for found in list(ground.store.list(row["table_key"])):
            ground.store.delete(found.key)
        ground.store.sweep(row["table_key"])
        content = {"purge": purge.id, "certificate": row["certificate_digest"]}
        entry = NewEntry(Act.EXTRACT_ERASED, purge.decided_by or ACTOR, identity, content, f"extract:erased:{identity}")
        with write(ground.engine) as connection:
            connection.execute(table.delete().where(table.c.id == identity, table.c.state == BEGUN))
            ground.ledger.append([entry], connection=connection)
