"""How the push door is, for `hub doctor`: where it is heard, limits that let something in, room, keys to push with.

Nothing is pushed, and no key is said.
"""

import shutil

import sqlalchemy as sa

from catalogs.tables import KEY
from infra.database import read
from infra.doctor import Finding, State
from infra.doctor_server import listening
from infra.ground import Ground
from infra.language import Text
from infra.settings import load, variable
from lake.arrival.push import PREFIX, PushSettings
from lake.arrival.push_serving import at

_LEAST = dict.fromkeys(("max_bytes", "seconds", "stall_seconds", "pace", "uploads", "max_connections"), 1)
_LEAST |= {"free_bytes": 0}


def push(ground: Ground) -> Finding:
    """The finding on the push door.

    Raises:
        WrongUse: SETTING_WRONG, PUSH_DEMO_HOST.
    """
    settings = load(PushSettings, ground.environ)
    low = [
        (variable(PushSettings, name), least)
        for name, least in sorted(_LEAST.items())
        if getattr(settings, name) < least
    ]
    if low:
        said = "; ".join(f"{name} ≥ {least}" for name, least in low)
        return Finding(State.FAILED, Text(f"限额过小：须 {said}", f"limits that let nothing in: {said}"))
    found = listening(ground, at(settings), PREFIX, _ours)
    if found.state is not State.OK:
        return found
    keys, free = _living(ground), shutil.disk_usage(ground.home).free
    detail = {**found.detail, "keys": keys, "free_bytes": free, "max_bytes": settings.max_bytes}
    if free <= settings.free_bytes:
        text = Text(
            f"{found.text.zh}；磁盘余量低于 HUB_PUSH_FREE_BYTES，推送一律被拒：清理磁盘或调低该值",
            f"{found.text.en}; the disk has less left than HUB_PUSH_FREE_BYTES, so no push is taken: clear or lower it",
        )
        return Finding(State.FAILED, text, detail)
    if not keys:
        text = Text(
            f"{found.text.zh}；尚无有效密钥，无人可以推送：hub people key",
            f"{found.text.en}; there is no living key, so nobody can push: hub people key",
        )
        return Finding(State.WARNING if found.detail["running"] else State.OK, text, detail)
    text = Text(f"{found.text.zh}；有效密钥 {keys} 把", f"{found.text.en}; {keys} living keys")
    return Finding(State.OK, text, detail)


def _ours(told: dict[str, object]) -> bool:
    error = told.get("error")
    return isinstance(error, dict) and str(error.get("code")) == "PUSH_PATH"


def _living(ground: Ground) -> int:
    """How many keys have not ended."""
    query = sa.select(sa.func.count()).where(KEY.c.revoked_at.is_(None), KEY.c.not_after > ground.now())
    with read(ground.engine) as connection:
        return int(connection.execute(query).scalar_one())
