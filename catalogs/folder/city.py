"""A city's folder, read and checked as a whole: every fault of every file at once.

    city.yaml          id, name, time zone, domains
    units.yaml         the reporting units
    departments.yaml   the departments
    people.yaml        people (optional: a city may keep them in the database alone)
    catalogues/*.yaml  one catalogue a unit: {unit: …, resources: […]}
    jurisdiction.yaml  the deadlines (optional)
    arrivals.yaml      buckets, databases to draw from, and quotas (optional)
    codes.yaml         how resource codes are made, where not by the national guide (optional)
    personal.yaml      the edition by which items are sensitive personal information (optional)
    grading.yaml       what raises a grade until it is reviewed (optional)
    notices.yaml       who is told of quality tickets (optional)
    policies/*.cedar   rules of reading beside those of the house (optional)

Reading does no more than read; nothing is written and no database is asked.
"""

import contextlib
import gc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from catalogs.folder.city_files import further_faults
from catalogs.folder.fields import Fields
from catalogs.folder.read_city import Head, read_city, read_department, read_person, read_unit
from catalogs.folder.read_codes import read_codes
from catalogs.folder.read_resource import NAME, NAME_SAID, Found, note_breach, read_resource
from catalogs.folder.yamltree import Mapping, read_file
from catalogs.personal.personal import PersonalRules
from catalogs.personal.read_personal import read_personal
from catalogs.rules.checking import Finding, findings
from catalogs.rules.faults import Fault, fault, refusal
from catalogs.rules.lineage import lineage_findings
from catalogs.values.model import City, Department, Domain, Person, Resource, Unit
from infra.errors import Place, WrongUse
from infra.language import Text

T = TypeVar("T", Unit, Department, Person, Domain)


@dataclass(slots=True)
class _Reading:
    """What has been read so far; each thing with the fields it came from, for the place of later faults."""

    faults: list[Fault] = field(default_factory=list)
    head: Head | None = None
    domains: list[tuple[Fields, Domain]] = field(default_factory=list)
    units: list[tuple[Fields, Unit]] = field(default_factory=list)
    departments: list[tuple[Fields, Department]] = field(default_factory=list)
    people: list[tuple[Fields, Person]] = field(default_factory=list)
    resources: list[tuple[str | None, Found]] = field(default_factory=list)


def check_city(folder: Path) -> list[Fault]:
    """Every fault of all files of the city, in order of file and line; empty when there is none.

    Raises:
        WrongUse: CATALOG_NO_CITY when the folder is none or holds no city.yaml.
    """
    with _uncollected():
        reading = _read(Path(folder))
        _note(reading, lineage_findings)
        return _ordered(reading.faults)


def load_city(folder: Path) -> City:
    """The city of a folder.

    Raises:
        Refused: CATALOG_FAULTY with every fault.
        WrongUse: CATALOG_NO_CITY.
    """
    with _uncollected():
        reading = _read(Path(folder))
    head = reading.head
    if reading.faults or head is None or head.id is None or head.name is None:
        raise refusal(_ordered(reading.faults))
    return City(
        id=head.id,
        name=head.name,
        timezone=head.timezone,
        language=head.language,
        coordinates=head.coordinates,
        domains=tuple(domain for _, domain in reading.domains),
        units=tuple(unit for _, unit in reading.units),
        departments=tuple(department for _, department in reading.departments),
        resources=tuple(found.resource for _, found in reading.resources if found.resource is not None),
        people=tuple(person for _, person in reading.people),
    )


def _ordered(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda found: (found.place.file or "", found.place.row or 0))


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for cycles: trees have none, and looking through millions of nodes again takes a third."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _read(folder: Path) -> _Reading:
    if not (folder / "city.yaml").is_file():
        raise WrongUse(
            "CATALOG_NO_CITY",
            "该文件夹中没有 city.yaml，不是城市文件夹",
            "the folder holds no city.yaml, it is no city's folder",
            place=Place(file=folder.name),
            remedy=Text("指明城市文件夹，或设置 HUB_CITY_DIR", "name a city's folder, or set HUB_CITY_DIR"),
        )
    reading = _Reading()
    _read_head(folder, reading)
    _read_list(folder, "units", read_unit, reading.units, reading)
    _read_list(folder, "departments", read_department, reading.departments, reading)
    if (folder / "people.yaml").exists():
        _read_list(folder, "people", read_person, reading.people, reading)
    for path in sorted((folder / "catalogues").glob("*.yaml")):
        _read_catalogue(path, read_personal(folder)[0], reading)
    reading.faults.extend(further_faults(folder))
    _check_units(reading)
    _check_departments(reading)
    _check_people(reading)
    _check_resources(reading)
    _note(reading, partial(findings, rules=read_codes(folder)[0]))
    return reading


def _note(reading: _Reading, look: Callable[[list[Resource]], Iterable[Finding]]) -> None:
    read = [(found.fields, found.resource) for _, found in reading.resources if found.resource is not None]
    for finding in look([resource for _, resource in read]):
        note_breach(read[finding.index][0], finding.breach)


def _root(path: Path, name: str, reading: _Reading) -> Fields | None:
    node, faults = read_file(path, name)
    reading.faults.extend(faults)
    if isinstance(node, Mapping):
        return Fields(node, name, "", reading.faults)
    if not faults:
        said = ("文件是空的或不是一组键值", "the file is empty or no mapping")
        reading.faults.append(fault("CATALOG_FIELD_KIND", *said, place=Place(file=name, row=1)))
    return None


def _read_head(folder: Path, reading: _Reading) -> None:
    fields = _root(folder / "city.yaml", "city.yaml", reading)
    if fields is not None:
        reading.head, reading.domains = read_city(fields)
        _unique(reading.domains, "领域", "domain")


def _read_list(
    folder: Path,
    key: str,
    read: Callable[[Fields], T | None],
    into: list[tuple[Fields, T]],
    reading: _Reading,
) -> None:
    fields = _root(folder / f"{key}.yaml", f"{key}.yaml", reading)
    if fields is None:
        return
    for inner in fields.children(key):
        found = read(inner)
        if found is not None:
            into.append((inner, found))
    fields.finish()


def _read_catalogue(path: Path, rules: PersonalRules, reading: _Reading) -> None:
    fields = _root(path, f"catalogues/{path.name}", reading)
    if fields is None:
        return
    unit = fields.form("unit", NAME, NAME_SAID)
    reading.resources.extend((unit, read_resource(inner, rules)) for inner in fields.children("resources"))
    fields.finish()


def _unique(found: list[tuple[Fields, T]], zh: str, en: str) -> None:
    first: dict[str, Fields] = {}
    for fields, value in found:
        earlier = first.setdefault(value.id, fields)
        if earlier is not fields:
            _note_twice(fields, earlier, f"{zh} {value.id}", f"the {en} {value.id}")


def _note_twice(fields: Fields, earlier: Fields, zh: str, en: str) -> None:
    place = earlier.place("id")
    fields.note(
        "CATALOG_ID_TWICE",
        f"{zh}重复，首次在 {place.file} 第 {place.row} 行",
        f"{en} stands twice, first at {place.file} line {place.row}",
        key="id",
        remedy=("改名或删去一个", "rename or remove one"),
    )


def _note_unknown(fields: Fields, key: str, value: str, said: tuple[str, str]) -> None:
    fields.note(
        "CATALOG_REFERENCE_UNKNOWN",
        f"{key} 指向未登记的{said[0]} {value}",
        f"{key} names the {said[1]} {value}, which is not registered",
        key=key,
        remedy=(f"先登记该{said[0]}，或改正名称", f"register the {said[1]} first, or mend the name"),
    )


def _check_units(reading: _Reading) -> None:
    _unique(reading.units, "单位", "unit")
    parents = {unit.id: unit.parent for _, unit in reading.units}
    codes: dict[str, str] = {}
    for fields, unit in reading.units:
        if unit.parent is not None and unit.parent not in parents:
            _note_unknown(fields, "parent", unit.parent, ("单位", "unit"))
        elif _in_circle(unit.id, parents):
            fields.note("CATALOG_UNIT_CIRCLE", "上级单位成环", "its parents run in a circle", key="parent")
        if unit.gbt2260_code and codes.setdefault(unit.gbt2260_code, unit.id) != unit.id:
            fields.note(
                "CATALOG_ID_TWICE",
                f"区划代码 {unit.gbt2260_code} 已属于 {codes[unit.gbt2260_code]}",
                f"the division code {unit.gbt2260_code} belongs to {codes[unit.gbt2260_code]} already",
                key="gbt2260_code",
            )


def _in_circle(start: str, parents: dict[str, str | None]) -> bool:
    seen, at = set[str](), parents.get(start)
    while at is not None and at not in seen:
        if at == start:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def _check_departments(reading: _Reading) -> None:
    _unique(reading.departments, "部门", "department")
    units = {unit.id for _, unit in reading.units}
    for fields, department in reading.departments:
        if department.unit not in units:
            _note_unknown(fields, "unit", department.unit, ("单位", "unit"))


def _check_people(reading: _Reading) -> None:
    _unique(reading.people, "人员", "person")
    home = {department.id: department.unit for _, department in reading.departments}
    for fields, person in reading.people:
        if person.department not in home:
            _note_unknown(fields, "department", person.department, ("部门", "department"))
        elif home[person.department] != person.unit:
            fields.note(
                "CATALOG_UNIT_DIFFERS",
                f"部门 {person.department} 属于 {home[person.department]}，不属于 {person.unit}",
                f"the department {person.department} belongs to {home[person.department]}, not {person.unit}",
                key="department",
            )


def _check_resources(reading: _Reading) -> None:
    units = {unit.id for _, unit in reading.units}
    domains = {domain.id for _, domain in reading.domains}
    home = {department.id: department.unit for _, department in reading.departments}
    first: dict[str, Fields] = {}
    for unit, found in reading.resources:
        fields = found.fields
        if found.id is not None:
            earlier = first.setdefault(found.id, fields)
            if earlier is not fields:
                _note_twice(fields, earlier, f"资源 {found.id} ", f"the resource {found.id}")
            named, domain, _ = found.id.split(".")
            if named not in units:
                _note_unknown(fields, "id", named, ("单位", "unit"))
            elif unit is not None and named != unit:
                fields.note(
                    "CATALOG_UNIT_DIFFERS",
                    f"资源 {found.id} 不属于本目录的单位 {unit}",
                    f"the resource {found.id} does not belong to this catalogue's unit {unit}",
                    key="id",
                    remedy=("移到该单位的目录文件", "move it to that unit's catalogue"),
                )
            if domain not in domains:
                _note_unknown(fields, "id", domain, ("领域", "domain"))
            if named in units and found.provider is not None and home.get(found.provider, named) != named:
                fields.note(
                    "CATALOG_UNIT_DIFFERS",
                    f"提供单位 {found.provider} 不属于 {named}",
                    f"the provider {found.provider} does not belong to {named}",
                    key="provider",
                )
        if found.provider is not None and found.provider not in home:
            _note_unknown(fields, "provider", found.provider, ("部门", "department"))
