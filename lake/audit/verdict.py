"""What an audit came to, as plain values: rule ids, counts and sentences, never a value of the data."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from contracts.steps import literal
from contracts.suite import Expectation, escape
from infra.text import quote_identifier

ROWS = "unexpected_rows_expectation"
_FAILED = "SELECT 1 AS failed FROM "
_PLAIN = _FAILED + "{batch} WHERE "
_CLAUSE = re.compile(r"\b(FROM|GROUP|HAVING|WINDOW|QUALIFY|ORDER|LIMIT|UNION)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one expectation came to.

    Attributes:
        rule: the contract's rule behind it.
        expectation: its type in Great Expectations.
        kept: whether it holds.
        count: records (or groups) that break it; None where the library gives none.
        error: it could not be evaluated.
    """

    rule: str
    expectation: str
    severity: str
    kept: bool
    count: int | None
    error: bool
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings on one delivery's files, in the order of the expectations."""

    findings: tuple[Finding, ...]
    library: str

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What forbids publication."""
        return tuple(found for found in self.findings if not found.kept and found.severity != "warn")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is published and shown."""
        return tuple(found for found in self.findings if not found.kept and found.severity == "warn")

    def summary(self) -> dict[str, Any]:
        """Plain values for the delivery's record: counts, and in full what did not hold."""
        return {
            "passed": not self.blocking,
            "expectations": len(self.findings),
            "failed": [asdict(found) for found in self.blocking],
            "warnings": [asdict(found) for found in self.warnings],
            "library": self.library,
        }


def finding(expected: Expectation, *, kept: bool, count: int | None, error: bool = False) -> Finding:
    """The finding on one expectation."""
    said = expected.sentence
    return Finding(expected.rule_id, expected.type, expected.severity, kept, count, error, said.zh, said.en)


@dataclass(frozen=True, slots=True)
class Part:
    """One expectation that holds exactly when all that it covers hold (`covers`: their places in the suite)."""

    expectation: Expectation
    covers: tuple[int, ...]


def parts(expectations: Sequence[Expectation]) -> tuple[Part, ...]:
    """The suite as few expectations: those of one severity together in one query that returns a row per failure.

    The library's own cost is per expectation, whatever the data: a delivery of a thousand rows would pay it many times.
    """
    made: list[Part] = []
    for severity in ("block", "warn"):
        queries: list[str] = []
        conditions: list[str] = []
        covers: list[int] = []
        for at, expected in enumerate(expectations):
            if expected.severity != severity:
                continue
            query = _query(expected)
            if query is None:
                made.append(Part(expected, (at,)))
                continue
            covers.append(at)
            if query.startswith(_PLAIN) and not _CLAUSE.search(query, len(_PLAIN)):
                conditions.append(f"({query.removeprefix(_PLAIN)})")
            else:
                queries.append(query)
        if conditions:
            queries.insert(0, _PLAIN + " OR ".join(conditions))
        if queries:
            together = f"{_FAILED}({' UNION ALL '.join(f'({query})' for query in queries)}) AS every"
            made.append(Part(Expectation(ROWS, {"unexpected_rows_query": together}, severity, "all"), tuple(covers)))
    return tuple(made)


def _query(expected: Expectation) -> str | None:
    """A query that returns a row for each failure; None where only the library's own expectation will do."""
    kwargs = expected.kwargs
    match expected.type:
        case "unexpected_rows_expectation":
            return str(kwargs["unexpected_rows_query"])
        case "expect_column_values_to_not_be_null":
            return _PLAIN + escape(f"{quote_identifier(kwargs['column'])} IS NULL")
        case "expect_column_values_to_be_in_set":
            values = ", ".join(literal(value) for value in kwargs["value_set"])
            return _PLAIN + escape(f"{quote_identifier(kwargs['column'])} NOT IN ({values})")
        case "expect_column_values_to_be_between":
            return _PLAIN + escape(" OR ".join(_outside(quote_identifier(kwargs["column"]), kwargs)) or "FALSE")
        case "expect_table_row_count_to_be_between":
            return _FAILED + "{batch} HAVING " + (" OR ".join(_outside("count(*)", kwargs)) or "FALSE")
    return None


def _outside(value: str, kwargs: Any) -> list[str]:
    found = []
    for bound, strict, signs in (("min_value", "strict_min", ("<", "<=")), ("max_value", "strict_max", (">", ">="))):
        limit = kwargs.get(bound)
        if limit is not None:
            sign = signs[bool(kwargs.get(strict))]
            shown = f"DATE {literal(limit.isoformat())}" if isinstance(limit, date) else literal(limit)
            found.append(f"{value} {sign} {shown}")
    return found
