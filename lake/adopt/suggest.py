"""What inference found in files as a proposal for the officer: classes, roles and grades of items. A person decides.

Promises: no value of the data is in a suggestion, in a draft or in the ledger; nothing is changed until a person
accepts by name; what was proposed and what was accepted stands in the ledger with the draft, in one transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import msgspec

from catalogs.life import drafts
from catalogs.lookup import resource
from catalogs.rules.grading import Trigger, triggers
from catalogs.values.model import Content, Grade, IdentifierRole, Item, Person, PersonalClass, PersonalKind, Resource
from catalogs.values.words import find, find_grade
from contracts.infer.documents import grade
from contracts.infer.draft import Draft
from infra.crypto import sha256_hex
from infra.errors import Place, Refused, WrongUse
from infra.ground import Ground
from infra.language import Text

EVERY = "all"
_PLAIN = Text(
    "没有发现个人信息的迹象；未定级的按一般2级", "no sign of personal information; what nobody graded is general 2"
)
_LONGEST = 1500


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What one item is proposed to be, how sure that is (0 to 1), and what shows it."""

    item: str
    header: str
    personal: PersonalClass | None
    identifier: IdentifierRole
    grade: Grade
    content: frozenset[Content]
    confidence: float
    evidence: Text

    def plain(self) -> dict[str, Any]:
        """In ids, for JSON and the ledger; without the header, which is its sender's own words."""
        return {
            "item": self.item,
            "personal": str(self.personal.kind) if self.personal else None,
            "sensitive": bool(self.personal and self.personal.sensitive),
            "edition": str(self.personal.edition) if self.personal else None,
            "identifier": str(self.identifier),
            "grade": self.grade.id,
            "content": sorted(str(one) for one in self.content),
            "confidence": round(self.confidence, 2),
        }

    def sign(self) -> str:
        """In few words, for a reason that is kept."""
        kind = self.personal.kind if self.personal else "-"
        return f"{self.item}={kind}/{self.identifier}/{self.grade.id}@{self.confidence:.2f}"

    def onto(self, item: Item) -> Item:
        """The item as proposed; a grade that stands higher already stays (就高从严)."""
        grade_ = max(self.grade, item.grade)
        role = self.identifier if self.identifier is not IdentifierRole.NONE else item.identifier
        personal, content = self.personal or item.personal, self.content | item.content
        return replace(item, identifier=role, personal=personal, content=content, grade=grade_)


def suggestions(draft: Draft) -> tuple[Suggestion, ...]:
    """The proposal for every column. Pure."""
    found = []
    for column in draft.columns:
        whose = column.personal
        kind = find(PersonalKind, whose.kind) if whose else None
        content = {find(Content, word) for word in whose.content} if whose else set()
        found.append(
            Suggestion(
                column.name,
                column.named.header,
                PersonalClass(kind, whose.sensitive, whose.edition) if whose and kind else None,
                (find(IdentifierRole, whose.identifier) if whose else None) or IdentifierRole.NONE,
                find_grade(grade(column)) or Grade.GENERAL_2,
                frozenset(word for word in content if word is not None),
                whose.confidence if whose else 0.5,
                whose.evidence if whose else _PLAIN,
            )
        )
    return tuple(found)


def overall(found: Sequence[Suggestion]) -> Grade:
    """The resource's grade: the highest of its items' (就高从严). Pure."""
    return max(one.grade for one in found)


def entry(ground: Ground, dataset: str) -> tuple[Resource, int | None] | None:
    """The entry as it is drafted or else registered, with the draft's revision; None where there is neither."""
    known = drafts.draft(ground.engine, dataset)
    if known is not None:
        return known.body, known.revision
    try:
        return resource(ground.engine, dataset), None
    except Refused:
        return None


def applied(
    known: Resource,
    found: Sequence[Suggestion],
    accepted: Collection[str],
    edited: Mapping[str, Suggestion] = MappingProxyType({}),
) -> Resource:
    """The entry with the accepted suggestions, as `edited` where they were; its grade is never lowered. Pure.

    Raises:
        WrongUse: SUGGEST_ITEM, a name that was not proposed or that the entry does not have.
    """
    by_name = {one.item: one for one in found}
    wanted = set(by_name) & {item.name for item in known.items} if EVERY in accepted else set(accepted)
    unknown = sorted(name for name in wanted if name not in by_name or known.item(name) is None)
    if unknown:
        raise WrongUse(
            "SUGGEST_ITEM",
            f"没有可采纳的数据项：{'、'.join(unknown)[:200]}",
            f"there is no suggestion for an item of the entry: {', '.join(unknown)[:200]}",
            remedy=Text("用不带 --accept 的命令查看建议", "see the suggestions without --accept"),
        )
    by_name |= edited
    items = tuple(by_name[one.name].onto(one) if one.name in wanted else one for one in known.items)
    return replace(known, items=items, grade=max(known.grade, *(one.grade for one in items)))


def raised(known: Resource, found: Sequence[Suggestion]) -> tuple[Trigger, ...]:
    """What would raise the grade of the entry if all of it were accepted. Pure."""
    return triggers(applied(known, found, {EVERY}))


def accept(
    ground: Ground,
    dataset: str,
    found: Sequence[Suggestion],
    accepted: Collection[str],
    by: Person,
    edited: Mapping[str, Suggestion] = MappingProxyType({}),
) -> drafts.Draft:
    """Save the accepted suggestions as the entry's draft; the ledger says what was proposed and what was decided.

    `edited` are those that the person wants in other words than were proposed.

    Raises:
        WrongUse: SUGGEST_ITEM.
        Refused: SUGGEST_ENTRY, there is no entry; what `catalogs.life.drafts.save` refuses.
    """
    known = entry(ground, dataset)
    if known is None:
        raise Refused(
            "SUGGEST_ENTRY",
            "该数据资源既没有草稿也没有登记，建议无处可采纳",
            "the resource is neither drafted nor registered: there is no entry to accept it into",
            place=Place(dataset=dataset),
            remedy=Text(
                "先建立目录草稿，或用 hub contract infer --out 生成",
                "draft it first, or use `hub contract infer --out`",
            ),
        )
    body, revision = known
    new = applied(body, found, accepted, edited)
    return drafts.save(ground, new, by, revision=revision, why=_why(found, accepted, edited))


def _why(found: Sequence[Suggestion], accepted: Collection[str], edited: Mapping[str, Suggestion]) -> str:
    proposed = msgspec.json.encode([one.plain() for one in found])
    signs = "; ".join(one.sign() for one in found)
    names, other = (
        ", ".join(sorted(accepted)),
        "; ".join(edited[one.item].sign() for one in found if _other(one, edited)),
    )
    head = f"采纳推断建议 accepted suggestions [{names[:400]}]; sha256 {sha256_hex(proposed)}; "
    head += f"改为 as [{other[:400]}]; 建议 proposed: " if other else "建议 proposed: "
    return (head + signs)[:_LONGEST]


def _other(one: Suggestion, edited: Mapping[str, Suggestion]) -> bool:
    return edited.get(one.item, one) != one
