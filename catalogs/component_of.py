"""A code of a component or an event against the registered units: for the command and for the API."""

from typing import Any

from catalogs.lookup import units
from catalogs.values.components import parse
from catalogs.values.model import Unit
from infra.ground import Ground


def component_of(ground: Ground, code: str, name: str | None = None) -> tuple[Unit, dict[str, Any]]:
    """The unit in which it is, and the parts of the code.

    Raises:
        Refused: COMPONENT_CODE with every part that is wrong.
    """
    by_code = {each: unit for unit in units(ground.engine) for each in (unit.stat_code, unit.gbt2260_code) if each}
    found = parse(code, by_code, name)
    unit = by_code[found.division]
    names = ("major", "minor", "sequence", "extension")
    return unit, {"code": str(found), "unit": unit.id, **{each: getattr(found, each) for each in names}}
