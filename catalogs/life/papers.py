"""The papers that submission asks for: recorded with who, when and on what paper; the paper itself sealed in the store.

A file is read once, sealed under a key of its own and durable in the store before the row that names it, which stands
in one transaction with its ledger entry. The entry keeps its digest. `papers/<unit>/<digest>/<random>.sealed`.

The head of the department approves by their own key, or on paper: a sheet is printed that shows exactly what is
approved with its digest, and its scan is taken back. The scan counts for the sheet that it is of: when the draft
changed since the sheet was printed it is refused, and where several sheets were printed the check number of the signed
one must be given.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.life.drafts import Draft, find, words
from catalogs.life.held import check_read
from catalogs.life.machine import Paper, State, substance
from catalogs.life.tables import PAPER
from catalogs.people.asking import may_act
from catalogs.people.people import people
from catalogs.rows import digest, plain
from catalogs.values.model import Person, Role
from infra import crypto
from infra.database import lock, read, write
from infra.errors import Place, Refused, Unavailable
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry

PURPOSE = "papers"
SHEET = "sheet"
MOST = 32 << 20
CHECK = 12
ACTS = {
    str(Paper.SECRECY): Act.DRAFT_ASSESSED,
    str(Paper.PERSONAL): Act.DRAFT_ASSESSED,
    str(Paper.APPROVAL): Act.DRAFT_APPROVED,
    SHEET: Act.DRAFT_PRINTED,
}
"""What recording each kind of paper is in the ledger."""
_OPEN = (State.DRAFT, State.CHANGED, State.RETURNED)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded act: of what kind, about which digest, its result, by whom, when, and the paper's digest."""

    number: int
    kind: str
    about: str
    result: str
    by: str
    at: datetime
    sha256: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class _Stored:
    """A file in the store."""

    sha256: str
    size: int
    name: str
    object_key: str
    label: str
    wrapped_key: str
    master: str


def weighed(draft: Draft) -> str:
    """The digest of the part of a draft that the assessments are about."""
    return digest(substance(plain(draft.body)))


def check_number(sha256: str) -> str:
    """How a digest is printed for a person to type: its first twelve digits."""
    return sha256[:CHECK]


def assess(ground: Ground, resource: str, kind: Paper, path: Path, by: Person, *, result: str) -> Recorded:
    """Record an assessment of the draft as it stands: its result in words and the paper it stands on.

    Raises:
        Refused: DRAFT_UNKNOWN, DRAFT_STATE, CATALOG_ACT_DENIED, LIFE_WORDS, PAPER_FILE.
        Unavailable: STORE_…, DATABASE_….
    """
    words(result, "result")
    draft = _open(ground, resource, by, "edit_draft")
    stored = _seal(ground, draft, path)
    return _record(ground, draft, (str(kind), weighed(draft), result.strip()), by, stored)


def approve(ground: Ground, resource: str, by: Person, *, revision: int | None = None) -> Recorded:
    """The head's own approval of the draft as it stands, by their key; `revision` is the one that they read.

    Raises:
        Refused: DRAFT_REVISION when it stands at another; DRAFT_UNKNOWN, DRAFT_STATE, CATALOG_ACT_DENIED.
    """
    draft = _open(ground, resource, by, "approve_draft")
    check_read(draft, revision)
    return _record(ground, draft, (str(Paper.APPROVAL), draft.digest, by.name), by, None)


def printed(ground: Ground, resource: str, by: Person) -> Draft:
    """The draft of which a sheet is printed now, recorded.

    Raises:
        Refused: DRAFT_UNKNOWN, DRAFT_STATE, CATALOG_ACT_DENIED.
    """
    draft = _open(ground, resource, by, "edit_draft")
    with read(ground.engine) as connection:
        known = [one for one in _of(connection, resource) if one.kind == SHEET and one.about == draft.digest]
    if not known:
        _record(ground, draft, (SHEET, draft.digest, check_number(draft.digest)), by, None)
    return draft


def approve_on_paper(
    ground: Ground, resource: str, scan: Path, by: Person, *, check: str | None = None, signed_by: str | None = None
) -> Recorded:
    """Take back the scan of the signed sheet.

    Args:
        ground: where.
        resource: what was approved.
        scan: the scanned sheet, at most 32 MiB.
        by: who brings it.
        check: the check number on the signed sheet; needed where several were printed.
        signed_by: the head's name; None where the register knows the one head of the department.

    Raises:
        Refused: DRAFT_UNKNOWN, DRAFT_STATE, CATALOG_ACT_DENIED, PAPER_FILE, SHEET_NONE, SHEET_WHICH, SHEET_STALE,
            SHEET_SIGNER.
    """
    draft = _open(ground, resource, by, "edit_draft")
    with read(ground.engine) as connection:
        sheets = {one.about for one in _of(connection, resource) if one.kind == SHEET}
    if check is not None:
        sheets = {about for about in sheets if about.startswith(check.replace(" ", "").replace("-", "").lower())}
    if not sheets:
        raise _sheet(resource, "SHEET_NONE", "没有打印过这样的审批表", "no such sheet was printed")
    if len(sheets) > 1:
        zh = "打印过几份审批表，请用 --check 给出签字那份末尾的核对码"
        en = "several sheets were printed: give the check number of the signed one with --check"
        raise _sheet(resource, "SHEET_WHICH", zh, en)
    if sheets != {draft.digest}:
        zh = "审批表打印之后目录已经改动，签字不适用于现在的内容"
        en = "the entry changed after the sheet was printed: what was signed is not what stands now"
        raise _sheet(resource, "SHEET_STALE", zh, en)
    signer = signed_by or _head(ground, draft)
    if not signer:
        zh, en = "请用 --signed-by 写明签字的部门负责人", "say with --signed-by which head of department signed"
        raise _sheet(resource, "SHEET_SIGNER", zh, en)
    stored = _seal(ground, draft, scan)
    return _record(ground, draft, (str(Paper.APPROVAL), draft.digest, words(signer, "signed_by")), by, stored)


def papers(ground: Ground, resource: str) -> list[Recorded]:
    """What was recorded of a resource, oldest first."""
    with read(ground.engine) as connection:
        return _of(connection, resource)


def write_paper(ground: Ground, number: int, by: Person, target: Path) -> Recorded:
    """The file of a recorded act, opened into the new file `target`; who asks works on the entry or reviews it.

    Raises:
        Refused: PAPER_UNKNOWN, CATALOG_ACT_DENIED, SEAL_BROKEN.
    """
    with read(ground.engine) as connection:
        row = connection.execute(sa.select(PAPER).where(PAPER.c.number == number)).first()
        draft = find(connection, row.resource) if row is not None else None
    if row is None or draft is None or row.object_key is None:
        raise Refused(
            "PAPER_UNKNOWN",
            f"编号 {number} 没有材料文件",
            f"there is no file of a paper {number}",
            remedy=Text("材料编号见 hub catalog history", "`hub catalog history` numbers the papers"),
        )
    may_act(ground, by, "review_draft" if by.has(Role.AUTHORITY_REVIEWER) else "edit_draft", draft.ref)
    label = row.label.encode()
    key = crypto.unwrap(ground.keys.by_id(row.master), base64.b64decode(row.wrapped_key), label)
    with ground.store.open(row.object_key) as source:
        crypto.unseal_file(source, target, key, label)
    return _recorded(row)


def _open(ground: Ground, resource: str, by: Person, act: str) -> Draft:
    with read(ground.engine) as connection:
        draft = find(connection, resource)
    if draft is None:
        raise unknown(resource)
    may_act(ground, by, act, draft.ref)
    if draft.state not in _OPEN:
        raise _not_open(draft)
    return draft


def unknown(resource: str) -> Refused:
    """Nobody drafted it."""
    return Refused(
        "DRAFT_UNKNOWN",
        "该资源没有草稿",
        "the resource has no draft",
        place=Place(dataset=resource[:191]),
        remedy=Text("用 hub catalog drafts 查看", "see `hub catalog drafts`"),
    )


def _not_open(draft: Draft) -> Refused:
    where = draft.state.text
    return Refused(
        "DRAFT_STATE",
        f"该目录{where.zh}，不能再登记评估或批准",
        f"the entry is {where.en}: no assessment or approval is recorded now",
        place=Place(dataset=draft.resource),
    )


def _seal(ground: Ground, draft: Draft, path: Path) -> _Stored:
    """The file, sealed and durable in the store."""
    try:
        size = path.stat().st_size if path.is_file() else 0
    except OSError:
        size = 0
    if not 0 < size <= MOST:
        raise Refused(
            "PAPER_FILE",
            f"材料应为不超过 {MOST >> 20} MiB 的非空文件",
            f"a paper is a file of at most {MOST >> 20} MiB that is not empty",
            place=Place(file=path.name),
        )
    key, label = crypto.random_bytes(32), crypto.random_token(9)
    master = ground.keys.current(PURPOSE, life=None)
    with ground.scratch() as scratch:
        try:
            taken = crypto.seal_file(path, scratch / "paper", key, label.encode())
        except OSError as error:
            raise Unavailable("PAPER_DISK", "材料无法读取或存放", "the paper cannot be read or kept") from error
        at = f"papers/{draft.unit}/{taken.sha256}/{label}.sealed"
        ground.store.put_file(at, scratch / "paper", move=True)
    wrapped = base64.b64encode(crypto.wrap(master, key, label.encode())).decode()
    return _Stored(taken.sha256, taken.size, path.name[-200:], at, label, wrapped, master.id)


def _record(ground: Ground, draft: Draft, what: tuple[str, str, str], by: Person, stored: _Stored | None) -> Recorded:
    kind, about, result = what
    act = ACTS[kind]
    content = {"kind": kind, "about": about, "result": result, "revision": draft.revision}
    content |= {"paper": stored.sha256} if stored else {}
    row = {"resource": draft.resource, "kind": kind, "about": about, "result": result, "by": by.id, "at": ground.now()}
    if stored is not None:
        row |= {name: getattr(stored, name) for name in _Stored.__slots__}
    with write(ground.engine) as connection:
        lock(connection, f"draft:{draft.resource}")
        now = find(connection, draft.resource)
        if now is None or now.digest != draft.digest or now.state not in _OPEN:
            raise Refused(
                "DRAFT_REVISION",
                "登记期间目录有改动，没有登记",
                "the entry changed meanwhile; nothing was recorded",
                place=Place(dataset=draft.resource),
            )
        entry = ground.ledger.append([NewEntry(act, by.id, draft.resource, content)], connection=connection)[0]
        made = connection.execute(sa.insert(PAPER).values(**row, entry=entry.number).returning(PAPER.c.number))
        number = made.scalar_one()
        return _recorded(connection.execute(sa.select(PAPER).where(PAPER.c.number == number)).one())


def _of(connection: Connection, resource: str) -> list[Recorded]:
    rows = connection.execute(sa.select(PAPER).where(PAPER.c.resource == resource).order_by(PAPER.c.number))
    return [_recorded(row) for row in rows]


def _recorded(row: sa.Row[tuple[object, ...]]) -> Recorded:
    return Recorded(**{name: getattr(row, name) for name in Recorded.__slots__})


def _head(ground: Ground, draft: Draft) -> str:
    heads = [one.name for one in people(ground.engine) if one.department == draft.provider and one.has(Role.HEAD)]
    return heads[0] if len(heads) == 1 else ""


def _sheet(resource: str, code: str, zh: str, en: str) -> Refused:
    remedy = Text("用 hub catalog sheet 打印审批表", "print it with `hub catalog sheet`")
    return Refused(code, zh, en, place=Place(dataset=resource), remedy=remedy)
