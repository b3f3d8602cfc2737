"""A bundle is checked offline; thousands of flips, removals, additions and swaps in it, and none goes unseen."""

import random
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import chain, combinations
from pathlib import Path

import pytest

from infra.errors import HubError, Refused, WrongUse
from infra.ground import Ground
from infra.ledger import Act, Ledger, NewEntry, verify_bundle
from infra.ledger.bundle_check import Limits, check_archive, check_files
from infra.ledger.keys import SIGN
from infra.ledger.manifest import CHECKPOINTS, CONTENTS, ENTRIES, FILES, MANIFEST
from infra.ledger.note import Verifier
from infra.ledger.report import Report

SEED = 20261123
Files = dict[str, bytes]


def _new(number: int) -> NewEntry:
    return NewEntry(Act.DELIVERY_PUBLISHED, "zhang.wei", f"jinshui.traffic.road_flow/{number}", {"rows": number})


@pytest.fixture
def log(ground: Ground) -> Ledger:
    """Four checkpoints, one rotation, one erased content."""
    ledger = ground.ledger
    refs = ledger.append([_new(number) for number in range(12)])
    ledger.sequence()
    ledger.append([_new(number) for number in range(5)])
    ledger.sequence()
    ground.keys.rotate(SIGN, life=None)
    ledger.append([_new(number) for number in range(3)])
    ledger.erase([refs[3].number], actor="li.na", basis="第四十七条")
    ledger.sequence()
    return ledger


@pytest.fixture
def files(log: Ledger, tmp_path: Path) -> Files:
    log.export(tmp_path / "bundle")
    return {path.name: path.read_bytes() for path in (tmp_path / "bundle").iterdir()}


def _opener(data: bytes) -> Callable[[], BytesIO]:
    return lambda: BytesIO(data)


def _check(files: Files, trusted: list[Verifier] | None) -> Report:
    return check_files({name: _opener(data) for name, data in files.items()}, trusted)


def _found(files: Files, trusted: list[Verifier] | None) -> bool:
    try:
        return not _check(files, trusted).ok
    except Refused:
        return True


def test_a_whole_bundle_is_whole_from_either_key(log: Ledger, files: Files) -> None:
    assert set(files) == {MANIFEST, *FILES}
    for trusted in (None, [log.verifiers()[0]], [log.verifiers()[1]]):
        report = _check(files, trusted)
        assert report.ok
        assert report.trusted is (None if trusted is None else True)
        assert (report.erased, report.checkpoints) == (1, 3)
        assert report.unwitnessed_since is not None


def test_thousands_of_changes_are_all_found(
    log: Ledger, files: Files, record_property: Callable[[str, object], None]
) -> None:
    """Bytes, lines and files are each flipped, removed, added and swapped; then files are cut and lengthened."""
    seed = random.Random(SEED)
    trusted = log.verifiers()
    tried: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for kind, changed in chain.from_iterable(each(files, seed) for each in (_in_bytes, _in_lines, _in_files, _ends)):
        tried[kind] += 1
        missed[kind] += not _found(changed, trusted)
    said = ", ".join(f"{count} {kind}" for kind, count in sorted(tried.items()))
    record_property("figure", f"{tried.total()} changes tried with seed {SEED}, {missed.total()} missed: {said}")
    assert set(tried) == {f"{act} {unit}" for act in ACTS for unit in ("byte", "line", "file")} | {"cut", "lengthened"}
    assert min(count for kind, count in tried.items() if not kind.endswith("file")) > 100
    assert tried.total() > 4000
    assert missed.total() == 0


ACTS = ("flip", "remove", "add", "swap")
Changes = Iterator[tuple[str, Files]]


def _in_bytes(files: Files, seed: random.Random) -> Changes:
    """Flips at places drawn so that every file is sampled, the small ones byte by byte; the other acts anywhere."""
    places = [(name, at) for name, data in files.items() for at in range(len(data))]
    small = [place for place in places if len(files[place[0]]) < 700]
    for name, at in small + seed.sample(places, min(2500, len(places))):
        data = files[name]
        yield "flip byte", {**files, name: data[:at] + _flipped(data[at : at + 1], seed) + data[at + 1 :]}
    for act in ACTS[1:]:
        for _ in range(250):
            name = seed.choice(sorted(files))
            parts = [bytes([byte]) for byte in files[name]]
            yield from _changed(files, name, f"{act} byte", _edited(parts, act, seed))


def _in_lines(files: Files, seed: random.Random) -> Changes:
    for act in ACTS:
        for _ in range(250):
            name = seed.choice(sorted(files))
            parts = files[name].splitlines(keepends=True)
            yield from _changed(files, name, f"{act} line", _edited(parts, act, seed))


def _in_files(files: Files, seed: random.Random) -> Changes:
    for name, data in files.items():
        yield "flip file", {**files, name: _flipped(data, seed)}
        yield "remove file", {each: kept for each, kept in files.items() if each != name}
        yield "add file", {**files, f"{name}.more": data}
    yield "add file", {**files, "empty": b""}
    for name, other in combinations(files, 2):
        yield "swap file", {**files, name: files[other], other: files[name]}


def _ends(files: Files, seed: random.Random) -> Changes:
    for _ in range(150):
        name = seed.choice(sorted(files))
        yield "cut", {**files, name: files[name][: seed.randrange(len(files[name]))]}
        yield "lengthened", {**files, name: files[name] + seed.choice([b"\n", b" ", b"\0", b"{}\n"])}


def _edited(parts: list[bytes], act: str, seed: random.Random) -> bytes:
    """One of `parts` flipped, removed, added once more elsewhere, or swapped with another."""
    at, other = seed.randrange(len(parts)), seed.randrange(len(parts))
    if act == "flip":
        parts[at] = _flipped(parts[at], seed)
    elif act == "remove":
        del parts[at]
    elif act == "add":
        parts.insert(at, parts[other])
    else:
        parts[at], parts[other] = parts[other], parts[at]
    return b"".join(parts)


def _flipped(part: bytes, seed: random.Random) -> bytes:
    mask = seed.randrange(1, 256)
    return bytes(byte ^ mask for byte in part)


def _changed(files: Files, name: str, kind: str, new: bytes) -> Changes:
    """Nothing where two equal parts were swapped."""
    if new != files[name]:
        yield kind, {**files, name: new}


def test_what_was_changed_is_named_even_if_the_manifest_were_forged(log: Ledger, files: Files) -> None:
    """The meaning of the files is checked too, not only their digests."""
    lines = files[ENTRIES].splitlines(keepends=True)
    cases = {
        "root_mismatch": {ENTRIES: b"".join([*lines[:4], lines[5], lines[4], *lines[6:]])},
        "content_missing": {CONTENTS: b"".join(files[CONTENTS].splitlines(keepends=True)[1:])},
        "content_changed": {CONTENTS: files[CONTENTS].replace(b'"rows":7', b'"rows":8')},
        "checkpoint_missing": {CHECKPOINTS: b"".join(files[CHECKPOINTS].splitlines(keepends=True)[1:])},
        "entry_unreadable": {ENTRIES: files[ENTRIES].replace(b'"version":1', b'"version": 1', 1)},
        "entry_missing": {ENTRIES: b"".join(lines[:-1])},
        "entry_added": {ENTRIES: files[ENTRIES] + lines[4]},
    }
    for kind, change in cases.items():
        report = _check({**files, **change}, log.verifiers())
        assert kind in {fault.kind for fault in report.faults}
        assert "file_changed" in {fault.kind for fault in report.faults}


def test_every_byte_of_the_archive_counts(log: Ledger, tmp_path: Path) -> None:
    log.export(tmp_path / "bundle.zip")
    data = (tmp_path / "bundle.zip").read_bytes()
    trusted = log.verifiers()
    assert check_archive(BytesIO(data), len(data), trusted).ok
    with zipfile.ZipFile(tmp_path / "bundle.zip") as opened:
        assert opened.testzip() is None
    seed = random.Random(SEED)
    headers = [at for at in range(len(data)) if at < 80 or at > len(data) - 500]
    for at in [*headers, *seed.sample(range(len(data)), 1000)]:
        wrong = data[:at] + bytes([data[at] ^ seed.randrange(1, 256)]) + data[at + 1 :]
        assert _archive_found(wrong, trusted), at
    for wrong in (data + b"\0", b"\0" + data, data[:-1], data[:-22], b"", b"PK\x03\x04"):
        assert _archive_found(wrong, trusted)


def _archive_found(data: bytes, trusted: list[Verifier]) -> bool:
    try:
        return not check_archive(BytesIO(data), len(data), trusted).ok
    except HubError:
        return True


def test_an_archive_that_could_blow_up_is_not_opened(log: Ledger, files: Files, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(name, data)
        target.writestr("bomb", b"\0" * 10_000_000)
    with pytest.raises(Refused) as refused:
        verify_bundle(path)
    assert refused.value.code == "LEDGER_BUNDLE"


def test_limits_hold(files: Files) -> None:
    opened = {name: _opener(data) for name, data in files.items()}
    for limits in (Limits(total=100), Limits(line=50), Limits(small=50)):
        with pytest.raises(Refused) as refused:
            check_files(opened, limits=limits)
        assert refused.value.code == "LEDGER_BUNDLE_SIZE"


def test_a_hostile_folder_is_not_followed(log: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    log.export(folder)
    outside = tmp_path / "outside"
    outside.write_bytes((folder / ENTRIES).read_bytes())
    (folder / ENTRIES).unlink()
    (folder / ENTRIES).symlink_to(outside)
    assert not verify_bundle(folder, log.verifiers()).ok
    with pytest.raises(Refused):
        verify_bundle(tmp_path)


def test_withheld_contents_are_no_fault(log: Ledger, tmp_path: Path) -> None:
    log.export(tmp_path / "bare", contents=False)
    assert (tmp_path / "bare" / CONTENTS).read_bytes() == b""
    assert verify_bundle(tmp_path / "bare", log.verifiers()).ok


def test_an_export_replaces_nothing(log: Ledger, tmp_path: Path) -> None:
    (tmp_path / "here").write_text("mine")
    with pytest.raises(WrongUse) as refused:
        log.export(tmp_path / "here")
    assert refused.value.code == "LEDGER_EXPORT_EXISTS"
    assert (tmp_path / "here").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "home"]


def test_a_foreign_key_is_not_trusted(log: Ledger, files: Files) -> None:
    stranger = Verifier("cityhub/zhengzhou/demo", b"\1" * 32)
    assert "key_untrusted" in {fault.kind for fault in _check(files, [stranger]).faults}


def test_standard_tools_read_a_bundle(log: Ledger, files: Files) -> None:
    """The recipe of the README, in the standard library alone."""
    recipe = """
import base64, hashlib, sys
sha = lambda data: hashlib.sha256(data).digest()
leaves = [sha(b"\\0" + line) for line in sys.stdin.buffer.read().splitlines()]
def root(d):
    if len(d) == 1: return d[0]
    k = 1 << (len(d) - 1).bit_length() - 1
    return sha(b"\\1" + root(d[:k]) + root(d[k:]))
print(len(leaves)); print(base64.b64encode(root(leaves)).decode())
"""
    done = subprocess.run([sys.executable, "-I", "-c", recipe], input=files[ENTRIES], capture_output=True, check=True)
    assert done.stdout.decode().split() == files["checkpoint"].decode().split("\n")[1:3]
