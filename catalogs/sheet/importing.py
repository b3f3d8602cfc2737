"""Workbooks into drafts: all entries of all files in one transaction, or as YAML for a city's folder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from catalogs.faults import Fault
from catalogs.model import Person, Resource
from catalogs.sheet.reading import Sheet, read_sheet
from catalogs.sheet.register import Register
from infra.errors import Place, Refused
from infra.language import Text

if TYPE_CHECKING:
    from infra.ground import Ground


@dataclass(frozen=True, slots=True)
class Imported:
    """What several workbooks say together."""

    sheets: tuple[Sheet, ...]

    @property
    def faults(self) -> list[Fault]:
        """The faults of all files."""
        return [fault for sheet in self.sheets for fault in sheet.faults]

    @property
    def resources(self) -> list[Resource]:
        """The entries without a fault."""
        return [resource for sheet in self.sheets for resource in sheet.resources]


def read_sheets(paths: Sequence[Path], register: Register) -> Imported:
    """The workbooks, of which no two may hold the same entry; one that cannot be read is a fault of its own.

    Raises:
        Unavailable: READ_PROCESS.
    """
    sheets: list[Sheet] = []
    first: dict[str, str] = {}
    for path in paths:
        try:
            sheet = read_sheet(path, register)
        except Refused as refused:
            place = refused.place or Place(file=path.name)
            fault = Fault(place, refused.code, refused.text, refused.remedy)
            sheets.append(Sheet(path.name, (), (fault,), (), 0, None))
            continue
        twice = [each for each in sheet.resources if first.setdefault(each.id, path.name) != path.name]
        again = tuple(_twice(path.name, each, first[each.id]) for each in twice)
        kept = tuple(each for each in sheet.resources if each not in twice)
        sheets.append(replace(sheet, resources=kept, faults=(*sheet.faults, *again)))
    return Imported(tuple(sheets))


def _twice(file: str, resource: Resource, other: str) -> Fault:
    text = Text(f"“{resource.title.zh}”在文件 {other} 中已有", f"{resource.title.en} stands in the file {other} too")
    return Fault(Place(file), "SHEET_TWICE", text, Text("只在一个文件中填报", "hand it in with one file"))


def save(ground: "Ground", resources: Sequence[Resource], by: Person, *, why: str) -> list[str]:
    """Saves the entries as drafts in one transaction, all or none; their ids.

    Raises:
        Refused: as `catalogs.life.drafts.save_all`.
    """
    from catalogs.life.drafts import drafts, save_all  # noqa: PLC0415 - a check alone saves nothing

    units = dict.fromkeys(resource.unit for resource in resources)
    held = {one.resource: one.revision for unit in units for one in drafts(ground.engine, unit)}
    saved = save_all(ground, [(resource, held.get(resource.id)) for resource in resources], by, why=why)
    return [draft.resource for draft in saved]


def write_yaml(resources: Iterable[Resource], folder: Path) -> list[Path]:
    """Writes the entries as catalogues of a city's folder, one file a unit; the files.

    Raises:
        Refused: DRAFT_EXISTS when another file of that name lies there.
        Unavailable: CATALOG_FOLDER.
    """
    from catalogs.drafts import put_new, yaml_text  # noqa: PLC0415
    from catalogs.write import resource_document  # noqa: PLC0415

    by_unit: dict[str, list[Mapping[str, object]]] = {}
    for resource in resources:
        by_unit.setdefault(resource.unit, []).append(resource_document(resource))
    texts = {
        folder / "catalogues" / f"{unit}.yaml": yaml_text({"unit": unit, "resources": listed})
        for unit, listed in sorted(by_unit.items())
    }
    put_new(texts)
    return list(texts)
