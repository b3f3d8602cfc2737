"""What the database knows of extracts: begun, issued, found. Each step is one transaction, fenced by the case's lease.

Every attempt at an issue has an id, and so a table, of its own; all attempts of a case pin the same version of the
source. What an attempt that was killed left in the store is never taken up: nobody measured that it is what the rules,
the catalogue and the plan say now. It is deleted when the next attempt begins, and then forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from catalogs.life.withdrawn import stands
from infra.crypto import sha256_hex
from infra.database import read, write
from infra.ground import Ground
from infra.lease import Lease
from infra.ledger import Act, NewEntry
from lake.tables import outbox
from sharing.case import casebook
from sharing.case.cases import Case
from sharing.extract import certificate
from sharing.extract.certificate import Issue
from sharing.tables import extract as table
from sharing.tables import grant

ISSUED, BEGUN = "issued", "begun"


@dataclass(frozen=True, slots=True)
class Extract:
    """An issued extract."""

    id: str
    case: str
    grant: str
    table_key: str
    version: int
    rows: int
    certificate: dict[str, Any]
    digest: str
    ledger: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at an issue: the id that the extract will have, the key of its table, the pinned source version."""

    id: str
    table_key: str
    source_version: int


def begin(ground: Ground, held: Lease, case: Case, newest: Callable[[], int]) -> Attempt:
    """A new attempt at the issue of `case`; `newest` tells the source version that the first attempt pins.

    Raises:
        Refused: RESOURCE_WITHDRAWN. Unavailable: `LEASE_LOST`. Nothing was written.
    """
    mine = (table.c.case == case.id, table.c.state == BEGUN)
    with read(ground.engine) as connection:
        older = connection.execute(sa.select(table).where(*mine)).mappings().all()
    version = older[0]["source_version"] if older else newest()
    identity = "x-" + sha256_hex(f"{case.id}|{case.dataset}|{version}|{held.token}".encode())[:24]
    begun = Attempt(identity, f"extracts/{identity}", version)
    row = {"id": begun.id, "case": case.id, "state": BEGUN, "table_key": begun.table_key}
    with write(ground.engine) as connection:
        held.check(connection)
        stands(connection, case.dataset)
        connection.execute(table.insert().values(**row, source_version=version, begun_at=ground.now()))
    for one in older:  # their holders have lost the lease: none of them can be issued any more
        for found in list(ground.store.list(one["table_key"])):
            ground.store.delete(found.key)
        with write(ground.engine) as connection:
            connection.execute(table.delete().where(*mine, table.c.id == one["id"]))
    return begun


def finish(
    ground: Ground, held: Lease, moved: tuple[Case, Case], text: dict[str, Any], issued: tuple[Issue, int], actor: str
) -> None:
    """Everything that makes the extract exist, in one transaction.

    Raises:
        Refused: SHARE_CASE_MOVED. Unavailable: `LEASE_LOST`. Nothing was written.
    """
    before, after = moved
    about, version = issued
    digest, (unit, domain, name) = certificate.digest(text), before.dataset.split(".")
    rows = text["result"]["rows"]
    with write(ground.engine) as connection:
        held.check(connection)
        content = {"certificate": digest, "rows": rows, "grant": about.grant, "files": text["files"]}
        entries = [
            NewEntry(Act.EXTRACT_ISSUED, actor, about.extract, content, f"extract:{about.extract}"),
            NewEntry(Act.GRANT_ISSUED, actor, about.grant, {"ends_at": text["ends_at"], "extract": about.extract}),
        ]
        number = ground.ledger.append(entries, connection=connection)[0].number
        connection.execute(
            grant.insert().values(
                id=about.grant,
                case=before.id,
                applicant=before.applicant,
                dataset=before.dataset,
                purpose=before.request.purpose,
                share=before.id,
                schema=unit,
                table=f"{domain}_{name}",
                starts_at=about.at,
                ends_at=about.ends_at,
            )
        )
        done = {"state": ISSUED, "grant": about.grant, "version": version, "rows": rows, "issued_at": about.at}
        proof = {"certificate": text, "certificate_digest": digest, "ledger": number}
        connection.execute(table.update().where(table.c.id == about.extract).values(**done, **proof))
        casebook.step(
            ground, connection, before, after, (Act.EXTRACT_ISSUED, actor, {"extract": about.extract}, about.at)
        )
        connection.execute(outbox.insert().values(**_described(text, about)))


def _described(text: dict[str, Any], about: Issue) -> dict[str, Any]:
    """The outbox row from which the metadata catalogue learns of the extract."""
    payload = {
        "extract": about.extract,
        "dataset": text["source"]["dataset"],
        "source_version": text["source"]["version"],
        "table": f"extracts/{about.extract}",
        "columns": text["result"]["columns"],
        "methods": text["plan"]["methods"],
        "unchanged": text["plan"]["unchanged"],
        "rows": text["result"]["rows"],
    }
    fixed = {"kind": "extract", "subject": about.extract, "attempts": 0}
    return {**fixed, "payload": payload, "created_at": about.at}


def of_case(engine: sa.Engine, case_id: str) -> Extract | None:
    """The issued extract of a case, None before it is issued."""
    with read(engine) as connection:
        wanted = sa.select(table).where(table.c.case == case_id, table.c.state == ISSUED)
        row = connection.execute(wanted).mappings().first()
    if row is None:
        return None
    shown = {
        name: row[name] for name in ("id", "case", "grant", "table_key", "version", "rows", "certificate", "ledger")
    }
    return Extract(**shown, digest=row["certificate_digest"])
