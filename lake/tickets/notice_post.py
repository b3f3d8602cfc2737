"""What is sent to one recipient, and its way there: by mail, or as a signed webhook.

Webhooks are signed as the Standard Webhooks specification says (HMAC-SHA-256 over id, time and body), go to https alone
(or to this machine), follow no redirect and no proxy, and their address stands in no error.
"""

import base64
import http.client
import json
import smtplib
import ssl
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any, ClassVar
from urllib.parse import urlsplit

from catalogs.folder.notices import Recipient
from infra import crypto
from infra.errors import Unavailable, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.local_time import local_time
from infra.settings import Secret, Settings, load
from lake.records import tickets
from lake.records.tickets import Ticket

NEW, STILL, OVER = "new", "still", "over"
WORDS = {NEW: Text("新", "new"), STILL: Text("仍有", "still"), OVER: Text("已解决", "over")}
_SECONDS = 10.0  # for one answer
_LONGEST = 60.0  # for all of it


class MailSettings(Settings, frozen=True):
    """The server that takes the mail."""

    section: ClassVar[str] = "mail"

    host: str = ""
    port: int = 587
    tls: str = "starttls"  # starttls | tls | none (this machine alone)
    sender: str = "cityhub@localhost"
    user: str = ""
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What is sent: its id, the same however often it is sent, and what changed."""

    id: str
    recipient: Recipient
    changes: tuple[tuple[str, Ticket], ...]
    at: datetime

    def subject(self) -> str:
        """One line."""
        counts = {kind: sum(one == kind for one, _ in self.changes) for kind in (NEW, STILL, OVER)}
        words = [f"{WORDS[kind].say(self.recipient.language)} {count}" for kind, count in counts.items() if count]
        return f"[cityhub] {Text('质量问题单', 'quality tickets').say(self.recipient.language)}: {', '.join(words)}"

    def text(self) -> str:
        """For a person, dataset by dataset."""
        lang, lines, subject = self.recipient.language, [], ""
        for kind, one in sorted(self.changes, key=lambda change: (change[1].subject, change[1].number)):
            if one.subject != subject:
                subject = one.subject
                lines += ["", subject]
            what = tickets.KINDS[one.kind].say(lang)
            many = Text(f"{one.deliveries} 个批次", f"{one.deliveries} deliveries").say(lang)
            head = (
                f"  {WORDS[kind].say(lang)}  {one.id}  {what}  {many}  {local_time(one.last_at)}  {one.last_delivery}"
            )
            lines += [head, f"      {one.cause}: {one.said.say(lang)}"]
        more = Text(
            "查看：hub ticket list；hub quarantine show <数据集>", "see: hub ticket list; hub quarantine show …"
        )
        return "\n".join([*lines[1:], "", more.say(lang), ""])

    def plain(self) -> dict[str, Any]:
        """For a program."""
        names = ("subject", "unit", "kind", "cause", "deliveries", "records", "last_delivery")
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "subject": self.subject(),
            "tickets": [
                {"change": kind, "id": one.id, **{name: getattr(one, name) for name in names}}
                | {"opened_at": one.opened_at.isoformat(), "said": {"zh": one.said.zh, "en": one.said.en}}
                for kind, one in self.changes
            ],
        }


def send(ground: Ground, notice: Notice) -> None:
    """Send it to its recipient, once.

    Raises:
        WrongUse: SETTING_MISSING, NOTICE_TLS.
        Unavailable: NOTICE_MAIL, NOTICE_WEBHOOK: it may have been taken all the same.
    """
    way, code = (_mail, "NOTICE_MAIL") if notice.recipient.mail else (_post, "NOTICE_WEBHOOK")
    failed: list[Exception] = []

    def run() -> None:
        try:
            way(ground, notice)
        except Exception as error:  # handed to the thread that waits
            failed.append(error)

    # A limit of each answer bounds no server that sends a byte now and then: who waits here waits so long and no more.
    sending = threading.Thread(target=run, daemon=True)
    sending.start()
    sending.join(_LONGEST)
    if sending.is_alive():
        raise _failed(code, notice, "TimeoutError")
    if failed:
        raise failed[0]


def _mail(ground: Ground, notice: Notice) -> None:
    settings = load(MailSettings, ground.environ)
    if not settings.host:
        raise _unset("HUB_MAIL_HOST")
    if settings.tls not in ("starttls", "tls") and not _here(settings.host):
        raise WrongUse(
            "NOTICE_TLS",
            "HUB_MAIL_TLS=none 只能用于本机邮件服务",
            "HUB_MAIL_TLS=none is for this machine's server alone",
        )
    message = EmailMessage()
    message["From"], message["To"] = settings.sender, ", ".join(notice.recipient.mail)
    message["Subject"], message["Message-ID"] = notice.subject(), f"<{notice.id}@cityhub>"
    message["Date"], message["Auto-Submitted"] = notice.at, "auto-generated"
    message.set_content(notice.text())
    try:
        with _server(settings) as server:
            if settings.user and settings.password is not None:
                server.login(settings.user, settings.password.reveal())
            server.send_message(message)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        raise _failed("NOTICE_MAIL", notice, type(error).__name__) from None


def _server(settings: MailSettings) -> smtplib.SMTP:
    if settings.tls == "tls":
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=_SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(settings.host, settings.port, timeout=_SECONDS)
    if settings.tls == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
    return server


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signed notice goes to the address that was configured, and nowhere that it leads to."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


def _post(ground: Ground, notice: Notice) -> None:
    name = f"HUB_NOTICE_{notice.recipient.webhook}"
    address, key = (ground.environ.get(f"{name}_{part}", "").strip() for part in ("URL", "KEY"))
    if not address or not key:
        raise _unset(f"{name}_URL, {name}_KEY")
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and _here(parts.hostname or "")):
        raise WrongUse("NOTICE_TLS", f"{name}_URL 应为 https 地址", f"{name}_URL is to be an https address")
    body = json.dumps(notice.plain(), ensure_ascii=False).encode()
    seconds = str(int(ground.now().timestamp()))
    signed = crypto.mac(key.encode(), f"{notice.id}.{seconds}.".encode() + body)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": notice.id,
        "webhook-id": notice.id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
    request = urllib.request.Request(address, body, headers, method="POST")  # noqa: S310 - http or https: above
    opener = urllib.request.build_opener(_NoRedirect(), urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_SECONDS):
            return
    except urllib.error.HTTPError as error:
        error.close()
        raise _failed("NOTICE_WEBHOOK", notice, str(error.code)) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _failed("NOTICE_WEBHOOK", notice, type(error).__name__) from None


def _here(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def _unset(names: str) -> WrongUse:
    return WrongUse(
        "SETTING_MISSING",
        f"未设置 {names}，通知未发出",
        f"{names} is not set: the notice was not sent",
        remedy=Text("参见 infra/env.example", "see infra/env.example"),
    )


def _failed(code: str, notice: Notice, why: str) -> Unavailable:
    return Unavailable(
        code,
        f"发给 {notice.recipient.name} 的通知未送达（{why}），下次再发",
        f"the notice for {notice.recipient.name} was not taken ({why}); the next call sends it",
    )
