"""A city's values out as YAML, in the shape in which `catalogs.folder.city` reads them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from catalogs.folder.yamltree import Dumper
from catalogs.values.model import City, Conditions, Department, Impact, Item, Person, Resource, Secrecy, Unit
from infra.errors import Place, Unavailable
from infra.language import Text


def write_city(city: City, folder: Path) -> list[Path]:
    """Writes the city's files below `folder` (made where missing, files of the same names replaced); returns them.

    Raises:
        Unavailable: CATALOG_FOLDER when a file cannot be written.
    """
    head = {
        "id": city.id,
        "name": _text(city.name),
        "timezone": city.timezone,
        "language": city.language,
        **({"coordinates": str(city.coordinates)} if city.coordinates else {}),
        "domains": [{"id": domain.id, "name": _text(domain.name)} for domain in city.domains],
    }
    files: dict[str, Mapping[str, Any]] = {
        "city.yaml": head,
        "units.yaml": {"units": [_unit(unit) for unit in city.units]},
        "departments.yaml": {"departments": [_department(department) for department in city.departments]},
        "people.yaml": {"people": [_person(person) for person in city.people]},
    }
    for unit in dict.fromkeys(resource.unit for resource in city.resources):
        listed = [resource_document(resource) for resource in city.resources if resource.unit == unit]
        files[f"catalogues/{unit}.yaml"] = {"unit": unit, "resources": listed}
    if not city.people:
        del files["people.yaml"]
    try:
        return [_write(folder / name, content) for name, content in files.items()]
    except OSError as error:
        raise Unavailable(
            "CATALOG_FOLDER",
            "导出文件夹不能写入",
            "the folder to export to cannot be written",
            place=Place(file=folder.name),
        ) from error


def _write(path: Path, content: Mapping[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.dump(content, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
    path.write_text(text, encoding="utf-8")
    return path


def _kept(**values: Any) -> dict[str, Any]:
    """Without what says nothing: None, empty, False."""
    return {key: value for key, value in values.items() if value not in (None, [], {}, False)}


def _text(text: Text | None) -> dict[str, str] | str | None:
    if text is None or text.zh == text.en:
        return text.zh if text else None
    return {"zh": text.zh, "en": text.en}


def _ids(values: Iterable[object]) -> list[str]:
    return sorted(str(value) for value in values)


def _unit(unit: Unit) -> dict[str, Any]:
    return _kept(
        id=unit.id,
        name=_text(unit.name),
        kind=str(unit.kind),
        gbt2260_code=unit.gbt2260_code,
        stat_code=unit.stat_code,
        parent=unit.parent,
        aliases=list(unit.aliases),
        arrival=str(unit.arrival),
    )


def _department(department: Department) -> dict[str, Any]:
    return _kept(
        id=department.id,
        unit=department.unit,
        name=_text(department.name),
        kind=str(department.kind),
        uscc=department.uscc,
    )


def _person(person: Person) -> dict[str, Any]:
    return _kept(
        id=person.id,
        name=person.name,
        unit=person.unit,
        department=person.department,
        roles=_ids(person.roles),
        clearance=person.clearance.id,
        purposes=_ids(person.purposes),
        local=person.local,
    )


def resource_document(resource: Resource) -> dict[str, Any]:
    """The resource as it stands in YAML: words by their ids, what says nothing left out."""
    return _kept(
        id=resource.id,
        title=_text(resource.title),
        summary=_text(resource.summary),
        example=resource.example,
        source=resource.source,
        provider=resource.provider,
        data_format=str(resource.data_format),
        update_frequency=str(resource.update_frequency),
        sharing_attribute=str(resource.sharing_attribute),
        sharing_mode=[str(mode) for mode in resource.sharing_mode],
        conditions=_conditions(resource.conditions),
        classification={
            "industry": resource.classification.industry,
            "business": resource.classification.business,
            "grade": resource.grade.id,
        },
        openness=str(resource.openness),
        lead_source=resource.lead_source,
        **_further(resource),
        items=[_item(item) for item in resource.items],
    )


def _further(resource: Resource) -> dict[str, Any]:
    same = ("code", "service_item", "scenario", "field", "certificate", "system", "ownership", "management")
    also = ("generation", "link", "not_updated_reason", "not_published_reason", "return_flow", "format_type")
    census = resource.census
    return {
        **{name: getattr(resource, name) for name in same + also},
        "aliases": list(resource.aliases),
        "openness_conditions": _text(resource.openness_conditions),
        "level": _word(resource.level),
        "related": list(resource.related),
        "published_on": resource.published_on.isoformat() if resource.published_on else None,
        "census": None if census is None else {name: _number(getattr(census, name)) for name in census.__slots__},
        "secrecy": _secrecy(resource.secrecy),
        "impacts": _impacts(resource.impacts),
        "derived_from": list(resource.derived_from),
    }


def _word(word: object | None) -> str | None:
    return None if word is None else str(word)


def _secrecy(word: Secrecy) -> str | None:
    return None if word is Secrecy.NONE else str(word)


def _number(value: Decimal | int | None) -> str | int | None:
    return format(value, "f") if isinstance(value, Decimal) else value


def _impacts(impacts: Iterable[Impact]) -> list[dict[str, str]]:
    return [{"object": str(impact.object), "degree": str(impact.degree)} for impact in impacts]


def _conditions(conditions: Conditions) -> dict[str, Any]:
    basis = conditions.basis
    return _kept(
        scope=_text(conditions.scope),
        purpose=_text(conditions.purpose),
        other=_text(conditions.other),
        reason=_text(conditions.reason),
        basis=None if basis is None else {"kind": str(basis.kind), "title": basis.title, "article": basis.article},
    )


def _item(item: Item) -> dict[str, Any]:
    personal = item.personal
    return _kept(
        name=item.name,
        zh=item.zh,
        en=item.en,
        aliases=list(item.aliases),
        type=str(item.type),
        unit_of_measure=item.unit_of_measure,
        crs=str(item.crs) if item.crs else None,
        personal=None
        if personal is None
        else {"class": str(personal.kind), "sensitive": personal.sensitive, "edition": str(personal.edition)},
        identifier=str(item.identifier),
        content=_ids(item.content),
        grade=item.grade.id,
        summary=_text(item.summary),
        length=item.length,
        sharing_attribute=_word(item.sharing_attribute),
        openness=_word(item.openness),
        update_frequency=_word(item.update_frequency),
        not_shared_reason=item.not_shared_reason,
        department=item.department,
        origin=item.origin,
        secrecy=_secrecy(item.secrecy),
        impacts=_impacts(item.impacts),
    )
