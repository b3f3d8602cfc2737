"""The folder whose rules hold here: that of the city which the database holds, or none.

A city's own `forbid`s stand in its folder. Another folder (the sample's, because HUB_CITY_DIR is not set; one that is
not there; another city's) has other rules or none, and what this city forbids would be allowed without a word. So
whoever loads a city's rules asks here first, and where the folder is not this city's nothing is decided.
"""

from pathlib import Path

import sqlalchemy as sa

from catalogs.folder.yamltree import Mapping, Scalar, read_file
from catalogs.tables import CITY
from infra.database import read
from infra.errors import Place, WrongUse
from infra.ground import Ground, sample_city
from infra.language import Text

SAMPLE = "sample"


def is_sample(folder: Path) -> bool:
    """Whether it is the sample city's folder that comes with the package."""
    return folder.resolve() == sample_city().resolve()


def own_city(ground: Ground) -> Path:
    """The city's folder, from which its rules may be loaded.

    It holds the city that is registered; and it is not the sample that comes with the package where a city of that id
    was registered from a folder of its own.

    Raises:
        WrongUse: CITY_NOT_THIS.
        Unavailable: DATABASE_….
    """
    with read(ground.engine) as connection:
        row = connection.execute(sa.select(CITY.c.id, CITY.c.body)).first()
    if row is None:  # nothing is registered: there is nothing that its rules could be asked about
        return ground.city
    if _identity(ground.city) != row.id or (is_sample(ground.city) and row.body.get(SAMPLE) is False):
        raise WrongUse(
            "CITY_NOT_THIS",
            f"所用城市文件夹不是已登记城市 {row.id} 的：不知道本市的规则，一律不予判定",
            f"the city's folder is not that of {row.id}, which is registered here: its rules are not known, so nothing"
            " is decided",
            place=Place(file=ground.city.name),
            remedy=Text(
                f"把 HUB_CITY_DIR 设为登记 {row.id} 时所用的城市文件夹，或重新登记",
                f"set HUB_CITY_DIR to the folder from which {row.id} was registered, or register it anew",
            ),
        )
    return ground.city


def _identity(folder: Path) -> str | None:
    tree, _ = read_file(folder / "city.yaml", "city.yaml")
    found = tree.values.get("id") if isinstance(tree, Mapping) else None
    return found.text if isinstance(found, Scalar) else None
