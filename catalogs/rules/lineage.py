"""Of what the resources of a city are made: sources that are nowhere, circles, grades below a source's.

Registering judges the same (`catalogs.regrade.lowering`), and knows which re-gradings were approved; a folder does not,
so this is told in the report of a check and refuses no registration by itself.
"""

from collections.abc import Iterator, Mapping, Sequence

from catalogs.rules.breach import Breach
from catalogs.rules.checking import Finding
from catalogs.rules.grading import lineage_grades
from catalogs.values.model import Grade, Resource
from infra.language import Text


def lineage_findings(resources: Sequence[Resource]) -> Iterator[Finding]:
    """What is wrong with `derived_from`, of every resource that has one."""
    sources = {each.id: each.derived_from for each in resources if each.derived_from}
    own = {each.id: each.grade for each in resources}
    circled = _in_circles(sources)
    sound = {name: [one for one in made if one not in circled] for name, made in sources.items() if name not in circled}
    floors = lineage_grades(sound, own)
    for index, resource in enumerate(resources):
        if not resource.derived_from:
            continue
        for source in dict.fromkeys(one for one in resource.derived_from if one not in own):
            yield Finding(index, _unknown(source))
        if resource.id in circled:
            yield Finding(index, _circle(resource))
            continue
        highest = max(resource.derived_from, key=lambda one: floors.get(one, own.get(one, Grade.GENERAL_1)))
        floor = floors.get(highest, own.get(highest, Grade.GENERAL_1))
        if resource.grade < floor:
            yield Finding(index, _below(resource, highest, floor))


def _in_circles(sources: Mapping[str, Sequence[str]]) -> set[str]:
    """The ids that are made of themselves, by whatever way: those from which one comes back."""
    left = {name: {one for one in made if one in sources} for name, made in sources.items()}
    # What is made of nothing that is left, or serves nothing that is left, stands in no circle.
    while idle := {name for name, made in left.items() if not made} | (left.keys() - set().union(*left.values())):
        left = {name: made - idle for name, made in left.items() if name not in idle}
    return {name for name in left if _comes_back(name, left)}


def _comes_back(start: str, left: Mapping[str, set[str]]) -> bool:
    seen, waiting = set[str](), [start]
    while waiting:
        for one in left[waiting.pop()]:
            if one == start:
                return True
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return False


def _unknown(source: str) -> Breach:
    return Breach(
        "CATALOG_REFERENCE_UNKNOWN",
        "derived_from",
        Text(f"来源 {source[:120]} 不在目录中", f"its source {source[:120]} is not in the catalogue"),
        Text("改正来源的编号，或先登记该资源", "mend the source's id, or register that resource"),
    )


def _circle(resource: Resource) -> Breach:
    return Breach(
        "CATALOG_GRADE_CIRCLE",
        "derived_from",
        Text(
            f"{resource.id} 经 {'、'.join(resource.derived_from)[:200]} 由自身加工而成，无法定级",
            f"{resource.id} is made of itself, through {', '.join(resource.derived_from)[:200]}, and has no grade",
        ),
        Text("改正 derived_from", "mend derived_from"),
    )


def _below(resource: Resource, source: str, floor: Grade) -> Breach:
    return Breach(
        "CATALOG_GRADE_LINEAGE",
        "classification.grade",
        Text(
            f"定为{resource.grade.text.zh}，低于来源 {source} 的{floor.text.zh}",
            f"graded {resource.grade.text.en}, below its source {source} ({floor.text.en})",
        ),
        Text(
            "提高级别；已由两人核准降级的，登记时按核准的级别",
            "raise it; a re-grading that two people approved holds when it is registered",
        ),
    )
