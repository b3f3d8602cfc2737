"""What of an upsert's quarantine gets into its table: the newest row of each key stands, and nobody guesses which.

Rows of one key are told apart as their deliveries would have told them: by `cityhub.as_of` where the contract names it,
then by the order in which the deliveries were judged, then by their place in the file. A passing row that is newer than
what is published takes its place, and that is counted in `replaced`; one that is older, or says the same, is a
duplicate. All passing rows of all deliveries are weighed at once, so that no row enters to be replaced at once.

One thing the table does not know: a record that said again what stands was counted as a duplicate, and the row kept the
number of the delivery that brought it. Where that may be, in the row's own delivery or a later one, a row which would
replace a published one stays in quarantine under `replay.undecided`, unless `as_of` says that it is the newer. Deliver
such a record again.
"""

# ruff: noqa: S608 - names go through quote_identifier, the rest is numbers and names of ours

from collections.abc import Mapping, Sequence

import numpy as np
import sqlalchemy as sa

from contracts.model import Contract
from infra.database import read
from infra.ground import Ground
from infra.language import Text
from infra.text import quote_identifier
from lake import tables
from lake.publish.replaying import Moving
from lake.records.record import Row
from lake.replay.audit import forbidding
from lake.replay.source import AT
from lake.replay.weigh import Weighed, Work
from lake.split import compared, upsert
from lake.split.duplicates import Replaced, Staged
from lake.split.setaside import Reason
from lake.store import schema
from lake.store.parquet import Written
from lake.store.versions import DELIVERY, LINE

UNDECIDED = Reason(
    ("replay.undecided",),
    Text(
        "已发布主键相同的另一行，无法判断哪一行更新，请重新报送该记录。",
        "Another row with its key is published and nobody recorded which is the newer: deliver the record again.",
    ),
)
_IN, _DUPLICATE, _UNDECIDED = 0, 1, 2


def in_order(rows: Sequence[Row]) -> list[Row]:
    """The deliveries as they were judged: a lease's tokens only grow."""
    return sorted(rows, key=lambda row: row["attempt"] or 0)


def take(work: Work, found: Weighed, rows: Sequence[Row], blocked: Mapping[int, Sequence[str]]) -> None:
    """Weigh the deliveries together; those of which the audit lets nothing in stay, and the rest is weighed anew."""
    _standing(work)
    _ranks(work)
    there = {
        row["number"]: row
        for row in rows
        if work.connection.execute(f"SELECT 1 FROM passing WHERE {DELIVERY} = {row['number']} LIMIT 1").fetchall()
    }
    for number in blocked.keys() & there.keys():
        found.held[there.pop(number)["id"]] = tuple(blocked[number])
    while there:
        _decide(work, there)
        held = {}
        for number, row in there.items():
            files = work.final(_entering(number), f"{work.name}-{number}-{len(there)}")
            reasons = forbidding(work.session, work.compiled, work.published, work.place, row, files)
            if reasons:
                held[number] = reasons
            else:
                _move(work, found, row, files)
        if not held:
            break
        found.moving, found.leaving, found.files = [], [], []
        found.held |= {there.pop(number)["id"]: reasons for number, reasons in held.items()}
    undecided = work.connection.execute(f"SELECT count(*) FROM decided WHERE fate = {_UNDECIDED}").fetchall()[0][0]
    if there and undecided:
        found.broken[UNDECIDED.rules[0]] = undecided
    if found.moving:
        _give_way(work, found)


def _standing(work: Work) -> None:
    """The published rows that bear the key of a passing one, each with its place in the table: the table `rivals`."""
    contract, published = work.compiled.contract, work.published
    wanted = schema.curated(contract)
    names = ", ".join(map(quote_identifier, wanted.names))
    empty = f"SELECT {names}, ''::VARCHAR AS _file, 0::BIGINT AS _row FROM passing LIMIT 0"
    work.connection.execute(f"CREATE TEMP TABLE rivals AS {empty}")
    if published is not None and published.files:
        work.connection.register("stream", compared.placed(work.session.ground.store, published, wanted)())
        inside = f"SELECT {names}, _file, _row FROM stream SEMI JOIN passing USING ({_keys(contract)})"
        work.connection.execute(f"INSERT INTO rivals {inside}")
        work.connection.unregister("stream")


def _ranks(work: Work) -> None:
    """The table `ranks`: of each number its place in the order, and whether what stands may have been said again since.

    A delivery of the same bytes as the newest one said again all that this one had said; so did whoever put the table
    back to an earlier version.
    """
    judged = _judged(work.session.ground, work.compiled.contract.id)
    again = max((row["number"] for row in judged if row["state"] == tables.REPEATED), default=0)
    again = max(again, _put_back(work.session.ground, work.compiled.contract.id))
    said, later = [], 0
    for row in in_order([row for row in judged if row["state"] != tables.REPEATED])[::-1]:
        # What was purged says nothing any more, but its number may stand in rows until its purge is carried out.
        if row["state"] != tables.PURGED:
            later += row["duplicates"] or 0  # its own too: a later line of it may have said what stands
        said.append((row["number"], row["attempt"] or 0, bool(later) or again > row["number"]))
    work.connection.execute(f"CREATE TEMP TABLE ranks ({DELIVERY} BIGINT, rank BIGINT, said_again BOOLEAN)")
    if said:
        work.connection.executemany("INSERT INTO ranks VALUES (?, ?, ?)", said)


def _judged(ground: Ground, dataset: str) -> list[Row]:
    table = tables.delivery
    states = (tables.FINISHED, tables.BLOCKED, tables.REPEATED, tables.PURGED)
    query = sa.select(table).where(table.c.dataset == dataset, table.c.state.in_(states))
    with read(ground.engine) as connection:
        return list(connection.execute(query).mappings())


def _put_back(ground: Ground, dataset: str) -> int:
    """The number of the last delivery there was when the table was put back to an earlier version; 0: it never was."""
    query = sa.select(sa.func.max(tables.restore.c.newest)).where(tables.restore.c.dataset == dataset)
    with read(ground.engine) as connection:
        return int(connection.execute(query).scalar() or 0)


def _keys(contract: Contract) -> str:
    return ", ".join(map(quote_identifier, contract.duplicates.key))


def _decide(work: Work, there: Mapping[int, Row]) -> None:
    """The tables `decided`, the fate of every passing row of these deliveries, and `replaced`, who gives way."""
    contract = work.compiled.contract
    keys = _keys(contract)
    others = [quote_identifier(one.name) for one in contract.columns if one.name not in contract.duplicates.key]
    content = f"ROW({', '.join(others)})" if others else "ROW(1)"
    mark = quote_identifier(contract.as_of) if contract.as_of is not None else "NULL::BIGINT"
    place = "DESC" if contract.duplicates.wins == "last" else "ASC"
    order = f"mark DESC NULLS LAST, rank DESC, {LINE} {place}, {AT} {place} NULLS LAST"
    numbers = ", ".join(map(str, there))
    work.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE weighed AS
        SELECT {keys}, content, mark, rank, said_again, {DELIVERY}, {AT}, _file, _row,
               row_number() OVER (PARTITION BY {keys} ORDER BY {order}) AS place
        FROM (
            SELECT {keys}, {content} AS content, {mark} AS mark, {DELIVERY}, {LINE}, {AT},
                   NULL::VARCHAR AS _file, NULL::BIGINT AS _row
            FROM passing WHERE {DELIVERY} IN ({numbers})
            UNION ALL
            SELECT {keys}, {content}, {mark}, {DELIVERY}, {LINE}, NULL, _file, _row FROM rivals)
        LEFT JOIN ranks USING ({DELIVERY})"""
    )
    standing = f"""
        SELECT {keys}, first(content) AS content, bool_and(content IS NOT DISTINCT FROM one) AS alike,
               max(mark) AS mark
        FROM (SELECT *, first_value(content) OVER (PARTITION BY {keys}) AS one FROM weighed WHERE _file IS NOT NULL)
        GROUP BY {keys}"""
    work.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE decided AS
        SELECT w.{AT}, w.{DELIVERY}, CASE
            WHEN w.place > 1 OR (s.alike AND s.content IS NOT DISTINCT FROM w.content) THEN {_DUPLICATE}
            WHEN s.alike IS NOT NULL AND w.said_again AND NOT coalesce(w.mark > s.mark, false) THEN {_UNDECIDED}
            ELSE {_IN} END AS fate
        FROM weighed AS w LEFT JOIN ({standing}) AS s USING ({keys}) WHERE w._file IS NULL"""
    )
    work.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE replaced AS
        SELECT r._file, r._row, r.{DELIVERY} AS whose, w.{DELIVERY} AS by_whom
        FROM weighed AS r JOIN weighed AS w USING ({keys}) JOIN decided AS d ON d.{AT} = w.{AT}
        WHERE r._file IS NOT NULL AND d.fate = {_IN}"""
    )


def _entering(number: int) -> str:
    return f"SELECT {AT} FROM decided WHERE {DELIVERY} = {number} AND fate = {_IN}"


def _move(work: Work, found: Weighed, row: Row, files: Sequence[Written]) -> None:
    number = row["number"]
    gone = f"SELECT {AT} FROM decided WHERE {DELIVERY} = {number} AND fate <> {_UNDECIDED}"
    leaving = work.connection.execute(gone).fetchnumpy()[AT]
    if not len(leaving):
        return
    query = f"SELECT count(*) FROM replaced WHERE by_whom = {number}"
    replaced = int(work.connection.execute(query).fetchall()[0][0])
    published = sum(file.rows for file in files)
    broken = work.broken(gone)
    found.moving.append(Moving(number, row["id"], published, len(leaving) - published, broken, replaced))
    found.leaving.append(np.asarray(leaving, dtype=np.int64))
    found.files += files


def _give_way(work: Work, found: Weighed) -> None:
    """The files of the table that hold replaced rows, and new ones without them."""
    counted = work.connection.execute("SELECT whose, count(*) FROM replaced GROUP BY ALL ORDER BY ALL").fetchall()
    if not counted or work.published is None:
        return
    places = work.scratch / f"{work.name}-replaced.parquet"
    work.connection.sql("SELECT _file, _row FROM replaced").write_parquet(str(places))
    session = work.session
    staged = Staged(
        work.compiled.contract, (), work.name, work.scratch, session.duck, session.settings, statistics=work.plain
    )
    replaced = Replaced(places, dict(counted))
    found.taken, left = upsert.remainder(session.ground.store, work.published, staged, replaced)
    found.replaced = dict(replaced.of)
    found.files += left
