"""The supervision report out of the register. Reading it changes nothing: the daily clock escalates what is late."""

from catalogs.life.report import Line, Report, report
from catalogs.life.tasks import clockwork, local_day, tasks
from catalogs.lookup import departments, units
from infra.ground import Ground
from infra.language import Text


def supervision(ground: Ground) -> tuple[Report, dict[str, Text]]:
    """The report of today, and the names of units and departments.

    Raises:
        Refused: CATALOG_FAULTY, CALENDAR_FILE.
        WrongUse: CITY_NOT_THIS.
    """
    clocks, today = clockwork(ground), local_day(ground.now())
    lines = [
        Line(
            task=task.id,
            kind=task.kind,
            resource=task.resource,
            unit=task.unit,
            department=task.department,
            why=task.why,
            standing=clocks.standing(task, today),
            escalated=task.escalated_at is not None,
            extension=task.extension,
        )
        for task in tasks(ground, closed=True)
    ]
    names = {unit.id: unit.name for unit in units(ground.engine)}
    names |= {department.id: department.name for department in departments(ground.engine)}
    return report(lines, today), names
