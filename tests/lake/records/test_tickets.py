"""Quality tickets: one a cause, as sure as the state of the deliveries that they speak of."""

import json
from pathlib import Path

import lake_city as city
import pytest
import sqlalchemy as sa
from front_door import run_hub
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogs.enter import register_city
from catalogs.people.people import person
from contracts.register import register_contracts
from infra.database import write
from infra.errors import Refused, WrongUse
from infra.ground import Ground, open_ground, sample_city
from infra.ledger import Act, NewEntry
from lake import tables
from lake.arrival.doors import visible
from lake.ingest import Session, ingest, process
from lake.landing.landing import land
from lake.records import tickets
from lake.records.tickets import BLOCKED, QUARANTINED, REFUSED, WARNED


@pytest.fixture
def stocked(city_ground: Ground) -> Ground:
    return city.stock(city_ground)


def take(ground: Ground, path: Path, session: Session | None = None) -> str:
    return ingest(ground, city.FLOW, path, actor="test", session=session).state


def open_(ground: Ground) -> dict[str, tuple[str, int, int]]:
    return {one.cause: (one.kind, one.deliveries, one.records) for one in tickets.listing(ground)}


def test_a_ticket_opens_grows_and_closes_with_what_was_delivered(stocked: Ground, tmp_path: Path) -> None:
    with Session(stocked) as session:
        flawed = [[city.line(n + k) for k in range(20)] + [city.line(n, flow="x", detector="Q")] for n in (0, 100)]
        for n, lines in enumerate(flawed):
            assert take(stocked, city.flow_file(tmp_path / f"{n}.csv", lines), session) == "finished"
        assert open_(stocked) == {"flow.type": (QUARANTINED, 2, 2)}
        (tmp_path / "wrong.csv").write_text("甲,乙\n1,2\n")
        assert take(stocked, tmp_path / "wrong.csv", session) == "refused"
        assert {kind for kind, _, _ in open_(stocked).values()} == {QUARANTINED, REFUSED}
        good = city.flow_file(tmp_path / "good.csv", [city.line(200 + k) for k in range(20)])
        assert take(stocked, good, session) == "finished"
        # The rule is kept again; the file that could not be read is still missing, whatever else came.
        assert [kind for kind, _, _ in open_(stocked).values()] == [REFUSED]
        mended = city.flow_file(tmp_path / "wrong.csv", [city.line(300 + k) for k in range(20)])
        assert take(stocked, mended, session) == "finished"
    assert open_(stocked) == {}
    over = tickets.listing(stocked, closed=True)
    assert len(over) == 2
    assert {one.closed_by for one in over} == {
        one.closed_by for one in over if one.closed_by and one.closed_by[:2] == "d-"
    }


def test_a_ticket_of_refused_files_closes_with_the_last_of_them(stocked: Ground, tmp_path: Path) -> None:
    def flawed(name: str, text: str = "甲,乙\n1,2\n") -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    def mended(name: str, at: int) -> Path:
        return city.flow_file(tmp_path / name, [city.line(at + k) for k in range(20)])

    with Session(stocked) as session:
        assert [take(stocked, flawed(name, f"甲,{name}\n1,2\n"), session) for name in "ab"] == ["refused"] * 2
        [cause] = open_(stocked)
        assert take(stocked, mended("a", 0), session) == "finished"
        assert open_(stocked) == {cause: (REFUSED, 2, 0)}
        assert take(stocked, mended("b", 100), session) == "finished"
        assert open_(stocked) == {}
        # What is sent under the name of a file that was taken before is refused all the same.
        assert take(stocked, flawed("a", "丙,丁\n1,2\n"), session) == "refused"
        assert take(stocked, mended("c", 200), session) == "finished"
        assert open_(stocked) == {cause: (REFUSED, 1, 0)}
        # The content is there already, under this name now.
        (tmp_path / "a").write_bytes((tmp_path / "c").read_bytes())
        assert take(stocked, tmp_path / "a", session) == "repeated"
    assert open_(stocked) == {}


def test_a_later_snapshot_takes_the_place_of_a_refused_one_and_an_earlier_does_not(
    stocked: Ground, tmp_path: Path
) -> None:
    def landed(path: Path) -> str:
        arrived = stocked.now()
        return land(stocked, city.HOSPITALS, path, channel="folder", arrived_at=arrived, actor="test").id

    def snapshot(name: str, at: int) -> str:
        return landed(city.hospital_file(tmp_path / name, [city.hospital(at + k) for k in range(20)]))

    early = snapshot("a.csv", 0)
    (tmp_path / "b.csv").write_text("甲,乙\n1,2\n")
    wrong = landed(tmp_path / "b.csv")
    with Session(stocked) as session:
        assert process(stocked, wrong, session=session).state == "refused"
        assert process(stocked, early, session=session).state == "finished"
        assert [kind for kind, _, _ in open_(stocked).values()] == [REFUSED]
        assert process(stocked, snapshot("c.csv", 5), session=session).state == "finished"
    assert open_(stocked) == {}


def test_what_blocks_a_delivery_is_a_ticket_in_the_words_of_the_contract(stocked: Ground, tmp_path: Path) -> None:
    bad = [city.line(n, flow="x") for n in range(20)]
    assert take(stocked, city.flow_file(tmp_path / "bad.csv", bad)) == "blocked"
    found = tickets.listing(stocked)
    assert {one.kind for one in found} == {BLOCKED}
    assert all(one.said.zh and one.said.en and one.said.en != one.cause for one in found), found
    assert "x" not in {word for one in found for word in (one.said.zh, one.said.en)}


def test_what_is_published_with_a_warning_is_not_said_to_be_in_quarantine(stocked: Ground, tmp_path: Path) -> None:
    lines = [city.line(n) for n in range(20)] + [city.line(40, flow="0")]
    assert take(stocked, city.flow_file(tmp_path / "odd.csv", lines)) == "finished"
    assert open_(stocked) == {"speed_of_flow": (WARNED, 1, 1)}


def test_the_same_delivery_processed_again_adds_nothing(stocked: Ground, tmp_path: Path) -> None:
    path = city.flow_file(
        tmp_path / "a.csv", [city.line(k) for k in range(20)] + [city.line(0, flow="x", detector="Q")]
    )
    assert take(stocked, path) == "finished"
    before = open_(stocked)
    assert take(stocked, path) == "repeated"
    assert open_(stocked) == before == {"flow.type": (QUARANTINED, 1, 1)}


def pseudonym(ground: Ground, who: str) -> str:
    """How the ledger knows a person: as it does in any act of theirs."""
    ground.ledger.append([NewEntry(Act.KEY_ISSUED, who, f"key/of-{who}")])
    return str(json.loads(ground.ledger.entries(count=1)[0].body)["actor"])


def said_by(ground: Ground, act: Act) -> list[tuple[str, dict[str, object]]]:
    """Whose word it was, as the ledger knows them, and the content of every such act, oldest first."""
    found = []
    for entry in reversed(ground.ledger.entries(count=1000)):
        body = json.loads(entry.body)
        if body["act"] == act:
            found.append((body["actor"], json.loads(entry.content or b"{}")))
    return found


def test_what_nobody_registered_opens_one_of_its_unit_and_a_person_closes_it(stocked: Ground, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a\n1\n")
    land(stocked, "jinshui.traffic.nobody", path, channel="folder", arrived_at=stocked.now(), actor="t")
    [one] = tickets.listing(stocked)
    assert (one.kind, one.cause, one.unit) == (REFUSED, "ARRIVAL_UNKNOWN_RESOURCE", "unknown")
    with pytest.raises(Refused, match="TICKET_DENIED") as denied:
        tickets.close(stocked, one.number, person(stocked.engine, "officer_erqi"))
    assert [reason.en for reason in denied.value.reasons]
    assert (tickets.listing(stocked), said_by(stocked, Act.TICKET_CLOSED)) == ([one], [])
    engineer = person(stocked.engine, "engineer_li")
    assert one.unit in visible(stocked, engineer, None)
    tickets.close(stocked, one.number, engineer)
    assert tickets.listing(stocked) == []
    [(actor, content)] = said_by(stocked, Act.TICKET_CLOSED)
    assert content == {"subject": "unknown", "cause": one.cause, "deliveries": 1, "records": 0}
    assert actor == pseudonym(stocked, "engineer_li")
    with pytest.raises(WrongUse, match="TICKET_UNKNOWN"):
        tickets.close(stocked, one.number, engineer)


def test_what_was_refused_before_its_resource_was_registered_and_taken_since_is_said_to_be(
    city_ground: Ground, tmp_path: Path
) -> None:
    path = city.flow_file(tmp_path / "early.csv", [city.line(n) for n in range(20)])
    assert take(city_ground, path) == "refused"
    city.stock(city_ground)
    assert take(city_ground, path) == "finished"
    [one] = tickets.listing(city_ground)
    assert (one.cause, "taken since" in one.said.en) == ("ARRIVAL_UNKNOWN_RESOURCE", True)


RULES = ("a", "b", "c")
STATES, NAMES = st.sampled_from(["finished", "blocked", "refused"]), st.sampled_from("xy")
STEPS = st.lists(st.tuples(STATES, st.sets(st.sampled_from(RULES)), NAMES), max_size=8)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_open_are_rules_since_they_were_last_kept_and_files_since_they_were_last_taken(
    stocked: Ground, steps: list[tuple[str, set[str], str]]
) -> None:
    broken, missing, refusals = dict[str, int](), set[str](), 0
    with write(stocked.engine) as connection:
        for table in (tables.ticket, tables.delivery):
            connection.execute(table.delete())
        for number, (state, rules, name) in enumerate(steps):
            row = {"id": f"d-{number}", "number": number, "dataset": city.FLOW, "unit": "jinshui", "state": state}
            row |= {"file_name": name, "code": "READ_HEADER", "audit": {"broken": dict.fromkeys(rules, 1)}}
            row |= {"sha256": "", "size": 1, "channel": "command", "arrived_at": stocked.now(), "ordinal": 0}
            connection.execute(tables.delivery.insert().values(**row))
            tickets.note(connection, row, state, stocked.now())
            if state == "refused":
                missing, refusals = missing | {name}, refusals + 1
                continue
            if state == "finished":
                broken = {rule: count for rule, count in broken.items() if rule in rules}
                missing -= {name}
                refusals = refusals if missing else 0
            broken |= {rule: broken.get(rule, 0) + 1 for rule in rules}
        open_now = sa.select(tables.ticket.c.cause, tables.ticket.c.deliveries)
        found = connection.execute(open_now.where(tables.ticket.c.closed_at.is_(None)))
        assert {row.cause: row.deliveries for row in found} == broken | ({"READ_HEADER": refusals} if missing else {})


def test_refused_deliveries_are_taken_again_by_the_command(tmp_path: Path) -> None:
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        register_city(ground, sample_city(), "t")
        register_contracts(ground, sample_city() / "contracts", "t")
        path = city.flow_file(tmp_path / "a.csv", [city.line(k) for k in range(20)])
        small = {**environ, "HUB_READ_MAX_COLUMNS": "3"}
        with open_ground(small) as tight:
            state = take(tight, path)
        code = tickets.listing(ground)[0].cause if state == "refused" else None
    assert state == "refused"
    listed = run_hub(environ, "ticket", "list")
    assert listed.status == 0, listed.said
    assert code in listed.out
    assert run_hub(environ, "ticket", "again").status == 2
    dry = run_hub(environ, "ticket", "again", "--cause", str(code), "--dry-run", "--json")
    assert len(dry.document["deliveries"]) == 1
    none = run_hub(environ, "ticket", "again", "--day", "2020-01-01", "--json")
    assert none.document["deliveries"] == []
    said = run_hub({**environ, "HUB_LANG": "en"}, "ticket", "again", "--day", "2020-01-01")
    assert (said.status, said.out.split(";")[0]) == (0, "no refused delivery to take again")
    theirs = run_hub(environ, "ticket", "again", "--cause", str(code), "--as", "officer_erqi", "--json")
    assert theirs.document["deliveries"] == []
    for asked in (("again", "q-1"), ("again", "--dataset", city.FLOW), ("again", "q-1", "--dry-run")):
        other = run_hub(environ, "ticket", *asked, "--as", "officer_erqi", "--json")
        assert (other.status, other.document["error"]["code"]) == (1, "DELIVERY_DENIED")
    for asked, denial in ((("close", "q-1"), "TICKET_DENIED"), (("tell",), "RECORDS_DENIED")):
        other = run_hub(environ, "ticket", *asked, "--as", "officer_erqi", "--json")
        assert (other.status, other.document["error"]["code"]) == (1, denial)
        assert other.document["error"]["reasons"]
    with open_ground(environ) as ground:
        assert said_by(ground, Act.DELIVERY_REOPENED) == []
    done = run_hub(environ, "ticket", "again", "q-1", "--as", "officer_jinshui", "--json")
    assert (done.status, done.document["deliveries"][0]["published"]) == (0, 20), done.said
    with open_ground(environ) as ground:
        [(actor, content)] = said_by(ground, Act.DELIVERY_REOPENED)
        ids = [one["delivery"] for one in done.document["deliveries"]]
        assert content == {"dataset": city.FLOW, "cause": code, "count": 1, "ids": ids}
        assert actor == pseudonym(ground, "officer_jinshui")
    assert "no quality ticket is open" in run_hub(environ, "ticket", "list").out
