"""A question's limits hold whatever single call it makes, and its process never outlives who asked."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lake_city as city
import pytest

from catalogs.people.people import person
from catalogs.values.model import Person
from infra.errors import HubError, Refused
from infra.ground import Ground, open_ground
from lake.ingest import ingest
from lake.query.engine import started
from lake.query.query import Asked, Result, query

ENDLESS = "levenshtein(repeat('a', 400000{0}), repeat('b', 400000))"  # one call: minutes, and no way to interrupt it
HUGE = "length(repeat('x', 1500000000{0}))"
VALUE = "secret-13800138000"
LINUX = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A city with one delivery of road flow, which the tests only read."""
    folder = tmp_path_factory.mktemp("limits")
    environ = {"HUB_HOME": str(folder / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        city.stock(ground)
        path = city.flow_file(folder / "a.csv", [city.line(i) for i in range(50)])
        assert ingest(ground, city.FLOW, path, actor="test").published == 50
    return environ


@pytest.fixture
def small(environ: dict[str, str]) -> Iterator[Ground]:
    """The city with little memory for each question."""
    with open_ground({**environ, "HUB_QUERY_MEMORY": "100MB", "HUB_QUERY_BYTES": "1000000"}) as ground:
        yield ground


def ask(ground: Ground, sql: str, **more: float) -> Result:
    reader: Person = person(ground.engine, "local")
    return query(ground, reader, Asked(sql, **more))  # type: ignore[arg-type]


def reads(ground: Ground) -> int:
    return sum(b"lake:table:read" in entry.body for entry in ground.ledger.entries(count=10_000))


# Without columns a call is made while the query is only bound: before anything is read, so before it is entered.
@pytest.mark.parametrize(
    ("sql", "entered"),
    [
        (f"SELECT {ENDLESS.format('')}", 0),
        (f"SELECT * FROM range({ENDLESS.format('')}) LIMIT 1", 0),
        (f"SELECT {ENDLESS.format(' + _line')} FROM jinshui.traffic_road_flow", 1),
    ],
)
def test_one_call_that_nothing_interrupts_ends_at_the_deadline(small: Ground, sql: str, entered: int) -> None:
    before = reads(small)
    with pytest.raises(Refused, match="QUERY_TIMEOUT"):
        ask(small, sql, timeout=0.5)
    assert reads(small) == before + entered
    assert children(os.getpid()) == []


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT {HUGE.format('')}",
        f"SELECT {HUGE.format(' + _line')} FROM jinshui.traffic_road_flow",
        "SELECT list(repeat('x', 100000)) FROM range(20000)",
        "SELECT count(*) FROM (SELECT string_agg(repeat('x', 100000), '') s FROM range(20000)) WHERE s = 'y'",
    ],
)
def test_one_call_cannot_take_more_memory_than_a_question_may(small: Ground, sql: str) -> None:
    with pytest.raises(Refused, match="QUERY_MEMORY"):
        ask(small, sql)
    assert ask(small, "SELECT count(*) AS n FROM jinshui.traffic_road_flow").rows.to_pylist() == [{"n": 50}]


def test_an_answer_that_is_too_large_is_stopped_where_it_is_made(small: Ground) -> None:
    with pytest.raises(Refused, match="QUERY_TOO_LARGE"):
        ask(small, "SELECT repeat('x', 1000) FROM range(1000000)")
    assert ask(small, "SELECT repeat('x', 1000) FROM range(500)").rows.num_rows == 500


def test_work_that_spills_has_its_memory(small: Ground) -> None:
    sql = "SELECT count(*) AS n FROM (SELECT range % 1000000 AS k, min(hash(range)) FROM range(3000000) GROUP BY k)"
    assert ask(small, sql).rows.to_pylist() == [{"n": 1_000_000}]


@pytest.mark.parametrize("row", [0, 5, 300_000])
@pytest.mark.parametrize("raised", ["CAST({} AS INTEGER)", "error({})", "strptime({}, '%Y')", "date_part({}, now())"])
def test_an_error_tells_no_value_however_late_it_comes(environ: dict[str, str], raised: str, row: int) -> None:
    value = f"CASE WHEN range = {row} THEN '{VALUE[:6]}' || '{VALUE[6:]}' END"
    with open_ground(environ) as ground, pytest.raises(HubError) as caught:
        ask(ground, f"SELECT {raised.format(value)} FROM range(400000)")
    assert caught.value.code in ("QUERY_FAILED", "QUERY_WRONG")
    told = repr((caught.value, caught.value.sentence("zh"), caught.value.sentence("en"), caught.value.as_dict("en")))
    assert VALUE not in told
    assert caught.value.__cause__ is None


def test_every_type_crosses(environ: dict[str, str]) -> None:
    sql = (
        "SELECT uuid() AS u, '{\"a\":1}'::JSON AS j, 1::HUGEINT AS h, INTERVAL 1 DAY AS i, 'a'::ENUM('a', 'b') AS e, "
        "[1, 2] AS l, {'a': [1]} AS s, MAP {'k': 1} AS m, '101'::BIT AS b, 1.50::DECIMAL(10, 2) AS d, "
        "TIME '10:00' AS t, TIMESTAMPTZ '2026-01-01 08:00:00+08' AS z, NULL AS n, 'x'::BLOB AS x, 5::UTINYINT AS y, "
        "DATE '2026-01-01' AS f, []::INTEGER[] AS o, '' AS p, '中' AS q FROM range(3)"
    )
    with open_ground(environ) as ground:
        rows = ask(ground, sql).rows
        assert ask(ground, "SELECT 1 AS a WHERE false").rows.to_pylist() == []
        assert ask(ground, "SELECT 1 AS a, 2 AS a").columns == ("a", "a_1")
    assert rows.num_rows == 3
    first = rows.to_pylist()[0]
    assert (first["e"], first["l"], first["s"], first["m"]) == ("a", [1, 2], {"a": [1]}, [("k", 1)])
    assert str(first["d"]) == "1.50"
    assert first["z"].isoformat() == "2026-01-01T00:00:00+00:00"
    assert (first["x"], first["n"], first["o"], first["p"], first["q"]) == (b"x", None, [], "", "中")


@LINUX
def test_the_process_knows_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_API_KEY", VALUE)
    with started():
        [child] = wait_for(lambda: children(os.getpid()))  # it bears its name once it runs its own program
        told = Path(f"/proc/{child}/environ").read_bytes()
    assert VALUE.encode() not in told
    assert b"HUB_" not in told
    assert children(os.getpid()) == []


@pytest.fixture
def heeding() -> Iterator[None]:
    """Ctrl-C is heard: what a shell starts in the background ignores it, and so would the command."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@LINUX
@pytest.mark.usefixtures("heeding")
@pytest.mark.parametrize("when", ["bound", "run"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whoever_asked_takes_the_process_along(environ: dict[str, str], number: signal.Signals, when: str) -> None:
    call = ENDLESS.format("" if when == "bound" else " + _line")
    command = [sys.executable, "-m", "hub", "query", f"SELECT {call} FROM jinshui.traffic_road_flow"]
    with subprocess.Popen(
        command, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as hub:
        try:
            [child] = wait_for(lambda: [one for one in children(hub.pid) if busy(one)])
            os.kill(hub.pid, number)
            out, told = hub.communicate(timeout=30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                hub.kill()
    assert out == b""
    assert b"Traceback" not in told
    wait_for(lambda: not alive(child))


def children(parent: int) -> list[int]:
    """The processes of questions below `parent`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            ancestor = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if ancestor == parent and b"lake.query.child" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def busy(pid: int) -> bool:
    """It has worked for longer than it takes to start."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > 1.0
    return False


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_for(ready: Callable[[], Any]) -> Any:
    end = time.monotonic() + 30
    while not (found := ready()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found
