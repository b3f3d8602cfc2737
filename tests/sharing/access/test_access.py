"""What the gate asks of the database is answered from indexes, with ten thousand grants and their links stored."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from shared_table import a_shared_table
from sqlalchemy import event

from infra import crypto
from infra.database import read, write
from infra.ground import Ground
from sharing import tables
from sharing.access import access, grants
from sharing.access.gate import Gate
from sharing.bench import policy

GRANTS = 10_000
LINKS = 20_000
ONE = 77


def secret(number: int) -> str:
    return f"secret-{number}"


def store_links(ground: Ground, numbers: range, grant: Callable[[int], str], *, expired: bool = False) -> None:
    """A link for each number, of the benchmark's grant that `grant` names."""
    now = ground.now()
    ends = now + timedelta(minutes=-1 if expired else 15)
    times = {"created_at": now - timedelta(hours=1), "expires_at": ends, "size": 1}
    rows = [
        {
            "id": crypto.sha256_hex(secret(number).encode()),
            "file": f"extracts/x/{number}",
            **{
                column: f"{kind}-{grant(number)}" for column, kind in (("token", "t"), ("grant", "g"), ("extract", "x"))
            },
            **times,
        }
        for number in numbers
    ]
    with write(ground.engine) as connection:
        connection.execute(tables.link.insert(), rows)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")


def plans(ground: Ground, ask: Callable[[], object]) -> dict[str, str]:
    """How the database finds what each statement on the door's tables asks for, of those that `ask` makes it run."""
    seen: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if "sharing_" in statement and not statement.startswith("INSERT"):
            seen[statement] = parameters

    event.listen(ground.engine, "before_cursor_execute", note)
    ask()
    event.remove(ground.engine, "before_cursor_execute", note)
    explain = "EXPLAIN" if ground.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    with write(ground.engine) as connection:
        return {
            statement: "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", given))
            for statement, given in seen.items()
        }


def test_the_gate_reads_no_table_from_end_to_end(city_ground: Ground) -> None:
    ground = city_ground
    policy._store(ground, GRANTS)
    store_links(ground, range(LINKS), lambda number: f"bench-{number % GRANTS}")
    gate = Gate(ground)

    def ask() -> None:
        admitted = gate.admit(f"Bearer {policy._secret(ONE)}")
        assert admitted.grant == f"g-bench-{ONE}"
        name = crypto.sha256_hex(secret(ONE).encode())
        assert gate.admit_link(name[:32], secret(ONE)).key == f"extracts/x/{ONE}"
        assert gate.open_links(admitted, [("k", 1, 1)], "https://x.example")
        assert grants.opens(ground.engine, f"case-bench-{ONE}", policy._secret(ONE))

    found = plans(ground, ask)
    assert len(found) >= 5
    for statement, plan in found.items():
        assert plan
        assert "SCAN " not in plan, statement
        assert "Seq Scan on sharing_" not in plan, statement


def left(ground: Ground) -> int:
    with read(ground.engine) as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(tables.link)) or 0)


def test_expired_links_are_swept_a_part_at_a_time_and_faster_than_they_come(city_ground: Ground) -> None:
    ground = city_ground
    token = a_shared_table(ground, files=1, rows=10)
    gate = Gate(ground)
    admitted = gate.admit(f"Bearer {token}")
    store_links(ground, range(2500), lambda _: "1", expired=True)
    store_links(ground, range(2500, 2510), lambda _: "1")
    wanted = [(f"k{number}", 1, 1) for number in range(300)]
    counted = []
    for _ in range(3):
        gate.open_links(admitted, wanted, "https://x.example")
        counted.append(left(ground))
    assert access.SWEPT == 1000
    assert counted == [2510 - 1300 + 300, 2510 - 2500 + 600, 10 + 900], "what is alive stays"


def test_a_sweep_waits_for_nobody_who_sweeps(city_ground: Ground) -> None:
    """Two queries at once want to drop the same links: on PostgreSQL the second passes them over."""
    ground = city_ground
    token = a_shared_table(ground, files=1, rows=10)
    gate = Gate(ground)
    admitted = gate.admit(f"Bearer {token}")
    store_links(ground, range(10), lambda _: "1", expired=True)
    if ground.engine.dialect.name == "postgresql":
        with write(ground.engine) as other:
            other.execute(tables.link.delete())
            gate.open_links(admitted, [("k", 1, 1)], "https://x.example")
    else:
        gate.open_links(admitted, [("k", 1, 1)], "https://x.example")
    assert left(ground) == 1


def test_the_migrations_make_every_index_that_the_tables_declare(city_ground: Ground) -> None:
    seen = sa.inspect(city_ground.engine)
    for table in tables.metadata.sorted_tables:
        made = {str(index["name"]) for index in seen.get_indexes(table.name)}
        assert {str(index.name) for index in table.indexes} <= made, table.name
