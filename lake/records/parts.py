"""The files of deliveries of several, as the database knows them: what they are called and what became of them.

A name is its sender's own words and may be a person's: it is shown to whoever may see every column of the dataset, as a
delivery's file name is.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from infra.database import read
from infra.language import Text
from lake import tables
from lake.read.parts import is_shape, stem
from lake.read.source import Note, Part

_AT_ONCE = 500


def keep(connection: Connection, delivery: int, parts: Sequence[Part], records: int) -> None:
    """Write the files of the delivery with this number, in the place of what an earlier attempt wrote.

    Args:
        connection: in whose transaction.
        delivery: its number.
        parts: all of them; none for a delivery of a single file.
        records: how many the delivery has, for the one file that all of them are of.
    """
    table = tables.part
    connection.execute(table.delete().where(table.c.delivery == delivery))
    rows = [
        {
            "delivery": delivery,
            "part": one.number,
            "name": one.name,
            "size": one.size,
            "sha256": one.sha256,
            "records": records if one.records is None else one.records,
            "state": one.state,
            "code": one.code,
        }
        for one in parts
    ]
    if rows:
        connection.execute(table.insert(), rows)


def listing(engine: Engine, delivery: int) -> list[Mapping[Any, Any]]:
    """The files of the delivery with this number, in their order."""
    table = tables.part
    with read(engine) as connection:
        query = sa.select(table).where(table.c.delivery == delivery).order_by(table.c.part)
        return list(connection.execute(query).mappings())


def names(engine: Engine, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Delivery's number and part → the file's name."""
    table = tables.part
    wanted: dict[int, set[int]] = {}
    for delivery, part in places:
        wanted.setdefault(delivery, set()).add(part)
    found: dict[tuple[int, int], str] = {}
    with read(engine) as connection:
        for delivery, numbers in wanted.items():
            query = sa.select(table.c.part, table.c.name).where(table.c.delivery == delivery)
            few = query if len(numbers) > _AT_ONCE else query.where(table.c.part.in_(sorted(numbers)))
            found |= {(delivery, row.part): row.name for row in connection.execute(few)}
    return found


def repeated(engine: Engine, dataset: str, delivery: int, parts: Sequence[Part]) -> list[Note]:
    """What of the delivery was published before, whatever it was called then: of each file by its content.

    A shapefile is one file: it was published before where all of its files were, together.
    """
    digests = sorted({one.sha256 for one in parts if one.sha256 is not None and one.state == "read"})
    known: set[str] = set()
    whole, part = tables.delivery, tables.part
    published = (whole.c.dataset == dataset, whole.c.state == tables.FINISHED, whole.c.number != delivery)
    with read(engine) as connection:
        for at in range(0, len(digests), _AT_ONCE):
            some = digests[at : at + _AT_ONCE]
            alone = sa.select(whole.c.sha256).where(whole.c.sha256.in_(some), *published)
            inside = sa.select(part.c.sha256).join(whole, whole.c.number == part.c.delivery)
            known |= set(connection.scalars(alone.union(inside.where(part.c.sha256.in_(some), *published))))
        beside = _beside(parts)
        again = 0
        for one in parts:
            if one.state == "read" and one.sha256 in known:
                mine = beside.get(one.name, set()) | {one.sha256}
                together = sa.select(part.c.delivery).join(whole, whole.c.number == part.c.delivery)
                together = together.where(part.c.sha256.in_(sorted(mine)), *published).group_by(part.c.delivery)
                together = together.having(sa.func.count(part.c.sha256.distinct()) == len(mine)).limit(1)
                again += len(mine) == 1 or connection.execute(together).first() is not None
    if not again:
        return []
    text = Text(f"其中 {again} 个文件与以前发布的文件内容相同", f"{again} of the files were published before")
    return [Note("parts_repeated", text, again)]


def _beside(parts: Sequence[Part]) -> dict[str, set[str]]:
    """The digests of what was read with each shapefile, by the name of its .shp."""
    shapes = {stem(one.name): one.name for one in parts if one.state == "read" and is_shape(one.name)}
    found: dict[str, set[str]] = {}
    for one in parts:
        name = shapes.get(stem(one.name))
        if name is not None and one.state == "beside" and one.sha256 is not None:
            found.setdefault(name, set()).add(one.sha256)
    return found
