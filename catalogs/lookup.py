"""Out of the register: units, departments, resources, and the city as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogs.life.tables import WITHDRAWN
from catalogs.rules.checking import Known
from catalogs.tables import CITY, DEPARTMENT, PERSON, RESOURCE, RESOURCE_VERSION, UNIT
from catalogs.values.model import City, Crs, Department, Domain, Grade, Item, Person, Resource, Unit, UpdateFrequency
from infra.database import read
from infra.errors import Place, Refused
from infra.language import Text


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the catalogue."""

    id: str
    title: Text
    unit: str
    domain: str
    provider: str
    data_format: str
    update_frequency: str
    sharing_attribute: str
    openness: str
    grade: str
    item_count: int
    version: int
    example: bool


_LINE = ("title_zh", "title_en", *(name for name in Listed.__slots__ if name != "title"))


def resource(engine: Engine, dataset: str) -> Resource:
    """The resource registered as `dataset`.

    Raises:
        Refused: CATALOG_UNKNOWN_RESOURCE.
        Unavailable: DATABASE_….
    """
    with read(engine) as connection:
        body = connection.execute(sa.select(RESOURCE.c.body).where(RESOURCE.c.id == dataset)).scalar()
    if body is None:
        raise Refused(
            "CATALOG_UNKNOWN_RESOURCE",
            "目录中没有该数据资源",
            "the catalogue holds no such resource",
            place=Place(dataset=dataset[:191]),
            remedy=Text("用 hub catalog list 查看已登记的资源", "see what is registered with `hub catalog list`"),
        )
    return msgspec.convert(body, Resource)


def people_names(engine: Engine) -> dict[str, str]:
    """What people are called, by id."""
    with read(engine) as connection:
        return {row.id: row.name for row in connection.execute(sa.select(PERSON.c.id, PERSON.c.name))}


def last_known(engine: Engine, dataset: str, item: str) -> Item | None:
    """The item as the newest version of the resource that has it describes it; None: no version ever had it."""
    query = sa.select(RESOURCE_VERSION.c.body).where(RESOURCE_VERSION.c.resource == dataset)
    with read(engine) as connection:
        bodies = connection.execute(query.order_by(RESOURCE_VERSION.c.version.desc())).scalars().all()
    versions = (msgspec.convert(body, Resource) for body in bodies)
    return next((one for version in versions for one in version.items if one.name == item), None)


def resources(
    engine: Engine,
    *,
    unit: str | None = None,
    domain: str | None = None,
    frequency: UpdateFrequency | None = None,
) -> list[Resource]:
    """The registered resources in force by id, of one unit, domain or update frequency where asked."""
    with read(engine) as connection:
        return _resources(connection, _where(unit, domain, frequency))


def listing(engine: Engine, *, unit: str | None = None, domain: str | None = None) -> list[Listed]:
    """As `resources`, one line each: reads no items."""
    query = sa.select(*(RESOURCE.c[name] for name in _LINE)).where(*_where(unit, domain, None)).order_by(RESOURCE.c.id)
    with read(engine) as connection:
        rows = [row._asdict() for row in connection.execute(query)]
    return [
        Listed(title=Text(row.pop("title_zh"), row.pop("title_en")), grade=Grade(row.pop("grade")).id, **row)
        for row in rows
    ]


def named(engine: Engine) -> list[Known]:
    """Names and codes of the registered resources in force, by id: what others are compared with."""
    names = ("id", "provider", "title_zh", "title_en", "code")
    query = sa.select(*(RESOURCE.c[name] for name in names)).where(in_force()).order_by(RESOURCE.c.id)
    where = Text("已登记", "registered")
    with read(engine) as connection:
        rows = connection.execute(query).all()
    return [Known(row.id, row.provider, Text(row.title_zh, row.title_en), row.code, where) for row in rows]


def units(engine: Engine) -> list[Unit]:
    """The registered units, in the order of their file."""
    with read(engine) as connection:
        return _units(connection)


def departments(engine: Engine) -> list[Department]:
    """The registered departments, in the order of their file."""
    with read(engine) as connection:
        return _departments(connection)


def domains(engine: Engine) -> list[Domain]:
    """The domains of the registered city; none before a city is registered."""
    with read(engine) as connection:
        body: dict[str, Any] = connection.execute(sa.select(CITY.c.body)).scalar() or {}
    return [msgspec.convert(domain, Domain) for domain in body.get("domains", ())]


def city(engine: Engine) -> City:
    """The whole city as registered.

    Raises:
        Refused: CATALOG_EMPTY when none is.
        Unavailable: DATABASE_….
    """
    with read(engine) as connection:
        row = connection.execute(sa.select(CITY)).first()
        if row is None:
            raise Refused(
                "CATALOG_EMPTY",
                "还没有登记城市",
                "no city is registered yet",
                remedy=Text("运行 hub catalog register", "run `hub catalog register`"),
            )
        body: dict[str, Any] = row.body
        people = connection.execute(sa.select(PERSON.c.body).order_by(PERSON.c.id)).scalars()
        return City(
            id=row.id,
            name=Text(row.name_zh, row.name_en),
            timezone=body["timezone"],
            language=body["language"],
            coordinates=msgspec.convert(body.get("coordinates"), Crs | None),
            domains=tuple(msgspec.convert(domain, Domain) for domain in body["domains"]),
            units=tuple(_units(connection)),
            departments=tuple(_departments(connection)),
            resources=tuple(_resources(connection, [in_force()])),
            people=tuple(msgspec.convert(person, Person) for person in people),
        )


def coordinates(engine: Engine) -> Crs | None:
    """What the city wants published geometries converted to; None: they are published as declared."""
    with read(engine) as connection:
        body: dict[str, Any] = connection.execute(sa.select(CITY.c.body)).scalar() or {}
    return msgspec.convert(body.get("coordinates"), Crs | None)


def export_city(engine: Engine, folder: Path) -> list[Path]:
    """Writes the registered city as YAML below `folder`, in the shape that `load_city` reads; returns the files.

    Raises:
        Refused: CATALOG_EMPTY.
        Unavailable: CATALOG_FOLDER, DATABASE_….
    """
    from catalogs.folder.write import write_city  # noqa: PLC0415 - YAML is not for every look-up

    return write_city(city(engine), folder)


def _where(unit: str | None, domain: str | None, frequency: UpdateFrequency | None) -> Sequence[sa.ColumnElement[bool]]:
    wanted = ((RESOURCE.c.unit, unit), (RESOURCE.c.domain, domain), (RESOURCE.c.update_frequency, frequency))
    return [in_force(), *(column == str(value) for column, value in wanted if value is not None)]


def in_force() -> sa.ColumnElement[bool]:
    """That a resource is not withdrawn: what was is still known by its id, and in no list."""
    return RESOURCE.c.id.not_in(sa.select(WITHDRAWN.c.resource))


def _resources(connection: Connection, where: Sequence[sa.ColumnElement[bool]]) -> list[Resource]:
    bodies = connection.execute(sa.select(RESOURCE.c.body).where(*where).order_by(RESOURCE.c.id)).scalars()
    return [msgspec.convert(body, Resource) for body in bodies]


def _units(connection: Connection) -> list[Unit]:
    bodies = connection.execute(sa.select(UNIT.c.body).order_by(UNIT.c.position, UNIT.c.id)).scalars()
    return [msgspec.convert(body, Unit) for body in bodies]


def _departments(connection: Connection) -> list[Department]:
    bodies = connection.execute(sa.select(DEPARTMENT.c.body).order_by(DEPARTMENT.c.position, DEPARTMENT.c.id)).scalars()
    return [msgspec.convert(body, Department) for body in bodies]
