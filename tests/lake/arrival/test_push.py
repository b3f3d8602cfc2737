"""The push door as a unit's system meets it: a real server process, whole bodies alone, each with a receipt."""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from lake_city import FLOW, acts, deliveries, line, stock

from catalogs.people.people import issue_key, revoke_keys
from infra.errors import HubError
from infra.ground import Ground, open_ground, sample_city
from infra.processes import free_port
from lake.arrival.push_body import declared
from lake.ingest import process
from lake.landing.delivery import find
from lake.landing.landing import open_landed

ROOT = Path(__file__).resolve().parents[3]
CONTENT = b"a\n1\n"


def repr_digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(sha256(content).digest()).decode()}:"


@dataclass
class Served:
    """A city whose push door is open, and the key of a unit's officer."""

    ground: Ground
    city: Path
    port: int
    key: str

    def send(self, content: Any = CONTENT, *, to: str = f"{FLOW}/a.csv", key: str | None = None, **headers: str) -> Any:
        return self.ask("PUT", f"/arrivals/{to}", content, key, **headers)

    def ask(self, method: str, path: str, content: Any = None, key: str | None = None, **headers: str) -> Any:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given.setdefault("Authorization", f"Bearer {self.key if key is None else key}")
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60) as client:
            return client.request(method, path, content=content, headers=given)

    def raw(self, head: Mapping[str, str]) -> socket.socket:
        """A connection on which the head of a push was sent, and nothing else."""
        lines = [f"PUT /arrivals/{FLOW}/a.csv HTTP/1.1", "Host: x"]
        head = {"Authorization": f"Bearer {self.key}", **head}
        made = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        made.sendall("\r\n".join([*lines, *(f"{name}: {value}" for name, value in head.items()), "", ""]).encode())
        return made

    def nothing_landed(self) -> None:
        assert deliveries(self.ground) == []
        assert not list(self.ground.store.list("landing"))
        deadline = time.monotonic() + 20
        while list((self.ground.home / "tmp").glob("*/body")):
            assert time.monotonic() < deadline, "half a body is kept"
            time.sleep(0.05)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@contextlib.contextmanager
def serving(environ: Mapping[str, str], port: int, log: Path) -> Iterator["subprocess.Popen[str]"]:
    """`hub arrival serve` as a process of its own; ready when the block begins."""
    whole = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
        **environ,
        "HUB_PUSH_PORT": str(port),
    }
    command = [sys.executable, "-W", "ignore", "-m", "hub", "arrival", "serve", "--json"]
    with (
        log.open("w") as errors,
        subprocess.Popen(command, env=whole, text=True, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        try:
            assert process.stdout is not None
            said = "".join(process.stdout.readline() for _ in range(3))
            assert json.loads(said) == {"push": f"http://127.0.0.1:{port}/arrivals"}
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=30)
            process.kill()


@pytest.fixture
def served(city_environ: dict[str, str], tmp_path: Path) -> Iterator[Served]:
    city = tmp_path / "city"
    shutil.copytree(sample_city(), city)
    environ = {
        **city_environ,
        "HUB_CITY_DIR": str(city),
        "HUB_PUSH_STALL_SECONDS": "1",
        "HUB_PUSH_MAX_BYTES": "3000000",
        "HUB_PUSH_UPLOADS": "2",
    }
    port = free_port()
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        stock(ground)
        key = issue_key(ground, "officer_jinshui", "test")
        with serving(environ, port, tmp_path / "errors") as process:
            yield Served(ground, city, port, key)
        assert (process.returncode, (tmp_path / "errors").read_text()) == (0, "")


def test_a_push_gets_a_receipt_and_its_state_can_be_asked(served: Served, tmp_path: Path) -> None:
    content = "\n".join([*("detector_id,road_name,direction,observed_at,flow,speed,occupancy,lng,lat",), line(1), ""])
    body = content.encode()
    answer = served.send(body, Repr_Digest=repr_digest(body))
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["dataset"], told["size"], told["state"], told["door"]) == (FLOW, len(body), "landed", "push")
    assert (told["sha256"], told["digest_checked"], told["file"]) == (sha256(body).hexdigest(), True, "a.csv")
    delivery = find(served.ground, told["delivery"])
    assert open_landed(served.ground, delivery, tmp_path).read_bytes() == body
    (ref,) = served.ground.ledger.find([f"landed:{delivery.id}"]).values()
    assert told["ledger"] == {"entry": ref.number, "hash": ref.entry_hash}
    assert answer.headers["location"] == told["links"]["state"] == f"/arrivals/{delivery.id}"
    process(served.ground, delivery.id)
    state = served.ask("GET", told["links"]["state"])
    assert state.status_code == 200
    assert {name: state.json()[name] for name in ("state", "read", "published")} == {
        "state": "finished",
        "read": 1,
        "published": 1,
    }


def test_sent_again_it_is_the_same_delivery_and_a_key_is_good_for_one_content(served: Served) -> None:
    first = served.send(Idempotency_Key="2026-06-01/1")
    assert served.send(Idempotency_Key="2026-06-01/1").json()["delivery"] == first.json()["delivery"]
    again = served.send()
    assert (again.status_code, again.json()["delivery"]) == (200, first.json()["delivery"])
    assert code(served.send(b"a\n2\n", Idempotency_Key="2026-06-01/1")) == (422, "PUSH_KEY_OTHER")
    process(served.ground, first.json()["delivery"])
    assert served.send(Idempotency_Key="2026-06-01/1").json()["delivery"] == first.json()["delivery"]
    assert len(deliveries(served.ground)) == 1
    assert [act for act, _ in acts(served.ground)].count("lake:delivery:landed") == 1


def test_many_at_once_with_one_key_are_one_delivery(served: Served) -> None:
    answers: list[Any] = []

    def send() -> None:
        answers.append(served.send(Idempotency_Key="k"))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {200, 201, 429}
    assert len({answer.json()["delivery"] for answer in answers if answer.status_code < 300}) == 1
    assert len(deliveries(served.ground)) == len(list(served.ground.store.list("landing"))) == 1


def test_who_may_not_is_refused_before_the_body_and_told_nothing(served: Served) -> None:
    erqi = issue_key(served.ground, "officer_erqi", "test")
    engineer = issue_key(served.ground, "engineer_li", "test")
    for key in ("-", "forged", "hubk_0123456789abcdef_x", served.key + "x", served.key[:-1]):
        told = served.send(key=key)
        assert code(told) == (401, "PERSON_UNKNOWN")
        assert "Authorization: Bearer" in told.json()["error"]["remedy"], "no variable of the hub's own machine"
    for key in (erqi, engineer):
        assert code(served.send(key=key)) == (403, "DELIVERY_DENIED")
    nobodys, anothers = served.send(to="jinshui.traffic.none/a.csv"), served.send(to="erqi.education.schools/a.csv")
    assert code(nobodys) == code(anothers) == (403, "DELIVERY_DENIED")
    with served.raw({"Content-Length": "4", "Authorization": ""}) as nobody:
        assert b" 401 " in nobody.recv(1000)
    served.nothing_landed()
    mine = served.send().json()["links"]["state"]
    assert code(served.ask("GET", mine, key=erqi)) == (404, "LANDING_UNKNOWN")
    assert code(served.ask("GET", mine, key="forged")) == (401, "PERSON_UNKNOWN")
    revoke_keys(served.ground, "officer_jinshui", "test")
    assert code(served.send()) == (401, "KEY_EXPIRED")


def test_a_client_that_waits_to_be_let_is_answered_without_its_body(served: Served) -> None:
    allowed = served.raw({"Content-Length": "4", "Expect": "100-continue"})
    with allowed:
        assert allowed.recv(1000).startswith(b"HTTP/1.1 100 ")
        allowed.sendall(CONTENT)
        assert b" 201 " in allowed.recv(1000)
    with served.raw({"Content-Length": "3000001", "Expect": "100-continue"}) as refused:
        assert b" 413 " in refused.recv(1000)


@pytest.mark.parametrize("head", [{"Content-Length": "100"}, {"Transfer-Encoding": "chunked"}])
def test_half_a_body_never_lands(served: Served, head: dict[str, str]) -> None:
    start = b"4\r\na\n1\n\r\n" if "Transfer-Encoding" in head else CONTENT
    with served.raw(head) as cut:
        cut.sendall(start)
    with served.raw(head) as slow:
        slow.sendall(start)
        assert b" 408 " in slow.recv(1000)
    served.nothing_landed()
    for _ in range(3):
        assert served.send().status_code in (200, 201)  # no place was kept


def test_who_sends_a_byte_now_and_then_is_ended(served: Served) -> None:
    deadline, ended = time.monotonic() + 60, b""
    with served.raw({"Content-Length": "100000"}) as slow, contextlib.suppress(ConnectionError):
        slow.settimeout(0.2)
        while not ended:
            slow.sendall(b"a")
            with contextlib.suppress(TimeoutError):
                ended = slow.recv(1000) or b" 408 "
            assert time.monotonic() < deadline
    assert b" 408 " in ended or not ended
    served.nothing_landed()


def test_a_unit_has_so_many_places_and_gets_them_back(served: Served, tmp_path: Path) -> None:
    port = free_port()
    patient = {**served.ground.environ, "HUB_PUSH_STALL_SECONDS": "200"}
    with serving(patient, port, tmp_path / "others"):
        door = Served(served.ground, served.city, port, served.key)
        head = {"Content-Length": "9", "Expect": "100-continue"}
        with door.raw(head) as first, door.raw(head) as second:
            for one in (first, second):
                assert one.recv(1000).startswith(b"HTTP/1.1 100 "), "its body is waited for: it has its place"
            answer = door.send()
            assert code(answer) == (429, "PUSH_BUSY")
            assert answer.headers["retry-after"] == "5"
        deadline = time.monotonic() + 100
        while (answer := door.send()).status_code not in (200, 201):
            assert time.monotonic() < deadline
    assert (tmp_path / "others").read_text() == ""


def test_a_body_that_is_not_what_it_says_is_refused(served: Served) -> None:
    assert code(served.send(Repr_Digest=repr_digest(b"other"))) == (400, "PUSH_DIGEST")
    assert code(served.send(Content_Digest=repr_digest(b"other"))) == (400, "PUSH_DIGEST")
    assert code(served.send(Repr_Digest="md5=:AAAA:")) == (400, "PUSH_DIGEST_FORM")
    assert code(served.send(b"")) == (400, "PUSH_EMPTY")
    assert code(served.send(Content_Type="multipart/form-data; boundary=x")) == (415, "PUSH_FORM")
    assert code(served.send(Content_Encoding="gzip")) == (415, "PUSH_FORM")
    assert code(served.send(Idempotency_Key="a b")) == (400, "PUSH_KEY")
    assert code(served.send(to=f"{FLOW}/%2e%2e")) in ((400, "PUSH_NAME"), (404, "PUSH_PATH"))
    assert code(served.send(to=f"{FLOW}/a%00b")) == (400, "PUSH_NAME")
    nowhere = served.ask("GET", "/nothing")
    assert code(nowhere) == (404, "PUSH_PATH")
    assert "/arrivals/" in nowhere.json()["error"]["remedy"]
    served.nothing_landed()


def test_too_much_is_refused_by_its_head_and_while_it_comes(served: Served) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(60):
            yield b"x" * 65536

    with contextlib.suppress(httpx.TransportError):  # who goes on sending may find the connection closed
        assert code(served.send(endless())) == (413, "PUSH_TOO_LARGE")
    (served.city / "arrivals.yaml").write_text("quotas: [{unit: jinshui, bytes_a_day: 6}]\n")
    assert code(served.send(b"a\n1\n2\n3\n")) == (413, "ARRIVAL_OVER_DAY")
    served.nothing_landed()
    assert served.send().status_code == 201
    beyond = served.send(b"a\n9\n")
    assert code(beyond) == (429, "ARRIVAL_QUOTA")
    assert 0 < int(beyond.headers["retry-after"]) <= 86_401


def test_curl_sends_a_file_as_the_readme_says(served: Served, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl here")
    (tmp_path / "road.csv").write_bytes(CONTENT * 500_000)
    command = [curl, "-sS", "-T", "road.csv", "-H", f"Authorization: Bearer {served.key}"]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{served.port}/arrivals/{FLOW}/"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert (told["file"], told["size"]) == ("road.csv", 2_000_000)


def test_a_digest_is_read_among_others_or_refused() -> None:
    one = repr_digest(b"x")
    hexed = sha256(b"x").hexdigest()
    for lines in ([one], [f"sha-512=:AAAA:, {one}"], ["md5=:AA==:", one], [f"{one};p=1, unixsum=:AA==:"]):
        assert declared(lines) == hexed
    assert declared([]) is None
    for lines in ([""], [one[:-2]], ["sha-256=abc"], [one, repr_digest(b"y")], [one.upper()]):
        with pytest.raises(HubError) as caught:
            declared(lines)
        assert caught.value.code == "PUSH_DIGEST_FORM"
