"""Texts in CSV that an office program would take for a formula and run: they go out behind an apostrophe. Pure.

Every text comes back as it went out; numbers and a mere dash are no formulas and stay as they are.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9.,]*")


def shielded(text: str) -> str:
    """The text as it may stand in a cell."""
    return f"'{text}" if _formula(text) else text


def bare(cell: str) -> str:
    """The text of a cell."""
    return cell[1:] if cell.startswith("'") and _formula(cell[1:]) else cell


def _formula(text: str) -> bool:
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)
