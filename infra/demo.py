"""Demo mode asks nobody for a key and lets one person play all: it opens nothing that holds real data."""

import json
from typing import TYPE_CHECKING

from infra.errors import WrongUse
from infra.language import Text

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from infra.storage import ObjectStore

HOME_MARK = "DEMO"  # a home that began as a demo stays one: its keys and entries are of no worth
MODE = "hub-mode"  # the object that says whether a store is a demo's or holds real data


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


def mark(store: "ObjectStore", *, demo: bool) -> None:
    """Write down whose store this is, the first time; refuse a demo on a real store, and real data on a demo's.

    Raises:
        WrongUse: `HOME_NOT_DEMO`, `STORE_OF_DEMO`.
    """
    if store.stat(MODE) is None:
        # Who marks a store does so before anything else. So what is found first, without a mark afterwards, is no
        # demo's; of several that prepare one store at once, none takes another's first objects for real data.
        used = demo and any(found.key != MODE for found in store.list())
        if used and store.stat(MODE) is None:
            raise refusal("HUB_STORE")
        if not used:
            store.put_bytes(MODE, b"demo" if demo else b"real")
    with store.open(MODE) as said:
        of_demo = said.read(16) == b"demo"
    if demo and not of_demo:
        raise refusal("HUB_STORE")
    if of_demo and not demo:
        raise WrongUse(
            "STORE_OF_DEMO",
            "HUB_STORE 是演示用的存储，不能存放正式数据",
            "HUB_STORE is a demo's store, it takes no real data",
            remedy=Text("另选一个空的存储", "choose another store, an empty one"),
        )
