"""Who may see what inside the house: one question, asked before every read.

    decide(reader, act, item_ref(resource, "age"), {"purpose": "quality"}) -> Decision

Acts: `query`, `read_statistics`, `read_quarantine`, `export` (values), `describe` (names, types and grades, no values),
and upon a resource as a whole `deliver` (data into it), `replay` (what its quarantine holds, into it), `restore` (to
what an earlier version held) and `evolve` (its table's columns); no value is seen.
Context key: `purpose` (a duty of the reader); None is as absent; an unknown key refuses. Where the law asks for an
approval, the rules refuse until approvals have a register: a text that somebody types proves none. Pure: everything it
needs is an argument. Deny by default, reasons in both languages.

Quarantine holds raw rows, in which any column may hold another's value: there each item counts as its whole resource
does, at the highest grade of its items and with the content of all of them.

The house's own records have rules of their own (`records.cedar`) and the acts `read_contents`, `export_ledger` (upon
`LEDGER`), `list_people` (upon `PEOPLE`), `send_notices` (upon `NOTICES`), `supervise`, `run_clock`, `exchange` (upon
`CATALOGUE`),
`close_ticket` (upon a `TicketRef`), and upon a `DraftRef` the acts of the catalogue's life (`catalogs.life`):
`edit_draft`, `approve_draft`, `review_draft`, `withdraw_resource`, `open_change`, `extend_task`, `file_correction`,
`set_lead`, `list_tasks` (of a department), and of its grade (`catalogs.regrade.regrading`) `propose_grade` and
`settle_grade`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from catalogs.permission.cedar import Decision, Entity, PolicyEngine, Uid, policy_files
from catalogs.rules.rules import highest
from catalogs.values.model import Content, Grade, Item, Person, Resource

__all__ = [
    "CATALOGUE",
    "LEDGER",
    "NOTICES",
    "PEOPLE",
    "Decision",
    "DraftRef",
    "ItemRef",
    "Records",
    "TicketRef",
    "city_policy",
    "decide",
    "decide_each",
    "house_policy",
    "item_ref",
    "visible_items",
]

RAW_ACTS = frozenset({"read_quarantine"})
Rules = Literal["reading", "records"]
RULES: tuple[Rules, ...] = ("reading", "records")
_POLICIES = Path(__file__).parents[1] / "policies"


@dataclass(frozen=True, slots=True)
class ItemRef:
    """One item of one resource."""

    resource: Resource
    item: Item

    @property
    def id(self) -> str:
        """`dataset/item`."""
        return f"{self.resource.id}/{self.item.name}"


@dataclass(frozen=True, slots=True)
class Records:
    """Records of the house itself, which no resource of the catalogue holds."""

    id: str


LEDGER = Records("ledger")
PEOPLE = Records("people")
NOTICES = Records("notices")
CATALOGUE = Records("catalogue")


@dataclass(frozen=True, slots=True)
class TicketRef:
    """A quality ticket: whose deliveries it is about, and who provides them; empty where nobody registered them."""

    id: str
    unit: str
    provider: str


@dataclass(frozen=True, slots=True)
class DraftRef:
    """An entry of the catalogue on its way, or a task about one: its id, unit and providing department."""

    id: str
    unit: str
    provider: str


def item_ref(resource: Resource, name: str) -> ItemRef:
    """The item of that name.

    Raises:
        KeyError: the resource has none.
    """
    item = resource.item(name)
    if item is None:
        raise KeyError(name)
    return ItemRef(resource, item)


def house_policy(rules: Rules = "reading") -> PolicyEngine:
    """The rules of reading, or those of the house's records, that hold in every city, without a city's own."""
    return _loaded(rules, ())


def city_policy(city: Path, rules: Rules = "reading") -> PolicyEngine:
    """The rules of the house and those of `<city>/policies/<rules>*.cedar` together.

    Raises:
        Refused: POLICY_INVALID when the city's policies are faulty: then nothing may be read.
    """
    return _loaded(rules, policy_files(city, rules))


@lru_cache(maxsize=8)
def _loaded(rules: Rules, files: tuple[tuple[Path, int], ...]) -> PolicyEngine:
    # Policies are files that do not change under one modification time: parsing them again would say the same.
    schema = (_POLICIES / f"{rules}.cedarschema").read_text(encoding="utf-8")
    return PolicyEngine.load([_POLICIES / f"{rules}.cedar", *(path for path, _ in files)], schema)


def decide(
    reader: Person,
    act: str,
    what: ItemRef | Resource | Records | TicketRef | DraftRef,
    context: Mapping[str, Any] | None = None,
    *,
    policy: PolicyEngine | None = None,
) -> Decision:
    """Whether `reader` may do `act` upon an item, upon a resource as a whole, or upon records of the house.

    A resource may be read where the rules on the resource itself allow it, whatever its items are; its obligations then
    name under `mask` the items that must not be shown. A denied item's obligations name the item itself.

    Args:
        reader: who asks.
        act: one of the acts above; an unknown one refuses.
        what: the item, the resource, the records, the ticket, or the entry on its way.
        context: the purpose, where there is one.
        policy: `city_policy(...)` (for records, that of the rules `records`); without it the rules of the house alone,
            which no city can weaken.
    """
    engine = policy or house_policy("records" if isinstance(what, Records | TicketRef | DraftRef) else "reading")
    asked = {key: value for key, value in (context or {}).items() if value is not None}
    if isinstance(what, Records):
        return _evaluate(engine, reader, act, [Entity(("Records", what.id))], asked)[0]
    if isinstance(what, TicketRef | DraftRef):
        kind = "Ticket" if isinstance(what, TicketRef) else "Draft"
        about = Entity((kind, what.id), {"unit": what.unit, "provider": what.provider})
        return _evaluate(engine, reader, act, [about], asked)[0]
    if isinstance(what, ItemRef):
        return _items(engine, reader, act, what.resource, [what.item], asked)[0]
    whole = _evaluate(engine, reader, act, [_whole(what, act)], asked)[0]
    if not whole.allowed:
        return replace(whole, obligations={"mask": [item.name for item in what.items]})
    masked = [
        name for name, seen in visible_items(reader, what, act, context, policy=engine).items() if not seen.allowed
    ]
    return replace(whole, obligations={"mask": masked} if masked else {})


def decide_each(
    reader: Person, act: str, resources: Sequence[Resource], *, policy: PolicyEngine | None = None
) -> list[Decision]:
    """The decision on each resource as a whole, in their order, without what it would owe: for lists of many."""
    return _evaluate(policy or house_policy(), reader, act, [_whole(resource, act) for resource in resources], {})


def visible_items(
    reader: Person,
    resource: Resource,
    act: str,
    context: Mapping[str, Any] | None = None,
    *,
    policy: PolicyEngine | None = None,
) -> dict[str, Decision]:
    """The decision on every item of a resource, by item name in their order."""
    asked = {key: value for key, value in (context or {}).items() if value is not None}
    decisions = _items(policy or house_policy(), reader, act, resource, resource.items, asked)
    return {item.name: decision for item, decision in zip(resource.items, decisions, strict=True)}


def _items(
    engine: PolicyEngine, reader: Person, act: str, resource: Resource, items: Sequence[Item], asked: Mapping[str, Any]
) -> list[Decision]:
    if act in RAW_ACTS:
        found = _evaluate(engine, reader, act, [_whole(resource, act)], asked) * len(items)
    else:
        found = _evaluate(engine, reader, act, [_of_item(ItemRef(resource, item)) for item in items], asked)
    return [
        decision if decision.allowed else replace(decision, obligations={"mask": [item.name]})
        for item, decision in zip(items, found, strict=True)
    ]


def _evaluate(
    engine: PolicyEngine, reader: Person, act: str, data: Sequence[Entity], asked: Mapping[str, Any]
) -> list[Decision]:
    who: Uid = ("Person", reader.id)
    person = Entity(
        who,
        {
            "unit": reader.unit,
            "department": reader.department,
            "roles": sorted(str(role) for role in reader.roles),
            "clearance": int(reader.clearance),
            "purposes": sorted(reader.purposes),
        },
    )
    return engine.evaluate_many(who, act, [entity.uid for entity in data], asked, [person, *data])


def _of_item(ref: ItemRef) -> Entity:
    attrs = _data(ref.resource, ref.item.grade, ref.item.personal is not None, ref.item.content)
    return Entity(("Item", ref.id), attrs)


def _whole(resource: Resource, act: str) -> Entity:
    """The resource as the act meets it: with all that its items hold where raw rows are read, else by itself."""
    if act in RAW_ACTS:
        personal = any(item.personal for item in resource.items)
        attrs = _data(resource, max(resource.grade, highest(resource.items)), personal, resource.content)
    else:
        attrs = _data(resource, Grade.GENERAL_1, False, frozenset())
    return Entity(("Resource", resource.id), attrs)


def _data(resource: Resource, grade: Grade, personal: bool, content: frozenset[Content]) -> dict[str, Any]:
    return {
        "unit": resource.unit,
        "provider": resource.provider,
        "sharing": str(resource.sharing_attribute),
        "grade": int(grade),
        "personal": personal,
        "minor": Content.MINOR in content,
        "patient": Content.PATIENT in content,
        "plate": Content.PLATE in content,
        "camera": Content.CAMERA in content,
    }
