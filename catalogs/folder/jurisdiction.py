"""A city's deadlines: how many working days each step has, by which article. Numbers are data, never code.

`<city>/jurisdiction.yaml`: `count_start` and `deadlines`, each with `id`, `days`, an `extension` where the law allows
one, and the `article`. `infra.calendar` turns days into dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catalogs.folder.fields import Fields
from catalogs.folder.read_resource import NAME, NAME_SAID
from catalogs.folder.yamltree import Mapping as Tree
from catalogs.folder.yamltree import read_file
from catalogs.rules.faults import Fault, refusal

_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Term:
    """One deadline: working days, the longest lawful extension (0: none), and the article."""

    id: str
    days: int
    extension: int
    article: str


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """The city's terms by id; `count_start` says whether the day of receipt counts."""

    count_start: bool
    terms: Mapping[str, Term]


def load_jurisdiction(city: Path) -> Jurisdiction:
    """The terms of the city's folder.

    Raises:
        Refused: CATALOG_FAULTY with every fault of the file.
    """
    found, faults = read_jurisdiction(city)
    if faults or found is None:
        raise refusal(faults)
    return found


def read_jurisdiction(city: Path) -> tuple[Jurisdiction | None, list[Fault]]:
    """The terms, and every fault of the file."""
    node, faults = read_file(city / "jurisdiction.yaml", "jurisdiction.yaml")
    fields = Fields(node if isinstance(node, Tree) else Tree(1), "jurisdiction.yaml", "", faults)
    if faults:
        return None, faults
    count_start = fields.flag("count_start", default=None)
    terms: dict[str, Term] = {}
    for inner in fields.children("deadlines"):
        term = _term(inner)
        if term is not None and terms.setdefault(term.id, term) is not term:
            inner.note("CATALOG_ID_TWICE", f"期限 {term.id} 重复", f"the deadline {term.id} stands twice", key="id")
    fields.finish()
    return Jurisdiction(bool(count_start), terms), faults


def _term(fields: Fields) -> Term | None:
    identity, article = fields.form("id", NAME, NAME_SAID), fields.text("article")
    days, extension = _days(fields, "days", 1), _days(fields, "extension", 0)
    fields.finish()
    return Term(identity, days, extension, article) if identity and article and days else None


def _days(fields: Fields, key: str, least: int) -> int:
    text = fields.text(key, required=least > 0)
    if text is None:
        return 0
    if text.isascii() and text.isdigit() and len(text) < 4 and least <= int(text) <= _LONGEST:
        return int(text)
    fields.note(
        "CATALOG_FIELD_KIND",
        f"{key} 应为 {least} 至 {_LONGEST} 的整数",
        f"{key} must be a whole number from {least} to {_LONGEST}",
        key=key,
    )
    return 0
