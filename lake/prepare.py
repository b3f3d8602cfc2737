"""From a delivery's plaintext to an intent: read, split, set duplicates aside, audit, put the files into their tables.

Nothing here is seen by any reader: the files stand beside the tables' own until a Delta commit names them. Killed
anywhere, all of it is done anew under new file names; what was left behind goes with the next vacuum.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from catalogs.lookup import resource
from catalogs.values.model import Item
from contracts.compile import Compiled, suite
from contracts.sentences import general
from infra import crypto
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from infra.lease import Lease
from infra.settings import load
from lake.audit import docs
from lake.audit.verdict import Verdict
from lake.evolve import evolving
from lake.evolve.evolving import Fitted
from lake.read.reading import read
from lake.read.source import Limits, Part
from lake.records import parts
from lake.records.balance import balance
from lake.records.record import Intent, Row
from lake.split import compared, coordinates, duplicates, upsert
from lake.split.duplicates import CONFLICT, Removed, Staged
from lake.split.known_keys import KnownKeys
from lake.split.setaside import Reason, set_aside_more
from lake.split.split import Job, Split, split
from lake.store import schema
from lake.store.delta import Tables, curated_key, quarantine_key
from lake.store.duck import Duck, LakeSettings
from lake.store.parquet import Written
from lake.store.versions import DataFile

if TYPE_CHECKING:
    from lake.audit.audit import Auditor

Progress = Callable[[str, int], None]
SMALL_BYTES = 16 << 20
BLOCKED = "DELIVERY_BLOCKED"


@dataclass(frozen=True, slots=True)
class Task:
    """One delivery's work.

    Attributes:
        row: its row in `lake_delivery`.
        plain: the plaintext, verified.
        auditor: gives the auditor when it is needed, for the library takes seconds to load.
        known: what the session remembers of published keys.
        progress: told the stage and the records done.
    """

    ground: Ground
    lake: Tables
    compiled: Compiled
    row: Row
    plain: Path
    scratch: Path
    duck: Duck
    settings: LakeSettings
    auditor: "Callable[[], Auditor]"
    known: KnownKeys
    progress: Progress | None = None


@dataclass(slots=True)
class Prepared:
    """What publishing will need, and the values of the delivery's row."""

    intent: Intent
    values: dict[str, Any] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Separated:
    """A delivery that was read and split: what was asked for and what came out, files in `job.scratch`."""

    job: Job
    done: Split


def separate(task: Task) -> Separated:
    """Read and split: needs the bytes and the contract alone, no lease and no table, so it may be done ahead.

    Raises:
        Refused: the delivery cannot be read as the contract says.
    """
    contract = task.compiled.contract
    limits, name = load(Limits, task.ground.environ), task.row["file_name"]
    source = read(task.plain, task.compiled, task.scratch, name=name, limits=limits)
    source, ways = coordinates.settled(task.ground.engine, source, contract, items := _items(task))
    job = Job(
        compiled=task.compiled,
        source=source,
        number=task.row["number"],
        name=f"{task.row['id']}-{crypto.random_token(6)}",  # an attempt's files are never those of another
        scratch=task.scratch,
        duck=task.duck,
        settings=task.settings,
        given={"file_name": name, **source.given},
        statistics=schema.plain_columns(contract, items),
        convert=ways,
        small=task.row["size"] <= SMALL_BYTES,
        progress=None if task.progress is None else lambda rows: _tell(task, "split", rows),
    )
    return Separated(job, split(job))


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a delivery comes to against the table at `base`: nothing is stored yet.

    Attributes:
        staged: what was compared with the table.
        aside: the files of its records that do not get into the table.
        blocked: the rules for which the whole of it is not published; empty when it is.
        broken: rule id → records that break it.
    """

    base: int
    staged: Staged
    removed: Removed
    verdict: Verdict
    aside: tuple[Written, ...]
    blocked: tuple[str, ...]
    broken: Mapping[str, int]
    counts: dict[str, int]


def weigh(task: Task, separated: Separated, base: int, now: datetime) -> Weighed:
    """Set duplicates aside and audit the rest.

    Raises:
        Unavailable: `AUDIT_FAILED`, or a store that is not there.
    """
    job, done = separated.job, separated.done
    staged, removed, verdict = _judge(task, job, done, base, now)
    blocking = [found.rule for found in verdict.blocking]
    blocked = tuple(dict.fromkeys((*done.blocking, *blocking)))
    aside = [*done.aside, *set_aside_more(job, done, removed.conflicts, CONFLICT, "qc")]
    if blocked:
        reason = _block_reason(task, verdict, blocked)
        aside += set_aside_more(job, done, [file.path for file in removed.files], reason, "qb")
    counts = {
        "read": done.read,
        "published": 0 if blocked else sum(file.rows for file in removed.files),
        "quarantined": sum(file.rows for file in aside),
        "duplicates": removed.duplicates,
        "replaced": 0 if blocked or removed.replaced is None else sum(removed.replaced.of.values()),
    }
    balance(task.row, counts)
    broken = dict(done.broken) | ({CONFLICT.rules[0]: removed.conflict_rows} if removed.conflict_rows else {})
    return Weighed(base, staged, removed, verdict, tuple(aside), blocked, broken, counts)


def prepare(task: Task, separated: Separated, now: datetime, held: Lease) -> Prepared:
    """From what `separate` gave; see the module. `held` is the dataset's lease.

    Raises:
        Refused, Unavailable: as `weigh` and `evolving.fit`.
    """
    contract = task.compiled.contract
    fitted = evolving.fit(task.ground, task.lake, held, contract, replaces=contract.mode == "snapshot")
    return _intent(task, separated.done, weigh(task, separated, fitted.base, now), fitted)


def _items(task: Task) -> tuple[Item, ...]:
    """What the register knows of the columns: nothing, where the resource was taken out of it meanwhile."""
    try:
        return resource(task.ground.engine, task.compiled.contract.id).items
    except Refused:
        return ()


def _tell(task: Task, stage: str, rows: int) -> None:
    if task.progress is not None:
        task.progress(stage, rows)


def _judge(task: Task, job: Job, done: Split, base: int, now: datetime) -> tuple[Staged, Removed, Verdict]:
    """Set duplicates aside and audit what is left, exactly the files that will be published.

    A large delivery's own keys are counted by the audit: when they are unique, as they mostly are, nobody counts twice.
    """
    staged = _staged(task, job, done, base)
    measured = done.kept_rows <= duplicates.SMALL
    removed = duplicates.remove(staged, within=measured)
    _tell(task, "audit", done.read)
    verdict = _audit(task, removed, now)
    if not measured and any(found.rule == "duplicates.key" for found in verdict.blocking):
        removed = duplicates.remove(staged)
        verdict = _audit(task, removed, now)
    return staged, removed, verdict


def _staged(task: Task, job: Job, done: Split, base: int) -> Staged:
    contract = task.compiled.contract
    published: compared.Published | None = None
    if contract.duplicates.key and contract.duplicates.scope == "table" and contract.mode != "snapshot" and base > 0:
        snapshot = task.lake.snapshot(curated_key(contract.id), version=base)
        key, types = contract.duplicates.key, schema.curated(contract)
        if not (done.kept and task.known.surely_apart(snapshot, key, types, done.kept)):
            published = compared.published(task.ground.store, snapshot, contract)
    return Staged(contract, done.kept, job.name, job.scratch, job.duck, job.settings, published, job.statistics)


def _audit(task: Task, removed: Removed, now: datetime) -> Verdict:
    expectations = suite(task.compiled, now)
    paths = [file.path for file in removed.files]
    if not paths and removed.duplicates:
        # Every record was published before: of a delivery that adds nothing, no volume can be asked.
        rules = {rule.id for rule in task.compiled.contract.table_rules}
        expectations = tuple(expected for expected in expectations if expected.rule_id not in rules)
    if not paths:
        empty = task.scratch / f"{task.row['id']}-empty.parquet"
        pq.write_table(schema.curated(task.compiled.contract).empty_table(), empty)
        paths = [empty]
    return task.auditor().audit(expectations, paths)


def _block_reason(task: Task, verdict: Verdict, rules: tuple[str, ...]) -> Reason:
    said = [Text(found.zh, found.en) for found in verdict.blocking]
    said += [
        general(rule.sentence)
        for rule in task.compiled.rules
        if rule.id in rules and rule.severity == "block" and rule.id not in {found.rule for found in verdict.blocking}
    ]
    zh, en = "".join(one.zh for one in said), " ".join(one.en for one in said)
    return Reason(rules, Text(f"整批未发布：{zh}", f"The whole delivery was not published: {en}"))


def _intent(task: Task, done: Split, weighed: Weighed, fitted: Fitted) -> Prepared:
    contract, row = task.compiled.contract, task.row
    _tell(task, "store", done.read)
    again = parts.repeated(task.ground.engine, contract.id, row["number"], done.source.parts)
    changed = () if weighed.blocked else fitted.notes
    notes = [note.as_dict() for note in (*done.source.notes, *again, *changed)]
    facts: dict[str, dict[str, Any]] = {
        "read": {
            "rows": done.read,
            "format": done.source.format,
            "encoding": done.source.encoding,
            "notes": [note["code"] for note in notes],
        },
        "split": {"kept": done.kept_rows, "set_aside": done.aside_rows, "broken": dict(done.broken)},
        "audited": {
            "passed": not weighed.blocked,
            "expectations": len(weighed.verdict.findings),
            "failed": list(weighed.blocked),
            "warnings": [found.rule for found in weighed.verdict.warnings],
            "contract": contract.version,
        },
    }
    audit = weighed.verdict.summary() | {"passed": not weighed.blocked, "broken": dict(weighed.broken)}
    docs.keep(task.ground, row, audit, weighed.verdict)
    key, replaced, files = curated_key(contract.id), weighed.removed.replaced, weighed.removed.files
    gone: tuple[DataFile, ...] = ()
    if replaced is not None and not weighed.blocked:
        snapshot = task.lake.snapshot(key, version=weighed.base)
        gone, left = upsert.remainder(task.ground.store, snapshot, weighed.staged, replaced)
        files += left
    intent = Intent(
        curated=None if weighed.blocked else _put(task, key, files),
        gone=[[file.path, file.size, file.rows] for file in gone],
        replaced=dict(replaced.of) if gone and replaced is not None else {},
        quarantine=_put(task, quarantine_key(contract.id), weighed.aside),
        base=weighed.base,
        mode="overwrite" if contract.mode == "snapshot" else "append",
        facts=facts,
        schema=fitted.schema,
    )
    values: dict[str, Any] = dict.fromkeys(("code", "message_zh", "message_en"))
    values |= {**weighed.counts, "audit": audit, "notes": notes, "contract_version": contract.version}
    if weighed.blocked:
        reason = _block_reason(task, weighed.verdict, weighed.blocked)
        values |= {"code": BLOCKED, "message_zh": reason.said.zh, "message_en": reason.said.en}
    return Prepared(intent, values, done.source.parts)


def _put(task: Task, key: str, files: tuple[Written, ...]) -> list[list[Any]]:
    """Put the files into the table's folder, durable, and list them as the intent keeps them."""
    listed: list[list[Any]] = [[file.path.name, file.path.stat().st_size, file.rows] for file in files]
    for file in files:
        task.ground.store.put_file(f"{key}/{file.path.name}", file.path, move=True)
    return listed
