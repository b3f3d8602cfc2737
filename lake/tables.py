"""The tables of the store: each delivery with its state and its counts, and what waits to be described.

Promises:

- `lake_delivery.number` is the value of `_delivery` in every row that the delivery published or quarantined;
- a delivery's state, its counts, its ledger entries and its outbox row are written in one transaction;
- once a delivery is final (`FINAL`), ``read = published + quarantined + duplicates``, exactly; what it published may
  have been replaced since by an upsert, which tells `replaced` beside;
- `lake_part` names the files of a delivery of several, written with its counts; one of a single file has none;
- `intent` is what makes publishing repeatable: all that the Delta commits need, durable before the first of them;
- a replay out of quarantine (`lake.publish.replaying`) changes counts and state of its deliveries together with its own
  row;
- so does a restore (`lake.publish.restoring`) with all that it takes back or lets stand again.

The states, in order::

    landed ──► audited ──► finished        published, one version of the curated table
       │          └──────► blocked         audited, nothing published, its rows are in quarantine
       │                      └──► finished   a replay published rows of it
       ├─────────────────► refused         could not be read, or nobody registered it: raw bytes alone
       └─────────────────► repeated        the same content again: nothing to do
                           reverted        from finished: the table was put back to before it; its counts stay, and it
                                           is finished again when the table is put back to a version that held it
                           purged          from any of these: erased everywhere, its counts stay (`lake.purge.purge`)

Times are aware UTC instants. JSON columns hold plain values and never a value of the data.
"""

import sqlalchemy as sa

from infra.database import UtcDateTime

metadata = sa.MetaData()

LANDED, AUDITED = "landed", "audited"
FINISHED, BLOCKED, REFUSED, REPEATED = "finished", "blocked", "refused", "repeated"
REVERTED, PURGED = "reverted", "purged"
FINAL = (FINISHED, BLOCKED, REFUSED, REPEATED, REVERTED, PURGED)

delivery = sa.Table(
    "lake_delivery",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(40), nullable=False, unique=True),  # "d-" and 24 hex digits of a digest
    sa.Column("dataset", sa.Text, nullable=True, index=True),  # null: nobody registered what arrived
    sa.Column("unit", sa.Text, nullable=True),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("size", sa.BigInteger, nullable=False),  # bytes
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("object_key", sa.Text, nullable=True),  # where the sealed bytes stand in the store
    sa.Column("channel", sa.String(32), nullable=False),  # command | folder | s3 | push | pull
    sa.Column("arrived_at", UtcDateTime, nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),  # how often this content was taken before
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("repeats", sa.String(40), nullable=True),  # id of the delivery that this one repeats
    sa.Column("code", sa.String(64), nullable=True),  # why it was refused or blocked
    sa.Column("message_zh", sa.Text, nullable=True),
    sa.Column("message_en", sa.Text, nullable=True),
    sa.Column("read", sa.BigInteger, nullable=True),  # records
    sa.Column("published", sa.BigInteger, nullable=True),
    sa.Column("quarantined", sa.BigInteger, nullable=True),
    sa.Column("duplicates", sa.BigInteger, nullable=True),
    sa.Column("replaced", sa.BigInteger, nullable=True),  # rows of earlier deliveries that an upsert took out
    sa.Column("version", sa.BigInteger, nullable=True),  # of the curated Delta table
    sa.Column("quarantine_version", sa.BigInteger, nullable=True),
    sa.Column("contract_version", sa.Text, nullable=True),
    sa.Column("publish_no", sa.BigInteger, nullable=True),  # order of publication within the dataset
    sa.Column("attempt", sa.BigInteger, nullable=True),  # fencing token of the lease that wrote `intent`
    sa.Column("intent", sa.JSON, nullable=True),
    sa.Column("audit", sa.JSON, nullable=True),
    sa.Column("notes", sa.JSON, nullable=True),  # what reading noticed, each {"code", "zh", "en"}
    sa.Column("key_id", sa.Text, nullable=True),  # the key that wraps the delivery's own key
    sa.Column("wrapped_key", sa.Text, nullable=True),
    sa.Column("finished_at", UtcDateTime, nullable=True),
    sqlite_autoincrement=True,
)

part = sa.Table(
    "lake_part",
    metadata,
    sa.Column("delivery", sa.Integer, primary_key=True, autoincrement=False),  # lake_delivery.number
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),  # from 1; what `_line` encodes
    sa.Column("name", sa.Text, nullable=False),  # its sender's own words, shown as a delivery's file name is
    sa.Column("size", sa.BigInteger, nullable=False),  # bytes, unpacked
    sa.Column("sha256", sa.String(64), nullable=True, index=True),  # null: not unpacked
    sa.Column("records", sa.BigInteger, nullable=False),  # read from it
    sa.Column("state", sa.String(16), nullable=False),  # read | beside | empty | other | faulty: lake.read.source.Part
    sa.Column("code", sa.String(64), nullable=True),  # why it could not be read
)

outbox = sa.Table(
    "lake_outbox",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(32), nullable=False),  # delivery | replay | restore | extract | purge | entry
    sa.Column("subject", sa.Text, nullable=False),  # delivery id, extract id, …
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("sent_at", UtcDateTime, nullable=True, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=True),
    sa.UniqueConstraint("kind", "subject", name="lake_outbox_once"),
    sqlite_autoincrement=True,
)

INTENDED = "intended"  # of a replay, beside FINISHED

replay = sa.Table(
    "lake_replay",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(40), nullable=False, unique=True),  # "r-" and 24 hex digits of a digest
    sa.Column("dataset", sa.String(191), nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False),  # intended | finished | reverted
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("contract_version", sa.Text, nullable=False),
    sa.Column("attempt", sa.BigInteger, nullable=False),  # fencing token of the lease that wrote `intent`
    sa.Column("intent", sa.JSON, nullable=True),
    sa.Column("deliveries", sa.JSON, nullable=False),  # what moves, [{"number", "id", "published", "duplicates", …}]
    sa.Column("version", sa.BigInteger, nullable=True),  # of the curated Delta table
    sa.Column("quarantine_version", sa.BigInteger, nullable=True),
    sa.Column("begun_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime, nullable=True),
    sqlite_autoincrement=True,
)

restore = sa.Table(
    "lake_restore",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(40), nullable=False, unique=True),  # "restore-2026-0001"
    sa.Column("dataset", sa.String(191), nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False),  # intended | finished
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("target", sa.BigInteger, nullable=False),  # the version whose rows the table has again
    sa.Column("newest", sa.Integer, nullable=False),  # number of the dataset's newest delivery then
    sa.Column("attempt", sa.BigInteger, nullable=False),  # fencing token of the lease that wrote `intent`
    sa.Column("intent", sa.JSON, nullable=True),
    sa.Column("reverted", sa.JSON, nullable=False),  # ids of deliveries that no longer stand
    sa.Column("returned", sa.JSON, nullable=False),  # ids of deliveries that stand again, in their order
    sa.Column("replays", sa.JSON, nullable=False),  # ids of replays whose rows went back into quarantine
    sa.Column("version", sa.BigInteger, nullable=True),  # of the curated Delta table
    sa.Column("quarantine_version", sa.BigInteger, nullable=True),  # null: nothing went back
    sa.Column("begun_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime, nullable=True),
    sqlite_autoincrement=True,
)

purge = sa.Table(
    "lake_purge",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(40), nullable=False, unique=True),  # "purge-2026-0001"
    sa.Column("delivery", sa.String(40), nullable=False, index=True),  # the one that was named
    sa.Column("dataset", sa.Text, nullable=True, index=True),
    sa.Column("unit", sa.Text, nullable=True),
    sa.Column("basis", sa.String(40), nullable=False),  # catalogs.values.erasure_words.PurgeBasis
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),  # catalogs.values.erasure_words.PurgeState
    sa.Column("proposed_by", sa.Text, nullable=False),
    sa.Column("proposed_at", UtcDateTime, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=True),
    sa.Column("decided_at", UtcDateTime, nullable=True),
    sa.Column("opinion", sa.Text, nullable=True),
    sa.Column("finished_at", UtcDateTime, nullable=True),
    sa.Column("deliveries", sa.JSON, nullable=True),  # all of the same bytes, [{"id", "number"}]
    sa.Column("versions", sa.JSON, nullable=True),  # of the curated table that held rows of them
    sa.Column("erased", sa.JSON, nullable=True),  # what was found before the first byte went: counts
    sa.Column("key_id", sa.Text, nullable=True),  # of the key of `mark`
    sa.Column("mark", sa.String(64), nullable=True, index=True),  # keyed MAC of the content's digest
    sa.Column("ordinal", sa.Integer, nullable=True),  # the first that a delivery of these bytes may have again
    sa.Column("certificate", sa.String(64), nullable=True),  # SHA-256 of purges/<id>.json
    sa.Column("readmitted_by", sa.Text, nullable=True),
    sa.Column("readmitted_at", UtcDateTime, nullable=True),
    sa.Column("readmitted_basis", sa.Text, nullable=True),
    sa.Column("readmitted_why", sa.Text, nullable=True),
    sqlite_autoincrement=True,
)

watermark = sa.Table(
    "lake_watermark",
    metadata,
    sa.Column("dataset", sa.String(191), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),  # lake.arrival.pull_values: how `value` is read
    sa.Column("value", sa.Text, nullable=False),  # of the newest row that landed
    sa.Column("seen", sa.JSON, nullable=False),  # digests of the landed rows that the next pull sees again
    sa.Column("step", sa.BigInteger, nullable=False),  # grows with every pull that landed: two at once are told apart
    sa.Column("delivery", sa.String(40), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

push = sa.Table(
    "lake_push",
    metadata,
    sa.Column("person", sa.String(63), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),  # SHA-256 of the client's Idempotency-Key
    sa.Column("delivery", sa.String(40), nullable=False),  # what was sent stands there, and is erased there
    sa.Column("at", UtcDateTime, nullable=False),
)

waiting = sa.Table(
    "lake_waiting",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("unit", sa.String(63), nullable=False, index=True),
    sa.Column("door", sa.String(16), nullable=False),  # folder | s3 | pull
    sa.Column("name", sa.Text, nullable=False),  # its sender's own words, shown as a delivery's file name is
    sa.Column("code", sa.String(64), nullable=True),  # why it is not taken; null: it is not complete yet
    sa.Column("message_zh", sa.Text, nullable=True),
    sa.Column("message_en", sa.Text, nullable=True),
    sa.Column("since", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

look = sa.Table(
    "lake_look",
    metadata,
    sa.Column("unit", sa.String(63), primary_key=True),
    sa.Column("door", sa.String(16), primary_key=True),
    sa.Column("of", sa.String(191), primary_key=True),  # the dataset of a pull; else empty
    sa.Column("at", UtcDateTime, nullable=False),  # when it was last looked at: `lake_waiting` is as of then
)

ticket = sa.Table(
    "lake_ticket",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("subject", sa.String(191), nullable=False, index=True),  # dataset; the unit where nobody registered it
    sa.Column("unit", sa.String(63), nullable=False, index=True),
    sa.Column(
        "kind", sa.String(16), nullable=False
    ),  # refused | blocked | quarantined | reverted: lake.records.tickets
    sa.Column("cause", sa.String(191), nullable=False),  # a code, or the id of a contract's rule
    sa.Column("deliveries", sa.BigInteger, nullable=False),
    sa.Column("records", sa.BigInteger, nullable=False),  # that broke the rule, in all of them
    sa.Column("first_delivery", sa.String(40), nullable=False),
    sa.Column("last_delivery", sa.String(40), nullable=False),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False),
    sa.Column("closed_at", UtcDateTime, nullable=True),
    sa.Column("closed_by", sa.String(191), nullable=True),  # the delivery that kept the rule, or a person
    sqlite_autoincrement=True,
)

told = sa.Table(
    "lake_told",
    metadata,
    sa.Column("recipient", sa.String(191), primary_key=True),
    sa.Column("ticket", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("deliveries", sa.BigInteger, nullable=False),  # of the ticket, when it was told
    sa.Column("closed", sa.Boolean, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

notice = sa.Table(
    "lake_notice",
    metadata,
    sa.Column("recipient", sa.String(191), primary_key=True),
    sa.Column("id", sa.String(40), nullable=False),
    sa.Column("changes", sa.JSON, nullable=False),  # [[what, ticket]]: `lake.tickets.notices`
    sa.Column("at", UtcDateTime, nullable=False),
)

difference = sa.Table(
    "lake_difference",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("subject", sa.String(191), nullable=False, index=True),  # dataset; the unit where none was named
    sa.Column("state", sa.String(16), nullable=False),  # lake.compare.rules.State
    sa.Column("unit", sa.String(63), nullable=False),
    sa.Column("department", sa.String(63), nullable=True),  # the provider; null where nobody registered it
    sa.Column("turn", sa.String(16), nullable=False),  # lake.compare.rules.Turn
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),  # names, types, days, counts
    sa.Column("over_at", UtcDateTime, nullable=True, index=True),  # when it was first seen to be no more
    sqlite_autoincrement=True,
)

comparison = sa.Table(
    "lake_comparison",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("resources", sa.BigInteger, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),  # state → how many differences are open
    sa.Column("open_years", sa.JSON, nullable=False),  # year without a working-day table → resources left open
    sqlite_autoincrement=True,
)
