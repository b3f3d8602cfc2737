"""Alembic migrations, one folder a package, safe when many processes start at once.

`<package>/migrations/versions/*.py` are Alembic revisions in one line, each with `revision = "…"` and `down_revision`.
There is no env.py; the folder needs nothing but `versions/`. The version stands in the table `<package>_version`. All
steps of a package run in one transaction that queues with those of other processes: either the package is at its newest
revision afterwards, or nothing has changed. A package that is up to date costs one query and does not load Alembic.
"""

import re
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Connection, Engine

from infra.database import lock, read, write
from infra.errors import Unavailable
from infra.language import Text
from infra.text import quote_identifier

_NAMED = re.compile(r"""^(revision|down_revision)\b[^=\n]*=\s*["']([^"'\n]+)["']""", re.MULTILINE)


def revisions(folder: Path) -> tuple[str | None, frozenset[str]]:
    """The newest revision in `folder` (None when there is none) and all of them, read from the files' text."""
    found = [dict(_NAMED.findall(path.read_text("utf-8"))) for path in sorted((folder / "versions").glob("*.py"))]
    known = frozenset(names["revision"] for names in found if "revision" in names)
    heads = known - {names.get("down_revision") for names in found}
    if len(heads) > 1:
        message = f"{folder} has several newest revisions: {sorted(heads)}"
        raise ValueError(message)
    return next(iter(heads), None), known


def version(engine: Engine, package: str) -> str | None:
    """The revision of `package` in the database, None before its first migration.

    Raises:
        Unavailable: as `infra.database.read`.
    """
    table = f"{package}_version"
    with read(engine) as connection:
        if not sa.inspect(connection).has_table(table):
            return None
        found = connection.execute(sa.text(f"SELECT version_num FROM {quote_identifier(table)}"))  # noqa: S608 - quoted
        value: str | None = found.scalar()
        return value


def migrate(engine: Engine, package: str, folder: Path) -> None:
    """Bring `package` to the newest revision in `folder`. Does nothing, quickly, when it is there already.

    Raises:
        Unavailable: `DATABASE_TOO_NEW` when the database was written by a newer cityhub; else as `write`.
    """
    wanted, known = revisions(folder)
    if wanted is None:
        return
    have = version(engine, package)
    if have == wanted:
        return
    if have is not None and have not in known:
        raise Unavailable(
            "DATABASE_TOO_NEW",
            f"数据库中 {package} 的版本 {have} 比程序的 {wanted} 新",
            f"the database has version {have} of {package}, this program knows {wanted}",
            remedy=Text("升级 cityhub", "upgrade cityhub"),
        )
    try:
        with write(engine) as connection:
            lock(connection, "hub:migrate")
            _upgrade(connection, package, folder)
    except exc.SQLAlchemyError as error:
        raise Unavailable(
            "DATABASE_MIGRATION", f"{package} 的数据库迁移失败", f"the migration of {package} failed"
        ) from error


def _upgrade(connection: Connection, package: str, folder: Path) -> None:
    from alembic.config import Config  # noqa: PLC0415 - Alembic takes a third of a second to load
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    script = ScriptDirectory(str(folder))

    def steps(revision: object, _context: object) -> object:
        return script._upgrade_revs("head", revision)  # type: ignore[arg-type]

    with EnvironmentContext(Config(), script, fn=steps, destination_rev="head") as environment:
        # transactional_ddl=False leaves the transaction to us; the DDL of both databases is transactional itself.
        environment.configure(connection=connection, version_table=f"{package}_version", transactional_ddl=False)
        environment.run_migrations()
