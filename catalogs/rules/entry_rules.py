"""The rules of one entry that the national guide, its platforms and the Decree's scope add to `catalogs.rules.rules`.

Pure.

Sources: 《政务信息资源目录编制指南（试行）》 for lengths, formats and modes; the faults that platforms report of
filled-in forms; Decree 809 Art. 3 (secrets are no matter of sharing), Art. 14-15.
"""

from collections.abc import Iterator

from catalogs.rules.breach import Breach
from catalogs.rules.names import is_system_name
from catalogs.values.guide_words import CONCRETE
from catalogs.values.model import (
    DataFormat,
    Grade,
    Item,
    Openness,
    Resource,
    Secrecy,
    SharingAttribute,
    SharingMode,
    UpdateFrequency,
)
from catalogs.values.words import FormatClass, format_class
from infra.language import Text
from infra.text import fold

TITLE, SUMMARY, CONDITION, RELATED = 128, 1000, 500, 1000
"""The longest 名称, 摘要, 条件 and 关联资源代码, in characters (the guide)."""
_OPEN = {Openness.UNCONDITIONAL: 0, Openness.CONDITIONAL: 1, Openness.CLOSED: 2}
_SHARED = {SharingAttribute.UNCONDITIONAL: 0, SharingAttribute.CONDITIONAL: 1, SharingAttribute.NOT_SHARED: 2}
_FILES = (FormatClass.FILE, FormatClass.SHEET, FormatClass.IMAGE, FormatClass.STREAM)


def entry_breaches(resource: Resource) -> Iterator[Breach]:
    """What the entry breaks beside grading and sharing conditions."""
    yield from secret(resource)
    yield from _texts(resource)
    yield from _format(resource)
    yield from _terms(resource)
    for item in resource.items:
        yield from _override(resource, item)


def secret(resource: Resource) -> Iterator[Breach]:
    """What is marked as a secret of state or work, which is not even drafted here."""
    marked: list[tuple[str | None, Secrecy]] = [(None, resource.secrecy)]
    marked += [(item.name, item.secrecy) for item in resource.items]
    for name, secrecy in marked:
        if secrecy is not Secrecy.NONE:
            yield Breach(
                "CATALOG_SECRET",
                "secrecy",
                Text(
                    f"标为{secrecy.text.zh}的数据不属于政务数据共享范围",
                    f"what is marked {secrecy.text.en} is no matter of sharing government data",
                ),
                Text(
                    "不列入本目录，按保密规定办理；政务数据共享条例第三条",
                    "keep it out of this catalogue, under the rules of secrecy: Decree 809 Art. 3",
                ),
                name,
            )


def _texts(resource: Resource) -> Iterator[Breach]:
    if is_system_name(resource.title.zh, resource.system):
        yield Breach(
            "CATALOG_NAME_SYSTEM",
            "title",
            Text(
                f"“{resource.title.zh[:60]}”是信息系统的名称，不是数据资源的名称",
                f"{resource.title.zh[:60]} names an IT system, not its data",
            ),
            Text(
                "写系统中的数据叫什么；系统名填入所属系统(system)", "name the data in it; the system goes into system"
            ),
        )
    conditions = resource.conditions
    bounded = [
        ("title", resource.title.zh, TITLE),
        ("summary", resource.summary.zh, SUMMARY),
        ("related", "".join(resource.related), RELATED),
    ]
    for key in ("scope", "purpose", "other", "reason"):
        value: Text | None = getattr(conditions, key)
        bounded.append((f"conditions.{key}", value.zh if value else "", CONDITION))
    if resource.openness_conditions:
        bounded.append(("openness_conditions", resource.openness_conditions.zh, CONDITION))
    for key, text, longest in bounded:
        if len(text) > longest:
            yield Breach(
                "CATALOG_FIELD_LONG",
                key,
                Text(f"{key} 有 {len(text)} 字，最多 {longest} 字", f"{key} has {len(text)} characters, not {longest}"),
                Text("写短一些", "shorten it"),
            )


def format_breach(data_format: DataFormat, stated: FormatClass) -> Breach | None:
    """What is wrong where a form states another class than its concrete format has."""
    true = format_class(data_format)
    if stated is true:
        return None
    return Breach(
        "CATALOG_FORMAT_CLASS",
        "data_format",
        Text(
            f"{data_format.text.zh} 属于{true.text.zh}({true.number})，不属于{stated.text.zh}({stated.number})",
            f"{data_format.text.en} is of the class {true.text.en} ({true.number}), not {stated.text.en}",
        ),
        Text("改正格式分类或具体格式", "mend the class or the format"),
    )


def mode_breach(data_format: DataFormat, written: str) -> Breach | None:
    """What is wrong with the guide's 共享方式类型 (数据库, 文件, 服务接口) for a format.

    A file is shared as a file or by an interface that serves it; a database as database or interface; an interface as
    interface.
    """
    kind = format_class(data_format)
    fits = {FormatClass.DATABASE: ("数据库", "服务接口"), FormatClass.INTERFACE: ("服务接口",)}
    allowed = fits.get(kind, ("文件", "服务接口"))
    if written in allowed:
        return None
    return Breach(
        "CATALOG_MODE_FORMAT",
        "sharing_mode",
        Text(
            f"{kind.text.zh}的共享方式不能是“{written[:20]}”，应为{'或'.join(allowed)}",
            f"a {kind.text.en} is not shared as {written[:20]}",
        ),
        Text("改正共享方式或数据格式", "mend the sharing mode or the data format"),
    )


def _format(resource: Resource) -> Iterator[Breach]:
    from_type = concrete(resource.format_type) if resource.format_type else None
    if from_type is not None:
        found = format_breach(from_type, format_class(resource.data_format))
        if found is not None:
            yield found
    kind, modes = format_class(resource.data_format), resource.sharing_mode
    wrong = None
    if kind is FormatClass.DATABASE and modes == (SharingMode.FILE,):
        wrong = Text(
            "数据库资源的共享方式应含服务接口或批量交换", "a database is shared by interface or batch exchange"
        )
    elif kind is FormatClass.INTERFACE and SharingMode.API not in modes:
        wrong = Text("服务接口资源的共享方式应含服务接口", "what is an interface is shared by interface")
    if wrong is not None:
        yield Breach(
            "CATALOG_MODE_FORMAT",
            "sharing_mode",
            wrong,
            Text("改正共享方式或数据格式", "mend the sharing mode or the data format"),
        )


def concrete(written: str) -> DataFormat | None:
    """The format that a department's word for it (Oracle, docx, shp) stands for; None for one that is not known."""
    return CONCRETE.get(fold(written).lstrip("."))


def _terms(resource: Resource) -> Iterator[Breach]:
    if resource.update_frequency is UpdateFrequency.NONE and not resource.not_updated_reason:
        yield Breach(
            "CATALOG_NOT_UPDATED",
            "not_updated_reason",
            Text("更新频率为不更新，却没有写明理由", "not updated, and no reason is given"),
            Text("写明不更新理由(not_updated_reason)", "state not_updated_reason"),
        )
    if resource.openness is Openness.CONDITIONAL and resource.openness_conditions is None:
        yield Breach(
            "CATALOG_OPENNESS_CONDITIONS",
            "openness_conditions",
            Text("有条件开放缺少开放条件", "conditionally open without conditions"),
            Text("写明开放条件(openness_conditions)", "state openness_conditions"),
        )


def _override(resource: Resource, item: Item) -> Iterator[Breach]:
    """An item's own terms: never looser than the resource's, and none stricter in what is promised whole."""
    own, whole = item.sharing_attribute, resource.sharing_attribute
    if own is not None and _SHARED[own] < _SHARED[whole]:
        yield _wrong_override(item, "sharing_attribute", own.text, whole.text, looser=True)
    elif own is not None and own is not whole and whole is SharingAttribute.UNCONDITIONAL:
        yield _wrong_override(item, "sharing_attribute", own.text, whole.text, looser=False)
    if own is SharingAttribute.NOT_SHARED and not item.not_shared_reason and resource.conditions.basis is None:
        yield Breach(
            "CATALOG_BASIS_MISSING",
            "not_shared_reason",
            Text(
                f"数据项“{item.zh}”({item.name})不予共享，缺少理由和依据",
                f"{item.name} is not shared and states no reason",
            ),
            Text("写明法律、行政法规或国务院决定的名称、条款", "cite law, regulation or State Council decision"),
            item.name,
        )
    openness = item.openness
    if openness is not None and _OPEN[openness] < _OPEN[resource.openness]:
        yield _wrong_override(item, "openness", openness.text, resource.openness.text, looser=True)
    elif openness is not None and openness is not resource.openness and resource.openness is Openness.UNCONDITIONAL:
        yield _wrong_override(item, "openness", openness.text, resource.openness.text, looser=False)
    if openness is Openness.UNCONDITIONAL and (item.grade > Grade.GENERAL_1 or item.personal is not None):
        yield Breach(
            "CATALOG_OPENNESS",
            "openness",
            Text(
                f"数据项“{item.zh}”({item.name})高于一般1级或是个人信息，不能无条件开放",
                f"{item.name} is above general 1 or personal and cannot be open without condition",
            ),
            Text("改为有条件开放或不予开放", "make it conditional or closed"),
            item.name,
        )


def _wrong_override(item: Item, key: str, own: Text, whole: Text, *, looser: bool) -> Breach:
    if looser:
        said = Text(
            f"数据项“{item.zh}”({item.name})为{own.zh}，宽于整个资源的{whole.zh}",
            f"{item.name} is {own.en}, looser than the resource ({whole.en})",
        )
        remedy = Text("另立资源，或删去该数据项的设置", "make it a resource of its own, or drop the override")
    else:
        said = Text(
            f"资源为{whole.zh}，数据项“{item.zh}”({item.name})却为{own.zh}",
            f"the resource is {whole.en} but its item {item.name} is {own.en}",
        )
        remedy = Text("整个资源从严，或把该数据项移出", "make the whole resource stricter, or take the item out")
    return Breach("CATALOG_OVERRIDE", key, said, remedy, item.name)
