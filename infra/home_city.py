"""The city's folder of a home that was begun with a file and nothing else (`hub adopt`): it lies below the home."""

from pathlib import Path

FOLDER, MARK = "city", ".own"  # the mark tells it from a folder that a restore put there beside the one in use


def home_city(home: Path) -> Path | None:
    """The city's folder below the home, None where the home was not begun so."""
    return home / FOLDER if (home / FOLDER / MARK).is_file() else None
