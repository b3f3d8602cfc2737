"""The entries of a sheet judged: over what stands already, by the rules of the register, each breach at its cell."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from catalogs.life.machine import State
from catalogs.rows import digest, plain
from catalogs.rules.breach import Breach
from catalogs.rules.checking import Known, check_resources
from catalogs.rules.faults import Fault
from catalogs.sheet.build import Built, build
from catalogs.sheet.identity import known_id
from catalogs.sheet.merging import OTHERWISE, complete, conflicts, kept
from catalogs.sheet.register import Register
from catalogs.sheet.stamps import Standing
from catalogs.sheet.table import Entry
from catalogs.sheet.telling import Told, spot
from catalogs.values.model import Resource
from infra.errors import Place
from infra.language import Text


@dataclass(frozen=True, slots=True)
class Judged:
    """What the entries of a file come to.

    Attributes:
        good: the entries without a fault, in their order.
        known: what stood already under the ids of entries, by id.
        same: the ids of entries that say what stands already.
        conflicts: the ids of entries that somebody else changed since the sheet was written.
        names: name and code of every entry with the place of its title, for those of further files.
    """

    good: tuple[Resource, ...] = ()
    known: Mapping[str, Standing] = field(default_factory=dict)
    same: frozenset[str] = frozenset()
    conflicts: frozenset[str] = frozenset()
    names: tuple[tuple[Known, Place], ...] = ()


def judge(found: list[Entry], told: Told, register: Register, stamps: Mapping[str, str] | None = None) -> Judged:
    """The entries as resources; what is wrong with them is told. `stamps` are those of the sheet, by id."""
    known: Mapping[str, Standing] = {}
    if register.look is not None:
        ids = [one for entry in found if (one := known_id(entry, register)) is not None]
        known = register.look({one: (stamps or {}).get(one) for one in ids})
    taken: dict[str, str] = {}
    built = [
        _over(entry, known.get(known_id(entry, register) or "") if known else None, told, register, taken)
        for entry in found
    ]
    moved = {one.resource.id for one, at_odds in built if at_odds}
    every = [one for one, _ in built]
    _rules(every, told, register)
    faulty = {(fault.place.sheet, fault.place.row) for fault in told.faults}
    good = tuple(one.resource for one in every if one.whole and not _touched(one, told, faulty))
    same = {one.id for one in good if one.id in known and digest(plain(one)) == known[one.id].digest}
    return Judged(good, known, frozenset(same), frozenset(moved), tuple(_named(one, told) for one in every))


def _over(
    entry: Entry, before: Standing | None, told: Told, register: Register, taken: dict[str, str]
) -> tuple[Built, bool]:
    """The entry over what stands already, and whether it would undo what somebody else did."""
    if before is None or before.body is None:
        if before is not None and before.state is State.WITHDRAWN:
            zh = "该目录已撤销；存为草稿即重新编制，不再提供的请从表中删去"
            told.remark(told.at(entry, "title"), "SHEET_WITHDRAWN", zh, "it is withdrawn: a draft begins it anew")
        return build(entry, told, register, taken), False
    complete(entry, before.body, register)
    one = build(entry, told, register, taken)
    one = replace(one, resource=kept(one.resource, before.body))
    if before.waits and one.whole and digest(plain(one.resource)) != before.digest:
        text = Text("该目录已提交主管部门，审核期间不能修改", "the entry lies with the authority and cannot be changed")
        remedy = Text(
            "等审核结束；急需修改的先撤回：hub catalog recall", "wait for the review, or recall it: hub catalog recall"
        )
        told.faults.append(Fault(told.at(entry, "title"), "SHEET_WAITS", text, remedy, "title"))
    return one, conflicts(one, before, told, register)


def _named(one: Built, told: Told) -> tuple[Known, Place]:
    place, resource = told.at(one.entry, "title"), one.resource
    said = f"{told.file} {spot(place)}"
    return Known(resource.id, resource.provider, resource.title, resource.code, Text(said, said)), place


def _touched(built: Built, told: Told, faulty: set[tuple[str | None, int | None]]) -> bool:
    """Whether a fault stands in one of the entry's rows."""
    own = [(cell.sheet, cell.row) for cell in built.entry.cells.values()]
    own += [(cell.sheet, cell.row) for item in built.entry.items for cell in item.cells.values()]
    return any((told.names[sheet], row + 1) in faulty for sheet, row in {*own, (built.entry.sheet, built.entry.row)})


def _rules(built: list[Built], told: Told, register: Register) -> None:
    """The rules of the register, each breach at its cell; what holds a stand-in is not judged by it."""
    resources = [one.resource for one in built]
    items = [{item.item.name: item for item in one.items} for one in built]

    def place(index: int, breach: Breach) -> Place:
        one = built[index]
        item = items[index].get(breach.item or "")
        if item is not None:
            key = {"aliases": "zh", "personal": "personal.class"}.get(breach.key, breach.key)
            return told.at(item.entry, key)
        return told.at(one.entry, _where(one.entry, breach.key))

    indexes: list[tuple[int, Breach]] = []

    def noted(index: int, breach: Breach) -> Place:
        indexes.append((index, breach))
        return place(index, breach)

    providers = {one.provider for one in resources}
    beside = [one for one in register.others if one.provider in providers]
    found = check_resources(
        resources, register.departments, register.units, registered=beside, rules=register.rules, place=noted
    )
    for fault, (index, breach) in zip(found, indexes, strict=True):
        if not _stands_on_faulty(built[index], items[index].get(breach.item or ""), breach):
            told.breach(fault.place, fault.code, fault.text, fault.remedy, breach.key)


def _where(entry: Entry, key: str) -> str:
    """The column of a key; on forms without it the one that holds the same."""
    if key in entry.header.resource:
        return key
    if key.startswith("conditions."):
        under = next((one for one in entry.header.resource if one.startswith(key)), None)
        return under or "conditions.other"
    return next((one for one in OTHERWISE.get(key, ()) if one in entry.header.resource), key)


_ROOTS = {
    "sharing_mode": ("data_format",),
    "openness": ("classification.grade", "items"),
    "classification.grade": ("items",),
    "conditions.scope": ("sharing_attribute",),
    "conditions.purpose": ("sharing_attribute",),
    "conditions.reason": ("sharing_attribute",),
    "conditions.basis": ("sharing_attribute",),
    "openness_conditions": ("openness",),
    "not_updated_reason": ("update_frequency",),
    "grade": ("classification.grade",),
    "id": ("provider", "domain", "title"),
}
"""What else a breach of a key rests on."""


def _stands_on_faulty(built: Built, item: object, breach: Breach) -> bool:
    """Whether the breach comes of a stand-in and not of what the officer wrote."""
    faulty = set(built.faulty) | ({"items"} if any(one.faulty for one in built.items) else set())
    own: frozenset[str] = getattr(item, "faulty", frozenset())
    roots = {breach.key, *_ROOTS.get(breach.key, ())}
    if any(key == root or key.startswith(f"{root}.") for key in own for root in roots):
        return True
    wanted = roots if item is None else roots - {breach.key}
    return any(key == root or key.startswith(f"{root}.") for key in faulty for root in wanted)
