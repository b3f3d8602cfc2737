"""What a contract asks of a published table that has other columns: taken by itself, decided by a person, or refused.

Two schemas in, a plan out: no table is touched here. By itself goes what no reader loses a value by: a column more, and
a number that becomes a wider number (a whole number a decimal or a floating number, a decimal one of no fewer digits on
either side of the point). All else is a person's decision (`hub lake evolve`), for a rule cannot know what was meant:
whether a column that is gone was renamed or shall go from what is published, whether a value is still the same value in
another type.

A column that goes is not kept as an empty one: a table that is half filled in a column nobody promises reads as if the
city had stopped measuring. Its values stay in the versions before, as long as those are kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from catalogs.values.model import Item
from catalogs.values.words import IdentifierRole
from contracts.model import Contract
from infra.errors import Place, Refused, WrongUse
from infra.language import Text


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person decided: columns that go, old name → new name, columns that take another type."""

    drop: frozenset[str] = frozenset()
    rename: Mapping[str, str] = field(default_factory=dict)
    retype: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """The way from a table's columns to a contract's.

    Attributes:
        added: columns that the table gets, empty in its rows.
        typed: column, by its new name → its type now and then.
        renamed: new name → old name.
        dropped: columns that go.
        gone, changed: those that are no longer promised, and those of another type, that nobody decided about.
    """

    added: tuple[str, ...] = ()
    typed: Mapping[str, tuple[pa.DataType, pa.DataType]] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: Mapping[str, tuple[pa.DataType, pa.DataType]] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether the table's files have to be written anew."""
        return bool(self.typed or self.renamed or self.dropped)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the log, the ledger and commands."""
        typed = {name: [str(was), str(then)] for name, (was, then) in self.typed.items()}
        renamed = {old: new for new, old in self.renamed.items()}
        return {"added": list(self.added), "typed": typed, "renamed": renamed, "dropped": list(self.dropped)}

    def said(self) -> list[Text]:
        """Each change in words."""
        told = [Text(f"列 {name} 新增", f"column {name} is added") for name in self.added]
        told += [
            Text(f"列 {name} 类型由 {was} 变为 {then}", f"column {name} goes from {was} to {then}")
            for name, (was, then) in (*self.typed.items(), *self.changed.items())
        ]
        told += [Text(f"列 {old} 更名为 {new}", f"column {old} is called {new}") for new, old in self.renamed.items()]
        told += [Text(f"列 {name} 删除", f"column {name} goes") for name in self.dropped]
        told += [
            Text(f"列 {name} 在表中，契约已不再列出", f"column {name} is in the table, the contract no longer has it")
            for name in self.gone
        ]
        return told


def wider(was: pa.DataType, then: pa.DataType) -> bool:
    """Whether every value of a type has its place in the other one, as far as types tell; values are looked at."""
    if pa.types.is_integer(was):
        return bool(pa.types.is_decimal(then) or pa.types.is_float64(then) or then == pa.int64())
    if pa.types.is_decimal(was) and pa.types.is_decimal(then):
        return bool(then.scale >= was.scale and then.precision - then.scale >= was.precision - was.scale)
    return False


def guarded_less(was: Item, then: Item) -> bool:
    """Whether the values of an item would be read by more people, or more plainly, under another item's name."""
    weaker = was.personal and (not then.personal or (was.personal.sensitive and not then.personal.sensitive))
    return (
        then.grade < was.grade
        or bool(weaker)
        or (was.identifier is not IdentifierRole.NONE and then.identifier is IdentifierRole.NONE)
        or not was.content <= then.content
    )


def plan(there: pa.Schema, wanted: pa.Schema, asked: Asked | None = None) -> Plan:
    """The way from the columns `there` to those `wanted`.

    Raises:
        WrongUse: `EVOLVE_COLUMN`, something was decided about a column that is not as it was thought to be.
    """
    asked = asked or Asked()
    _sensible(there, wanted, asked)
    renamed = {new: old for old, new in asked.rename.items()}
    typed: dict[str, tuple[pa.DataType, pa.DataType]] = {}
    changed: dict[str, tuple[pa.DataType, pa.DataType]] = {}
    added = []
    for column in wanted:
        source = renamed.get(column.name, column.name)
        if source not in there.names:
            added.append(column.name)
        elif (was := there.field(source).type) != column.type:
            decided = wider(was, column.type) or column.name in asked.retype
            (typed if decided else changed)[column.name] = (was, column.type)
    left = [name for name in there.names if name not in wanted.names and name not in asked.rename]
    return Plan(
        added=tuple(added),
        typed=typed,
        renamed=renamed,
        dropped=tuple(name for name in left if name in asked.drop),
        gone=tuple(name for name in left if name not in asked.drop),
        changed=changed,
    )


def _sensible(there: pa.Schema, wanted: pa.Schema, asked: Asked) -> None:
    odd = [name for name in sorted(asked.drop) if name not in there.names or name in wanted.names]
    odd += [name for name in sorted(asked.retype) if name not in wanted.names]
    for old, new in asked.rename.items():
        if old not in there.names or old in wanted.names or old in asked.drop:
            odd.append(old)
        if new not in wanted.names or new in there.names or list(asked.rename.values()).count(new) > 1:
            odd.append(new)
    if odd:
        names = ", ".join(dict.fromkeys(odd))
        raise WrongUse(
            "EVOLVE_COLUMN",
            f"列 {names} 不能这样变更：删除或更名的列须在表中而不在契约中，新列名须在契约中而不在表中",
            f"this cannot be done to {names}: what goes or is renamed is in the table and not in the contract, "
            "a new name is in the contract and not in the table",
            remedy=Text("用 hub lake evolve 数据集 --dry-run 查看差异", "see the differences with `--dry-run`"),
        )


def refuse_undecided(contract: Contract, found: Plan) -> None:
    """A plan with a change that nobody decided about ends here, in the words of what can be done.

    Raises:
        Refused: `LAKE_TABLE_SCHEMA`.
    """
    if not found.gone and not found.changed:
        return
    only = Plan(gone=found.gone, changed=found.changed)
    zh, en = "；".join(one.zh for one in only.said()), "; ".join(one.en for one in only.said())
    raise Refused(
        "LAKE_TABLE_SCHEMA",
        f"契约 {contract.version} 与已发布的表不一致：{zh}。什么都没有改动",
        f"contract {contract.version} and the published table differ: {en}. Nothing was changed",
        place=Place(dataset=contract.id),
        remedy=_next(contract.id, found),
    )


def _next(dataset: str, found: Plan) -> Text:
    """What the engineer does next."""
    zh, en = [], []
    if found.gone:
        new = found.added[0] if found.added else "NEW"
        command = f"hub lake evolve {dataset} --rename {found.gone[0]}={new}"
        zh.append(f"更名用 {command}，不再发布用 --drop {found.gone[0]}（旧值留在以前的版本）")
        en.append(
            f"if it was renamed: `{command}`; if it shall go: `--drop {found.gone[0]}` (older versions keep its values)"
        )
    if found.changed:
        name = next(iter(found.changed))
        command = f"hub lake evolve {dataset} --retype {name}"
        zh.append(f"改类型用 {command}（每个值都须能原样还原），否则在契约中恢复原类型，或登记为新的数据集")
        en.append(
            f"for the type: `{command}` (each value must come back the same), or give the contract its type again, "
            "or register a new dataset"
        )
    zh.append("然后用 hub ticket again 再次处理未受理的批次")
    en.append("then take refused deliveries with `hub ticket again`")
    return Text("；".join(zh), "; ".join(en))
