"""Corrections (校核, Decree 809 Art. 26) on their way between the city and another platform: tasks of the register."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.exchange.finding import Finder, not_here
from catalogs.exchange.flat import Cells, Row, cells_of
from catalogs.exchange.kinds import CORRECTIONS
from catalogs.exchange.passing import Numbers
from catalogs.life.clocks import Kind
from catalogs.life.duties import check_version, filed, number_of
from catalogs.life.tables import TASK
from catalogs.life.tasks import end_task, local_day, task_of
from catalogs.people.asking import may_act
from catalogs.permission.decide import DraftRef
from catalogs.rules.faults import Fault, fault
from catalogs.values.model import Person
from infra.errors import Place, Refused
from infra.ground import Ground


class Corrections:
    """The tickets of the register. A ticket of another platform is filed for the department that it names."""

    kind = CORRECTIONS
    numbered = CORRECTIONS.id

    def __init__(self, ground: Ground) -> None:
        self._ground, self._finder = ground, Finder(ground)

    def held(self, connection: Connection) -> Mapping[str, Cells]:
        """Every ticket, open and over."""
        query = sa.select(TASK).where(TASK.c.kind == str(Kind.CORRECTION)).order_by(TASK.c.number)
        found = {}
        for row in connection.execute(query).mappings():
            asker = self._finder.register.by_id.get(row["asker"] or "")
            found[f"t-{row['number']}"] = cells_of(
                {
                    **self._finder.cells(row["resource"]),
                    "asker": asker.name.zh if asker else row["asker"],
                    "asker_uscc": asker.uscc if asker else None,
                    "what": row["why"],
                    "asked_on": row["started_on"] or local_day(row["opened_at"]),
                    "result": row["result"],
                    "version": row["corrected"],
                    "answered_on": local_day(row["closed_at"]) if row["closed_at"] else None,
                }
            )
        return found

    def judge(self, row: Row, place: str, by: Person, requests: Numbers) -> list[Fault]:  # noqa: ARG002 - the ledge's
        """Resource and department are registered here, another than the provider asks, and `by` may file for it."""
        where = Place(place, row=row.line)
        about, asker = self._finder.resource(row.cells), self._finder.department(row.cells, "asker", "asker_uscc")
        faults = [] if about else [not_here("title", row.cells["title"], where)]
        faults += [] if asker else [not_here("asker", row.cells["asker"], where)]
        if about and asker and asker.id == about.provider:
            said = "提供单位不向自己提出校核", "a provider does not ask itself for a correction"
            faults.append(fault("MAP_OWN_CORRECTION", *said, place=where, field="asker"))
        if about and not faults:
            try:
                may_act(self._ground, by, "file_correction", DraftRef(about.id, about.unit, about.provider))
            except Refused as error:
                faults.append(Fault(where, error.code, error.text, error.remedy, "title"))
        return faults

    def take(self, connection: Connection, row: Row, by: Person, requests: Numbers) -> str:  # noqa: ARG002
        """File the ticket, and end it where the other side says its result already."""
        about, asker = self._finder.resource(row.cells), self._finder.department(row.cells, "asker", "asker_uscc")
        assert about is not None and asker is not None  # noqa: S101, PT018 - judged before
        task = filed(connection, self._ground, about, by, (asker.id, row.cells["what"]))
        self.follow(connection, task.id, row, by)
        return task.id

    def follow(self, connection: Connection, ours: str, row: Row, by: Person) -> bool:
        """End an open ticket with the result that the other side has of it."""
        result, task = row.cells.get("result"), task_of(connection, number_of(ours))
        if result is None or task.closed_at is not None:
            return False
        version = int(row.cells["version"]) if "version" in row.cells else None
        check_version(connection, task, version)
        end_task(connection, self._ground, task, by.id, result, version)
        return True
