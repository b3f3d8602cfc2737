"""A folder of contracts, read and checked as a whole: every fault of every file at once, each with its line.

With the catalogue's resources at hand each contract is held against its resource: the dataset must exist, every column
must be an item of the catalogue and every item a column, types and personal information must agree. The catalogue says
what exists, the contract what is promised of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalogs.rules.faults import SHOWN, Fault, fault
from catalogs.values.model import Item, Resource
from contracts.expression import Expressions
from contracts.model import Contract
from contracts.odcs import ContractDocument, load
from contracts.parse import parse_as_far
from infra.errors import Place, Refused, WrongUse
from infra.language import Text


@dataclass(frozen=True, slots=True)
class Promise:
    """A sound contract with the document that it was read from."""

    document: ContractDocument
    contract: Contract


def check_contracts(folder: Path, resources: Iterable[Resource] | None = None) -> list[Fault]:
    """Every fault of the contracts in `folder`, in order of file and line; empty when there is none.

    Args:
        folder: a folder of contract files, or a city's folder with `contracts/` in it.
        resources: the catalogue's resources; None leaves the catalogue out.

    Raises:
        WrongUse: CONTRACT_NO_FOLDER.
    """
    return _read(folder, resources)[1]


def load_contracts(folder: Path, resources: Iterable[Resource] | None = None) -> list[Promise]:
    """The contracts of `folder`, in the order of their files.

    Raises:
        Refused: CONTRACT_FAULTY with every fault.
        WrongUse: CONTRACT_NO_FOLDER.
    """
    promises, faults = _read(folder, resources)
    if faults:
        raise refusal(faults)
    return promises


def refusal(faults: Sequence[Fault]) -> Refused:
    """The refusal that names every fault, the first ones in full."""
    shown = [Text(found.sentence("zh"), found.sentence("en")) for found in faults[:SHOWN]]
    if len(faults) > SHOWN:
        more = len(faults) - SHOWN
        shown.append(Text(f"……另有 {more} 处", f"… and {more} more"))
    return Refused(
        "CONTRACT_FAULTY",
        f"数据契约有 {len(faults)} 处错误",
        f"the contracts have {len(faults)} faults",
        place=faults[0].place if faults else None,
        reasons=shown,
        remedy=Text("用 hub contract check 查看全部并改正", "see them all with `hub contract check` and mend them"),
    )


def _read(folder: Path, resources: Iterable[Resource] | None) -> tuple[list[Promise], list[Fault]]:
    known = None if resources is None else {resource.id: resource for resource in resources}
    promises: list[Promise] = []
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    with Expressions() as expressions:
        for path in _files(folder):
            document, found = load(path)
            if document is not None and not found:
                contract, found = parse_as_far(document, expressions)
                if not found:
                    promises.append(Promise(document, contract))
                found = [*found, *_beside(document, contract, seen), *catalogue_faults(document, contract, known)]
            faults += sorted(found, key=lambda one: (one.place.row or 0, one.code))
    return promises, faults


def _files(folder: Path) -> list[Path]:
    inside = folder / "contracts"
    chosen = inside if inside.is_dir() else folder
    if not chosen.is_dir():
        raise WrongUse("CONTRACT_NO_FOLDER", f"没有目录 {folder}", f"there is no folder {folder}")
    return sorted(
        path for path in chosen.iterdir() if path.suffix in {".yaml", ".yml"} and not path.name.startswith(".")
    )


def _beside(document: ContractDocument, contract: Contract, seen: dict[str, str]) -> list[Fault]:
    found = []
    place = document.place(("id",))
    if contract.id in seen:
        zh, en = (
            f"{seen[contract.id]} 中已有同一数据集的契约",
            f"{seen[contract.id]} holds a contract of the same dataset",
        )
        found.append(fault("CONTRACT_TWICE", zh, en, place=place, field="id"))
    elif document.file.rpartition(".")[0] != contract.id:
        zh, en = f"文件名应为 {contract.id}.yaml", f"the file should be called {contract.id}.yaml"
        found.append(fault("CONTRACT_FILE_NAME", zh, en, place=place, field="id"))
    seen.setdefault(contract.id, document.file)
    return found


def catalogue_faults(
    document: ContractDocument, contract: Contract, resources: Mapping[str, Resource] | None
) -> list[Fault]:
    """How a contract departs from its resource in the catalogue."""
    if resources is None:
        return []
    resource = resources.get(contract.id)
    if resource is None:
        zh, en = f"目录中没有数据资源 {contract.id}", f"the catalogue has no resource {contract.id}"
        remedy = ("先在目录中登记该资源", "register the resource in the catalogue first")
        return [fault("CONTRACT_DATASET_UNKNOWN", zh, en, place=document.place(("id",)), field="id", remedy=remedy)]
    items = {item.name: item for item in resource.items}
    found: list[Fault] = []
    for at, column in enumerate(contract.columns):
        place = _named(document.place(("schema", 0, "properties", at)), column.name)
        item = items.pop(column.name, None)
        if item is None:
            zh, en = f"目录中没有数据项“{column.name}”", f"the catalogue has no item “{column.name}”"
            remedy = ("改正列名，或在目录中增加该数据项", "mend the column's name, or add the item to the catalogue")
            found.append(fault("CONTRACT_COLUMN_UNKNOWN", zh, en, place=place, field="name", remedy=remedy))
        else:
            found += _differences(item, column.type, column.personal, place)
    for name in items:
        zh, en = f"契约没有目录中的数据项“{name}”", f"the contract lacks the catalogue's item “{name}”"
        place = _named(document.place(("schema", 0, "properties")), name)
        found.append(fault("CONTRACT_COLUMN_MISSING", zh, en, place=place, field="properties"))
    return found


def _differences(item: Item, kind: str, personal: bool, place: Place) -> list[Fault]:
    found = []
    if item.type.value != kind:
        zh = f"“{item.name}”在目录中是 {item.type.value}，契约中是 {kind}"
        en = f"“{item.name}” is {item.type.value} in the catalogue and {kind} in the contract"
        remedy = (
            "改正契约，或先改目录并由主管部门审核人登记（hub catalog register）",
            "mend the contract, or change the catalogue and have the authority's reviewer register it first",
        )
        found.append(fault("CONTRACT_TYPE_DIFFERS", zh, en, place=place, field="physicalType", remedy=remedy))
    if (item.personal is not None) != personal:
        zh = f"“{item.name}”是否为个人信息，目录与契约不一致"
        en = f"catalogue and contract disagree whether “{item.name}” is personal information"
        found.append(fault("CONTRACT_PERSONAL_DIFFERS", zh, en, place=place, field="cityhub.personal"))
    return found


def _named(place: Place, column: str) -> Place:
    return Place(file=place.file, row=place.row, column=column, dataset=place.dataset)
