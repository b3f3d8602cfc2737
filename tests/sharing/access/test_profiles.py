"""A profile file is whole or not there, however the writing ends, and what is there is not taken for what it is not."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from shared_table import a_shared_table

from infra import crypto
from infra.database import read, write
from infra.errors import Unavailable
from infra.ground import Ground, open_ground
from sharing import tables
from sharing.access import grants, profiles

CASE = "case-1"
ENDPOINT = "https://share.city.example/delta-sharing"
ACTS = ("fsync", "link", "unlink")


@pytest.fixture
def issued(ground: Ground) -> Ground:
    a_shared_table(ground, files=1, rows=10)
    return ground


def ensure(ground: Ground, path: Path | None = None) -> Path:
    return profiles.ensure(ground, CASE, path, ENDPOINT, "operator")


def is_whole(ground: Ground, path: Path) -> bool:
    held = json.loads(path.read_text(encoding="utf-8"))
    with read(ground.engine) as connection:
        wanted = sa.select(tables.token.c.grant).where(
            tables.token.c.hash == crypto.sha256_hex(held["bearerToken"].encode())
        )
        return connection.scalar(wanted) == "g-1" and held["endpoint"] == f"{ENDPOINT}/"


def tokens(ground: Ground) -> int:
    with read(ground.engine) as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(tables.token)) or 0)


def dies_at(number: int) -> None:
    """Let this process kill itself at point `number`: before or after each act on files from the first token on."""
    passed = 0

    def pass_by() -> None:
        nonlocal passed
        passed += 1
        if passed == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(owner: Any, name: str) -> None:
        real: Callable[..., Any] = getattr(owner, name)

        def counted(*arguments: Any, **more: Any) -> Any:
            pass_by()
            result = real(*arguments, **more)
            pass_by()
            return result

        setattr(owner, name, counted)

    for act in ACTS:
        wrap(os, act)
    wrap(json, "dump")


def killed(environ: dict[str, str], number: int) -> bool:
    """Issue the profile in a process of its own that dies at point `number`; whether it came to that."""
    child = os.fork()
    if child == 0:
        try:
            with open_ground(environ) as ground:
                assert ground.engine
                dies_at(number)
                ensure(ground)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_a_kill_at_any_point_leaves_a_whole_profile_or_none(issued: Ground) -> None:
    target = issued.home / "profiles" / f"{CASE}.share"
    number = 0
    while killed(issued.environ, number := number + 1):
        if target.exists():
            assert is_whole(issued, target), f"half a profile after point {number}"
        assert ensure(issued) == target
        assert is_whole(issued, target)
        target.unlink()
    assert number > 8, "fewer points than a durable file has"
    assert is_whole(issued, target), "the last one died nowhere"
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_profile_that_is_there_is_left_alone(issued: Ground, tmp_path: Path) -> None:
    target = ensure(issued, tmp_path / "firm.share")
    before, known = target.read_bytes(), tokens(issued)
    assert ensure(issued, target) == target
    assert (target.read_bytes(), tokens(issued)) == (before, known)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["firm.share"]
    with pytest.raises(Unavailable, match="SHARE_PROFILE"):
        grants.write_profile(target, {})
    assert target.read_bytes() == before


def test_a_file_that_is_no_profile_of_the_case_is_refused_and_kept(issued: Ground, tmp_path: Path) -> None:
    whole = ensure(issued, tmp_path / "whole.share").read_text(encoding="utf-8")
    held = json.loads(whole)
    foreign = json.dumps({**held, "bearerToken": crypto.random_token(32)})
    bare = json.dumps({name: value for name, value in held.items() if name != "endpoint"})
    known = tokens(issued)
    for text in ("", whole[:-3], whole[: len(whole) // 2], "[]", "null", '{"bearerToken": 1}', foreign, bare, "\ud800"):
        path = tmp_path / "firm.share"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        with pytest.raises(Unavailable, match="SHARE_PROFILE") as caught:
            ensure(issued, path)
        assert caught.value.remedy
        assert path.read_bytes() == text.encode("utf-8", "surrogatepass")
    assert tokens(issued) == known, "a token was made that nobody got"


def test_a_profile_whose_token_was_revoked_is_none(issued: Ground) -> None:
    target = ensure(issued)
    with write(issued.engine) as connection:
        connection.execute(tables.token.update().values(revoked_at=issued.now()))
    with pytest.raises(Unavailable, match="SHARE_PROFILE"):
        ensure(issued)
    assert target.exists()


def test_a_link_that_leads_elsewhere_is_not_followed(issued: Ground, tmp_path: Path) -> None:
    path = tmp_path / "firm.share"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unavailable, match="SHARE_PROFILE"):
        ensure(issued, path)
    assert not (tmp_path / "elsewhere").exists()
    assert not list(tmp_path.glob(".*.part"))
