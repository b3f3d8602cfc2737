"""Airflow's home below the hub's: folders, the page's password, what is noted there. All for the owner alone."""

import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from infra.crypto import random_token, sha256_hex
from infra.settings import Secret
from lake.clock.env import HOST, USER, ClockSettings
from lake.clock.rest import Api


def make_folders(home: Path) -> None:
    """The folders that must be there before Airflow starts, and the password."""
    for folder in (home, home / "tmp", home / "plugins"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_password(home)


def note_migrated(home: Path, settings: ClockSettings) -> None:
    """Note that the database is complete for this Airflow: a later start need not look."""
    write_json(home / "migrated.json", _complete(settings))


def api(home: Path, port: int) -> Api:
    """A client for the Airflow of this home at `port`."""
    password = json.loads((home / "passwords.json").read_text(encoding="utf-8"))[USER]
    return Api(f"http://{HOST}:{port}", USER, Secret(password))


def make_password(home: Path) -> None:
    """Ours, since the password that Airflow makes up by itself goes to its log."""
    path = home / "passwords.json"
    if not path.exists():
        write_json(path, {USER: random_token(24)})


def _complete(settings: ClockSettings) -> dict[str, str]:
    address = settings.database.reveal() if settings.database else ""
    return {"airflow": version("apache-airflow"), "database": sha256_hex(address.encode())}


def migrated(home: Path, settings: ClockSettings) -> bool:
    """Whether the database was seen complete for this Airflow."""
    try:
        noted = json.loads((home / "migrated.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(noted == _complete(settings)) and (home / "airflow.cfg").exists()


def write_json(path: Path, value: Any) -> None:
    """Write `value` whole or not at all, for the owner alone."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file)
    temporary.replace(path)
