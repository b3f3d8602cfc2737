"""The one issuing function: from an approved case to an extract in the store, with certificate and receipt.

In this order, so that a kill at any point leaves nothing half-issued and running again does the work anew and finishes:

1. an attempt is begun; the source version is pinned in the database, once for the case (``sharing.extract.record``);
2. plan, one pass, recount on the file (``sharing.extract.produce``); the rules are asked again about what was measured;
3. those very files are put and committed to the attempt's own table, ``extracts/<id>``; nobody can read it, since no
   grant names it;
4. one transaction: the grant, the certificate, the case's state, the ledger entries, the outbox row. Only now the gate
   opens, and the entry was durable no later than that;
5. the receipt (inclusion proof, signed checkpoint) is made and kept beside the certificate; it can be made again at any
   time.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from catalogs.lookup import resource as find_resource
from catalogs.own_city import own_city
from catalogs.values.model import Resource
from infra.crypto import mac, sha256_file
from infra.database import read
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from infra.lease import Lease, kept, lease
from infra.ledger import Act, Receipt
from infra.ledger.note import Verifier
from infra.settings import load
from lake.records.tombstones import refuse_lost
from lake.store.lineage import restored, spans
from lake.tables import delivery
from sharing.case import casebook, cases, classes, policy
from sharing.case.applicants import applicant as find_applicant
from sharing.case.cases import Case
from sharing.case.doubts import doubts
from sharing.extract import certificate, measure, produce, record
from sharing.extract.certificate import Issue, Origin, Stored
from sharing.extract.record import Attempt, Extract, of_case

__all__ = ["Extract", "certificate_key", "check", "document", "issue", "of_case"]

_LEASE_SECONDS = 120.0  # renewed beside the work, however long it takes
_WAIT_SECONDS = 600.0
_LINEAGE = 1000  # deliveries named in a certificate; an extract of more names the newest


def issue(ground: Ground, case_id: str, actor: str) -> Extract:
    """Issues the extract of an approved and signed case; a case that was issued gives what was issued.

    Raises:
        Refused: SHARE_CASE_STATE, SHARE_NOT_ISSUED with every rule against it, SHARE_AGREEMENT, SHARE_PLAN_…,
            SHARE_RECOUNT.
        Unavailable: the database, the store or the table is not there.
    """
    name = f"sharing:{case_id}"
    with lease(ground.engine, name, seconds=_LEASE_SECONDS, wait_seconds=_WAIT_SECONDS) as held, kept(held):
        case = casebook.case(ground.engine, case_id)
        done = of_case(ground.engine, case_id)
        if done is None:
            cases.issued(case, ground.now())  # refuses a case that may not be issued before any work is done
            done = _issue(ground, held, case, actor)
        _keep_receipt(ground, done)
        return done


def _issue(ground: Ground, held: Lease, case: Case, actor: str) -> Extract:
    from lake.store.delta import Tables, curated_key  # noqa: PLC0415 - the library is loaded when something is issued

    what, firm = find_resource(ground.engine, case.dataset), find_applicant(ground.engine, case.applicant)
    known, source = policy.rules(own_city(ground)), curated_key(case.dataset)
    # Catalogue, firm and rules as they are today: what was lawful when it was applied for may not be now.
    now_against = (*doubts(ground, what), *policy.precheck(known, firm, case, what, published=True))
    policy.raise_for("SHARE_NOT_ISSUED", "不满足交付条件", "the extract may not be issued", now_against)
    if casebook.rendered(ground, case, firm, what).digest != case.digest:
        raise Refused(
            "SHARE_AGREEMENT",
            "协议确认之后，其所载内容已变更，不予交付",
            "what the agreement says has changed since it was signed off; nothing is issued",
            remedy=Text("恢复原登记内容，或重新申请", "restore what was registered, or apply again"),
        )
    begun = record.begin(ground, held, case, lambda: Tables(ground.store).version(source))
    with ground.scratch() as scratch:
        made, schema = _made(ground, case, what, begun, scratch)
        level = measure.level(made.plan.draft.form, made.measured, made.plan.draft.terms)
        grade = policy.highest(what, made.plan.sources)
        why = policy.may_issue(known, case, made.plan.draft, made.measured, level, grade)
        policy.raise_for("SHARE_NOT_ISSUED", "不满足交付条件", "the extract may not be issued", why)
        stored, committed = _stored(ground, begun, made, schema, case.dataset)
    now = ground.now()
    after = cases.issued(case, now)
    assert after.ends_at is not None  # noqa: S101 - an issued case has a term
    about = Issue(begun.id, "g-" + begun.id[2:], now, after.ends_at, known.digest, level, ground.demo)
    version = begun.source_version
    origin = Origin(case.dataset, source, version, *_deliveries(ground, case.dataset, version))
    text = certificate.build(case, firm, made, origin, stored, about)
    record.finish(ground, held, (case, after), text, (about, committed), actor)
    found = of_case(ground.engine, case.id)
    assert found is not None  # noqa: S101 - written just now
    return found


def _made(ground: Ground, case: Case, what: Resource, begun: Attempt, scratch: Path) -> tuple[produce.Produced, Any]:
    """The extract produced in `scratch`, and its Arrow schema."""
    from lake.store import delta, duck  # noqa: PLC0415 - loaded when something is issued
    from sharing.extract.release import arrow_schema  # noqa: PLC0415

    key = delta.curated_key(case.dataset)
    refuse_lost(ground.engine, case.dataset, begun.source_version)
    snapshot = delta.Tables(ground.store).snapshot(key, version=begun.source_version)
    salt = int.from_bytes(mac(ground.keys.current("sharing-choice", life=None), case.id.encode())[:8], "big") >> 1
    with duck.Duck(scratch, load(duck.LakeSettings, ground.environ)) as engine, engine.cursor() as connection:
        connection.execute("SET enable_progress_bar = false")
        source = produce.source(_fetched(ground, snapshot.keys(), scratch))
        draft = produce.located(connection, source, classes.draft(what, case.request))
        chosen = produce.plan(connection, source, draft, salt, case.dataset)
        made = produce.write(connection, source, chosen, salt, (scratch, begun.id))
    return made, arrow_schema(draft, chosen.steps, snapshot.schema)


def _stored(
    ground: Ground, begun: Attempt, made: produce.Produced, schema: Any, dataset: str
) -> tuple[list[Stored], int]:
    """Puts and commits the very files that were measured; how they lie in the store, and their table's version."""
    from lake.store import delta  # noqa: PLC0415 - loaded when something is issued

    tables, key = delta.Tables(ground.store), begun.table_key
    base = tables.ensure(key, schema, dataset)
    for path, _ in made.files:
        ground.store.put_file(f"{key}/{path.name}", path)
    files = tuple(delta.DataFile(path.name, path.stat().st_size, rows) for path, rows in made.files)
    transaction, about = f"extract:{begun.id}", {"extract": begun.id}
    committed = tables.commit(key, delta.Commit(files, "append", transaction, base, about, ground.now()))
    if set(tables.snapshot(key, version=committed).files) != set(files):
        raise produce.not_recounted()
    sealed = [(path.name, sha256_file(path), rows) for path, rows in made.files]
    return [Stored(name, found.sha256, found.size, rows) for name, found, rows in sealed], committed


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


def _deliveries(ground: Ground, dataset: str, version: int) -> tuple[str | None, tuple[dict[str, str], ...]]:
    """The contract version in force, and the deliveries in the pinned version, newest first."""
    made = spans(restored(ground.engine, dataset), version)  # what a restore took back before it is none of its
    wanted = (
        sa.select(delivery.c.id, delivery.c.sha256, delivery.c.contract_version)
        .where(delivery.c.dataset == dataset, sa.or_(*(delivery.c.version.between(*span) for span in made)))
        .order_by(delivery.c.version.desc())
        .limit(_LINEAGE)
    )
    with read(ground.engine) as connection:
        rows = connection.execute(wanted).all()
    return (rows[0].contract_version if rows else None), tuple({"delivery": r.id, "sha256": r.sha256} for r in rows)


def document(ground: Ground, found: Extract) -> dict[str, Any]:
    """Certificate, digest and receipt as one document."""
    receipt = ground.ledger.prove(found.ledger)
    return {"certificate": found.certificate, "digest": found.digest, "receipt": receipt.as_dict()}


def check(found: Mapping[str, Any], trusted: Verifier | str | None = None) -> Receipt:
    """Checks a certificate document offline and gives its receipt: the digest, the receipt, and that the entry is that
    of issuing this very extract.

    Args:
        found: certificate, digest and receipt.
        trusted: the ledger's key as known by another way; without it the document shows only that it is whole.

    Raises:
        Refused: SHARE_CERTIFICATE, LEDGER_RECEIPT.
    """
    receipt = Receipt.from_dict(found["receipt"])
    receipt.verify(trusted)
    text, entry = found["certificate"], receipt.entry
    committed = json.loads(receipt.content or b"{}").get("certificate")
    proven = (entry.get("act"), entry.get("subject")) == (Act.EXTRACT_ISSUED.value, text["extract"])
    if not proven or certificate.digest(text) != found["digest"] or committed != found["digest"]:
        raise Refused(
            "SHARE_CERTIFICATE", "证书与存证不符", "the certificate is not the one that the ledger committed to"
        )
    return receipt


def certificate_key(identity: str) -> str:
    """Where the certificate document stands in the store."""
    return f"certificates/{identity}.json"


def _keep_receipt(ground: Ground, found: Extract) -> None:
    key = certificate_key(found.id)
    if ground.store.stat(key) is None:
        shown = json.dumps(document(ground, found), ensure_ascii=False, indent=2)
        ground.store.put_bytes(key, shown.encode())
