"""Precision and recall of inference: what a draft says of a file held against what is true of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field

from described import Described

from catalogs.values.model import Resource
from contracts.infer.draft import Draft, Drafted
from contracts.infer.units import unit
from contracts.model import Column, Contract
from infra.text import fold

KINDS = ("required", "enumeration", "range", "pattern", "unit", "personal", "coordinates", "instants")
_MADE = {"extract", "series", "rewrite"}


@dataclass(frozen=True)
class Label:
    """What is true of a column: its type, the kinds of findings that hold, its unit."""

    name: str
    type: str
    kinds: frozenset[str]
    unit: str | None


@dataclass(frozen=True)
class Labels:
    """What is true of a file.

    Attributes:
        columns: by every spelling of a header, folded.
        key: the key's headers, each folded and as `one` calls it.
        one: of the spellings of one header the first.
        apart: columns that nobody can find in the file.
        given: parts of the key that stand in no column: another one of the file may stand for each.
    """

    dataset: str
    columns: Mapping[str, Label]
    key: frozenset[str]
    one: Mapping[str, str]
    apart: int = 0
    given: int = 0


@dataclass
class Tally:
    """What was right and what was not, by kind."""

    types: Counter[bool] = field(default_factory=Counter)
    keys: Counter[bool] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    extra: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    apart: int = 0

    def share(self, counted: Counter[bool]) -> float:
        """The share that was right."""
        return counted[True] / max(1, counted.total())

    def recall(self, kind: str) -> float:
        """The share of what is true that was found."""
        return self.hits[kind] / max(1, self.hits[kind] + self.missed[kind])

    def precision(self, kind: str) -> float:
        """The share of what was found that is true."""
        return self.hits[kind] / max(1, self.hits[kind] + self.extra[kind])

    def add(self, other: "Tally") -> None:
        """Count another one's as well."""
        for ours, theirs in zip(self._counters(), other._counters(), strict=True):
            ours.update(theirs)
        self.wrong += other.wrong
        self.apart += other.apart

    def _counters(self) -> tuple[Counter[object], ...]:
        return (self.types, self.keys, self.hits, self.extra, self.missed)  # type: ignore[return-value]

    def lines(self) -> Iterator[str]:
        """The figures."""
        yield f"types {self.types[True]}/{self.types.total()} ({self.share(self.types):.3f})"
        yield f"keys {self.keys[True]}/{self.keys.total()} ({self.share(self.keys):.3f})"
        for kind in KINDS:
            hits = self.hits[kind]
            yield f"{kind} precision {hits}/{hits + self.extra[kind]} recall {hits}/{hits + self.missed[kind]}"
        yield f"columns that no one can find in the file, not counted: {self.apart}"
        yield from (f"  {one}" for one in sorted(self.wrong))


def tally(into: Tally, draft: Draft, labels: Labels) -> None:
    """Count what a draft says."""
    into.apart += labels.apart
    seen: set[str] = set()
    for one in draft.columns:
        label = labels.columns.get(fold(one.named.header))
        if label is None or label.name in seen:
            continue
        seen.add(label.name)
        right = one.typed.kind == label.type
        into.types[right] += 1
        if not right:
            into.wrong.append(f"type: {labels.dataset} {label.name}: {one.typed.kind}, not {label.type}")
        _kinds(into, one, label, labels.dataset)
    for name in {label.name for label in labels.columns.values()} - seen:
        into.types[False] += 1
        into.wrong.append(f"type: {labels.dataset} {name}: not found")
    headers = {column.name: fold(column.named.header) for column in draft.columns}
    found = {labels.one.get(headers[name], headers[name]) for name in draft.key}
    fits = _fits(draft, found, labels)
    into.keys[fits] += 1
    if not fits:
        into.wrong.append(f"key: {labels.dataset}: {sorted(found)}, not {sorted(labels.key)}")


def _fits(draft: Draft, found: Set[str], labels: Labels) -> bool:
    """Whether a key is the true one, as far as the rows looked at can show it.

    A part that is the same in all of them tells none apart. For a part that the file's name gives another column may
    stand, which only a key that is too small without it has.
    """
    same = {fold(one.named.header) for one in draft.columns if one.measured.distinct <= 1}
    asked = labels.key - {labels.one.get(name, name) for name in same} or labels.key
    return found in (asked, labels.key) or (asked <= found and len(found) <= len(asked) + labels.given)


def _kinds(into: Tally, one: Drafted, label: Label, dataset: str) -> None:
    ours = said(one)
    for kind in KINDS:
        hit, there = kind in ours, kind in label.kinds
        unlike = kind == "unit" and hit and there and unit(one.unit) != unit(label.unit)
        into.hits[kind] += hit and there and not unlike
        into.extra[kind] += hit and (not there or unlike)
        into.missed[kind] += there and (not hit or unlike)
        if (hit != there and kind != "required") or unlike:
            into.wrong.append(f"{kind}: {dataset} {label.name}: {'+' if hit else '-'}{one.unit if unlike else ''}")


def said(one: Drafted) -> Set[str]:
    """The kinds of findings that a draft has of a column."""
    found = {rule.kind for rule in one.rules}
    found |= {"required"} if one.required else set()
    found |= {"unit"} if one.unit else set()
    found |= {"personal"} if one.personal else set()
    found |= {"coordinates"} if one.axis else set()
    return found | ({"instants"} if one.typed.kind in ("date", "timestamp") else set())


def of_description(one: Described) -> Labels:
    """The labels of a described table."""
    columns = {
        fold(column.header): Label(
            column.header, column.type, frozenset(kind for kind in KINDS if column.has(kind)), column.unit
        )
        for column in one.columns
    }
    return Labels(one.name, columns, frozenset(map(fold, one.key)), {})


def of_contract(contract: Contract, resource: Resource) -> Labels:
    """The labels that a contract is, which people wrote for the file.

    A label is a column that is made of one field as it stands in the file. What a contract makes of a file's name, of
    two fields or of a part of one, nobody can infer from the file.
    """
    made: dict[str, Label] = {}
    fields = {one.name: one for one in contract.fields}
    plain = [column for column in contract.columns if _is_plain(column, contract)]
    for column in sorted(plain, key=lambda column: column.name != column.fields[0]):
        label = Label(column.name, column.type, frozenset(_true(column, contract, resource)), _unit(column, resource))
        for name in fields[column.fields[0]].names:
            made.setdefault(fold(name), label)
    given = {one.name for one in contract.fields if one.given is not None}
    key = {name for part in contract.key for name in contract.column(part).fields} - given
    spelled = {fold(name): one.name for one in contract.fields for name in one.names}
    apart = len(contract.columns) - len({label.name for label in made.values()})
    from_name = sum(given.issuperset(contract.column(part).fields) for part in contract.key)
    return Labels(contract.id, made, frozenset(key), spelled, apart, from_name)


def _is_plain(column: Column, contract: Contract) -> bool:
    [source] = [one for one in contract.fields if one.name == column.fields[0]]
    plain = len(column.fields) == 1 and column.template is None and source.given is None
    remade = any(step.kind in _MADE for step in column.steps) and column.name != source.name
    return plain and not remade


def _unit(column: Column, resource: Resource) -> str | None:
    item = resource.item(column.name)
    return item.unit_of_measure if item else None


def _true(column: Column, contract: Contract, resource: Resource) -> Iterator[str]:
    item = resource.item(column.name)
    rules = {rule.kind for rule in contract.row_rules if rule.column == column.name}
    yield from rules & {"enumeration", "range", "pattern"}
    if column.required:
        yield "required"
    if item is not None and item.unit_of_measure is not None:
        yield "unit"
    if column.personal:
        yield "personal"
    if item is not None and column.type == "number" and item.zh.endswith(("经度", "纬度")):
        yield "coordinates"
    if column.type in ("date", "timestamp"):
        yield "instants"
