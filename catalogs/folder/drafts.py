"""Drafts into a city's folder: a resource and its contract are added, nothing that stands there is rewritten.

What is added is tried first in a copy of the folder: when the copy has a fault, nothing changes. A file is replaced
whole or not at all, and doing the same again after a kill adds nothing twice. A list grows at its end, as text, so that
comments and layout of what stood there stay.
"""

import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from catalogs.folder.city import load_city
from catalogs.folder.write import write_city
from catalogs.folder.yamltree import Dumper
from catalogs.values.model import City, Department, DepartmentKind, Domain, Person, Role, Unit, UnitKind
from catalogs.values.words import Grade
from infra.errors import Place, Refused, Unavailable
from infra.language import Text

CENTRE, OFFICE = "centre", "data_office"


def yaml_text(document: Any) -> str:
    """A document as YAML, keys in their order."""
    return str(
        yaml.dump(document, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
    )


def own_city(unit: str, domain: str) -> City:
    """The city of a home that has none: one unit, one domain, a data office, and the local user of the demo."""
    name = Text("本机城市", "own city")
    held = frozenset(Role)
    purposes = frozenset({"quality", "demo"})
    local = Person("local", "本机用户", CENTRE, OFFICE, held, Grade.GENERAL_4, purposes, local=True)
    return City(
        id="own",
        name=name,
        timezone="Asia/Shanghai",
        language="zh",
        domains=(_domain(domain),),
        units=(Unit(CENTRE, name, UnitKind.CITY), *((_unit(unit),) if unit != CENTRE else ())),
        departments=(
            Department(OFFICE, CENTRE, Text("数据管理部门", "data office"), DepartmentKind.AUTHORITY),
            *((_department(unit),) if unit != CENTRE else ()),
        ),
        resources=(),
        people=(local,),
    )


def begin(folder: Path, unit: str, domain: str, mark: str) -> None:
    """Make the own city's folder with the file `mark`, or add to it what it lacks of unit, department and domain.

    One process at a time calls it.

    Raises:
        Unavailable: CATALOG_FOLDER.
        Refused: CATALOG_FAULTY.
    """
    if not (folder / "city.yaml").is_file():
        building = folder.with_name(f".{folder.name}.begun")
        shutil.rmtree(building, ignore_errors=True)  # what a killed call left
        write_city(own_city(unit, domain), building)
        with _written(folder):
            (building / mark).touch(mode=0o600)
            building.rename(folder)
        return
    city = load_city(folder)
    # Each is looked for by itself: a call that was killed in between left the first without the others.
    if unit not in {one.id for one in city.units}:
        _replace(folder / "units.yaml", lambda text: appended(text, "units", _plain_unit(_unit(unit))))
    if unit not in {one.unit for one in city.departments}:
        department = _plain_department(_department(unit))
        _replace(folder / "departments.yaml", lambda text: appended(text, "departments", department))
    if domain not in {one.id for one in city.domains}:
        found = _domain(domain)
        value = {"id": found.id, "name": {"zh": found.name.zh, "en": found.name.en}}
        _replace(folder / "city.yaml", lambda text: appended(text, "domains", value))


def _domain(domain: str) -> Domain:
    return Domain(domain, Text(domain, domain.replace("_", " ")))


def _unit(unit: str) -> Unit:
    return Unit(unit, Text(unit, unit.replace("_", " ")), UnitKind.ZONE, parent=CENTRE)


def _department(unit: str) -> Department:
    return Department(f"{unit}_data"[:60], unit, Text(f"{unit} 数据部门", f"data department of {unit}"))


def _plain_unit(unit: Unit) -> dict[str, Any]:
    return {"id": unit.id, "name": {"zh": unit.name.zh, "en": unit.name.en}, "kind": str(unit.kind), "parent": CENTRE}


def _plain_department(one: Department) -> dict[str, Any]:
    name = {"zh": one.name.zh, "en": one.name.en}
    return {"id": one.id, "unit": one.unit, "name": name, "kind": str(one.kind)}


def provider_of(folder: Path, unit: str) -> str:
    """The department that provides what a unit delivers, when nobody names one: the unit's first.

    Raises:
        Refused: CATALOG_FAULTY, DRAFT_UNIT when the city has no such unit or the unit no department.
    """
    city = load_city(folder)
    found = next((one.id for one in city.departments if one.unit == unit), None)
    if found is None:
        units = ", ".join(one.id for one in city.units)[:300]
        raise Refused(
            "DRAFT_UNIT",
            f"城市文件夹中没有单位 {unit}，或该单位没有部门",
            f"the city's folder has no unit {unit}, or the unit has no department",
            place=Place(file="units.yaml"),
            remedy=Text(
                f"数据集名的第一段用已有单位（{units}），或先在 units.yaml、departments.yaml 中增加",
                f"begin the dataset's id with a unit that is there ({units}), or add it to units.yaml and "
                "departments.yaml first",
            ),
        )
    return found


def add(
    folder: Path, resource: Mapping[str, Any], contract: str, scratch: Path, check: Callable[[City], None]
) -> tuple[Path, ...]:
    """Add a resource and its contract to the city's folder; the files that were written.

    Args:
        folder: the city's.
        resource: as it stands in a catalogue.
        contract: the text of the contract's file.
        scratch: a folder for the copy.
        check: raises when the city, with what is added, has a fault.

    Raises:
        Refused: CATALOG_FAULTY and what `check` raises; DRAFT_CATALOGUE when the list cannot be added to;
            DRAFT_CONTRACT when another contract of that dataset lies there.
        Unavailable: CATALOG_FOLDER.
    """
    dataset = str(resource["id"])
    catalogue, promise = f"catalogues/{dataset.split('.', maxsplit=1)[0]}.yaml", f"contracts/{dataset}.yaml"
    texts = {}
    if dataset not in {one.id for one in load_city(folder).resources}:
        texts[catalogue] = _with_resource(folder / catalogue, resource)
    lying = _read(folder / promise)
    if lying is None:
        texts[promise] = contract
    elif lying != contract:
        raise Refused(
            "DRAFT_CONTRACT",
            f"城市文件夹中已有 {dataset} 的另一份契约，什么都没有改动",
            f"the city's folder holds another contract of {dataset} already; nothing was changed",
            place=Place(file=promise, dataset=dataset),
            remedy=Text(
                "用 hub contract register 登记它后 hub ingest；或移走该文件再接入",
                "register it with `hub contract register` and use `hub ingest`; or move the file away and adopt again",
            ),
        )
    copy = scratch / "city"
    shutil.copytree(folder, copy)
    for name, text in texts.items():
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text(text, encoding="utf-8")
    grown = load_city(copy)
    if dataset not in {one.id for one in grown.resources}:
        raise _unlisted(catalogue, dataset)
    check(grown)
    for name, text in texts.items():
        _put(folder / name, text)
    return tuple(folder / name for name in texts)


def put_new(texts: Mapping[Path, str]) -> None:
    """Write files that are not there yet; one that holds the same already is left.

    Raises:
        Refused: DRAFT_EXISTS when one holds something else: nothing is written then.
        Unavailable: CATALOG_FOLDER.
    """
    lying = {path: _read(path) for path in texts}
    for path, text in lying.items():
        if text is not None and text != texts[path]:
            raise Refused(
                "DRAFT_EXISTS",
                f"{path.name} 已存在且内容不同，什么都没有写",
                f"{path.name} is there already with another content; nothing was written",
                place=Place(file=path.name),
                remedy=Text("换一个文件夹，或移走该文件", "name another folder, or move the file away"),
            )
    for path, text in texts.items():
        if lying[path] is None:
            _put(path, text)


def _with_resource(path: Path, resource: Mapping[str, Any]) -> str:
    lying = _read(path)
    if lying is None:
        return yaml_text({"unit": str(resource["id"]).split(".")[0], "resources": [dict(resource)]})
    return appended(lying, "resources", resource)


def appended(text: str, key: str, value: Any) -> str:
    """The text of a YAML file with `value` at the end of the list that stands at its top under `key`.

    Raises:
        Refused: DRAFT_CATALOGUE when there is no such list, or it is written in one line.
    """
    lines = text.splitlines(keepends=True)
    start = next((at for at, line in enumerate(lines) if re.match(rf"{re.escape(key)}:\s*(#.*)?$", line)), None)
    if start is None:
        raise _unlisted(key, None)
    end = start + 1
    while end < len(lines) and re.match(r"\s|-|#", lines[end]):
        end += 1
    indents = [match[1] for line in lines[start + 1 : end] if (match := re.match(r"( *)- ", line))]
    if not indents:
        raise _unlisted(key, None)
    block = "".join(f"{indents[0]}{line}" for line in yaml_text([value]).splitlines(keepends=True))
    head = "".join(lines[:end])
    return head + ("" if head.endswith("\n") else "\n") + block + "".join(lines[end:])


def _unlisted(name: str, dataset: str | None) -> Refused:
    return Refused(
        "DRAFT_CATALOGUE",
        f"{name} 的列表不能自动增补",
        f"the list of {name} cannot be added to",
        place=Place(file=name, dataset=dataset),
        remedy=Text(
            "用 hub contract infer 生成草稿，手工放入城市文件夹",
            "make the drafts with `hub contract infer` and put them into the city's folder by hand",
        ),
    )


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unwritable(path) from error


def _replace(path: Path, change: Callable[[str], str]) -> None:
    _put(path, change(_read(path) or ""))


class _written:
    """What the disk refuses, in our words."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Turn the system's error into ours."""
        if isinstance(error, OSError):
            raise _unwritable(self.path) from error


def _put(path: Path, text: str) -> None:
    """The file whole or not at all, durable."""
    with _written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")  # one process at a time: what lies there a killed one left
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


def _unwritable(path: Path) -> Unavailable:
    return Unavailable(
        "CATALOG_FOLDER",
        "城市文件夹不能读写",
        "the city's folder cannot be read or written",
        place=Place(file=path.name),
        remedy=Text("检查该文件夹的权限和磁盘空间", "check the folder's permissions and the disk's space"),
    )
