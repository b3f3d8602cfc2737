"""A bundle comes from outside and may be made to cost: what its check keeps, and does again and again, has limits."""

import base64
import json
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO

import pytest

from infra.errors import Refused
from infra.ledger.bundle_check import Limits, check_files
from infra.ledger.entry import leaf_hash
from infra.ledger.manifest import CHECKPOINTS, CONTENTS, ENTRIES, FILES, KEYS, MANIFEST, NEWEST, Listed, Manifest
from infra.ledger.merkle import root_of
from infra.ledger.note import Verifier, sign_note
from infra.ledger.report import MAX_FAULTS, Report

ORIGIN = "cityhub/zhengzhou"
KEY = Verifier(ORIGIN, b"\1" * 32)
EMPTY = b'{"act":"lake:delivery:landed","subject":"x","time":"t"}'


def _note(text: str) -> str:
    """A note in its canonical form, whose signature is worth nothing."""
    return str(sign_note(text, [(KEY, lambda _: b"\2" * 64)]))


def _checkpoint(size: int, root: bytes = b"\3" * 32) -> str:
    return _note(f"{ORIGIN}\n{size}\n{base64.b64encode(root).decode()}\n")


def _checkpoints(notes: list[str]) -> bytes:
    lines = [{"note": note, "number": number} for number, note in enumerate(notes, start=1)]
    texts = [json.dumps(line, ensure_ascii=False, separators=(",", ":"), sort_keys=True) for line in lines]
    return "".join(text + "\n" for text in texts).encode()


def _entries(bodies: list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(body, separators=(",", ":"), sort_keys=True).encode() + b"\n" for body in bodies)


def _check(limits: Limits | None = None, *, contents: bool = False, **files: bytes) -> Report:
    """What a check says of a bundle whose files are these, under a manifest that nobody signed."""
    names = {"entries": ENTRIES, "contents": CONTENTS, "checkpoints": CHECKPOINTS, "newest": NEWEST, "keys": KEYS}
    given = {names[name]: data for name, data in files.items()}
    whole = {name: given.get(name, b"") for name in FILES}
    listed = {name: Listed("0" * 64, len(data)) for name, data in whole.items()}
    whole[MANIFEST] = _note(Manifest(ORIGIN, contents, listed).text()).encode()
    return check_files({name: _opener(data) for name, data in whole.items()}, limits=limits or Limits())


def _opener(data: bytes) -> Callable[[], BinaryIO]:
    return lambda: BytesIO(data)


def _subjects(act: str, subjects: list[str]) -> bytes:
    return _entries([{"act": act, "subject": subject, "time": "t"} for subject in subjects])


def _many_keys(count: int) -> bytes:
    return "".join(f"{Verifier(ORIGIN, at.to_bytes(32, 'big'))}\n" for at in range(count)).encode()


def _reached(count: int) -> dict[str, bytes]:
    """A checkpoint after each entry, and a record of none."""
    bodies = [EMPTY.replace(b'"x"', f'"{at}"'.encode()) for at in range(count)]
    roots = [root_of(map(leaf_hash, bodies[: at + 1])) for at in range(count)]
    notes = [_checkpoint(size, root) for size, root in enumerate(roots, start=1)]
    return {"entries": b"".join(body + b"\n" for body in bodies), "checkpoints": _checkpoints(notes)}


CASES: dict[str, tuple[Limits, dict[str, bytes], str]] = {
    "keys": (Limits(keys=20), {"keys": _many_keys(21)}, "more than 20 keys"),
    "entries": (Limits(entries=20), {"entries": (EMPTY + b"\n") * 21}, "more than 20 entries"),
    "a checkpoint": (Limits(note=400), {"checkpoints": _checkpoints([_checkpoint(1) * 3])}, "limit of 400 bytes"),
    "unrecorded checkpoints": (Limits(held=20), _reached(21), "more than 20 unmatched"),
    "records of no checkpoint": (
        Limits(held=20),
        {"entries": _subjects("infra:ledger:checkpointed", [f"checkpoint:{at}:00" for at in range(100, 121)])},
        "more than 20 unmatched",
    ),
    "announced keys": (
        Limits(held=20),
        {"entries": _subjects("infra:ledger:key_announced", [f"key {at}" for at in range(21)])},
        "more than 20 unmatched",
    ),
    "erasures": (
        Limits(held=20),
        {"entries": _subjects("infra:ledger:content_erased", [f"entry:{at}" for at in range(21)])},
        "more than 20 unmatched",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_kept_is_bounded_and_the_refusal_says_of_what_there_is_too_much(case: str) -> None:
    limits, files, said = CASES[case]
    with pytest.raises(Refused) as refused:
        _check(limits, **files)
    assert refused.value.code == "LEDGER_BUNDLE_SIZE"
    assert said in refused.value.text.en
    assert refused.value.text.zh != refused.value.text.en
    assert not _check(**files).ok, "within the limits it is read to its end, and found wanting"


def test_missing_contents_are_bounded() -> None:
    entries = b"".join(EMPTY.replace(b'"x"', f'"{at}"'.encode()) + b"\n" for at in range(21))
    with pytest.raises(Refused):
        _check(Limits(held=20), contents=True, entries=entries)
    kinds = [fault.kind for fault in _check(contents=True, entries=entries).faults]
    assert kinds.count("content_missing") == 21


def test_checkpoints_pass_by_and_none_is_kept() -> None:
    """Twenty thousand checkpoints of nothing: the memory of the check is that of a few, whatever their number."""
    data = _checkpoints([_checkpoint(size) for size in range(1, 20_001)])
    tracemalloc.start()
    try:
        report = _check(checkpoints=data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.checkpoints == 20_000
    assert len(report.faults) == MAX_FAULTS
    assert peak < 4_000_000, f"{peak} bytes for {len(data)} bytes of checkpoints"


def test_many_keys_do_not_make_each_checkpoint_dearer(monkeypatch: pytest.MonkeyPatch) -> None:
    key_id, asked = Verifier.key_id.fget, []  # type: ignore[attr-defined]
    notes = _checkpoints([_checkpoint(size) for size in range(1, 501)])
    keys = _many_keys(1000)
    monkeypatch.setattr(Verifier, "key_id", property(lambda self: asked.append(1) or key_id(self)))
    report = _check(checkpoints=notes, keys=keys)
    assert report.checkpoints == 500
    assert len(asked) < 5 * 1000 + 5 * 500, "each key and each signature a few times, and no more"


@pytest.mark.parametrize(
    "subject", ["checkpoint:" + "9" * 5000, "checkpoint:²:", "checkpoint:" + "0" * 30, "checkpoint", "x" * 100_000]
)
def test_no_subject_ends_the_check(subject: str) -> None:
    for act in ("checkpointed", "key_announced", "content_erased"):
        assert not _check(entries=_subjects(f"infra:ledger:{act}", [subject])).ok
