"""The outbox: what waits to be described. One owner at a time sends it on, to whichever catalogue is configured.

Promises: whatever is put here in the transaction of its act is sent at least once; a dataset's rows in their order, so
that a row which fails holds back those of its dataset and no other; a row is tried ten times, longer and longer apart,
and then waits for `retry` (`standing` tells of it); sending never fails the act that it describes.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from infra.database import read, write
from infra.errors import HubError, Unavailable
from infra.ground import Ground
from infra.lease import Lease, lease
from infra.ledger import Act, NewEntry
from lake.tables import outbox

DELIVERY = "delivery"
MOST_ATTEMPTS = 10
_LONGEST_WAIT = timedelta(hours=1)
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Drained:
    """How many rows were sent, how many failed this time, and how many wait still."""

    sent: int
    failed: int
    left: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What nobody was told yet.

    Attributes:
        waiting: rows that the next sender tells, as soon as they and those before them of their dataset can be told.
        given_up: rows that failed so often that only `retry` tries them again.
        oldest: when the oldest of all these was put here.
        codes: why rows failed when they were last tried, and how many.
    """

    waiting: int
    given_up: int
    oldest: datetime | None
    codes: Mapping[str, int]


def drain(ground: Ground, *, most: int = 10_000, wait_seconds: float = 0.0) -> Drained:
    """Send what waits, at most `most` rows.

    Raises:
        Unavailable: `LEASE_TAKEN` when another is sending: it sends these rows too.
        WrongUse: `DESCRIBE_SINK` when the catalogue is configured wrongly.
    """
    sent = failed = 0
    with lease(ground.engine, "lake:outbox", seconds=120, wait_seconds=wait_seconds) as held:
        held_back: set[str] = set()
        after = 0
        with contextlib.ExitStack() as stack:
            sink = None
            while sent + failed < most:
                page = _waiting(ground, after)
                if not page:
                    break
                after = page[-1].number
                if sink is None:
                    from lake.describe.describe import open_sink  # noqa: PLC0415 - DataHub loads only when there is work

                    sink = stack.enter_context(open_sink(ground))
                for row in page:
                    dataset = _dataset(row)
                    if dataset in held_back:
                        continue
                    if not _due(row, ground.now()):
                        held_back.add(dataset)
                    elif _send(ground, held, sink, row):
                        sent += 1
                    else:
                        held_back.add(dataset)
                        failed += 1
        left = standing(ground)
        return Drained(sent, failed, left.waiting + left.given_up)


def drain_quietly(ground: Ground) -> Drained | None:
    """As `drain`; None, and no error, when it cannot be done now."""
    try:
        return drain(ground)
    except Exception:
        # Not only ours: whatever a catalogue's library raises, what it was to describe is done and stands.
        return None


def retry(ground: Ground) -> int:
    """Let all that waits be tried again at once, what was given up too; how many rows."""
    with write(ground.engine) as connection:
        waiting = outbox.c.sent_at.is_(None)
        return connection.execute(sa.update(outbox).where(waiting).values(attempts=0, error=None)).rowcount


def standing(ground: Ground) -> Standing:
    """What waits, and what was given up. Sends and changes nothing."""
    unsent = outbox.c.sent_at.is_(None)
    over = sa.func.coalesce(sa.func.sum(sa.case((outbox.c.attempts >= MOST_ATTEMPTS, 1), else_=0)), 0)
    counts = sa.select(sa.func.count(), over, sa.func.min(outbox.c.created_at)).select_from(outbox).where(unsent)
    with read(ground.engine) as connection:
        rows, given_up, oldest = connection.execute(counts).one()
        errors = connection.execute(sa.select(outbox.c.error).where(unsent, outbox.c.error.is_not(None))).scalars()
        codes = Counter(json.loads(error)["code"] for error in errors)
    return Standing(rows - given_up, given_up, oldest, dict(sorted(codes.items())))


def _waiting(ground: Ground, after: int) -> list[Row[Any]]:
    query = sa.select(outbox).where(outbox.c.sent_at.is_(None), outbox.c.number > after)
    with read(ground.engine) as connection:
        return list(connection.execute(query.order_by(outbox.c.number).limit(_PAGE)).all())


def _dataset(row: Row[Any]) -> str:
    """Whose rows this one holds back; a row that names no dataset is nobody's and holds back none."""
    named = row.payload.get("dataset") if isinstance(row.payload, dict) else None
    return named if isinstance(named, str) else f"#{row.number}"


def _due(row: Row[Any], now: datetime) -> bool:
    if row.attempts >= MOST_ATTEMPTS:
        return False
    if not row.attempts or not row.error:
        return True
    tried = datetime.fromisoformat(json.loads(row.error)["at"])
    return now >= tried + min(timedelta(seconds=2.0**row.attempts), _LONGEST_WAIT)


def _send(ground: Ground, held: Lease, sink: Any, row: Row[Any]) -> bool:
    """Send one row and note it; a failure of whatever kind is noted too, and ends nothing but this row's sending.

    Raises:
        Unavailable: `LEASE_LOST`, another sends now.
    """
    held.renew()
    try:
        sink.send(row.kind, row.subject, row.payload, row.created_at)
        _note_sent(ground, row)
    except HubError as error:
        _note_failure(ground, row, error.code)
        return False
    except Exception:  # what one row brings about must not keep the others from being sent
        _note_failure(ground, row, "DESCRIBE_ROW")
        return False
    return True


def _note_sent(ground: Ground, row: Row[Any]) -> None:
    with write(ground.engine) as connection:
        changed = connection.execute(
            sa.update(outbox)
            .where(outbox.c.number == row.number, outbox.c.sent_at.is_(None))
            .values(sent_at=ground.now(), attempts=row.attempts + 1, error=None)
        )
        if changed.rowcount and row.kind == DELIVERY:
            ground.ledger.append([_entry(row.subject, row.payload)], connection=connection)


def _entry(subject: str, payload: Mapping[str, Any]) -> NewEntry:
    content = {"dataset": payload["dataset"], "version": payload.get("version")}
    return NewEntry(Act.DELIVERY_DESCRIBED, "program:outbox", subject, content, once=f"described:{subject}")


def _note_failure(ground: Ground, row: Row[Any], code: str) -> None:
    told = json.dumps({"at": ground.now().astimezone(UTC).isoformat(), "code": code})
    with contextlib.suppress(Unavailable), write(ground.engine) as connection:
        connection.execute(
            sa.update(outbox).where(outbox.c.number == row.number).values(attempts=row.attempts + 1, error=told)
        )
