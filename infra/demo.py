"""Demo mode asks nobody for a key and lets one person play all: it opens nothing that holds real data."""

import json
from typing import TYPE_CHECKING

from infra.errors import WrongUse
from infra.language import Text

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


def refusal(what: str) -> WrongUse:
    """The error for a home or a database that is no demo's."""
    return WrongUse(
        "HOME_NOT_DEMO",
        f"{what} 存有正式数据，不能以演示模式打开",
        f"{what} is not a demo's: demo mode, which asks nobody for a key, does not open it",
        remedy=Text("去掉 HUB_DEMO，或另选目录与数据库", "unset HUB_DEMO, or choose another home and database"),
    )


def check(engine: "Engine") -> None:
    """Refuses a database whose ledger began without the mark of the demo, however fresh the home beside it is.

    Raises:
        WrongUse: `HOME_NOT_DEMO`.
    """
    import sqlalchemy as sa  # noqa: PLC0415 - not for every command

    from infra.database import read  # noqa: PLC0415
    from infra.ledger.tables import ENTRY  # noqa: PLC0415 - the ledger stands on the ground

    with read(engine) as connection:
        first = connection.execute(sa.select(ENTRY.c.body).order_by(ENTRY.c.number).limit(1)).scalar()
    if first is not None and not json.loads(first).get("demo"):
        engine.dispose()
        raise refusal("HUB_DATABASE")
