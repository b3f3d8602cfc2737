"""The gate's looks: what a grant opens is asked again after every wait, by the rules that are in force now."""

import contextlib
import http.client
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from share_client import ask, links_of, query
from shared_table import TABLE, a_shared_table

from catalogs.register import register_city
from infra.database import write
from infra.ground import Ground, sample_city
from infra.ledger import Act, Ledger
from sharing import tables
from sharing.access.serving import Serving, serve_in_thread

SHARES = "/delta-sharing/shares"


@pytest.fixture
def granted(ground: Ground) -> Iterator[tuple[Ground, Serving, str]]:
    token = a_shared_table(ground, files=2, rows=200)
    with serve_in_thread(ground) as serving:
        yield ground, serving, token


def acts(ground: Ground) -> list[str]:
    """What the ledger holds, oldest first."""
    return [str(json.loads(entry.body)["act"]) for entry in ground.ledger.entries(count=500)][::-1]


def revoke(ground: Ground) -> None:
    with write(ground.engine) as connection:
        connection.execute(tables.grant.update().values(revoked_at=ground.now(), revoked_by="p", revoked_why="test"))


Answer = tuple[int, dict[str, str], bytes]
DOORS: dict[str, Callable[[Serving, str, str], Answer]] = {
    "shares": lambda serving, token, _: ask(serving, SHARES, token),
    "one share": lambda serving, token, _: ask(serving, f"{SHARES}/case-1", token),
    "schemas": lambda serving, token, _: ask(serving, f"{SHARES}/case-1/schemas", token),
    "tables": lambda serving, token, _: ask(serving, f"{SHARES}/case-1/schemas/zhongyuan/tables", token),
    "all tables": lambda serving, token, _: ask(serving, f"{SHARES}/case-1/all-tables", token),
    "version": lambda serving, token, _: ask(serving, f"{TABLE}/version", token),
    "metadata": lambda serving, token, _: ask(serving, f"{TABLE}/metadata", token),
    "query": lambda serving, token, _: ask(serving, f"{TABLE}/query", token, method="POST", body={}),
    "file": lambda serving, _, link: ask(serving, link, None),
    "range of a file": lambda serving, _, link: ask(serving, link, None, Range="bytes=0-3"),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_grant_revoked_while_the_entry_waits_opens_nothing(
    granted: tuple[Ground, Serving, str], monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """The revocation is committed after the first look and before the ledger takes the entry."""
    ground, serving, token = granted
    link = links_of(query(serving, token)[1])[0]
    before = acts(ground)
    append, waited = Ledger.append, list[str]()

    def revoked_meanwhile() -> None:
        if not waited:
            waited.append(door)
            revoke(ground)

    def late(self: Ledger, entries: Any, **more: Any) -> Any:
        if not more:  # it is not part of a transaction that holds the database already
            revoked_meanwhile()
        return append(self, entries, **more)

    @contextlib.contextmanager
    def late_write(engine: sa.Engine) -> Iterator[sa.Connection]:
        revoked_meanwhile()
        with write(engine) as connection:
            yield connection

    monkeypatch.setattr(Ledger, "append", late)
    monkeypatch.setattr("sharing.access.gate.write", late_write)
    status, headers, content = DOORS[door](serving, token, link)
    assert waited == [door]
    assert (status, json.loads(content)["errorCode"]) == (403, "SHARE_REVOKED")
    assert not {"delta-table-version", "etag", "content-range"} & set(headers)
    entered = acts(ground)[len(before) :]
    assert len(entered) == 2
    assert entered[1] == Act.ACCESS_REFUSED.value


def test_nothing_leaves_when_the_entry_waited_for_a_busy_database(granted: tuple[Ground, Serving, str]) -> None:
    """The same with a real wait: a revocation and then a long writer stand before the entry of the reading."""
    ground, serving, token = granted
    link = links_of(query(serving, token)[1])[0]
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=30)
    with contextlib.closing(connection):
        with write(ground.engine) as busy:
            connection.request("GET", link)
            connection.sock.settimeout(1.0)
            with pytest.raises(TimeoutError):
                connection.sock.recv(1)
            gone = {"revoked_at": ground.now(), "revoked_by": "p", "revoked_why": "test"}
            busy.execute(tables.grant.update().values(gone))
        connection.sock.settimeout(30)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["errorCode"]) == (403, "SHARE_REVOKED")
    assert acts(ground)[-2:] == [Act.FILE_READ.value, Act.ACCESS_REFUSED.value]


STOP = '@id("city.stop") @zh("全部访问暂停") @en("all access is suspended") '
STOP += 'forbid (principal, action == Action::"access", resource);'


def rule(city: Path, text: str | None) -> None:
    """Write the city's own rules of the door, or take them away; each time at another time of modification."""
    path = city / "policies/door-own.cedar"
    if text is None:
        path.unlink()
        return
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_a_running_gate_asks_the_rules_as_they_are_now(granted: tuple[Ground, Serving, str], tmp_path: Path) -> None:
    ground, serving, token = granted
    link = links_of(query(serving, token)[1])[0]
    ground.city = city = tmp_path / "city"

    def answers() -> set[tuple[int, str]]:
        found = [ask(serving, SHARES, token), ask(serving, f"{TABLE}/metadata", token), ask(serving, link, None)]
        return {(status, "" if status == 200 else json.loads(text)["errorCode"]) for status, _, text in found}

    assert answers() == {(200, "")}
    rule(city, STOP)
    assert answers() == {(403, "SHARE_CLOSED")}
    rule(city, "this is no rule")
    assert answers() == {(403, "POLICY_INVALID")}
    assert acts(ground)[-1] == Act.ACCESS_REFUSED.value
    rule(city, "// nothing is forbidden here")
    assert answers() == {(200, "")}
    rule(city, STOP)
    assert answers() == {(403, "SHARE_CLOSED")}
    rule(city, None)
    assert answers() == {(200, "")}


def test_a_running_gate_has_no_rules_when_another_city_is_registered(
    granted: tuple[Ground, Serving, str], tmp_path: Path
) -> None:
    ground, serving, token = granted
    register_city(ground, sample_city(), "test")
    assert ask(serving, SHARES, token)[0] == 200
    ground.city = tmp_path
    status, _, content = ask(serving, SHARES, token)
    assert (status, json.loads(content)["errorCode"]) == (403, "CITY_NOT_THIS")
