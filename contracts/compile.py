"""A contract as one DuckDB SELECT: every column converted, every row rule judged, in a single vectorised pass.

`split_sql` wraps a source (one VARCHAR column per field, `_extra`, `_fault`, perhaps `_line`) and gives:

- the typed columns in the contract's order; instants are TIMESTAMP in UTC;
- `_mask0` … (UBIGINT): bit *i* of `_mask<n>` is set where the row breaks rule `63 n + i`;
- `_raw`: the record as delivered, JSON text, only where a rule that stops the row failed or `_fault` is set;
- `_fault`, and `_line` where the source has it.

The pass must cost little more than copying the file: conversions and judgements are layered so that each is computed
once, rules that nobody breaks cost one comparison each, and nothing is numbered or sorted.
"""

# ruff: noqa: S608 - SQL is what this module makes: names go through quote_identifier, values through literal

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.casts import before_cast, cast_sql, lazy, typed_sql
from contracts.model import Column, Contract, Field, RowRule
from contracts.steps import literal, source_sql, split_steps, text_sql
from contracts.suite import Expectation, suite
from infra.text import quote_identifier

__all__ = ["BITS", "Compiled", "Expectation", "compile", "given_sql", "split_sql", "suite"]

BITS = 63  # a mask fits a signed 64-bit integer wherever it travels


@dataclass(frozen=True, slots=True)
class Compiled:
    """A contract made ready to run.

    Attributes:
        rules: row rules in the order of their bits.
        masks: the names of the mask columns, at least one.
    """

    contract: Contract
    rules: tuple[RowRule, ...]
    masks: tuple[str, ...]

    def mask_of(self, *severities: str) -> tuple[int, ...]:
        """For each mask column the bits of the rules with one of these severities."""
        bits = [0] * len(self.masks)
        for at, rule in enumerate(self.rules):
            if rule.severity in severities:
                bits[at // BITS] |= 1 << (at % BITS)
        return tuple(bits)

    def failed(self, masks: Sequence[int]) -> tuple[RowRule, ...]:
        """The rules that a row with these mask values breaks."""
        return tuple(rule for at, rule in enumerate(self.rules) if masks[at // BITS] >> (at % BITS) & 1)


def compile(contract: Contract) -> Compiled:  # noqa: A001 - the word of the field; the builtin is not used here
    """The contract with its row rules numbered."""
    count = max(1, -(-len(contract.row_rules) // BITS))
    return Compiled(contract, contract.row_rules, tuple(f"_mask{at}" for at in range(count)))


def split_sql(compiled: Compiled, source_sql: str, *, given: Mapping[str, str | None] | None = None) -> str:
    """One SELECT over `source_sql`, see the module.

    Args:
        compiled: the contract.
        source_sql: a SELECT that gives one VARCHAR column per field that the record delivers, `_extra` (JSON text of
            what no field matched, or NULL), `_fault` (id of a structural fault, or NULL) and, where it knows, `_line`.
        given: values of the fields that the delivery itself gives, e.g. `{"file_name": "郑州.csv"}`; absent: NULL;
            None: the source gives one for each record, in a column under the field's name.
    """
    contract = compiled.contract
    layer = f"SELECT {_raws(contract, given or {})} FROM ({source_sql})"
    longest = max(len(before_cast(column)) for column in contract.columns)
    stages = [_texts(compiled, done) for done in range(longest + 1)]
    stages += [_casts(compiled), _typed(compiled), _late_texts(compiled), _masks(compiled)]
    for stage in stages:
        layer = f"SELECT *, {', '.join(stage)} FROM ({layer})"
    columns = ", ".join(quote_identifier(column.name) for column in contract.columns)
    return (
        f"SELECT {columns}, {', '.join(compiled.masks)}, {_raw_json(compiled)} AS _raw, "
        f"COLUMNS('^_(fault|line)$') FROM ({layer})"
    )


def _raws(contract: Contract, given: Mapping[str, str | None]) -> str:
    parts = [f"{given_sql(field, given)} AS {quote_identifier(field.name + '__raw')}" for field in contract.fields]
    return ", ".join([*parts, "_extra", "COLUMNS('^_(fault|line)$')"])


def given_sql(field: Field, given: Mapping[str, str | None]) -> str:
    """The text of a field: the source's own column, or what the delivery gives for all records (`split_sql`)."""
    if field.given is None or given.get(field.given, "") is None:
        return quote_identifier(field.name)
    return f"CAST({literal(given.get(field.given))} AS VARCHAR)"


def _name(column: Column, suffix: str) -> str:
    return quote_identifier(f"{column.name}__{suffix}")


def _early(column: Column) -> str:
    return _name(column, f"early{len(before_cast(column))}")


def _texts(compiled: Compiled, done: int) -> list[str]:
    """One text step of every column that has so many; each step of its own, for a step names its text several times."""
    made = []
    for column in compiled.contract.columns:
        steps = before_cast(column)
        if done == 0:
            made.append(f"{source_sql(column)} AS {_name(column, 'early0')}")
        elif done <= len(steps):
            text = text_sql(_name(column, f"early{done - 1}"), steps[done - 1 : done])
            made.append(f"{text} AS {_name(column, f'early{done}')}")
    return made


def _casts(compiled: Compiled) -> list[str]:
    columns = compiled.contract.columns
    return [f"{cast_sql(column, _early(column))} AS {_name(column, 'cast')}" for column in columns]


def _typed(compiled: Compiled) -> list[str]:
    return [
        f"{typed_sql(column, _name(column, 'cast'), _early(column))} AS {quote_identifier(column.name)}"
        for column in compiled.contract.columns
    ]


def _sure_text(column: Column) -> str:
    return text_sql(source_sql(column), split_steps(column)[0])


def _late_texts(compiled: Compiled) -> list[str]:
    return [
        f"CASE WHEN {quote_identifier(column.name)} IS NULL THEN {_sure_text(column)} END AS {_name(column, 'text')}"
        if lazy(column)
        else f"{_early(column)} AS {_name(column, 'text')}"
        for column in compiled.contract.columns
    ]


def _masks(compiled: Compiled) -> list[str]:
    parts = []
    for at, mask in enumerate(compiled.masks):
        rules = compiled.rules[at * BITS : (at + 1) * BITS]
        bits = " | ".join(
            f"CASE WHEN {rule.fails_sql} THEN {1 << bit}::UBIGINT ELSE 0::UBIGINT END" for bit, rule in enumerate(rules)
        )
        # Nearly every row breaks nothing: one disjunction settles it, the bits are computed for the others alone.
        anything = " OR ".join(_suspicions(rules))
        parts.append(
            f"CASE WHEN {anything} THEN {bits} ELSE 0::UBIGINT END AS {mask}" if rules else f"0::UBIGINT AS {mask}"
        )
    return parts


def _suspicions(rules: Sequence[RowRule]) -> list[str]:
    """Conditions of which at least one is true where one of the rules is broken, as few as will do."""
    forms = {(rule.column, rule.kind) for rule in rules}
    found = []
    for rule in rules:
        paired = (rule.column, "type") in forms and (rule.column, "required") in forms
        if paired and rule.kind == "type" and rule.column:
            found.append(f"{quote_identifier(rule.column)} IS NULL")
        elif not (paired and rule.kind == "required"):
            found.append(f"({rule.fails_sql})")
    return found


def _raw_json(compiled: Compiled) -> str:
    pairs = ", ".join(
        f"{literal(field.name)}, {quote_identifier(field.name + '__raw')}" for field in compiled.contract.fields
    )
    stopping = compiled.mask_of("block", "quarantine")
    stopped = " OR ".join(
        f"({mask} & {bits}::UBIGINT) <> 0" for mask, bits in zip(compiled.masks, stopping, strict=True)
    )
    plain = f"CAST(json_object({pairs}) AS VARCHAR)"
    more = f"CAST(json_object({pairs}, '_extra', CAST(_extra AS JSON)) AS VARCHAR)"
    return f"CASE WHEN {stopped} OR _fault IS NOT NULL THEN CASE WHEN _extra IS NULL THEN {plain} ELSE {more} END END"
