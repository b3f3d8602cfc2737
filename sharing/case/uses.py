"""Use records (使用记录, Decree 809 Art. 29): scene, process, results, storage and destruction of what a case gave.

They are added to and never changed; they stay as long as the database does, which is longer than the law's three years.
"""

from dataclasses import asdict, dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from infra.database import write
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry
from infra.local_time import CITY_TIME
from sharing.case import casebook
from sharing.case.one_line import one_line
from sharing.tables import use

LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Use:
    """What is recorded of a use."""

    scene: str
    process: str = ""
    results: str = ""
    storage: str = ""
    destruction: str = ""


def record(ground: Ground, case: str, what: Use, actor: str) -> str:
    """Record a use of what the case gave; its id.

    Raises:
        Refused: SHARE_CASE_UNKNOWN, SHARE_TEXT, SHARE_USE without a scene, or longer than 2,000 characters.
    """
    casebook.case(ground.engine, case)
    with write(ground.engine) as connection:
        return put(connection, ground, case, what, (actor, ground.now().astimezone(CITY_TIME).date()))


def put(connection: Connection, ground: Ground, case: str, what: Use, who: tuple[str, date]) -> str:
    """`record` in the caller's transaction; `who` is the actor and the day of the record."""
    said = {name: text.strip() for name, text in asdict(what).items()}
    one_line(said)
    if not said["scene"] or max(map(len, said.values())) > LONGEST:
        raise Refused(
            "SHARE_USE",
            f"使用记录须写明使用场景，每项不超过 {LONGEST} 字",
            f"a use record names the scene, and holds at most {LONGEST} characters in each part",
            remedy=Text("用 --scene 写明用在什么业务中", "say with --scene where the data are used"),
        )
    actor, day = who
    values = {"case": case, **said, "recorded_on": day, "recorded_by": actor, "at": ground.now()}
    number = connection.execute(sa.insert(use).values(values).returning(use.c.number)).scalar_one()
    content = {"case": case, **said, "on": day.isoformat()}
    ground.ledger.append([NewEntry(Act.USE_RECORDED, actor, f"u-{number}", content)], connection=connection)
    return f"u-{number}"
