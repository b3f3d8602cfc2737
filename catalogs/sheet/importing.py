"""Workbooks into drafts: all entries of all files in one transaction, or as YAML for a city's folder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from catalogs.rows import digest, plain
from catalogs.rules.checking import Known
from catalogs.rules.faults import Fault
from catalogs.sheet.reading import Sheet, read_sheet
from catalogs.sheet.register import Register
from catalogs.sheet.stamps import Standing
from catalogs.values.model import Person, Resource
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
    def same(self) -> int:
        """How many entries say what stands already."""
        return sum(each.id in sheet.judged.same for sheet in self.sheets for each in sheet.resources)

    @property
    def known(self) -> dict[str, Standing]:
        """What stood under the ids of the entries of all files."""
        return {identity: one for sheet in self.sheets for identity, one in sheet.judged.known.items()}

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
    first: dict[str, Known] = {}
    for path in paths:
        try:
            sheet = read_sheet(path, _beside(register, first))
        except Refused as refused:
            place = refused.place or Place(file=path.name)
            fault = Fault(place, refused.code, refused.text, refused.remedy)
            sheets.append(Sheet(path.name, (), (fault,), (), 0, None))
            continue
        again = {one.id: _twice(place, one, first[one.id]) for one, place in sheet.judged.names if one.id in first}
        first |= {one.id: one for one, _ in sheet.judged.names if one.id not in first}
        kept = tuple(each for each in sheet.resources if each.id not in again)
        sheets.append(replace(sheet, resources=kept, faults=(*sheet.faults, *again.values())))
    return Imported(tuple(sheets))


def _beside(register: Register, first: Mapping[str, Known]) -> Register:
    """The register with the entries of the files before, whose names and codes hold in their place."""
    others = [one for one in register.others if one.id not in first]
    return replace(register, others=(*others, *first.values())) if first else register


def _twice(place: Place, one: Known, other: Known) -> Fault:
    where = other.where or Text("另一文件", "another file")
    text = Text(f"“{one.title.zh}”已在 {where.zh} 填报", f"{one.title.en} stands in {where.en} too")
    return Fault(place, "SHEET_TWICE", text, Text("只在一个文件中填报", "hand it in with one file"), "title")


def save(
    ground: "Ground",
    resources: Sequence[Resource],
    by: Person,
    *,
    why: str,
    known: Mapping[str, Standing] | None = None,
) -> list[str]:
    """Saves the entries that say something new as drafts in one transaction, all or none; their ids.

    `known` is what stood under the ids when the sheet was held against it: what a colleague saved since is not undone.

    Raises:
        Refused: as `catalogs.life.drafts.save_all`, of which DRAFT_REVISION where a colleague saved meanwhile.
    """
    from catalogs.life.drafts import save_all  # noqa: PLC0415 - a check alone saves nothing
    from catalogs.sheet.standing import standing  # noqa: PLC0415

    held = standing(ground.engine, {one.id: None for one in resources}, by.id) if known is None else known
    new = [one for one in resources if one.id not in held or digest(plain(one)) != held[one.id].digest]
    revisions = {identity: one.revision for identity, one in held.items()}
    saved = save_all(ground, [(one, revisions.get(one.id)) for one in new], by, why=why) if new else []
    return [draft.resource for draft in saved]


def write_yaml(resources: Iterable[Resource], folder: Path) -> list[Path]:
    """Writes the entries as catalogues of a city's folder, one file a unit; the files.

    Raises:
        Refused: DRAFT_EXISTS when another file of that name lies there.
        Unavailable: CATALOG_FOLDER.
    """
    from catalogs.folder.drafts import put_new, yaml_text  # noqa: PLC0415
    from catalogs.folder.write import resource_document  # noqa: PLC0415

    by_unit: dict[str, list[Mapping[str, object]]] = {}
    for resource in resources:
        by_unit.setdefault(resource.unit, []).append(resource_document(resource))
    texts = {
        folder / "catalogues" / f"{unit}.yaml": yaml_text({"unit": unit, "resources": listed})
        for unit, listed in sorted(by_unit.items())
    }
    put_new(texts)
    return list(texts)
