"""The gate: every request and every running download passes it, and a revoked grant passes no longer.

What it promises:

- the state of the grant is read from the database for each request, and every `RECHECK_SECONDS` while a download runs,
  also while it waits for its client: so a revocation holds within that time, inside the promised five seconds;
- each look asks the city's rules as they are now: a rule that was added holds at once, faulty rules refuse everything;
- a bearer token and a link are 256 random bits of which only digests are kept, a page token is sealed by a MAC and
  bound to its token and path: none can be guessed, altered or used for another grant;
- before a byte of a file leaves, the ledger holds a durable entry of its reading: one a link, however many ranges of
  it a client fetches; and when the entry is durable, which may take as long as the database is busy, the grant is
  looked at once more;
- who holds no valid token learns nothing: an unknown share and another firm's share answer alike.
"""

import base64
import binascii
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from catalogs.own_city import own_city
from infra import crypto
from infra.database import write
from infra.errors import HubError, Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry
from lake.store.delta import Tables
from sharing.access.access import Access, access_by_link, access_by_token, still_open, store_links
from sharing.access.protocol import SharedFile, metadata_line
from sharing.case import policy

RECHECK_SECONDS = 1.0
CHUNK = 256 * 1024
LINK_LIFE = timedelta(minutes=15)
PAGE_LIFE = timedelta(minutes=15)
SNAPSHOTS_KEPT = 32
LINKS_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Described:
    """One version of an extract's table: its files as (key, bytes, rows) and the schema as Delta JSON text."""

    table_id: str
    schema: str
    version: int
    files: tuple[tuple[str, int, int], ...]

    def metadata_line(self) -> str:
        """The protocol's metadata line of this version."""
        return metadata_line(self.table_id, self.schema, [(size, rows) for _, size, rows in self.files], self.version)


@dataclass(frozen=True, slots=True)
class Opening:
    """An admitted link: the access it belongs to, the object it opens and its size in bytes."""

    access: Access
    link: str
    key: str
    size: int


class Gate:
    """The one gate of a server process. Thread-safe; it keeps table snapshots (immutable), no grant's state, no rules.

    Raises:
        Refused, WrongUse: POLICY_INVALID, CITY_NOT_THIS when there are no rules to begin with.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._tables = Tables(ground.store)
        policy.rules(own_city(ground))
        self._snapshots: dict[tuple[str, int], Described] = {}
        self._recorded: dict[str, None] = {}
        self._lock = threading.Lock()

    def admit(self, authorization: str | None) -> Access:
        """Return what the bearer may reach.

        Raises:
            Refused: SHARE_TOKEN without a valid token, and why the grant is closed: SHARE_REVOKED, SHARE_EXPIRED,
                SHARE_CLOSED, POLICY_INVALID; each refusal of a known token is in the ledger before it is answered.
        """
        scheme, _, bearer = (authorization or "").partition(" ")
        known = scheme.lower() == "bearer" and 0 < len(bearer) <= 512
        access = access_by_token(self._ground.engine, crypto.sha256_hex(bearer.encode())) if known else None
        if access is None:
            raise Refused(
                "SHARE_TOKEN",
                "访问令牌缺失或无效",
                "the access token is missing or not valid",
                remedy=Text("请使用签发许可时下发的凭据文件", "use the profile file that came with the grant"),
            )
        self._open_or_refuse(access)
        return access

    def admit_link(self, file: str, signature: str | None) -> Opening:
        """Return what a file link opens.

        Raises:
            Refused: SHARE_LINK for an unknown, altered or expired link, and why the grant is closed, as `admit`.
        """
        link = crypto.sha256_hex((signature or "").encode())
        found = access_by_link(self._ground.engine, link, self._ground.now()) if signature else None
        if found is None or not crypto.equal(link[:32].encode(), file.encode()):
            raise Refused(
                "SHARE_LINK",
                "下载链接无效或已过期",
                "the link is not valid or has expired",
                remedy=Text("请重新查询该表以获得新链接", "query the table again for a new link"),
            )
        access, key, size = found
        self._open_or_refuse(access)
        return Opening(access, link, key, size)

    def described(self, access: Access, *, version: int | None = None, timestamp: str | None = None) -> Described:
        """Return the issued version of the extract.

        Raises:
            Refused: SHARE_UNKNOWN when another version is asked for: an extract's history is not shared.
        """
        if timestamp is not None or version not in (None, access.version):
            raise Refused(
                "SHARE_UNKNOWN",
                "只共享当前签发的版本",
                "only the version that was issued is shared; its history is not",
            )
        wanted = (access.table_key, access.version)
        with self._lock:
            kept = self._snapshots.get(wanted)
        if kept is None:
            kept = self._read_snapshot(access)
            with self._lock:
                self._snapshots[wanted] = kept
                while len(self._snapshots) > SNAPSHOTS_KEPT:
                    del self._snapshots[next(iter(self._snapshots))]
        return kept

    def _read_snapshot(self, access: Access) -> Described:
        snapshot = self._tables.snapshot(access.table_key, version=access.version)
        files = tuple(
            (key, file.size, file.rows or 0) for key, file in zip(snapshot.keys(), snapshot.files, strict=True)
        )
        return Described(snapshot.table_id, snapshot.schema_json, snapshot.version, files)

    def open_links(self, access: Access, files: Sequence[tuple[str, int, int]], base: str) -> list[SharedFile]:
        """Make one short-lived link a file, durable and recorded before it is returned."""
        now = self._ground.now()
        expires = min(now + LINK_LIFE, access.ends_at)
        secrets = [crypto.random_token(32) for _ in files]
        digests = [crypto.sha256_hex(secret.encode()) for secret in secrets]
        rows = [(digest, key, size) for digest, (key, size, _) in zip(digests, files, strict=True)]
        content = {"share": access.table.share, "extract": access.extract, "links": len(rows)}
        with write(self._ground.engine) as connection:
            store_links(connection, access, rows, now, expires)
            entry = NewEntry(Act.SHARE_QUERIED, access.applicant, access.grant, content)
            self._ground.ledger.append([entry], connection=connection)
        self._open_or_refuse(access)
        expires_ms = int(expires.timestamp() * 1000)
        return [
            SharedFile(f"{base}/files/{digest[:32]}?X-Amz-Signature={secret}", digest[:32], size, rows_, expires_ms)
            for digest, secret, (_, size, rows_) in zip(digests, secrets, files, strict=True)
        ]

    def send(self, opening: Opening, start: int, length: int) -> Iterator[bytes]:
        """Give `length` bytes from `start`; the reading is durable in the ledger when this returns, before the first.

        Who sends them looks again (`look`) every `RECHECK_SECONDS`.

        Raises:
            Refused: the grant is closed, as `admit`, also when that came about while the entry waited for the ledger.
            Unavailable: the ledger did not take the entry; nothing is given.
        """
        self._record_reading(opening)
        return self._chunks(opening, start, length)

    def _chunks(self, opening: Opening, start: int, length: int) -> Iterator[bytes]:
        left = length
        with self._ground.store.open(opening.key, start, length) as source:
            while left > 0 and (chunk := source.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk

    def look(self, access: Access) -> HubError | None:
        """Why the access is closed now, None when it is open. Enters nothing: who cuts a download waits for no ledger.

        Raises:
            Unavailable: the database cannot be asked, which is no permission.
        """
        ground = self._ground
        try:
            rules = policy.rules(own_city(ground))
        except (Refused, WrongUse) as unknown:  # no rules, or another city's: then nothing is decided
            return unknown
        state = still_open(ground.engine, access)
        return policy.closed(rules, access.grant, access.applicant, state, ground.now())

    def record_refusal(self, access: Access, refused: HubError) -> None:
        """Put into the ledger that a known bearer was refused."""
        content = {"code": refused.code, "share": access.table.share}
        # One entry a minute and token is proof enough; a client that retries must not fill the ledger.
        once = f"sharing:access:refused:{access.token}:{int(self._ground.now().timestamp()) // 60}"
        self._ground.ledger.append([NewEntry(Act.ACCESS_REFUSED, access.applicant, access.grant, content, once)])

    def record_listing(self, access: Access, path: str) -> None:
        """Put into the ledger that names, a version or a schema were told.

        Raises:
            Refused: as `admit`, when that came about while the entry waited for the ledger.
            Unavailable: the ledger did not take the entry.
        """
        self._enter(access, NewEntry(Act.SHARE_LISTED, access.applicant, access.grant, {"path": path}))

    def page_token(self, access: Access, path: str, start: int) -> str:
        """Seal where the next page starts; it serves this token and path alone, for `PAGE_LIFE`."""
        expires = int((self._ground.now() + PAGE_LIFE).timestamp())
        body = json.dumps([start, expires]).encode()
        return base64.urlsafe_b64encode(body).decode() + "." + self._page_mac(access, path, body)

    def page_start(self, access: Access, path: str, token: str | None) -> int:
        """Where the page that `token` names starts; 0 without one.

        Raises:
            WrongUse: SHARE_PAGE for a forged, foreign or expired token.
        """
        if not token:
            return 0
        text, _, mac = token.encode("utf-8", "replace").partition(b".")
        try:
            body = base64.urlsafe_b64decode(text)
        except (ValueError, binascii.Error):
            body = b""
        if crypto.equal(mac, self._page_mac(access, path, body).encode()):
            start, expires = json.loads(body)
            if expires > self._ground.now().timestamp():
                return int(start)
        raise WrongUse("SHARE_PAGE", "分页令牌无效或已过期", "the page token is not valid or has expired")

    def _page_mac(self, access: Access, path: str, body: bytes) -> str:
        key = self._ground.keys.current("share-page")
        return crypto.mac(key, b"\0".join([access.token.encode(), path.encode(), body])).hex()

    def _record_reading(self, opening: Opening) -> None:
        with self._lock:
            if opening.link in self._recorded:
                return
        content = {"extract": opening.access.extract, "file": opening.link[:32], "bytes": opening.size}
        once = f"sharing:file:read:{opening.link}"
        access = opening.access
        self._enter(access, NewEntry(Act.FILE_READ, access.applicant, access.grant, content, once))
        with self._lock:
            self._recorded[opening.link] = None
            while len(self._recorded) > LINKS_REMEMBERED:
                del self._recorded[next(iter(self._recorded))]

    def _enter(self, access: Access, entry: NewEntry) -> None:
        """Make the entry durable, then look again: the wait for a busy ledger may have outlasted the grant."""
        self._ground.ledger.append([entry])
        self._open_or_refuse(access)

    def _open_or_refuse(self, access: Access) -> None:
        refused = self.look(access)
        if refused is not None:
            self.record_refusal(access, refused)
            raise refused
