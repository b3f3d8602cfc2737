"""The files of a city's folder that stand beside its register: whatever is wrong with any of them."""

from pathlib import Path

from catalogs.folder.doors import FILE as DOORS
from catalogs.folder.doors import read_doors
from catalogs.folder.jurisdiction import read_jurisdiction
from catalogs.folder.notices import FILE as NOTICES
from catalogs.folder.notices import read_notices
from catalogs.folder.read_codes import read_codes
from catalogs.folder.read_thresholds import read_thresholds
from catalogs.personal.read_personal import read_personal
from catalogs.rules.faults import Fault
from infra.errors import Place, Refused


def further_faults(folder: Path) -> list[Fault]:
    """Every fault of the folder's policies, deadlines, doors, notices, maps, and of its rules, where any."""
    faults = _policy_faults(folder)
    if (folder / "jurisdiction.yaml").exists():
        faults += read_jurisdiction(folder)[1]
    if (folder / DOORS).exists():
        faults += read_doors(folder)[1]
    if (folder / NOTICES).exists():
        faults += read_notices(folder)[1]
    if (folder / "maps").exists():
        from catalogs.exchange.mapping import map_faults  # noqa: PLC0415 - the forms' columns are not for every city

        faults += map_faults(folder)
    return faults + read_codes(folder)[1] + read_thresholds(folder)[1] + read_personal(folder)[1]


def _policy_faults(folder: Path) -> list[Fault]:
    """What is wrong with the city's rules of reading: rules that cannot be loaded would refuse every read."""
    if not any((folder / "policies").glob("*.cedar")):
        return []
    from catalogs.permission.decide import RULES, city_policy  # noqa: PLC0415 - Cedar is not for cities without rules of their own

    faults: list[Fault] = []
    for rules in RULES:
        try:
            city_policy(folder, rules)
        except Refused as error:
            place = Place(file="policies")
            faults += [Fault(place, error.code, reason, error.remedy, rules) for reason in error.reasons]
    return faults
