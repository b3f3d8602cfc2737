"""A store that fails at whatever request, or is slow, or never answers: one sentence within a limit, and nothing lost.

The store is a real S3 behind a proxy that misbehaves. When it is well again the same call ends as if nothing had been.
"""

import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import lake_city as city
import pytest
from faulty_proxy import FaultyProxy, faulty_proxy
from servers import S3Server

from infra.errors import HubError, Unavailable
from infra.ground import Ground, open_ground
from lake.ingest import ingest

POINTS = 2  # of the requests of a delivery, for each fault
LIMIT = 1.0  # seconds that our client waits for an answer
Proxied = tuple[dict[str, str], FaultyProxy]


@pytest.fixture
def proxied(s3: S3Server, tmp_path: Path) -> Iterator[Proxied]:
    with faulty_proxy(s3.endpoint) as proxy:
        environ = replace(s3, endpoint=proxy.address).environ(f"p{uuid.uuid4().hex[:12]}")
        environ |= {"HUB_STORE_TIMEOUT_SECONDS": f"{LIMIT}", "HUB_LAKE_LEASE_SECONDS": "5"}
        yield environ | {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}, proxy


def delivery(path: Path, number: int) -> Path:
    lines = [city.line(number * 100 + at, flow="x" if at % 10 == 0 else at) for at in range(60)]
    return city.flow_file(path / f"{number}.csv", lines)


def whole(ground: Ground, deliveries: int) -> None:
    assert len(city.curated(ground)) == 54 * deliveries
    assert len(city.quarantined(ground)) == 6 * deliveries
    city.balanced(ground)
    assert ground.ledger.verify().ok


@pytest.mark.parametrize("kind", ["500", "503", "cut", "stall"])
def test_a_store_that_fails_loses_nothing(kind: str, proxied: Proxied, tmp_path: Path) -> None:
    environ, proxy = proxied
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        city.stock(ground)
        proxy.fail(None)
        ingest(ground, city.FLOW, delivery(tmp_path, 0), actor="test")
        requests = proxy.seen()
    failed = 0
    for number, begin in enumerate(sorted(random.Random(kind).sample(range(1, requests // 2), POINTS)), 1):
        proxy.fail(kind, begin=begin)
        began = time.monotonic()
        with open_ground(environ) as ground:
            try:
                ingest(ground, city.FLOW, delivery(tmp_path, number), actor="test")
            except HubError as error:
                failed += 1
                assert isinstance(error, Unavailable), (begin, error.code)
                assert error.code.startswith(("STORE_", "LAKE_TABLE_")), (begin, error.code)
            assert time.monotonic() - began < 120, "every wait has a limit"
        proxy.fail(None)
        with open_ground(environ) as ground:
            assert ingest(ground, city.FLOW, delivery(tmp_path, number), actor="test").state in ("finished", "repeated")
            whole(ground, number + 1)
    assert failed == POINTS


def test_one_failed_answer_is_asked_again(proxied: Proxied, tmp_path: Path) -> None:
    environ, proxy = proxied
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        city.stock(ground)
        for number, kind in enumerate(("500", "503")):
            proxy.fail(kind, begin=3, count=1)
            assert ingest(ground, city.FLOW, delivery(tmp_path, number), actor="test").state == "finished"
        whole(ground, 2)


def test_a_slow_store_only_takes_its_time(proxied: Proxied, tmp_path: Path) -> None:
    environ, proxy = proxied
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        city.stock(ground)
        proxy.fail("slow")
        assert ingest(ground, city.FLOW, delivery(tmp_path, 0), actor="test").state == "finished"
        whole(ground, 1)
