"""What `hub doctor` says of who asks, of the register's API and of the search's index."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from lake_city import stock

from catalogs.doctor import PARTS
from catalogs.find.index import rebuild
from catalogs.find.tables import DOCUMENT
from catalogs.people.people import issue_key
from catalogs.register import register_city
from catalogs.rest import serving
from infra.database import write
from infra.doctor import Finding, State, examine
from infra.ground import Ground, open_ground, sample_city
from infra.processes import free_port

ANY = "0.0.0.0"  # noqa: S104 - nothing listens there


def finding(ground: Ground, name: str, **environ: str) -> Finding:
    ground.environ.update(environ)
    return examine(ground, PARTS)[name]


def test_the_api_that_does_not_run_is_a_fact_and_one_that_runs_is_known_by_its_answer(ground: Ground) -> None:
    found = finding(ground, "rest", HUB_REST_PORT=str(free_port()))
    assert (found.state, found.detail["running"]) == (State.OK, False)
    with serving.serve_in_thread(ground) as port:
        found = finding(ground, "rest")
    assert (found.state, found.detail) == (State.OK, {"address": f"127.0.0.1:{port}", "running": True})


@pytest.mark.parametrize(
    ("environ", "said"),
    [({"HUB_REST_PORT": "70000"}, "from 1 to 65535"), ({"HUB_REST_PORT": "x"}, "HUB_REST_PORT")],
)
def test_an_address_that_cannot_be_is_a_failure_with_its_variable(
    ground: Ground, environ: dict[str, str], said: str
) -> None:
    found = finding(ground, "rest", **environ)
    assert found.state is State.FAILED
    assert said in found.text.en


def test_who_listens_beyond_the_machine_is_reminded_of_tls(tmp_path: Path) -> None:
    environ = {"HUB_REST_PORT": str(free_port())}
    beyond = finding(open_ground({**environ, "HUB_REST_HOST": ANY}, tmp_path), "rest")
    assert (beyond.state, "TLS" in beyond.text.en, "TLS" in beyond.text.zh) == (State.OK, True, True)
    assert "TLS" not in finding(open_ground({**environ, "HUB_REST_HOST": "::1"}, tmp_path), "rest").text.en


def test_an_index_that_lacks_an_entry_is_a_failure_until_it_is_made_again(city_ground: Ground) -> None:
    assert finding(city_ground, "search").state is State.OK, "nothing is registered yet"
    stock(city_ground)
    assert finding(city_ground, "search").state is State.OK
    with write(city_ground.engine) as connection:
        gone = connection.execute(sa.select(DOCUMENT.c.resource).limit(1)).scalar_one()
        connection.execute(sa.delete(DOCUMENT).where(DOCUMENT.c.resource == gone))
    found = finding(city_ground, "search")
    assert (found.state, found.detail["missing"]) == (State.FAILED, 1)
    assert "hub catalog reindex" in found.text.en
    with write(city_ground.engine) as connection:
        rebuild(connection)
    assert finding(city_ground, "search").state is State.OK


def caller(environ: dict[str, str]) -> Finding:
    with open_ground(environ) as asked:
        return examine(asked, PARTS)["caller"]


def test_who_asks_is_told_and_no_key_is(tmp_path: Path) -> None:
    environ = {"HUB_HOME": str(tmp_path / "home")}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        register_city(ground, sample_city(), "tester")
        key = issue_key(ground, "engineer_li", "tester")
    found = caller({**environ, "HUB_API_KEY": key})
    assert (found.state, found.detail) == (State.OK, {"person": "engineer_li", "roles": ["engineer"]})
    assert key not in repr(found)
    assert caller(environ).state is State.WARNING, "everybody begins without a key"
    wrong = caller({**environ, "HUB_API_KEY": "hubk_0_nobody"})
    assert (wrong.state, wrong.detail["code"]) == (State.FAILED, "PERSON_UNKNOWN")
