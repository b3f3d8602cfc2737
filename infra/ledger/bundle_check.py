"""The offline check of a bundle: needs the bundle and the log's public key, no database, no network, no other file.

The manifest pins every byte of every file. Apart from it each file is also read for what it means, so that the report
says which entry was changed and not only which file.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from infra.crypto import hasher
from infra.errors import Refused, Unavailable
from infra.ledger.archive import ArchiveFault, read_archive
from infra.ledger.audit import Audit
from infra.ledger.bundle_files import Open, folder_files, inside
from infra.ledger.entry import MAX_CONTENT_BYTES, canonical_object
from infra.ledger.manifest import (
    CHECKPOINTS,
    CONTENTS,
    ENTRIES,
    FILES,
    KEYS,
    MANIFEST,
    NEWEST,
    Manifest,
    parse_manifest,
)
from infra.ledger.note import Note, NoteFault, Verifier, parse_note
from infra.ledger.report import At, Findings, Report
from infra.ledger.signed import Checkpoints
from infra.ledger.trust import Trust


@dataclass(frozen=True, slots=True)
class Limits:
    """What a bundle may cost to check, each far above what a city's log comes to.

    Attributes:
        total: bytes in all.
        line: bytes of one line.
        note: bytes of one checkpoint's line.
        small: bytes of a small file.
        keys: how many keys.
        entries: how many entries; each costs the check some twenty bytes of memory.
        held: how many checkpoints, erasures and missing contents may wait at once for what they belong to.
    """

    total: int = 1 << 36
    line: int = 2 * MAX_CONTENT_BYTES
    note: int = 1 << 14
    small: int = 1 << 20
    keys: int = 1 << 10
    entries: int = 1 << 26
    held: int = 1 << 21


_LIMITS = Limits()
_CHUNK = 1 << 16


def verify_bundle(path: Path, trusted: Iterable[Verifier] | None = None, *, limits: Limits = _LIMITS) -> Report:
    """Checks the bundle at `path`, a ZIP file or a folder, and says everything that does not fit, and where.

    Args:
        path: the bundle.
        trusted: the log's keys as known by another way. Without them the bundle's own keys are used: the report then
            shows that the bundle is whole, and rests on comparing the fingerprint of its key.
        limits: what the check may cost.

    Raises:
        Refused: `LEDGER_BUNDLE`, this is no bundle at all; `LEDGER_BUNDLE_SIZE`, it is beyond the limits.
        Unavailable: `LEDGER_BUNDLE_READ`, it cannot be read.
    """
    try:
        if path.is_dir():
            return check_files(folder_files(path), trusted, limits=limits)
        with path.open("rb") as source:
            return check_archive(source, path.stat().st_size, trusted, limits=limits)
    except OSError as error:
        raise Unavailable(
            "LEDGER_BUNDLE_READ", f"无法读取存证包 {path.name}", f"the bundle {path.name} cannot be read"
        ) from error


def check_archive(
    source: BinaryIO, size: int, trusted: Iterable[Verifier] | None = None, *, limits: Limits = _LIMITS
) -> Report:
    """Checks the ZIP form in `source`, a seekable file of `size` bytes.

    Raises:
        Refused: as `verify_bundle`.
    """
    if size > limits.total:
        raise _too_large(limits.total)
    try:
        members = read_archive(source, size)
    except ArchiveFault as fault:
        raise _no_bundle(f"ZIP 结构有误（{fault}）", f"its ZIP structure is wrong: {fault}") from fault
    return check_files({member.name: inside(source, member) for member in members}, trusted, limits=limits)


def check_files(
    files: Mapping[str, Open], trusted: Iterable[Verifier] | None = None, *, limits: Limits = _LIMITS
) -> Report:
    """Checks the files of a bundle, each given by a function that opens it from its beginning.

    Raises:
        Refused: as `verify_bundle`.
    """
    if MANIFEST not in files:
        raise _no_bundle("缺少 MANIFEST", "it has no MANIFEST")
    return _Bundle(files, None if trusted is None else list(trusted), limits).run()


class _Bundle:
    def __init__(self, files: Mapping[str, Open], trusted: list[Verifier] | None, limits: Limits) -> None:
        self.files = files
        self.limits = limits
        self.findings = Findings()
        self.note, self.manifest = self._manifest()
        origin = self.manifest.origin
        trust = Trust(origin, self._keys(), trusted, self.findings)
        checkpoints = Checkpoints(origin, self._notes(), trust, self.findings)
        self.audit = Audit(origin, checkpoints, trust, self.findings)

    def run(self) -> Report:
        self._digests()
        self._entries()
        report = self.audit.finish()
        self._signature()
        return report.with_faults(self.findings.faults)

    def _manifest(self) -> tuple[Note, Manifest]:
        try:
            note = parse_note(self._small(MANIFEST))
            return note, parse_manifest(note.text)
        except NoteFault as fault:
            raise _no_bundle(f"MANIFEST 不可读（{fault}）", f"its MANIFEST cannot be read: {fault}") from fault

    def _digests(self) -> None:
        """Every file, byte for byte, and no other file."""
        for name in sorted(self.files.keys() - {MANIFEST, *FILES}):
            self._fault("file_added", name, f"{_shown(name)} 不属于存证包", f"{_shown(name)} does not belong here")
        if sum(listed.size for listed in self.manifest.files.values()) > self.limits.total:
            raise _too_large(self.limits.total)
        for name, listed in self.manifest.files.items():
            if name not in self.files:
                self._fault("file_missing", name, f"缺少 {name}", f"{name} is missing")
                continue
            digest, size = hasher(), 0
            with self.files[name]() as source:
                while size <= listed.size and (chunk := source.read(_CHUNK)):
                    digest.update(chunk)
                    size += len(chunk)
            if size != listed.size or digest.hexdigest() != listed.digest:
                self._fault("file_changed", name, f"{name} 与清单不符", f"{name} is not what the manifest lists")

    def _notes(self) -> Iterator[tuple[str, At]]:
        note = None
        for number, line in enumerate(self._lines(CHECKPOINTS, self.limits.note), start=1):
            fields = canonical_object(line) or {}
            at = At(file=CHECKPOINTS, line=number)
            if fields.get("number") != number or fields.keys() != {"number", "note"}:
                self.findings.fault("checkpoint_order", "检查点次序不对", "a checkpoint is out of order", at)
            note = str(fields.get("note"))
            yield note, at
        if note is None or note != self._small(NEWEST):
            self._fault("file_changed", NEWEST, "不是最新的检查点", "this is not the newest checkpoint")

    def _entries(self) -> None:
        contents = self._contents()
        beside = next(contents, None)
        for index, body in enumerate(self._lines(ENTRIES)):
            if index >= self.limits.entries:
                raise _too_many("记录", "entries", self.limits.entries)
            content = None
            while beside is not None and beside[0] <= index:
                if beside[0] == index and content is None:
                    content = beside[1]
                else:
                    self._stray(beside[2])
                beside = next(contents, None)
            at = At(file=ENTRIES, line=index + 1)
            self.audit.entry(body, at, content, contents=self.manifest.contents)
            if self.audit.held > self.limits.held:
                raise _too_many("未对应的检查点或缺失内容", "unmatched checkpoints or contents", self.limits.held)
        while beside is not None:
            self._stray(beside[2])
            beside = next(contents, None)

    def _contents(self) -> Iterator[tuple[int, tuple[bytes, bytes], int]]:
        """Each content as (index of its entry, (salt, content), line)."""
        for number, line in enumerate(self._lines(CONTENTS), start=1):
            fields = canonical_object(line)
            read = _content_of(line, fields) if fields is not None else None
            if read is None or not self.manifest.contents:
                self._stray(number)
            else:
                yield read[0], read[1], number

    def _keys(self) -> list[str]:
        lines = self._small(KEYS).split("\n")
        if lines[-1] != "":
            self._fault("key_list", KEYS, "公钥清单被截断", "the list of keys is cut off")
        if len(lines) - 1 > self.limits.keys:
            raise _too_many("公钥", "keys", self.limits.keys)
        return lines[:-1]

    def _signature(self) -> None:
        try:
            signed = self.note.signers(self.audit.reached)
        except NoteFault:
            signed = ()
        if len(signed) != len(self.note.signatures) or not signed:
            self._fault(
                "manifest_unsigned",
                MANIFEST,
                "清单没有可信密钥的签名",
                "the manifest is not signed by a trusted key",
            )

    def _stray(self, line: int) -> None:
        self.findings.fault(
            "content_added",
            "内容行不可读，或没有对应的记录",
            "a content cannot be read, or belongs to no entry",
            At(file=CONTENTS, line=line),
        )

    def _fault(self, kind: str, name: str, zh: str, en: str) -> None:
        self.findings.fault(kind, zh, en, At(file=_shown(name)))

    def _small(self, name: str) -> str:
        if name not in self.files:
            return ""
        with self.files[name]() as source:
            data = source.read(self.limits.small + 1)
        if len(data) > self.limits.small:
            raise _too_large(self.limits.small)
        return data.decode("utf-8", "replace")

    def _lines(self, name: str, limit: int | None = None) -> Iterator[bytes]:
        limit = self.limits.line if limit is None else limit
        if name not in self.files:
            return
        with self.files[name]() as source:
            number = 0
            while line := source.readline(limit + 1):
                number += 1
                if len(line) > limit:
                    raise _too_large(limit)
                if not line.endswith(b"\n"):
                    at = At(file=name, line=number)
                    self.findings.fault("file_changed", f"{name} 被截断", f"{name} is cut off", at)
                yield line.removesuffix(b"\n")


def _content_of(line: bytes, fields: Mapping[str, Any]) -> tuple[int, tuple[bytes, bytes]] | None:
    index, salt, content = fields.get("index"), fields.get("salt"), fields.get("content")
    if fields.keys() != {"index", "salt", "content"} or type(index) is not int or not isinstance(content, dict):
        return None
    try:
        raw = bytes.fromhex(str(salt))
    except ValueError:
        return None
    if raw.hex() != salt:
        return None
    # The line is canonical, so the content's canonical form is the very part of it between its key and the next one.
    text = line[len(b'{"content":') : line.rindex(b',"index":')]
    return index, (raw, text)


def _shown(name: str) -> str:
    """A file name from a foreign bundle, safe to print."""
    return "".join(char if char.isprintable() else "?" for char in name)[:80]


def _no_bundle(zh: str, en: str) -> Refused:
    return Refused("LEDGER_BUNDLE", f"这不是完好的存证包：{zh}", f"this is no whole ledger bundle: {en}")


def _too_large(limit: int) -> Refused:
    return Refused(
        "LEDGER_BUNDLE_SIZE", f"存证包超过 {limit} 字节的上限", f"the bundle is beyond the limit of {limit} bytes"
    )


def _too_many(zh: str, en: str, limit: int) -> Refused:
    return Refused(
        "LEDGER_BUNDLE_SIZE",
        f"存证包中的{zh}超过 {limit} 的上限",
        f"the bundle holds more than {limit} {en}",
    )
