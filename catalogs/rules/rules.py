"""The rules that one resource must keep, as pure functions: each yields what is wrong, and says by which text.

1. 不予共享 needs a reason and a law, administrative regulation or State Council decision with title and article;
   有条件共享 needs 共享范围 and 使用用途 (Decree 809 Art. 14-15).
2. 就高从严: a resource is graded no lower than its highest item (GB/T 43697-2024).
3. Personal information is graded by what harm its leak does to a person (`PERSONAL_FLOOR`); a person's identifier is
   personal information; not personal, or of general grade 1 alone, is what may be opened without condition.
4. What the national guide adds: see `catalogs.rules.entry_rules`.
5. What the edition of a flag counts as sensitive is so; what by its very name is personal is marked
   (`catalogs.personal.personal`).
6. Matching a delivery's headers must be unambiguous: no two items share a name, Chinese name or alias.
"""

from collections.abc import Iterator
from functools import lru_cache

from catalogs.personal.personal import Standing, house_rules, names_of, not_sensitive
from catalogs.rules.basis import basis_doubt
from catalogs.rules.breach import Breach
from catalogs.rules.entry_rules import entry_breaches
from catalogs.rules.grading import grade_of
from catalogs.values.model import (
    Conditions,
    Content,
    Grade,
    IdentifierRole,
    Item,
    ItemType,
    Openness,
    Resource,
    SharingAttribute,
)
from infra.language import Text
from infra.text import fold

__all__ = ["PERSONAL_FLOOR", "Breach", "breaches", "grade_floor", "highest", "sharing_breaches"]


PERSONAL_FLOOR = {
    "personal": (Grade.GENERAL_2, Text("个人信息", "personal information")),
    "sensitive": (Grade.GENERAL_3, Text("敏感个人信息", "sensitive personal information")),
    "direct": (Grade.GENERAL_3, Text("直接标识符", "a direct identifier")),
    "special": (Grade.GENERAL_3, Text("未成年人或患者信息", "data of children or patients")),
}
"""The lowest grade by what an item is. Individuals' rights alone stay 一般 (GB/T 43697-2024); within it the health
sector puts name, birth and sex at 3, numbers and addresses at 4: the floor takes 3 for all that is sensitive."""


def grade_floor(item: Item) -> tuple[Grade, Text] | None:
    """The lowest grade that the item may have and why, None where nothing binds it."""
    floors = []
    if item.personal is not None:
        floors.append(PERSONAL_FLOOR["personal"])
        if item.personal.sensitive:
            floors.append(PERSONAL_FLOOR["sensitive"])
        if item.identifier is IdentifierRole.DIRECT:
            floors.append(PERSONAL_FLOOR["direct"])
    if item.content & {Content.MINOR, Content.PATIENT}:
        floors.append(PERSONAL_FLOOR["special"])
    return max(floors, key=lambda floor: floor[0], default=None)


def highest(items: tuple[Item, ...]) -> Grade:
    """就高从严: the highest grade of the items, general 1 of none."""
    return max((item.grade for item in items), default=Grade.GENERAL_1)


def breaches(resource: Resource) -> Iterator[Breach]:
    """Every rule that the resource breaks."""
    yield from sharing_breaches(resource.sharing_attribute, resource.conditions)
    yield from _resource_breaches(resource)
    yield from entry_breaches(resource)
    for item in resource.items:
        yield from _item_breaches(item)
    yield from _name_breaches(resource.items)


def sharing_breaches(attribute: SharingAttribute, conditions: Conditions) -> Iterator[Breach]:
    """What the conditions of use lack under the sharing attribute."""
    if attribute is SharingAttribute.CONDITIONAL:
        remedy = Text("在 conditions 中写明；政务数据共享条例第十五条", "state it under conditions: Decree 809 Art. 15")
        if conditions.scope is None:
            yield Breach(
                "CATALOG_CONDITION_MISSING",
                "conditions.scope",
                Text("有条件共享缺少共享范围(scope)", "conditional sharing states no 共享范围 (scope)"),
                remedy,
            )
        if conditions.purpose is None:
            yield Breach(
                "CATALOG_CONDITION_MISSING",
                "conditions.purpose",
                Text("有条件共享缺少使用用途(purpose)", "conditional sharing states no 使用用途 (purpose)"),
                remedy,
            )
    elif attribute is SharingAttribute.NOT_SHARED:
        remedy = Text(
            "写明理由和法律、行政法规或国务院决定的名称、条款；政务数据共享条例第十四条、第十五条",
            "state the reason and title and article of a law, administrative regulation or State Council decision: "
            "Decree 809 Art. 14-15",
        )
        if conditions.reason is None:
            yield Breach(
                "CATALOG_BASIS_MISSING",
                "conditions.reason",
                Text("不予共享缺少理由(reason)", "not shared without a reason"),
                remedy,
            )
        if conditions.basis is None:
            yield Breach(
                "CATALOG_BASIS_MISSING",
                "conditions.basis",
                Text("不予共享缺少法律依据(basis)", "not shared without a legal basis"),
                remedy,
            )
        elif (doubt := basis_doubt(conditions.basis)) is not None:
            yield Breach("CATALOG_BASIS_KIND", "conditions.basis", doubt, remedy)


def _resource_breaches(resource: Resource) -> Iterator[Breach]:
    top = highest(resource.items)
    if resource.grade < top:
        first = next(item for item in resource.items if item.grade is top)
        yield Breach(
            "CATALOG_GRADE_TOO_LOW",
            "classification.grade",
            Text(
                f"定为{resource.grade.text.zh}，低于数据项 {first.name} 的{top.text.zh}",
                f"graded {resource.grade.text.en}, below its item {first.name} ({top.text.en})",
            ),
            Text("就高从严：不写 grade，或写更高的级别", "take the higher: leave grade out, or raise it"),
        )
    yield from _impact_breaches(resource)
    if resource.openness is Openness.UNCONDITIONAL and (
        resource.grade > Grade.GENERAL_1 or any(item.personal for item in resource.items)
    ):
        yield Breach(
            "CATALOG_OPENNESS",
            "openness",
            Text(
                "无条件开放的资源只能是一般1级且不含个人信息",
                "what is open without condition is of general grade 1 and holds no personal information",
            ),
            Text("改为有条件开放或不予开放，或重新分级", "make it conditional or closed, or grade it anew"),
        )
    if resource.example and not resource.source:
        yield Breach(
            "CATALOG_SOURCE_MISSING",
            "source",
            Text("示例资源缺少真实来源(source)", "an example states no true source"),
            Text("写明来源", "state the source"),
        )
    subjects = [item.name for item in resource.items if item.identifier is IdentifierRole.SUBJECT]
    if len(subjects) > 1:
        yield Breach(
            "CATALOG_SUBJECT_TWICE",
            "items",
            Text(
                f"数据主体键多于一个：{'、'.join(subjects)}", f"more than one data-subject key: {', '.join(subjects)}"
            ),
            Text("只留一个，其余改为直接标识符", "keep one, make the others direct identifiers"),
        )


def _impact_breaches(resource: Resource) -> Iterator[Breach]:
    """Grades below what the assessed harm gives (GB/T 43697-2024)."""
    assessed: list[tuple[Item | None, Grade, Grade | None]] = [(None, resource.grade, grade_of(resource.impacts))]
    assessed += [(item, item.grade, grade_of(item.impacts)) for item in resource.items if item.impacts]
    for item, grade, due in assessed:
        if due is not None and grade < due:
            named = item.name if item else resource.id
            yield Breach(
                "CATALOG_GRADE_IMPACT",
                "grade" if item else "classification.grade",
                Text(
                    f"{named} 定为{grade.text.zh}，按影响对象和影响程度应为{due.text.zh}",
                    f"{named} is graded {grade.text.en}; the harm assessed makes it {due.text.en}",
                ),
                Text("提高级别，或改正影响评估", "raise the grade, or mend the assessment"),
                item.name if item else None,
            )


def _item_breaches(item: Item) -> Iterator[Breach]:
    floor = grade_floor(item)
    if floor is not None and item.grade < floor[0]:
        yield Breach(
            "CATALOG_GRADE_PERSONAL",
            "grade",
            Text(
                f"{floor[1].zh}“{item.zh}”({item.name})定为{item.grade.text.zh}，最低应为{floor[0].text.zh}",
                f"{item.name} is {floor[1].en} graded {item.grade.text.en}; the lowest is {floor[0].text.en}",
            ),
            Text("提高该数据项的级别", "raise the item's grade"),
            item.name,
        )
    if item.personal is not None or house_rules().unmarked(item) is not None:
        yield from _flag_breaches(item)
    if item.personal is None and (
        item.identifier is not IdentifierRole.NONE or item.content & {Content.MINOR, Content.PATIENT}
    ):
        yield Breach(
            "CATALOG_IDENTIFIER_NOT_PERSONAL",
            "personal",
            Text(
                f"“{item.zh}”({item.name})是个人的标识或特殊群体信息，却未标为个人信息",
                f"{item.name} identifies or describes persons but is not marked as personal information",
            ),
            Text("写明 personal 的类别和版本", "state its personal class and edition"),
            item.name,
        )
    if item.type is ItemType.GEOMETRY and item.crs is None:
        yield Breach(
            "CATALOG_CRS_MISSING",
            "crs",
            Text(f"空间图形“{item.zh}”({item.name})缺少坐标系(crs)", f"the geometry {item.name} states no crs"),
            Text("写明坐标系，如 CGCS2000、GCJ-02", "state it, e.g. CGCS2000 or GCJ-02"),
            item.name,
        )


def _flag_breaches(item: Item) -> Iterator[Breach]:
    """A flag that its own edition contradicts, and a name that can mean nothing but somebody, without one."""
    rules = house_rules()
    flag, unmarked = item.personal, rules.unmarked(item)
    if unmarked is not None:
        yield Breach(
            "CATALOG_PERSONAL_UNMARKED",
            "personal",
            Text(
                f"{item.name}（{item.zh}）是{unmarked.name.zh}，{rules.edition} 列为个人信息，却未标明",
                f"{item.name} is {unmarked.name.en}, personal information by {rules.edition}, and not marked so",
            ),
            Text(f"写明 personal: {{class: {unmarked.kind}}}", f"state personal: {{class: {unmarked.kind}}}"),
            item.name,
        )
    if flag is None or flag.sensitive:
        return
    under, names = rules.under(flag.edition), names_of(item)
    if under.rule(flag.kind, names, item.content).editions[flag.edition].standing is Standing.SENSITIVE:
        yield Breach(
            "CATALOG_PERSONAL_SENSITIVE",
            "personal",
            Text(*not_sensitive(under, flag.kind, names, item.content)),
            Text("改为敏感个人信息，级别不低于一般3级", "make it sensitive, graded general 3 or above"),
            item.name,
        )


# The same headers come again in thousands of resources of one city.
_folded = lru_cache(maxsize=10_000)(fold)


def _name_breaches(items: tuple[Item, ...]) -> Iterator[Breach]:
    owner: dict[str, str] = {}
    for item in items:
        for name in dict.fromkeys(_folded(name) for name in (item.name, item.zh, *item.aliases)):
            if name in owner:
                yield Breach(
                    "CATALOG_ITEM_AMBIGUOUS",
                    "name" if name == _folded(item.name) else "aliases",
                    Text(
                        f"数据项“{item.zh}”({item.name})与 {owner[name]} 同名：{name}",
                        f"the items {item.name} and {owner[name]} share the name {name!r}",
                    ),
                    Text("改名或删去别名", "rename one or remove the alias"),
                    item.name,
                )
            else:
                owner[name] = item.name
