"""Requests, replies and use records on their way between the city and another platform (`catalogs.exchange.passing`).

A request of another platform opens a case, which is then judged like any other. A reply of another platform is kept
beside its case and decides nothing here: who approves is a person of this city. A use record is added to its case.
"""

from collections.abc import Callable, Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.exchange.corrections import Corrections
from catalogs.exchange.finding import Finder, not_here
from catalogs.exchange.flat import Cells, Row, cells_of
from catalogs.exchange.kinds import CORRECTIONS, REPLIES, REQUESTS, USES
from catalogs.exchange.passing import Ledge, Numbers
from catalogs.rules.faults import Fault, fault
from catalogs.sheet.values import parts
from catalogs.values.model import Person, Resource
from catalogs.values.words import SharingMode
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.local_time import CITY_TIME
from sharing import tables
from sharing.case import casebook, uses
from sharing.case.applicants import applicant
from sharing.case.cases import Channel, Request, State, channel
from sharing.case.one_line import one_line

_GRANTED = frozenset({State.APPROVED, State.SIGNED, State.ISSUED, State.REVOKED, State.EXPIRED})


class _Cases:
    """What the three have in common: the register, and the cases with their applicants."""

    numbered = REQUESTS.id

    def __init__(self, ground: Ground) -> None:
        self._ground, self._finder = ground, Finder(ground)

    def _rows(self, connection: Connection) -> list[sa.RowMapping]:
        case, firm = tables.case, tables.applicant
        query = sa.select(case, firm.c.name.label("who"), firm.c.uscc).join(firm).order_by(case.c.number)
        return list(connection.execute(query).mappings())

    def _known(self, row: Row, place: Place, case: str | None) -> list[Fault]:
        """Nothing, where a record speaks of a case that is here."""
        try:
            casebook.case(self._ground.engine, case or "")
        except Refused as error:
            if error.code != "SHARE_CASE_UNKNOWN":
                raise
            return [not_here("request", row.cells.get("request", row.number), place)]
        return []

    def follow(self, connection: Connection, ours: str, row: Row, by: Person) -> bool:  # noqa: ARG002 - the ledge's
        """What came once stays as it is."""
        return False


class Requests(_Cases):
    """需求申请: cases."""

    kind = REQUESTS

    def held(self, connection: Connection) -> Mapping[str, Cells]:
        """Every case as it was applied for."""
        found = {}
        for row in self._rows(connection):
            asked, about = row["request"], self._finder.by_id(row["dataset"])
            found[row["id"]] = cells_of(
                {
                    **self._finder.cells(row["dataset"]),
                    "applicant": row["who"],
                    "applicant_uscc": row["uscc"],
                    "channel": Channel(row["channel"]).text.zh,
                    "items": "、".join(_titles(about, asked["items"])),
                    "basis": asked["legal_basis"],
                    "scene": asked["scene"],
                    "purpose": asked["purpose"],
                    "mode": SharingMode.API.text.zh,
                    "days": asked["days"],
                    "asked_on": row["applied_at"].astimezone(CITY_TIME).date(),
                }
            )
        return found

    def judge(self, row: Row, place: str, by: Person, requests: Numbers) -> list[Fault]:  # noqa: ARG002 - the ledge's
        """Resource, items and applicant are registered here, and the texts are such as an agreement may hold."""
        where = Place(place, row=row.line)
        about, faults = self._finder.resource(row.cells), []
        if about is None:
            faults.append(not_here("title", row.cells["title"], where))
        else:
            names = {item.zh for item in about.items} | {item.name for item in about.items}
            faults += [not_here("items", one, where) for one in parts(row.cells["items"]) if one not in names]
        try:
            applicant(self._ground.engine, row.cells["applicant_uscc"])
            one_line(row.cells)
        except Refused as error:
            faults.append(Fault(where, error.code, error.text, error.remedy))
        return faults

    def take(self, connection: Connection, row: Row, by: Person, requests: Numbers) -> str:  # noqa: ARG002
        """Open a case."""
        cells, about = row.cells, self._finder.resource(row.cells)
        assert about is not None  # noqa: S101 - judged before
        named = {title: item.name for item in about.items for title in (item.name, item.zh)}
        items = tuple(named[one] for one in parts(cells["items"]))
        days, basis = int(cells["days"]), cells.get("basis")
        asked = Request(items, cells["purpose"], cells["scene"], days, legal_basis=basis)
        who = applicant(self._ground.engine, cells["applicant_uscc"])
        return casebook.opened(connection, self._ground, (who, channel(cells["channel"]), about), asked, by.id)


class Replies(_Cases):
    """答复: what became of cases."""

    kind = REPLIES

    def held(self, connection: Connection) -> Mapping[str, Cells]:
        """The reply to every case that has one, by the case."""
        event, grant = tables.case_event, tables.grant
        decided = {}
        query = sa.select(event).where(event.c.after.in_([str(State.APPROVED), str(State.REFUSED)]))
        for row in connection.execute(query.order_by(event.c.number)).mappings():
            decided[row["case"]] = row
        ends = {row.case: row.ends_at for row in connection.execute(sa.select(grant.c.case, grant.c.ends_at))}
        found = {}
        for row in self._rows(connection):
            answer = decided.get(row["id"])
            if answer is None:
                continue
            granted = State(row["state"]) in _GRANTED
            until = ends.get(row["id"])
            found[row["id"]] = cells_of(
                {
                    **self._finder.cells(row["dataset"]),
                    "outcome": "同意" if granted else "不同意",
                    "reason": "；".join(one["zh"] for one in answer["reasons"]),
                    "replied_on": answer["at"].astimezone(CITY_TIME).date(),
                    "mode": SharingMode.API.text.zh if granted else None,
                    "until": until.astimezone(CITY_TIME).date() if until else None,
                }
            )
        return found

    def judge(self, row: Row, place: str, by: Person, requests: Numbers) -> list[Fault]:  # noqa: ARG002 - the ledge's
        """It answers a case that is here, and a no gives its reasons (Decree 809 Art. 21)."""
        where = Place(place, row=row.line)
        faults = self._known(row, where, requests.ours(row.number))
        if row.cells["outcome"] != "同意" and "reason" not in row.cells:
            said = "拒绝或要求补正须说明理由", "a refusal, or a request for papers, gives its reasons"
            faults.append(fault("MAP_NO_REASON", *said, place=where, field="reason"))
        return faults

    def take(self, connection: Connection, row: Row, by: Person, requests: Numbers) -> str:  # noqa: ARG002
        """Keep it beside its case."""
        return requests.ours(row.number) or row.number


class Uses(_Cases):
    """使用记录: records of use, added to their cases."""

    kind = USES
    numbered = USES.id

    def held(self, connection: Connection) -> Mapping[str, Cells]:
        """Every use record."""
        cases = {row["id"]: row for row in self._rows(connection)}
        texts = ("scene", "process", "results", "storage", "destruction", "recorded_on")
        found = {}
        for row in connection.execute(sa.select(tables.use).order_by(tables.use.c.number)).mappings():
            of = cases[row["case"]]
            found[f"u-{row['number']}"] = cells_of(
                {
                    "request": of["id"],
                    **self._finder.cells(of["dataset"]),
                    "user": of["who"],
                    "user_uscc": of["uscc"],
                    **{name: row[name] for name in texts},
                }
            )
        return found

    def judge(self, row: Row, place: str, by: Person, requests: Numbers) -> list[Fault]:  # noqa: ARG002 - the ledge's
        """It speaks of a case that is here."""
        where = Place(place, row=row.line)
        faults = self._known(row, where, requests.ours(row.cells["request"]))
        try:
            one_line(row.cells)
        except Refused as error:
            faults.append(Fault(where, error.code, error.text, error.remedy))
        return faults

    def take(self, connection: Connection, row: Row, by: Person, requests: Numbers) -> str:
        """Add it to its case."""
        case = requests.ours(row.cells["request"])
        assert case is not None  # noqa: S101 - judged before
        parts_ = {name: row.cells.get(name, "") for name in ("scene", "process", "results", "storage", "destruction")}
        day = date.fromisoformat(row.cells["recorded_on"])
        return uses.put(connection, self._ground, case, uses.Use(**parts_), (by.id, day))


def _titles(about: Resource | None, items: list[str]) -> list[str]:
    named = {item.name: item.zh for item in about.items} if about else {}
    return [named.get(one, one) for one in items]


LEDGES: Mapping[str, Callable[[Ground], Ledge]] = {
    REQUESTS.id: Requests,
    REPLIES.id: Replies,
    CORRECTIONS.id: Corrections,
    USES.id: Uses,
}
"""Where the records of each kind are kept, by its id."""
