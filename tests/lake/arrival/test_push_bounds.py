"""What one push may take of the unit's quota and of the disk, and addresses that are no dataset's: one door for all."""

import http.client
import json
import shutil
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lake_city import FLOW, acts, deliveries

from catalogs.folder.drafts import appended
from catalogs.people.people import issue_key, revoke_keys
from catalogs.register import register_city
from contracts.register import register_contracts
from infra.ground import Ground, open_ground, sample_city
from lake.arrival import push_body
from lake.arrival.push_serving import serve_in_thread

Usage = namedtuple("Usage", "total used free")
MIB = 1 << 20
ANOTHER = {
    "id": "jinshui_archives",
    "unit": "jinshui",
    "name": {"zh": "档案", "en": "archives"},
    "kind": "department",
}
COLLEAGUE = {"id": "colleague", "name": "同事(虚构)", "unit": "jinshui", "department": "jinshui_archives"}
COLLEAGUE |= {"roles": ["district_officer"], "clearance": "general_2", "purposes": ["catalogue"]}
MORE = {"departments": ANOTHER, "people": COLLEAGUE}


@dataclass
class Door:
    """A city whose push door is open in this process, and the key of a unit's officer."""

    ground: Ground
    port: int
    key: str

    def send(
        self, content: bytes | Iterator[bytes], *, to: str = f"{FLOW}/a.csv", method: str = "PUT", **headers: str
    ) -> tuple[int, dict[str, str], dict[str, object]]:
        """Status, head and body of the answer to a request of exactly this address."""
        head = {"Authorization": f"Bearer {self.key}"} | {name.replace("_", "-"): one for name, one in headers.items()}
        made = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            made.request(method, f"/arrivals/{to}", content, head, encode_chunked=not isinstance(content, bytes))
            answer = made.getresponse()
            told = answer.read()
            return answer.status, {name.lower(): one for name, one in answer.getheaders()}, json.loads(told)
        finally:
            made.close()

    def code(self, content: bytes | Iterator[bytes], **more: str) -> tuple[int, str, str | None]:
        """Status, code and Retry-After of a refusal; it left nothing."""
        before = len(deliveries(self.ground))
        status, head, told = self.send(content, **more)
        assert len(deliveries(self.ground)) == before == len(list(self.ground.store.list("landing")))
        assert not list((self.ground.home / "tmp").glob("hub-*/body/*"))
        error = told["error"]
        assert isinstance(error, dict)
        return status, error["code"], head.get("retry-after")

    def limit(self, text: str) -> None:
        """The unit's quota from here on."""
        (self.ground.city / "arrivals.yaml").write_text(
            f"quotas: [{{unit: jinshui, {text}}}]\n" if text else "", "utf-8"
        )


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("door")
    city = Path(shutil.copytree(sample_city(), folder / "city"))
    environ = {"HUB_HOME": str(folder / "home"), "HUB_CITY_DIR": str(city), "HUB_DEMO": "1", "HUB_LANG": "en"}
    environ |= {"HUB_PUSH_PORT": "0", "HUB_PUSH_MAX_BYTES": str(2 * MIB), "HUB_PUSH_FREE_BYTES": "1000"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        for name, one in MORE.items():
            path = city / f"{name}.yaml"
            path.write_text(appended(path.read_text("utf-8"), name, one), "utf-8")
        register_city(ground, city, "test")
        register_contracts(ground, city / "contracts", "test")
        with serve_in_thread(ground) as port:
            yield Door(ground, port, issue_key(ground, "officer_jinshui", "test"))


@pytest.fixture
def door(opened: Door) -> Iterator[Door]:
    yield opened
    opened.limit("")


def endless(size: int) -> Iterator[bytes]:
    for _ in range(size // 65536):
        yield b"x" * 65536


def used(door: Door) -> int:
    return sum(int(row["size"]) for row in deliveries(door.ground))


def test_a_body_without_a_length_ends_where_the_quota_does(door: Door) -> None:
    for name, status, code in (("bytes_a_day", 413, "ARRIVAL_OVER_DAY"), ("bytes_kept", 507, "ARRIVAL_KEPT")):
        door.limit(f"{name}: {used(door) + MIB}")
        assert door.code(endless(MIB + MIB // 2)) == (status, code, None)
    assert door.code(endless(2 * MIB))[1] == "ARRIVAL_KEPT", "the quota is less than what any body may have"
    door.limit("")
    assert door.code(endless(2 * MIB + MIB // 2)) == (413, "PUSH_TOO_LARGE", None)


def test_who_is_told_to_wait_is_helped_by_waiting(door: Door) -> None:
    assert door.send(b"a\n1\n")[0] == 201
    door.limit(f"bytes_a_day: {used(door) + 3}")
    status, code, later = door.code(b"a\n2\n")
    assert (status, code) == (429, "ARRIVAL_QUOTA")
    assert later is not None
    assert 0 < int(later) <= 86_401
    assert door.code(b"x" * (used(door) + 4)) == (413, "ARRIVAL_OVER_DAY", None), "no day is long enough for it"
    door.limit(f"bytes_a_day: {used(door) + 3}, bytes_kept: {used(door) + 3}")
    assert door.code(b"a\n2\n") == (507, "ARRIVAL_KEPT", None), "tomorrow as much is kept as today"
    door.limit("deliveries_a_day: 0")
    assert door.code(b"a\n2\n") == (413, "ARRIVAL_OVER_DAY", None)


def test_what_took_the_last_of_the_quota_is_sent_again_for_its_receipt(door: Door) -> None:
    first = door.send(b"a\n77\n", Idempotency_Key="last")[2]
    door.limit(f"bytes_kept: {used(door)}, deliveries_a_day: 1")
    status, _, again = door.send(b"a\n77\n", Idempotency_Key="last")
    assert (status, again["delivery"]) == (200, first["delivery"])
    assert door.code(b"a\n78\n", Idempotency_Key="last")[:2] == (422, "PUSH_KEY_OTHER")
    assert door.code(endless(MIB), Idempotency_Key="last")[:2] == (422, "PUSH_KEY_OTHER")
    assert door.code(b"a\n77\n\n", Idempotency_Key="other")[1] == "ARRIVAL_KEPT"


def test_a_disk_that_has_too_little_room_takes_no_body_and_ends_one(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [2999]
    monkeypatch.setattr(push_body, "disk_usage", lambda _: Usage(0, 0, free[0]))
    assert door.code(b"x" * 1000) == (507, "PUSH_ROOM", None)
    free[0] = 3000
    assert door.send(b"x" * 1000)[0] == 201
    monkeypatch.setattr(push_body, "disk_usage", lambda folder: Usage(0, 0, 2 * MIB + 5000 - size(folder)))
    assert door.code(endless(MIB + MIB // 2)) == (507, "PUSH_ROOM", None)


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def test_a_sender_is_told_nothing_of_a_city_that_is_set_up_wrongly(door: Door) -> None:
    (door.ground.city / "arrivals.yaml").write_text("quotas: [{unit: jinshui, SECRET-7: 1}]\n", "utf-8")
    assert door.code(b"a\n5\n") == (503, "PUSH_CLOSED", None), "it does not end by itself"
    assert "SECRET" not in str(door.send(b"a\n5\n"))


def test_whose_key_ends_while_the_body_comes_brings_nothing(door: Door) -> None:
    def slowly() -> Iterator[bytes]:
        yield b"a\n1001\n"
        revoke_keys(door.ground, "officer_jinshui", "test")
        yield b"1002\n"

    try:
        assert door.code(slowly())[:2] == (401, "KEY_EXPIRED")
    finally:
        door.key = issue_key(door.ground, "officer_jinshui", "test")
    assert door.code(b"", to="d-" + "0" * 24, method="GET")[:2] == (404, "LANDING_UNKNOWN")


def test_what_became_of_a_delivery_is_told_to_who_may_deliver_it(door: Door) -> None:
    mine = door.send(b"a\n909\n")[2]
    assert door.send(b"", to=str(mine["delivery"]), method="GET")[0] == 200
    key, door.key = door.key, issue_key(door.ground, "colleague", "test")
    try:
        assert door.code(b"", to=str(mine["delivery"]), method="GET")[:2] == (404, "LANDING_UNKNOWN")
    finally:
        door.key = key


UNIT = "jinshui"
NO_DATASETS = (
    "..", ".", "%2e%2e", "%2e%2e%2f%2e%2e", "..%2f..%2fpeople.yaml", "%252e%252e", "....", "..%5c..", "%2f", "%5c",
    UNIT, f"{UNIT}.", f"{UNIT}.traffic", f"{UNIT}.traffic.", f"{UNIT}..road_flow", f".{FLOW}", f"{FLOW}.",
    f"{FLOW}.more", f"{FLOW}%00", f"%00{FLOW}", f"{UNIT}%00.traffic.road_flow", f"{FLOW}%0a", f"{FLOW}%0d%0aX:%201",
    f"{FLOW}%20", f"%20{FLOW}", f"{FLOW}%2f..%2f..", f"{FLOW}%3fa=1", f"{FLOW};a", f"{FLOW}%23", FLOW.upper(),
    "Jinshui.traffic.road_flow", "%EF%BD%8Ainshui.traffic.road_flow", "jinshu%D1%96.traffic.road_flow",
    "jin%C2%ADshui.traffic.road_flow", "jinshui.traffic.road%EF%BC%BFflow", "jinshui%E3%80%82traffic%E3%80%82road_flow",
    "jinshui%E2%80%A4traffic%E2%80%A4road_flow", "jinshui.traffic.road_flo%E2%80%8Bw", "%E9%87%91%E6%B0%B4.traffic.x",
    "%ff%fe", "%C0%AE%C0%AE", "%ED%A0%80", "%", "%zz", "%u002e", "a" * 64 + ".traffic.x", f"{UNIT}.{'a' * 200}.x",
    "a." * 4000, f"{UNIT}.traffic.{'x' * 20_000}", "*", "~", "%7e", "$%7Bjndi:x%7D", "'%20or%201=1", "c:%5cx",
    "con.aux.nul",
)  # fmt: skip


def test_an_address_that_is_no_dataset_s_is_refused_in_one_shape_and_leaves_nothing(door: Door) -> None:
    before = {path.relative_to(door.ground.home) for path in door.ground.home.rglob("*")}
    for bad in NO_DATASETS:
        for to, method in ((f"{bad}/a.csv", "PUT"), (bad, "POST"), (f"{bad}/", "PUT")):
            status, code, _ = door.code(b"a\n1\n", to=to, method=method)
            assert (status, code) in (
                (403, "DELIVERY_DENIED"),
                (404, "PUSH_PATH"),
                (400, "PUSH_NAME"),
            ), (to, status, code)
        status, code, _ = door.code(b"", to=bad, method="GET")
        assert (status, code) in ((404, "LANDING_UNKNOWN"), (404, "PUSH_PATH")), bad
    assert {path.relative_to(door.ground.home) for path in door.ground.home.rglob("*")} == before


def test_a_file_s_name_is_a_name_and_no_way(door: Door) -> None:
    for bad in (
        "..", "%2e%2e", "%2e", "..%2f..%2fx", "%2fetc%2fpasswd", "a%00.csv", "%0a.csv", "a%1b[2J.csv", "a%e2%80%ae.csv",
        "x" * 201, "%E5%BA%97" * 67,
    ):  # fmt: skip
        status, code, _ = door.code(b"a\n1\n", to=f"{FLOW}/{bad}")
        assert (status, code) in ((400, "PUSH_NAME"), (404, "PUSH_PATH")), bad
    odd = door.send(b"a\n404\n", to=f"{FLOW}/..%5c%E5%BA%97%20-rf%20$(x).csv")
    assert (odd[0], odd[2]["file"]) == (201, "..\\店 -rf $(x).csv"), "what is strange and harmless is kept as it came"
    assert [act for act, _ in acts(door.ground)].count("lake:delivery:landed") == len(deliveries(door.ground))
