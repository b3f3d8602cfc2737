"""The one issuing function: from an approved case to an extract in the store, with certificate and receipt.

In this order, so that a kill at any point leaves nothing half-issued and running again finishes the work:

1. the source version is pinned in the database, once for the case;
2. plan, one pass, recount on the file (``sharing.produce``); the rules are asked again about what was measured;
3. the file is put under a name made of the extract's id and committed to ``extracts/<id>`` once (transaction id);
   nobody can read it, since no grant names it;
4. one transaction: the grant, the certificate, the case's state, the ledger entries, the outbox row. Only now the gate
   opens, and the entry was durable no later than that;
5. the receipt (inclusion proof, signed checkpoint) is made and kept beside the certificate; it can be made again at any
   time.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from catalogs.lookup import resource as find_resource
from catalogs.model import Resource
from catalogs.own_city import own_city
from infra.crypto import mac, sha256_file, sha256_hex
from infra.database import read, write
from infra.errors import Refused
from infra.ground import Ground
from infra.lease import lease
from infra.ledger import Act, NewEntry, Receipt
from infra.settings import load
from lake.tables import delivery, outbox
from sharing import casebook, cases, certificate, classes, measure, policy, produce
from sharing.applicants import applicant as find_applicant
from sharing.cases import Case
from sharing.certificate import Issue, Origin, Stored
from sharing.tables import extract as table
from sharing.tables import grant

ISSUED, BEGUN = "issued", "begun"
_LEASE_SECONDS = 900.0
_WAIT_SECONDS = 600.0
_LINEAGE = 1000  # deliveries named in a certificate; an extract of more names the newest


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


def issue(ground: Ground, case_id: str, actor: str) -> Extract:
    """Issues the extract of an approved and signed case; a case that was issued gives what was issued.

    Raises:
        Refused: SHARE_CASE_STATE, SHARE_NOT_ISSUED with every rule against it, SHARE_PLAN_…, SHARE_RECOUNT.
        Unavailable: the database, the store or the table is not there.
    """
    with lease(ground.engine, f"sharing:{case_id}", seconds=_LEASE_SECONDS, wait_seconds=_WAIT_SECONDS):
        case = casebook.case(ground.engine, case_id)
        done = of_case(ground.engine, case_id)
        if done is None:
            cases.issued(case, ground.now())  # refuses a case that may not be issued before any work is done
            done = _issue(ground, case, actor)
        _keep_receipt(ground, done)
        return done


def _issue(ground: Ground, case: Case, actor: str) -> Extract:
    what, firm = find_resource(ground.engine, case.dataset), find_applicant(ground.engine, case.applicant)
    known = policy.rules(own_city(ground))
    # Catalogue, firm and rules as they are today: what was lawful when it was applied for may not be now.
    now_against = policy.precheck(known, firm, case, what, published=True)
    policy.raise_for("SHARE_NOT_ISSUED", "不满足交付条件", "the extract may not be issued", now_against)
    identity, version = _pin(ground, case)
    with ground.scratch() as scratch:
        made, stored, committed = _made(ground, case, what, (identity, version), scratch)
    level = measure.level(made.plan.draft.form, made.measured, made.plan.draft.terms)
    grade = policy.highest(what, made.plan.sources)
    why = policy.may_issue(known, case, made.plan.draft, made.measured, level, grade)
    policy.raise_for("SHARE_NOT_ISSUED", "不满足交付条件", "the extract may not be issued", why)
    now = ground.now()
    after = cases.issued(case, now)
    assert after.ends_at is not None  # noqa: S101 - an issued case has a term
    about = Issue(identity, "g-" + identity[2:], now, after.ends_at, known.digest, level, ground.demo)
    origin = Origin(case.dataset, _source(case.dataset), version, *_deliveries(ground, case.dataset, version))
    text = certificate.build(case, firm, made, origin, stored, about)
    _record(ground, (case, after), text, (about, committed), actor)
    found = of_case(ground.engine, case.id)
    assert found is not None  # noqa: S101 - written just now
    return found


def _pin(ground: Ground, case: Case) -> tuple[str, int]:
    """The extract's id and the source version, the same however often this runs."""
    from lake.delta import Tables  # noqa: PLC0415 - the library is loaded when something is issued

    with read(ground.engine) as connection:
        begun = connection.execute(sa.select(table.c.id, table.c.source_version).where(table.c.case == case.id)).first()
    if begun is not None:
        return begun.id, begun.source_version
    version = Tables(ground.store).version(_source(case.dataset))
    identity = "x-" + sha256_hex(f"{case.id}|{case.dataset}|{version}".encode())[:24]
    row = {"id": identity, "case": case.id, "state": BEGUN, "table_key": f"extracts/{identity}"}
    with write(ground.engine) as connection:
        connection.execute(table.insert().values(**row, source_version=version, begun_at=ground.now()))
    return identity, version


def _made(
    ground: Ground, case: Case, what: Resource, pinned: tuple[str, int], scratch: Path
) -> tuple[produce.Produced, list[Stored], int]:
    """The produced extract, its stored files, and the version of its table that holds it."""
    from lake import delta, duck  # noqa: PLC0415 - loaded when something is issued
    from sharing.release import arrow_schema  # noqa: PLC0415

    identity, version = pinned
    tables = delta.Tables(ground.store)
    snapshot = tables.snapshot(_source(case.dataset), version=version)
    salt = int.from_bytes(mac(ground.keys.current("sharing-choice", life=None), case.id.encode())[:8], "big") >> 1
    with duck.Duck(scratch, load(duck.LakeSettings, ground.environ)) as engine, engine.cursor() as connection:
        connection.execute("SET enable_progress_bar = false")
        source = produce.source(_fetched(ground, snapshot.keys(), scratch))
        draft = produce.located(connection, source, classes.draft(what, case.request))
        chosen = produce.plan(connection, source, draft, salt, case.dataset)
        made = produce.write(connection, source, chosen, salt, (scratch, identity))
    key = f"extracts/{identity}"
    schema = arrow_schema(draft, chosen.steps, snapshot.schema)
    base = tables.ensure(key, schema, case.dataset)
    transaction = f"extract:{identity}"
    committed = tables.committed(key, transaction)
    if committed is None:
        for path, _ in made.files:
            ground.store.put_file(f"{key}/{path.name}", path)
        files = tuple(delta.DataFile(path.name, path.stat().st_size, rows) for path, rows in made.files)
        about = {"extract": identity}
        committed = tables.commit(key, delta.Commit(files, "append", transaction, base, about, ground.now()))
    else:
        for path, _ in made.files:  # what was committed before a kill is what the certificate names
            ground.store.get_file(f"{key}/{path.name}", path)
        produce.same_columns(made)
    sealed = [(path.name, sha256_file(path), rows) for path, rows in made.files]
    return made, [Stored(name, found.sha256, found.size, rows) for name, found, rows in sealed], committed


def _fetched(ground: Ground, keys: Sequence[str], scratch: Path) -> list[Path]:
    """The files where DuckDB can read them: in place, or fetched from S3."""
    found: list[Path] = []
    for number, key in enumerate(keys):
        local = ground.store.local(key)
        if local is None:
            local = scratch / f"source-{number}.parquet"
            ground.store.get_file(key, local)
        found.append(local)
    return found


def _record(
    ground: Ground, moved: tuple[Case, Case], text: dict[str, Any], issued: tuple[Issue, int], actor: str
) -> None:
    """Everything that makes the extract exist, in one transaction."""
    before, after = moved
    about, version = issued
    digest, (unit, domain, name) = certificate.digest(text), before.dataset.split(".")
    rows = text["result"]["rows"]
    with write(ground.engine) as connection:
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


def _deliveries(ground: Ground, dataset: str, version: int) -> tuple[str | None, tuple[dict[str, str], ...]]:
    """The contract version in force, and the deliveries in the pinned version, newest first."""
    wanted = (
        sa.select(delivery.c.id, delivery.c.sha256, delivery.c.contract_version)
        .where(delivery.c.dataset == dataset, delivery.c.version.is_not(None), delivery.c.version <= version)
        .order_by(delivery.c.version.desc())
        .limit(_LINEAGE)
    )
    with read(ground.engine) as connection:
        rows = connection.execute(wanted).all()
    return (rows[0].contract_version if rows else None), tuple({"delivery": r.id, "sha256": r.sha256} for r in rows)


def of_case(engine: sa.Engine, case_id: str) -> Extract | None:
    """The issued extract of a case, None before it is issued."""
    return _found(engine, table.c.case == case_id)


def extract(engine: sa.Engine, identity: str) -> Extract:
    """The issued extract of this id.

    Raises:
        Refused: SHARE_EXTRACT_UNKNOWN.
    """
    found = _found(engine, table.c.id == identity)
    if found is None:
        raise Refused("SHARE_EXTRACT_UNKNOWN", "没有这个交付数据集", "there is no such extract")
    return found


def _found(engine: sa.Engine, where: Any) -> Extract | None:
    with read(engine) as connection:
        row = connection.execute(sa.select(table).where(where, table.c.state == ISSUED)).mappings().first()
    if row is None:
        return None
    shown = {
        name: row[name] for name in ("id", "case", "grant", "table_key", "version", "rows", "certificate", "ledger")
    }
    return Extract(**shown, digest=row["certificate_digest"])


def document(ground: Ground, found: Extract) -> dict[str, Any]:
    """Certificate, digest and receipt as one document."""
    receipt = ground.ledger.prove(found.ledger)
    return {"certificate": found.certificate, "digest": found.digest, "receipt": receipt.as_dict()}


def check(found: dict[str, Any], trusted: str | None = None) -> None:
    """Checks a certificate document offline: the digest, the receipt, and that the receipt commits to the digest.

    Raises:
        Refused: SHARE_CERTIFICATE, LEDGER_RECEIPT.
    """
    receipt = Receipt.from_dict(found["receipt"])
    receipt.verify(trusted)
    committed = json.loads(receipt.content or b"{}").get("certificate")
    if certificate.digest(found["certificate"]) != found["digest"] or committed != found["digest"]:
        raise Refused(
            "SHARE_CERTIFICATE", "证书与存证不符", "the certificate is not the one that the ledger committed to"
        )


def certificate_key(identity: str) -> str:
    """Where the certificate document stands in the store."""
    return f"certificates/{identity}.json"


def _keep_receipt(ground: Ground, found: Extract) -> None:
    key = certificate_key(found.id)
    if ground.store.stat(key) is None:
        shown = json.dumps(document(ground, found), ensure_ascii=False, indent=2)
        ground.store.put_bytes(key, shown.encode())


def _source(dataset: str) -> str:
    from lake.delta import curated_key  # noqa: PLC0415 - the library is loaded when something is issued

    return curated_key(dataset)
