"""City, units, departments and people out of YAML."""

import re
from dataclasses import dataclass
from zoneinfo import available_timezones

from catalogs.folder.fields import Fields
from catalogs.folder.read_resource import NAME, NAME_SAID
from catalogs.values import uscc as credit
from catalogs.values.model import Arrival, Crs, Department, DepartmentKind, Domain, Person, Role, Unit, UnitKind
from infra.language import Text

_CODE = re.compile(r"[1-9][0-9]{5}")
_CODE_SAID = ("六位数字", "six digits")


@dataclass(frozen=True, slots=True)
class Head:
    """What city.yaml says, domains apart."""

    id: str | None
    name: Text | None
    timezone: str
    language: str
    coordinates: Crs | None


def read_city(fields: Fields) -> tuple[Head, list[tuple[Fields, Domain]]]:
    """city.yaml: id, name, time zone, language, published coordinates and domains."""
    identity, name = fields.form("id", NAME, NAME_SAID), fields.both("name")
    coordinates = fields.word("coordinates", Crs, required=False)
    if coordinates not in (None, Crs.CGCS2000):
        fields.note(
            "CATALOG_WORD_UNKNOWN",
            "coordinates 只能写 CGCS2000；不写即按申报的坐标系发布",
            "coordinates can only be CGCS2000; without it they are published as declared",
            key="coordinates",
        )
    timezone = fields.text("timezone", required=False) or "Asia/Shanghai"
    if timezone not in available_timezones():
        fields.note(
            "CATALOG_WORD_UNKNOWN",
            "timezone 不是已知时区",
            "timezone is no known time zone",
            key="timezone",
            remedy=("如 Asia/Shanghai", "e.g. Asia/Shanghai"),
        )
    language = fields.text("language", required=False) or "zh"
    if language not in ("zh", "en"):
        fields.note("CATALOG_WORD_UNKNOWN", "language 应为 zh 或 en", "language must be zh or en", key="language")
    domains = []
    for inner in fields.children("domains"):
        domain, said = inner.form("id", NAME, NAME_SAID), inner.both("name")
        inner.finish()
        if domain and said:
            domains.append((inner, Domain(domain, said)))
    fields.finish()
    return Head(identity, name, timezone, language, coordinates), domains


def read_unit(fields: Fields) -> Unit | None:
    """One unit of units.yaml."""
    identity, name = fields.form("id", NAME, NAME_SAID), fields.both("name")
    kind = fields.word("kind", UnitKind)
    gbt = fields.form("gbt2260_code", _CODE, _CODE_SAID, required=False)
    stat = fields.form("stat_code", _CODE, _CODE_SAID, required=False)
    parent = fields.form("parent", NAME, NAME_SAID, required=False)
    aliases = fields.texts("aliases")
    arrival = fields.word("arrival", Arrival, required=False) or Arrival.RENAME
    fields.finish()
    if not (identity and name and kind):
        return None
    return Unit(identity, name, kind, gbt, stat, parent, aliases, arrival)


def read_department(fields: Fields) -> Department | None:
    """One department of departments.yaml."""
    identity, name = fields.form("id", NAME, NAME_SAID), fields.both("name")
    unit = fields.form("unit", NAME, NAME_SAID)
    kind = fields.word("kind", DepartmentKind, required=False) or DepartmentKind.DEPARTMENT
    uscc = fields.text("uscc", required=False)
    wrong = credit.fault(uscc) if uscc is not None else None
    if wrong is not None:
        fields.note(
            "CATALOG_USCC",
            f"统一社会信用代码不对：{wrong.zh}",
            f"the unified social credit code is wrong: {wrong.en}",
            key="uscc",
            remedy=("核对代码；不知道就不写", "check the code; leave it out where unknown"),
        )
        uscc = None
    fields.finish()
    return Department(identity, unit, name, kind, uscc) if identity and unit and name else None


def read_person(fields: Fields) -> Person | None:
    """One person of people.yaml."""
    identity, name = fields.form("id", NAME, NAME_SAID), fields.text("name", longest=100)
    unit, department = fields.form("unit", NAME, NAME_SAID), fields.form("department", NAME, NAME_SAID)
    roles = frozenset(fields.words("roles", Role))
    clearance = fields.grade("clearance")
    purposes = fields.texts("purposes")
    local = bool(fields.flag("local"))
    for purpose in purposes:
        if not NAME.fullmatch(purpose):
            fields.note(
                "CATALOG_ID_FORM",
                "purposes 中有格式不对的词",
                "purposes holds a word of the wrong form",
                key="purposes",
                remedy=NAME_SAID,
            )
    fields.finish()
    if not (identity and name and unit and department and roles and clearance):
        return None
    return Person(identity, name, unit, department, roles, clearance, frozenset(purposes), local)
