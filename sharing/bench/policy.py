"""`hub bench policy`: what one decision costs at the door where many grants are stored.

Three figures, in milliseconds, each of tokens drawn from all of them:

- `access`: the question that is asked at each request and while bytes flow, answered by the rules with reasons;
- `gate`: the same as a request meets it, token and grant looked up among all that are stored;
- `reading`: the rules of `hub query`, for one item and for all items of a resource (`catalogs.bench`).
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from catalogs import bench as reading
from catalogs.own_city import own_city
from infra import crypto
from infra.console import Step
from infra.database import write
from infra.ground import Ground, open_ground
from sharing.access.access import access_by_token, still_open
from sharing.access.gate import Gate
from sharing.case import policy
from sharing.tables import applicant, case, extract, grant, token

_START = datetime(2026, 1, 1, tzinfo=UTC)
_DATASET = "zhongyuan.health.visits"


def run(
    *,
    grants: int = 10_000,
    decisions: int = 5_000,
    rounds: int = 5,
    folder: Path | None = None,
    say: Step = lambda _what, _number, _of: None,
) -> dict[str, Any]:
    """Times decisions with `grants` grants stored, each of another firm; `say` is told what is measured next.

    Returns:
        `grants`, and `p50_ms` and `p99_ms` (medians of the rounds' figures) for `access`, `gate` and, under `reading`,
        `item` and `resource`.
    """
    with (
        tempfile.TemporaryDirectory(prefix=".hub-bench-", dir=folder) as home,
        open_ground({"HUB_HOME": home, "HUB_DEMO": "1"}, create=True) as ground,
    ):
        ground.prepare()
        say("data", 1, 1)
        _store(ground, grants)
        found = {"access": list[tuple[float, float]](), "gate": list[tuple[float, float]]()}
        for number in range(rounds):
            drawn = random.Random(number).choices(range(grants), k=decisions)  # noqa: S311 - a sample
            say("access", number + 1, rounds)
            found["access"].append(_percentiles(_questions(ground, drawn)))
            say("gate", number + 1, rounds)
            found["gate"].append(_percentiles(_requests(ground, drawn)))
        say("reading", 1, 1)
        asked = reading.run(readers=grants, decisions=decisions, rounds=rounds)
    return {
        "grants": grants,
        "decisions": decisions * rounds,
        **{name: _medians(each) for name, each in found.items()},
        "reading": asked,
    }


def _medians(rounds: list[tuple[float, float]]) -> dict[str, float]:
    return {
        "p50_ms": round(statistics.median(each[0] for each in rounds), 4),
        "p99_ms": round(statistics.median(each[1] for each in rounds), 4),
    }


def _percentiles(acts: list[Callable[[], object]]) -> tuple[float, float]:
    taken = []
    for act in acts:
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken), sorted(taken)[min(len(taken) - 1, int(len(taken) * 0.99))]


def _questions(ground: Ground, drawn: list[int]) -> list[Callable[[], object]]:
    """The rules alone, on grants as they are stored."""
    rules, now = policy.rules(own_city(ground)), _START + timedelta(days=1)
    acts: list[Callable[[], object]] = []
    for number in drawn:
        access = access_by_token(ground.engine, _hash(number))
        assert access is not None  # noqa: S101 - it was stored above
        state = still_open(ground.engine, access)

        def ask(grant: str = access.grant, firm: str = access.applicant, state: Any = state) -> object:
            return policy.may_access(rules, grant, firm, state, now)

        acts.append(ask)
    return acts


def _requests(ground: Ground, drawn: list[int]) -> list[Callable[[], object]]:
    """A request's bearer token, from the text of its header to the open gate."""
    gate = Gate(ground)
    return [partial(gate.admit, f"Bearer {_secret(number)}") for number in drawn]


def _secret(number: int) -> str:
    return f"bench-{number:09}"


def _hash(number: int) -> str:
    return crypto.sha256_hex(_secret(number).encode())


def _store(ground: Ground, grants: int) -> None:
    """One firm, case, grant, issued extract and token for each number; nothing of them stands in the ledger."""
    ends = _START + timedelta(days=36_500)
    firm = {"kind": "firm", "contact": "", "overseas": False, "security": {}, "standing": {}, "commitments": []}
    asked = {
        "channel": "conditional_open",
        "dataset": _DATASET,
        "state": "issued",
        "request": {},
        "applied_by": "bench",
    }
    rows: dict[sa.Table, list[dict[str, Any]]] = {table: [] for table in (applicant, case, grant, extract, token)}
    for number in range(grants):
        a, c, g, x = (f"{kind}-bench-{number}" for kind in ("a", "case", "g", "x"))
        who = {"id": a, "uscc": f"B{number:017}", "name": a, "registered_at": _START, "registered_by": "bench"}
        rows[applicant].append({**firm, **who})
        rows[case].append({**asked, "id": c, "applicant": a, "applied_at": _START, "changed_at": _START})
        names = {"share": g, "schema": "bench", "table": "visits", "purpose": "", "dataset": _DATASET}
        rows[grant].append({**names, "id": g, "case": c, "applicant": a, "starts_at": _START, "ends_at": ends})
        made = {"state": "issued", "table_key": f"extracts/{x}", "source_version": 1, "version": 1, "rows": 1}
        rows[extract].append({**made, "id": x, "case": c, "grant": g, "begun_at": _START, "issued_at": _START})
        life = {"created_at": _START, "expires_at": ends}
        rows[token].append({**life, "id": f"t-bench-{number}", "hash": _hash(number), "grant": g})
    with write(ground.engine) as connection:
        for table, filled in rows.items():
            connection.execute(table.insert(), filled)
