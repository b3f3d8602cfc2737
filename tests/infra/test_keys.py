import multiprocessing
import stat
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


def _current(folder: str) -> list[Key]:
    keys = KeyRing(Path(folder))
    return [keys.current(f"p{n}") for n in range(8)]


def test_processes_that_start_at_once_get_one_key(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        told = [done.result(timeout=60) for done in [pool.submit(_current, str(tmp_path)) for _ in range(8)]]
    assert all(keys == told[0] for keys in told)
    assert len(list(tmp_path.iterdir())) == 8
