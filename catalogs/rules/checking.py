"""Several resources checked together: what no entry shows by itself, and with it all that one shows.

`findings` compares; `check_resources` adds the rules of each entry and gives faults with places, for a form, a draft
or a file. Beside those that are checked, `registered` are resources which stay as they are. Linear in the number of
resources.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from catalogs.rules.breach import Breach
from catalogs.rules.faults import Fault
from catalogs.rules.names import dragged, squeezed
from catalogs.rules.rules import breaches
from catalogs.values.codes import NATIONAL, CodeRules, code_fault, code_remedy
from catalogs.values.model import Department, Resource, Unit
from infra.errors import Place
from infra.language import Text


@dataclass(frozen=True, slots=True)
class Known:
    """What is compared of a resource that stands already, and where it stands, in words; the register without."""

    id: str
    provider: str
    title: Text
    code: str | None
    where: Text | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach of the resource at `index` of those checked."""

    index: int
    breach: Breach


def check_resources(
    resources: Sequence[Resource],
    departments: Sequence[Department],
    units: Sequence[Unit],
    *,
    registered: Sequence[Resource | Known] = (),
    rules: CodeRules = NATIONAL,
    place: Callable[[int, Breach], Place] | None = None,
) -> list[Fault]:
    """Every fault of the resources, by themselves and together, in their order.

    Args:
        resources: those that are checked.
        departments: all of the city, for who provides.
        units: all of the city.
        registered: resources that stand already and are not among `resources` by id.
        rules: how codes are made here.
        place: where the breach of the resource at an index is shown; its dataset without it.
    """
    found = [Finding(index, breach) for index, each in enumerate(resources) for breach in breaches(each)]
    found += _references(resources, departments, units)
    found += findings(resources, registered=registered, rules=rules)
    found.sort(key=lambda each: each.index)
    where = place or (lambda index, breach: Place(dataset=resources[index].id, column=breach.item or breach.key))
    return [
        Fault(where(each.index, each.breach), each.breach.code, each.breach.text, each.breach.remedy, each.breach.key)
        for each in found
    ]


def findings(
    resources: Sequence[Resource], *, registered: Sequence[Resource | Known] = (), rules: CodeRules = NATIONAL
) -> Iterator[Finding]:
    """What the resources break together: codes, and names that are one name."""
    checked = {each.id for each in resources}
    known: list[Resource | Known] = [*resources, *(each for each in registered if each.id not in checked)]
    yield from _codes(known, len(resources), rules)
    yield from _names(known, len(resources))


def _references(
    resources: Sequence[Resource], departments: Sequence[Department], units: Sequence[Unit]
) -> Iterator[Finding]:
    home = {department.id: department.unit for department in departments}
    known = {unit.id for unit in units}
    first: dict[str, int] = {}
    for index, resource in enumerate(resources):
        if first.setdefault(resource.id, index) != index:
            text = Text(f"资源 {resource.id} 重复", f"the resource {resource.id} stands twice")
            yield Finding(index, Breach("CATALOG_ID_TWICE", "id", text, Text("改名或删去一个", "rename or remove one")))
        for key, value, said in (
            ("id", resource.unit if resource.unit not in known else None, ("单位", "unit")),
            ("provider", resource.provider if resource.provider not in home else None, ("部门", "department")),
        ):
            if value is not None:
                text = Text(f"{value} 不是已登记的{said[0]}", f"{value} is no registered {said[1]}")
                remedy = Text(f"先登记该{said[0]}，或改正", f"register the {said[1]} first, or mend it")
                yield Finding(index, Breach("CATALOG_REFERENCE_UNKNOWN", key, text, remedy))
        if home.get(resource.provider, resource.unit) != resource.unit:
            text = Text(
                f"提供单位 {resource.provider} 不属于 {resource.unit}",
                f"the provider {resource.provider} does not belong to {resource.unit}",
            )
            yield Finding(
                index, Breach("CATALOG_UNIT_DIFFERS", "provider", text, Text("改正提供单位", "mend the provider"))
            )


def _codes(known: Sequence[Resource | Known], checked: int, rules: CodeRules) -> Iterator[Finding]:
    first: dict[tuple[str, str], int] = {}
    for index in (*range(checked, len(known)), *range(checked)):
        resource = known[index]
        if resource.code is None:
            continue
        earlier = first.setdefault((resource.provider, resource.code), index)
        if index >= checked:
            continue
        wrong = code_fault(resource.code, rules)
        if wrong is not None:
            yield Finding(index, Breach("CATALOG_CODE", "code", wrong, code_remedy(rules)))
        if earlier != index and known[earlier].id != resource.id:
            other = known[earlier]
            text = Text(
                f"代码 {resource.code} 已属于同一提供单位的{_said(other).zh}",
                f"the code {resource.code} belongs to {_said(other).en} of the same provider",
            )
            yield Finding(index, Breach("CATALOG_CODE_TAKEN", "code", text, Text("另编代码", "give it another code")))


def _names(known: Sequence[Resource | Known], checked: int) -> Iterator[Finding]:
    """Names of one provider that are one name but for punctuation, blanks, width, or a number that dragging made."""
    same: dict[tuple[str, str], int] = {}
    numbered: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for index in (*range(checked, len(known)), *range(checked)):
        resource = known[index]
        title = resource.title.zh
        earlier = same.setdefault((resource.provider, squeezed(title)), index)
        if earlier != index and index < checked and known[earlier].id != resource.id:
            yield _twin(index, resource, known[earlier])
            continue
        pulled = dragged(title)
        if pulled is not None:
            numbered[resource.provider, pulled[0]].setdefault(pulled[1], index)
    for (provider, base), numbers in numbered.items():
        bare = same.get((provider, base))
        for number, index in sorted(numbers.items()):
            before = numbers.get(number - 1, bare if number in (1, 2) else None)
            if before is not None and index < checked:
                yield _pulled(index, known[index], known[before])
            elif before is not None and before < checked:
                yield _pulled(before, known[before], known[index])


def _twin(index: int, resource: Resource | Known, other: Resource | Known) -> Finding:
    if resource.title.zh == other.title.zh:
        text = Text(f"名称与{_said(other).zh}相同", f"its name is that of {_said(other).en}")
    else:
        text = Text(
            f"名称与{_said(other).zh}只有标点、空格或全半角之别",
            f"its name differs from that of {_said(other).en} by punctuation, blanks or width alone",
        )
    remedy = Text("重复的删去一个；确为两项资源的，在名称中写明区别", "remove one, or tell them apart by name")
    return Finding(index, Breach("CATALOG_NAME_TWICE", "title", text, remedy))


def _pulled(index: int, resource: Resource | Known, other: Resource | Known) -> Finding:
    text = Text(
        f"“{resource.title.zh}”与{_said(other).zh}只差末尾数字，疑为下拉填充所致",
        f"{resource.title.zh} and {_said(other).en} differ by a last number alone, as when a cell was dragged down",
    )
    remedy = Text("删去多余的；确为两项资源的，在名称中写明区别", "remove what is too much, or tell them apart by name")
    return Finding(index, Breach("CATALOG_NAME_DRAGGED", "title", text, remedy))


def _said(other: Resource | Known) -> Text:
    """A resource as a sentence names it: by title and id, and where it stands when it is not among those checked."""
    where = other.where if isinstance(other, Known) else None
    zh, en = (f"（{where.zh}）", f" ({where.en})") if where is not None else ("", "")
    return Text(f"“{other.title.zh}”({other.id}){zh}", f"{other.title.en} ({other.id}){en}")
