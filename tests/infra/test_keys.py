import contextlib
import multiprocessing
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.errors import Unavailable, WrongUse
from infra.keys import Key, KeyRing

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def ring(folder: Path, now: datetime = NOW) -> KeyRing:
    return KeyRing(folder, clock=lambda: now)


def test_a_purpose_has_one_key_that_stays(tmp_path: Path) -> None:
    first = ring(tmp_path / "keys").current("seal")
    assert ring(tmp_path / "keys").current("seal") == first
    assert (first.purpose, len(first.secret), first.not_before) == ("seal", 32, NOW)
    assert ring(tmp_path / "keys").current("sign").secret != first.secret
    assert ring(tmp_path / "keys").by_id(first.id) == first


def test_keys_are_for_their_owner_alone_and_never_shown(tmp_path: Path) -> None:
    key = ring(tmp_path / "keys").current("seal")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()] == [0o600]
    assert "secret" not in repr(key)


def test_a_key_past_its_life_is_followed_but_still_opens(tmp_path: Path) -> None:
    old = ring(tmp_path).current("seal", life=timedelta(days=30))
    later = ring(tmp_path, NOW + timedelta(days=30))
    new = later.current("seal")
    assert new.id != old.id
    assert later.by_id(old.id) == old
    assert ring(tmp_path).current("pseudonym", life=None).alive(NOW + timedelta(days=40_000))


def test_rotation_makes_a_new_current_key(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    old = keys.current("seal")
    new = keys.rotate("seal")
    assert keys.current("seal") == new != old
    assert [key.id for key in keys.all()] == [old.id, new.id]


def test_a_destroyed_key_is_gone_for_good(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    first = keys.current("case-1")
    keys.destroy(first.id)
    with pytest.raises(Unavailable) as caught:
        keys.by_id(first.id)
    assert caught.value.code == "KEY_UNKNOWN"
    for path in tmp_path.iterdir():
        assert path.read_bytes() == b""
    second = keys.current("case-1")
    assert second.secret != first.secret
    assert second.id.split(".")[1] != first.id.split(".")[1], "a number is never used again"
    keys.destroy(second.id)
    assert keys.rotate("case-1").id.split(".")[1] == "3"


def test_ten_keys_keep_their_order(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    made = [keys.rotate("seal") for _ in range(11)]
    assert keys.current("seal") == made[-1]
    assert keys.all() == made


@pytest.mark.parametrize("purpose", ["", "A", "../x", "a.b", "a/b", "x" * 41, "密"])
def test_a_purpose_is_a_plain_word(tmp_path: Path, purpose: str) -> None:
    with pytest.raises(WrongUse):
        ring(tmp_path).current(purpose)


@pytest.mark.parametrize("id_", ["", "seal", "seal.1", "seal.1.zzz", "../../etc/passwd.1.x", "seal.²,1.x", "seal.9.x"])
def test_an_unknown_id_is_one_error(tmp_path: Path, id_: str) -> None:
    ring(tmp_path).current("seal")
    with pytest.raises(Unavailable) as caught:
        ring(tmp_path).by_id(id_)
    assert caught.value.code == "KEY_UNKNOWN"


def test_a_damaged_file_is_one_error_without_its_content(tmp_path: Path) -> None:
    ring(tmp_path).current("seal")
    next(tmp_path.iterdir()).write_text('{"id": "seal.1.x", "secret": "c2VjcmV0"}')
    with pytest.raises(Unavailable) as caught:
        ring(tmp_path).current("seal")
    assert caught.value.code == "KEY_STORE"
    assert "c2VjcmV0" not in caught.value.sentence("en")


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=400)])
def test_who_lists_before_another_makes_the_key_gets_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: timedelta
) -> None:
    """The first key of a purpose, and the next one after its life: another process is first by a hair."""
    if later:
        ring(tmp_path).current("actor", life=timedelta(days=365))
    slow, other = ring(tmp_path, NOW + later), ring(tmp_path, NOW + later)
    listed, made = KeyRing._files_of, []

    def interrupted(self: KeyRing, purpose: str) -> list[Path]:
        found = listed(self, purpose)
        if self is slow and not made:
            made.append(other.current(purpose))
        return found

    monkeypatch.setattr(KeyRing, "_files_of", interrupted)
    assert [slow.current("actor")] == made
    assert len(ring(tmp_path).all()) == (2 if later else 1)


RACERS, PURPOSES = 4, 150
_RACER = """
import sys
from pathlib import Path
from infra.keys import KeyRing

keys = KeyRing(Path(sys.argv[1]))
print("ready", flush=True)
for line in sys.stdin:
    print(keys.current(line.strip(), life=None).id, flush=True)
"""


def test_processes_that_race_for_first_keys_always_agree(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Each purpose is a race of its own: all processes are told its name at the same moment."""
    with contextlib.ExitStack() as stack:
        racers = [stack.enter_context(_racer(tmp_path / "keys")) for _ in range(RACERS)]
        for racer in racers:
            assert _line(racer) == "ready"
        for number in range(PURPOSES):
            for racer in racers:
                racer.stdin.write(f"p{number}\n")  # type: ignore[union-attr]
                racer.stdin.flush()  # type: ignore[union-attr]
            assert len({_line(racer) for racer in racers}) == 1, f"purpose p{number} has several keys"
    assert len(list((tmp_path / "keys").iterdir())) == PURPOSES
    record_property("figure", f"{PURPOSES} races of {RACERS} processes for a first key, one key each time")


@contextlib.contextmanager
def _racer(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", _RACER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as racer:
        try:
            yield racer
        finally:
            racer.kill()


def _line(racer: "subprocess.Popen[str]") -> str:
    assert racer.stdout is not None
    return racer.stdout.readline().strip()


def test_a_destruction_cut_short_leaves_a_destroyed_key(tmp_path: Path) -> None:
    """A process that is killed between the overwriting and the cutting to nothing."""
    first = ring(tmp_path).current("case-1")
    path = tmp_path / "case-1.1.json"
    path.write_bytes(b"\0" * path.stat().st_size)
    with pytest.raises(Unavailable) as caught:
        ring(tmp_path).by_id(first.id)
    assert caught.value.code == "KEY_UNKNOWN"
    assert ring(tmp_path).current("case-1").id.split(".")[1] == "2"


def _current(folder: str) -> list[Key]:
    keys = KeyRing(Path(folder))
    return [keys.current(f"p{n}") for n in range(8)]


def test_processes_that_start_at_once_get_one_key(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        told = [done.result(timeout=60) for done in [pool.submit(_current, str(tmp_path)) for _ in range(8)]]
    assert all(keys == told[0] for keys in told)
    assert len(list(tmp_path.iterdir())) == 8
