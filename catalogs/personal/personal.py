"""What is personal information, and sensitive or not, by the edition of the standard in force here. Pure.

- A class of information is sensitive, or personal alone, by an edition; where an edition leaves it open, the providing
  department states it. An identity number is personal information by GB/T 35273-2020 and by GB/T 45574-2025; sensitive,
  as 特定身份, by the old one alone (requirement 16).
- What a department states is never weakened by a rule (就高从严): what it calls sensitive beyond the edition stays so.
  What it calls sensitive because another edition said so is judged anew.
- Every flag states the edition under which it was made.
- Judging again under another edition changes flags and raises grades where the floor rises; it never lowers a grade.
  What a person lowers takes two (`catalogs.regrade.lowering`).

The rules are data: `policies/personal.yaml`, read by `catalogs.personal.read_personal`.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, lru_cache

from catalogs.values.model import Content, Edition, Grade, IdentifierRole, Item, PersonalClass, PersonalKind, Resource
from catalogs.values.word import Word
from infra.language import Text
from infra.text import fold

# The same names come again in thousands of resources of one city.
_folded = lru_cache(maxsize=10_000)(fold)
_MARKS = re.compile(r"[^0-9A-Za-z_\u4e00-\u9fff]+")


class Standing(Word):
    """What an edition makes of a class of information."""

    SENSITIVE = "sensitive", "敏感个人信息", "sensitive personal information"
    PERSONAL = "personal", "个人信息", "personal information"
    OPEN = "open", "由提供单位认定", "as the providing department states"


class Evidence(Word):
    """What a name is evidence of: a column that speaks of persons, or one that does so beside such a one."""

    PERSON = "person", "涉及个人", "speaks of persons"
    BESIDE = "beside", "与个人同表", "beside persons"


@dataclass(frozen=True, slots=True)
class Ruled:
    """What one edition says of a class of information, and where."""

    standing: Standing
    basis: Text


@dataclass(frozen=True, slots=True)
class PersonalRule:
    """One class of information. `says` is a pattern of names, `exact` folded names that can mean nothing else.

    `kind` is None for what holds for every class by its `content`; `identifier`, `grade` and `adds` are proposed of a
    column that was found to be of it.
    """

    id: str
    kind: PersonalKind | None
    name: Text
    editions: Mapping[Edition, Ruled]
    says: re.Pattern[str] | None = None
    exact: frozenset[str] = frozenset()
    evidence: Evidence | None = None
    content: Content | None = None
    identifier: IdentifierRole = IdentifierRole.NONE
    grade: Grade | None = None
    adds: Content | None = None


@dataclass(frozen=True, slots=True)
class EditionHead:
    """An edition: its title and since when it is in force."""

    name: Text
    since: date


@dataclass(frozen=True)
class PersonalRules:
    """The rule set, with the `edition` that is in force here."""

    version: int
    edition: Edition
    editions: Mapping[Edition, EditionHead]
    rules: tuple[PersonalRule, ...]
    _exact: dict[str, PersonalRule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Lay down the names that can mean nothing else, of which each item of a city is asked."""
        object.__setattr__(self, "_exact", {name: rule for rule in self.rules for name in rule.exact})

    def under(self, edition: Edition) -> "PersonalRules":
        """The same rules with another edition in force."""
        return replace(self, edition=edition)

    def named(self, identity: str) -> PersonalRule:
        """The rule of that id.

        Raises:
            KeyError: there is none.
        """
        for rule in self.rules:
            if rule.id == identity:
                return rule
        raise KeyError(identity)

    def rule(self, kind: PersonalKind, names: str, content: Collection[Content] = ()) -> PersonalRule:
        """The rule that holds for information of the class under these names: the first that fits."""
        for rule in self.rules:
            by_content = rule.content is not None and rule.content in content
            by_name = rule.kind is kind and (rule.says is None or rule.says.search(names) is not None)
            if by_content or by_name:
                return rule
        raise KeyError(kind)  # a rule set without a rule for each class is not read

    def flag(
        self,
        kind: PersonalKind,
        names: str,
        content: Collection[Content] = (),
        *,
        said: bool | None = None,
        under: Edition | None = None,
    ) -> PersonalClass | None:
        """The flag in force for information of the class; None where the edition leaves open what nobody stated.

        Args:
            kind: the class that its department states.
            names: its names, as `spelled` gives them.
            content: its special content.
            said: what the department states: sensitive or not; None where it leaves that to the rules.
            under: the edition by which it said so; None for the one in force.
        """
        editions = self.rule(kind, names, content).editions
        before, now = editions[under or self.edition].standing, editions[self.edition].standing
        if now is Standing.OPEN and said is None:
            return None
        stricter = bool(said) and (now is Standing.OPEN or before is not Standing.SENSITIVE)
        return PersonalClass(kind, now is Standing.SENSITIVE or stricter, self.edition)

    def unmarked(self, item: Item) -> PersonalRule | None:
        """The rule by which an item that nobody called personal must be so: its very name says it."""
        if item.personal is not None:
            return None
        for name in (item.zh, *item.aliases):
            rule = self._exact.get(_folded(name))
            if rule is not None:
                return rule
        return None

    def basis(self, item: Item) -> Text | None:
        """By what the item is flagged as it is, None where it is not personal: the place in the edition of its flag."""
        flag = item.personal
        if flag is None:
            return None
        ruled = self.rule(flag.kind, names_of(item), item.content).editions[flag.edition]
        if flag.sensitive and ruled.standing is Standing.PERSONAL:
            return Text(f"提供单位从严认定（{ruled.basis.zh}）", f"the department is stricter ({ruled.basis.en})")
        return ruled.basis


@cache
def house_rules() -> PersonalRules:
    """The rules of the house, with the edition in force that they name.

    Raises:
        Refused: CATALOG_FAULTY, the file that comes with the package is broken.
    """
    from catalogs.personal.read_personal import read_house  # noqa: PLC0415 - reading is not for those who only hold values

    return read_house()


def spelled(*names: str) -> str:
    """What an item is called, for patterns of names."""
    return "_".join(_MARKS.sub("_", fold(name)) for name in names)


def names_of(item: Item) -> str:
    """As `spelled`, of an item."""
    return spelled(item.name, item.zh, *item.aliases)


def not_sensitive(
    rules: PersonalRules, kind: PersonalKind, names: str, content: Collection[Content]
) -> tuple[str, str]:
    """What is wrong with calling that not sensitive which the edition counts as sensitive."""
    basis = rules.rule(kind, names, content).editions[rules.edition].basis
    return (
        f"{rules.edition} 列为敏感个人信息（{basis.zh}），不能写 sensitive: false",
        f"{rules.edition} counts it as sensitive ({basis.en}): it cannot be called not sensitive",
    )


def said_flag(flag: PersonalClass) -> Text:
    """A flag in words: its class, whether sensitive, and the edition by which it is."""
    mark = Text("敏感，", "sensitive, ") if flag.sensitive else Text("", "")
    return Text(
        f"{flag.kind.text.zh}（{mark.zh}{flag.edition}）",
        f"{flag.kind.text.en} ({mark.en}{flag.edition})",
    )


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What judging anew made of one item: its flag before and after, and its grade before and after."""

    resource: str
    item: str
    before: PersonalClass
    after: PersonalClass
    grade: Grade
    raised: Grade

    @property
    def weaker(self) -> bool:
        """Whether what was sensitive is so no longer."""
        return self.before.sensitive and not self.after.sensitive

    @property
    def text(self) -> Text:
        """In words."""
        was, now = said_flag(self.before), said_flag(self.after)
        zh, en = f"{self.item}：{was.zh} → {now.zh}", f"{self.item}: {was.en} → {now.en}"
        if self.raised > self.grade:
            return Text(
                f"{zh}；级别由{self.grade.text.zh}升为{self.raised.text.zh}",
                f"{en}; raised from {self.grade.text.en} to {self.raised.text.en}",
            )
        return Text(f"{zh}；级别不变：{self.grade.text.zh}", f"{en}; the grade stays {self.grade.text.en}")


def rejudged(resource: Resource, rules: PersonalRules, floor: Mapping[bool, Grade]) -> Resource:
    """The resource with every flag judged by the edition in force; grades rise to the floor and never fall.

    Args:
        resource: as it is registered.
        rules: with the edition in force.
        floor: the lowest grade of what is not sensitive (False) and of what is (True).
    """
    items = tuple(_rejudged(item, rules, floor) for item in resource.items)
    return replace(resource, items=items, grade=max(resource.grade, *(item.grade for item in items)))


def _rejudged(item: Item, rules: PersonalRules, floor: Mapping[bool, Grade]) -> Item:
    flag = item.personal
    if flag is None:
        return item
    now = rules.flag(flag.kind, names_of(item), item.content, said=flag.sensitive, under=flag.edition)
    if now is None or now == flag:
        return item
    return replace(item, personal=now, grade=max(item.grade, floor[now.sensitive]))


def differences(old: Resource, new: Resource) -> Iterable[Rejudged]:
    """Which items of one class were flagged otherwise, by another edition or by the rules of it."""
    for item in new.items:
        was = old.item(item.name)
        before, after = was and was.personal, item.personal
        if was and before and after and before != after and before.kind is after.kind:
            yield Rejudged(new.id, item.name, before, after, was.grade, item.grade)
