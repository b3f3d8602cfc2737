"""From the classes of the catalogue's items to the parts that columns play in a plan. Pure.

- direct identifiers do not leave; the data-subject key counts persons and does not leave;
- an item of a resource with personal information is a quasi-identifier unless the catalogue says that it is sensitive
  and identifies nobody: what is not known to be harmless identifies;
- longitude and latitude of one resource are one place;
- figures other than quasi-identifiers (a cost, a count) do not leave a resource with personal information: exact they
  identify, changed they would be false;
- a resource without personal information leaves as it is, in the items asked for.
"""

from collections import Counter
from collections.abc import Sequence

from catalogs.values.model import Content, IdentifierRole, Item, ItemType, Resource
from infra.errors import Place, Refused
from infra.language import Text
from sharing.case.cases import Request
from sharing.case.policy import personal
from sharing.case.reasons import Reason
from sharing.plan.methods import Dimension, Kind, ladder
from sharing.plan.plan import AGREEMENT, COUNTS, HEALTH, Draft, Dropped, Form, Terms

_NUMBERS = (ItemType.INTEGER, ItemType.DECIMAL, ItemType.NUMBER)
_UNREADABLE = (ItemType.JSON, ItemType.GEOMETRY)

_DIRECT = Text("直接标识符，不交付", "a direct identifier: it does not leave")
_SUBJECT = Text("数据主体键，仅用于按人计数，不交付", "the data-subject key: it counts persons and does not leave")
_NOT_ASKED = Text("未申请", "not asked for")
_FIGURE = Text(
    "个人数值，精确值可识别个人，且不得扰动", "a person's figure: exact it identifies, and it may not be altered"
)
_SHAPE = Text("结构化内容无法按类泛化", "structured content cannot be generalised by classes")


def draft(resource: Resource, request: Request, latitude: int = 35) -> Draft:
    """The parts that the columns of `resource` play for `request`.

    Args:
        resource: with its items and their classes.
        request: the items asked for, and the form.
        latitude: whole degrees, the reference of a place grid.

    Raises:
        Refused: SHARE_FORM for an unknown form, SHARE_NO_SUBJECT when persons cannot be counted, SHARE_COLUMNS when two
            columns of the extract would have one name.
    """
    asked = [item for item in resource.items if item.name in request.items]
    left = [Dropped(item.name, _why_left(item)) for item in resource.items if item.name not in request.items]
    if not personal(resource):
        return Draft("plain", None, (), tuple(item.name for item in asked), tuple(left))
    if request.form not in ("rows", "aggregate"):
        raise Refused("SHARE_FORM", "交付形式须为 rows 或 aggregate", "the form is rows or aggregate")
    if resource.subject is None:
        raise Refused(
            "SHARE_NO_SUBJECT",
            "未登记数据主体键，无法按人计数",
            "no data-subject key is declared, persons cannot be counted",
            place=Place(dataset=resource.id),
        )
    form: Form = "rows" if request.form == "rows" else "aggregate"
    dimensions, dropped = _dimensions(asked, latitude)
    _one_name_each(resource, dimensions, form)
    return Draft(form, resource.subject.name, dimensions, (), (*left, *dropped), terms(resource))


def unfit(resource: Resource, request: Request) -> tuple[Reason, ...]:
    """Why no extract can be drawn for `request`, so that the pre-check says it already; empty when one can."""
    try:
        draft(resource, request)
    except Refused as refused:
        return (Reason("request.columns", refused.text),)
    return ()


def _one_name_each(resource: Resource, dimensions: Sequence[Dimension], form: Form) -> None:
    """Each name a column may take, on whatever step, is no other column's: a reader must know which is which."""
    made = [{name for step in ladder(dimension) for name in dimension.outputs(step)} for dimension in dimensions]
    found = Counter(name for names in made for name in names)
    found.update(COUNTS if form == "aggregate" else ())
    twice = sorted(name for name, times in found.items() if times > 1)
    if twice:
        raise Refused(
            "SHARE_COLUMNS",
            f"交付数据集中会有同名的列：{'、'.join(twice)}",
            f"two columns of the extract would have one name: {', '.join(twice)}",
            place=Place(dataset=resource.id),
            remedy=Text("不要同时申请这些数据项，或请提供部门改名", "ask for one of them, or have an item renamed"),
        )


def terms(resource: Resource) -> Terms:
    """The thresholds under an agreement; of health data more than five persons (GB/T 39725-2020 10.2)."""
    health = resource.domain == "health" or Content.PATIENT in resource.content
    return HEALTH if health else AGREEMENT


def _why_left(item: Item) -> Text:
    if item.identifier is IdentifierRole.DIRECT:
        return _DIRECT
    return _SUBJECT if item.identifier is IdentifierRole.SUBJECT else _NOT_ASKED


def _dimensions(items: Sequence[Item], latitude: int) -> tuple[tuple[Dimension, ...], list[Dropped]]:
    dimensions: list[Dimension] = []
    dropped: list[Dropped] = []
    east, north = _place(items)
    if east and north:
        dimensions.append(Dimension("place", "place", (east.name, north.name), latitude=latitude))
    for item in items:
        if item in (east, north) and east and north:
            continue
        reason = _unfit(item)
        if reason is not None:
            dropped.append(Dropped(item.name, reason))
        else:
            dimensions.append(Dimension(item.name, _kind(item), (item.name,), sensitive=_sensitive(item)))
    return tuple(dimensions), dropped


def _unfit(item: Item) -> Text | None:
    if item.identifier is IdentifierRole.DIRECT:
        return _DIRECT
    if item.identifier is IdentifierRole.SUBJECT:
        return _SUBJECT
    if item.type in _UNREADABLE:
        return _SHAPE
    if item.type in _NUMBERS and item.identifier is not IdentifierRole.QUASI:
        return _FIGURE
    return None


def _sensitive(item: Item) -> bool:
    """Sensitive and no identifier: its value is what must not be learned of a person."""
    return item.identifier is IdentifierRole.NONE and item.personal is not None and item.personal.sensitive


def _kind(item: Item) -> Kind:
    if item.type is ItemType.TIMESTAMP:
        return "time"
    if item.type is ItemType.DATE:
        return "date"
    return "number" if item.type in _NUMBERS else "category"


def _place(items: Sequence[Item]) -> tuple[Item | None, Item | None]:
    """Longitude and latitude, each None unless it stands there once."""
    found: list[Item | None] = []
    for word, names in (("经度", ("lng", "lon", "longitude")), ("纬度", ("lat", "latitude"))):
        fits = [item for item in items if item.type in _NUMBERS and (item.name in names or word in item.zh)]
        found.append(fits[0] if len(fits) == 1 else None)
    return found[0], found[1]
