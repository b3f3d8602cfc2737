"""Deliveries of road flow as an upsert, and what a plain dict would hold after them."""

from pathlib import Path

import lake_city as city
from hypothesis import strategies as st

from infra.ground import Ground
from lake.ingest import Session, ingest
from lake.records.record import Outcome


def take(ground: Ground, path: Path, lines: list[str], session: Session | None = None) -> Outcome:
    return ingest(ground, city.FLOW, city.flow_file(path, lines), actor="test", session=session)


def counts(one: Outcome) -> tuple[int | None, ...]:
    return one.read, one.published, one.quarantined, one.duplicates, one.replaced


def held(ground: Ground) -> dict[tuple[str, str], int]:
    rows = city.curated(ground)
    found = {(row["detector_id"], str(row["observed_at"])): row["flow"] for row in rows}
    assert len(found) == len(rows), "a key stands once"
    return found


def flows(ground: Ground) -> list[int]:
    return [flow for _, flow in sorted(held(ground).items())]


ROW = st.tuples(st.integers(0, 7), st.integers(0, 5))  # minute, flow
DELIVERY = st.lists(ROW, min_size=1, max_size=8)


def model(deliveries: list[list[tuple[int, int]]], *, late: bool) -> tuple[dict[int, int], list[tuple[int, int]]]:
    """What a plain dict holds after all of them, and of each what it published and replaced."""
    table: dict[int, int] = {}
    told = []
    for rows in deliveries:
        mine: dict[int, int] = {}
        for minute, flow in rows:
            if not late or minute not in mine or flow >= mine[minute]:
                mine[minute] = flow
        new = {
            minute: flow
            for minute, flow in mine.items()
            if minute not in table or (flow > table[minute] if late else flow != table[minute])
        }
        told.append((len(new), len(new.keys() & table.keys())))
        table |= new
    return table, told
