"""The tables of the register. The database is the truth; a city's YAML is how it comes in and goes out.

`body` holds the whole value as plain JSON; the columns beside it are what is searched and joined.
"""

import sqlalchemy as sa

from infra.database import UtcDateTime

METADATA = sa.MetaData()


def _names() -> tuple[sa.Column[str], sa.Column[str]]:
    return sa.Column("name_zh", sa.String(200), nullable=False), sa.Column("name_en", sa.String(200), nullable=False)


CITY = sa.Table(
    "catalogs_city",
    METADATA,
    sa.Column("id", sa.String(63), primary_key=True),
    *_names(),
    sa.Column("body", sa.JSON, nullable=False),
)

UNIT = sa.Table(
    "catalogs_unit",
    METADATA,
    sa.Column("id", sa.String(63), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    *_names(),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("gbt2260_code", sa.String(6), unique=True),
    sa.Column("stat_code", sa.String(6)),
    sa.Column("parent", sa.String(63)),
    sa.Column("body", sa.JSON, nullable=False),
)

DEPARTMENT = sa.Table(
    "catalogs_department",
    METADATA,
    sa.Column("id", sa.String(63), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("unit", sa.String(63), sa.ForeignKey("catalogs_unit.id"), nullable=False),
    *_names(),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("uscc", sa.String(18)),
    sa.Column("body", sa.JSON, nullable=False),
)

RESOURCE = sa.Table(
    "catalogs_resource",
    METADATA,
    sa.Column("id", sa.String(191), primary_key=True),
    sa.Column("unit", sa.String(63), sa.ForeignKey("catalogs_unit.id"), nullable=False, index=True),
    sa.Column("domain", sa.String(63), nullable=False, index=True),
    sa.Column("provider", sa.String(63), sa.ForeignKey("catalogs_department.id"), nullable=False),
    sa.Column("title_zh", sa.String(1000), nullable=False),
    sa.Column("title_en", sa.String(1000), nullable=False),
    sa.Column("data_format", sa.String(20), nullable=False),
    sa.Column("update_frequency", sa.String(20), nullable=False, index=True),
    sa.Column("sharing_attribute", sa.String(20), nullable=False),
    sa.Column("openness", sa.String(20), nullable=False),
    sa.Column("grade", sa.Integer, nullable=False),
    sa.Column("example", sa.Boolean, nullable=False),
    sa.Column("item_count", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("registered_at", UtcDateTime, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("code", sa.String(64)),
    sa.Column("level", sa.String(20)),
    sa.Index("ux_catalogs_resource_code", "provider", "code", unique=True),
)

RESOURCE_VERSION = sa.Table(
    "catalogs_resource_version",
    METADATA,
    sa.Column("resource", sa.String(191), sa.ForeignKey("catalogs_resource.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("registered_at", UtcDateTime, nullable=False),
    sa.Column("entry", sa.BigInteger, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
)

ITEM = sa.Table(
    "catalogs_item",
    METADATA,
    sa.Column("resource", sa.String(191), sa.ForeignKey("catalogs_resource.id"), primary_key=True),
    sa.Column("name", sa.String(63), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("zh", sa.String(1000), nullable=False),
    sa.Column("en", sa.String(1000), nullable=False),
    sa.Column("type", sa.String(20), nullable=False),
    sa.Column("grade", sa.Integer, nullable=False),
    sa.Column("personal", sa.String(20)),
    sa.Column("sensitive", sa.Boolean, nullable=False),
    sa.Column("identifier", sa.String(20), nullable=False),
)

PERSON = sa.Table(
    "catalogs_person",
    METADATA,
    sa.Column("id", sa.String(63), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("unit", sa.String(63), sa.ForeignKey("catalogs_unit.id"), nullable=False),
    sa.Column("department", sa.String(63), sa.ForeignKey("catalogs_department.id"), nullable=False),
    sa.Column("clearance", sa.Integer, nullable=False),
    sa.Column("local", sa.Boolean, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
)

KEY = sa.Table(
    "catalogs_key",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("person", sa.String(63), sa.ForeignKey("catalogs_person.id"), nullable=False, index=True),
    sa.Column("salt", sa.LargeBinary(16), nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("pepper", sa.String(80), nullable=False),
    sa.Column("not_before", UtcDateTime, nullable=False),
    sa.Column("not_after", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime),
)

REGRADING = sa.Table(
    "catalogs_regrading",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("resource", sa.String(191), sa.ForeignKey("catalogs_resource.id"), nullable=False, index=True),
    sa.Column("item", sa.String(63), nullable=False),  # empty: the resource as a whole
    sa.Column("from_grade", sa.Integer, nullable=False),
    sa.Column("to_grade", sa.Integer, nullable=False),
    sa.Column("why", sa.String(2000), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("proposed_by", sa.String(63), nullable=False),
    sa.Column("proposed_at", UtcDateTime, nullable=False),
    sa.Column("settled_by", sa.String(63)),
    sa.Column("settled_at", UtcDateTime),
    sa.Column("basis", sa.String(2000)),
    sa.Column("used", sa.Integer),  # the version that lowered the grade by it
)

TRIGGER_REVIEW = sa.Table(
    "catalogs_trigger_review",
    METADATA,
    sa.Column("resource", sa.String(191), primary_key=True),  # may be a draft
    sa.Column("trigger", sa.String(80), primary_key=True),
    sa.Column("by", sa.String(63), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("basis", sa.String(2000), nullable=False),
)

DERIVATION = sa.Table(
    "catalogs_derivation",
    METADATA,
    sa.Column("resource", sa.String(191), sa.ForeignKey("catalogs_resource.id"), primary_key=True),
    sa.Column("source", sa.String(191), primary_key=True, index=True),  # may be registered nowhere
)
