"""Who is told of quality tickets: by a real mail server and a real web server, once, and again when it failed."""

import base64
import contextlib
import email
import json
import shutil
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import lake_city as city
import pytest
from aiosmtpd.controller import Controller
from servers import free_port

from catalogs.folder.notices import FILE, read_notices
from infra import crypto
from infra.ground import Ground, open_ground, sample_city
from infra.language import Text
from lake.ingest import ingest
from lake.records.tickets import Ticket
from lake.tickets import notice_post, notices
from lake.tickets.notices import changed, tell

KEY = "a-key-of-the-desk"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Mailbox:
    def __init__(self) -> None:
        self.letters: list[Message] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.letters.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 taken"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield box, controller.port
    controller.stop()


class Desk(ThreadingHTTPServer):
    status = 204
    taken: list[tuple[dict[str, str], bytes]]


@pytest.fixture
def desk() -> Iterator[Desk]:
    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.taken.append((dict(self.headers.items()), body))
            self.send_response(server.status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = Desk(("127.0.0.1", 0), Answer)
    server.taken = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def troubled(mailbox: tuple[Mailbox, int], desk: Desk, tmp_path: Path) -> Iterator[Ground]:
    """A city with recipients, and a delivery of which a record failed."""
    own = Path(shutil.copytree(sample_city(), tmp_path / "city"))
    (own / FILE).write_text(
        "notices:\n"
        "  - {name: officer, unit: jinshui, mail: [officer@jinshui.example], language: zh}\n"
        "  - {name: erqi, unit: erqi, mail: [officer@erqi.example]}\n"
        "  - {name: desk, webhook: DESK, language: en}\n",
        "utf-8",
    )
    environ = {
        "HUB_HOME": str(tmp_path / "home"),
        "HUB_CITY_DIR": str(own),
        "HUB_DEMO": "1",
        "HUB_MAIL_HOST": "127.0.0.1",
        "HUB_MAIL_PORT": str(mailbox[1]),
        "HUB_MAIL_TLS": "none",
        "HUB_NOTICE_DESK_URL": f"http://127.0.0.1:{desk.server_port}/hooks/secret-path",
        "HUB_NOTICE_DESK_KEY": KEY,
    }
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        city.stock(ground)
        lines = [city.line(k) for k in range(20)] + [city.line(0, flow="CANARY-7", detector="Q")]
        ingest(ground, city.FLOW, city.flow_file(tmp_path / "a.csv", lines), actor="test")
        yield ground


def test_each_is_told_once_of_what_is_theirs(troubled: Ground, mailbox: tuple[Mailbox, int], desk: Desk) -> None:
    dry, _ = tell(troubled, "t", dry=True)
    assert (dry, mailbox[0].letters, desk.taken) == ([], [], [])
    told, _ = tell(troubled, "t")
    assert [(one.recipient, one.tickets, one.error) for one in told] == [("officer", 1, None), ("desk", 1, None)]
    [letter] = mailbox[0].letters
    assert letter["To"] == "officer@jinshui.example"
    assert letter["Auto-Submitted"] == "auto-generated"
    text = letter.get_content()  # type: ignore[attr-defined]
    assert "q-1" in text
    assert city.FLOW in text
    assert "CANARY" not in text + str(desk.taken)
    assert tell(troubled, "t") == ([], [])
    assert (len(mailbox[0].letters), len(desk.taken)) == (1, 1)


def test_a_webhook_is_signed_over_id_time_and_body(troubled: Ground, desk: Desk) -> None:
    tell(troubled, "t")
    [(headers, body)] = desk.taken
    signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + body
    assert headers["Webhook-Signature"] == f"v1,{base64.b64encode(crypto.mac(KEY.encode(), signed)).decode()}"
    document = json.loads(body)
    assert document["id"] == headers["Webhook-Id"] == headers["Idempotency-Key"]
    assert [one["cause"] for one in document["tickets"]] == ["flow.type"]


@pytest.mark.parametrize("status", [302, 500])
def test_who_could_not_be_told_is_told_by_the_next_call_under_the_same_id(
    troubled: Ground, mailbox: tuple[Mailbox, int], desk: Desk, status: int
) -> None:
    desk.status = status
    told, _ = tell(troubled, "t")
    failed = {one.recipient: one.error for one in told}["desk"]
    assert failed is not None
    assert failed.code == "NOTICE_WEBHOOK"
    assert "secret-path" not in failed.sentence("en") + failed.sentence("zh")
    assert len(mailbox[0].letters) == 1, "one who cannot be told keeps no other from being told"
    desk.status = 200
    told, _ = tell(troubled, "t")
    assert [(one.recipient, one.error) for one in told] == [("desk", None)]
    assert len({headers["Webhook-Id"] for headers, _ in desk.taken}) == 1


class Killed(BaseException):
    """Nothing that anybody catches."""


def test_killed_after_it_was_sent_the_same_is_sent_under_the_same_id_whatever_happened_meanwhile(
    troubled: Ground, mailbox: tuple[Mailbox, int], desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(notices, "_remember", die)
        with pytest.raises(Killed):
            tell(troubled, "t")
    troubled.environ = {**troubled.environ, "HUB_MAIL_PORT": "9"}  # who cannot be told keeps theirs for the next call
    (tmp_path / "b.csv").write_text("甲,乙\n1,2\n", "utf-8")
    assert ingest(troubled, city.FLOW, tmp_path / "b.csv", actor="test").state == "refused"
    desk.status = 500
    tell(troubled, "t")
    troubled.environ = {**troubled.environ, "HUB_MAIL_PORT": str(mailbox[1])}
    desk.status = 204
    told, _ = tell(troubled, "t")
    assert [(one.recipient, one.tickets) for one in told] == [("officer", 1), ("officer", 1), ("desk", 2)]
    assert tell(troubled, "t") == ([], [])
    letters = [(letter["Message-ID"], letter.as_string()) for letter in mailbox[0].letters]
    assert (len(letters), len(dict(letters)), len(set(letters))) == (3, 2, 2), "one id says one thing"
    posts = [(headers["Webhook-Id"], body) for headers, body in desk.taken]
    assert (len(posts), len(set(posts))) == (2, 1)
    acts = [json.loads(one.body) for one in troubled.ledger.entries(count=1000)]
    told_of = {one["subject"] for one in acts if one["act"] == "lake:notice:sent"}
    assert {f"<{one}@cityhub>" for one in told_of} == set(dict(letters)) | {f"<{posts[0][0]}@cityhub>"}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("HUB_NOTICE_DESK_URL", "http://elsewhere.example/hook", "NOTICE_TLS"),
        ("HUB_NOTICE_DESK_URL", "http://127.0.0.1:1/a secret", "NOTICE_WEBHOOK"),
        ("HUB_NOTICE_DESK_URL", "http://127.0.0.1:4a/", "NOTICE_WEBHOOK"),
        ("HUB_NOTICE_DESK_KEY", "", "SETTING_MISSING"),
        ("HUB_MAIL_HOST", "mail.example", "NOTICE_TLS"),
        ("HUB_MAIL_HOST", "", "SETTING_MISSING"),
        ("HUB_MAIL_PORT", "9", "NOTICE_MAIL"),
        ("HUB_MAIL_TLS", "starttls", "NOTICE_MAIL"),  # a server that does not speak it gets nothing
    ],
)
def test_what_is_unsafe_or_unset_is_said_and_not_sent(troubled: Ground, name: str, value: str, code: str) -> None:
    troubled.environ = {**troubled.environ, name: value}
    told, _ = tell(troubled, "t")
    assert [one.error.code for one in told if one.error] == [code]


def test_a_desk_that_answers_a_byte_now_and_then_is_waited_for_no_longer_than_the_limit(
    troubled: Ground, mailbox: tuple[Mailbox, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as desk:

        def drip() -> None:
            connection, _ = desk.accept()
            with connection, contextlib.suppress(OSError):
                while not over.wait(0.05):
                    connection.sendall(b"H")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        monkeypatch.setattr(notice_post, "_LONGEST", 1.0)
        address = f"http://127.0.0.1:{desk.getsockname()[1]}/"
        troubled.environ = {**troubled.environ, "HUB_NOTICE_DESK_URL": address}
        told, _ = tell(troubled, "t")
        assert {one.recipient: one.error and one.error.code for one in told} == {
            "officer": None,
            "desk": "NOTICE_WEBHOOK",
        }
        assert len(mailbox[0].letters) == 1
        over.set()
        thread.join()


def ticket(number: int, *, deliveries: int = 1, closed: bool = False) -> Ticket:
    over = (NOW, "d-9") if closed else (None, None)
    return Ticket(number, "a.b.c", "a", "refused", "X", deliveries, 0, "d-1", "d-2", NOW, NOW, *over, Text("甲", "a"))


def test_what_is_told_is_what_changed() -> None:
    day = timedelta(days=1)
    told = {1: (1, False, NOW), 2: (1, False, NOW), 3: (1, True, NOW), 6: (1, True, NOW)}
    known = [ticket(1, deliveries=5), ticket(2, closed=True), ticket(3, closed=True), ticket(4), ticket(5, closed=True)]
    known.append(ticket(6))  # a table that was put back opened it again

    def said(now: datetime) -> list[tuple[str, int]]:
        return [(kind, one.number) for kind, one in changed(known, told, now)]

    assert said(NOW) == [("over", 2), ("new", 4), ("new", 6)]
    assert said(NOW + day) == [("still", 1), ("over", 2), ("new", 4), ("new", 6)]


def test_a_notice_is_never_longer_than_a_person_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "_MOST", 3)
    assert len(changed([ticket(n) for n in range(9)], {}, NOW)) == 3


@pytest.mark.parametrize(
    "entry",
    [
        "{name: a, mail: [not an address]}",
        "{name: a}",
        "{name: a, mail: [a@b.example], webhook: DESK}",
        "{name: a, webhook: https://x}",
        "{mail: [a@b.example]}",
        "{name: a, mail: [a@b.example], colour: red}",
        "{name: a, mail: [a@b.example]}\n  - {name: a, mail: [b@b.example]}",
    ],
)
def test_a_faulty_file_is_told_with_its_place(tmp_path: Path, entry: str) -> None:
    (tmp_path / FILE).write_text(f"notices:\n  - {entry}\n")
    _, faults = read_notices(tmp_path)
    assert faults
    assert all(one.place.file == FILE for one in faults)
