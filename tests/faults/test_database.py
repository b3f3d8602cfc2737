"""A database that crashes and comes back at whatever statement: one sentence, and the same call ends the work.

The database is a real PostgreSQL that is ended as by a power cut; what it answered before must be on its disk.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import lake_city as city
import pytest
import sqlalchemy as sa
from servers import PostgresServer, postgres_server

from infra.errors import HubError, Unavailable
from infra.ground import Ground, open_ground
from lake.ingest import ingest

POINTS = 5  # of the statements of a delivery


@pytest.fixture(scope="module")
def mortal() -> Iterator[PostgresServer]:
    with postgres_server(supervised=True) as server:
        yield server


def delivery(path: Path, number: int) -> Path:
    lines = [city.line(number * 100 + at, flow="x" if at % 10 == 0 else at) for at in range(60)]
    return city.flow_file(path / f"{number}.csv", lines)


class Crash:
    """Crashes the database before its `deadly`-th statement; counts them."""

    def __init__(self, ground: Ground, server: PostgresServer, deadly: int) -> None:
        self.seen, self._deadly, self._server = 0, deadly, server
        sa.event.listen(ground.engine, "before_cursor_execute", self._before)

    def _before(self, *_: object) -> None:
        self.seen += 1
        if self.seen == self._deadly:
            self._server.crash()


def test_a_database_that_restarts_loses_nothing(mortal: PostgresServer, tmp_path: Path) -> None:
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "en", "HUB_DATABASE": mortal.url()}
    environ |= {"HUB_LAKE_LEASE_SECONDS": "2"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        city.stock(ground)
        counted = Crash(ground, mortal, 0)
        ingest(ground, city.FLOW, delivery(tmp_path, 0), actor="test")
    failed = 0
    for number, deadly in enumerate(sorted(random.Random(7).sample(range(1, counted.seen), POINTS)), 1):
        with open_ground(environ) as ground:
            Crash(ground, mortal, deadly)
            try:
                ingest(ground, city.FLOW, delivery(tmp_path, number), actor="test")
            except HubError as error:
                failed += 1
                assert isinstance(error, Unavailable), (deadly, error.code)
                assert error.code.startswith(("DATABASE_", "LEASE_")), (deadly, error.code)
        with open_ground(environ) as ground:
            assert ingest(ground, city.FLOW, delivery(tmp_path, number), actor="test").state in ("finished", "repeated")
            assert len(city.curated(ground)) == 54 * (number + 1)
            assert len(city.quarantined(ground)) == 6 * (number + 1)
            city.balanced(ground)
            assert ground.ledger.verify().ok
    assert failed, "a statement under way when the database ends cannot be answered"
