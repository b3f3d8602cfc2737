"""数据项 out of their cells."""

from dataclasses import dataclass

from catalogs.personal.personal import PersonalRules, not_sensitive, spelled
from catalogs.sheet.fill import Reader, item_reader
from catalogs.sheet.naming import column_name, name_of, unique
from catalogs.sheet.register import Register, squeezed
from catalogs.sheet.table import Entry
from catalogs.sheet.telling import Told, shown
from catalogs.values.model import Content, IdentifierRole, Item, ItemType, PersonalClass, Text
from catalogs.values.words import Grade, Secrecy


@dataclass(frozen=True, slots=True)
class BuiltItem:
    """An item, whole or with stand-ins for the keys in `faulty`."""

    entry: Entry
    item: Item
    faulty: frozenset[str]


def build_items(entries: list[Entry], told: Told, register: Register, grade: Grade | None) -> list[BuiltItem]:
    """The items of one resource; one without a grade of its own takes the resource's."""
    built: list[BuiltItem] = []
    taken: set[str] = set()
    written = {column_name(entry.text("name")) for entry in entries if entry.text("name")}
    for entry in entries:
        one = _build(entry, told, register, grade, taken if entry.text("name") else taken | written)
        taken.add(one.item.name)
        built.append(one)
    return built


def _build(entry: Entry, told: Told, register: Register, grade: Grade | None, taken: set[str]) -> BuiltItem:
    read = item_reader(entry, told)
    zh, kind, own = read.text("zh"), read.value("type"), read.value("grade")
    read.need("zh", value=zh)
    read.need("type", value=kind)
    if own is None and grade is None and "grade" not in read.faulty:
        read.need("grade", value=None)
    name, aliases = _name(read, zh, taken), read.value("aliases") or ()
    content = frozenset[Content](read.value("content") or ())
    item = Item(
        name=name,
        zh=zh or "?",
        en=read.text("en") or zh or "?",
        type=kind or ItemType.STRING,
        grade=own or grade or Grade.GENERAL_1,
        aliases=aliases,
        unit_of_measure=read.text("unit_of_measure"),
        crs=read.value("crs"),
        personal=_personal(read, register.personal, spelled(name, zh or "", *aliases), content),
        identifier=read.value("identifier") or IdentifierRole.NONE,
        content=content,
        summary=both(read, "summary"),
        length=read.text("length"),
        sharing_attribute=read.value("sharing_attribute"),
        openness=read.value("openness"),
        update_frequency=read.value("update_frequency"),
        not_shared_reason=read.text("not_shared_reason"),
        department=_department(read, register),
        origin=read.text("origin"),
        secrecy=read.value("secrecy") or Secrecy.NONE,
        impacts=read.value("impacts") or (),
    )
    return BuiltItem(entry, item, frozenset(read.faulty))


def both(read: Reader, key: str) -> Text | None:
    """A text in both languages: the English column, else the Chinese one again."""
    zh = read.text(key)
    return Text(zh, read.text(f"{key}_en") or zh) if zh else None


def _name(read: Reader, zh: str | None, taken: set[str]) -> str:
    written = read.entry.text("name")
    if not written:
        return unique(name_of(zh or f"item {read.entry.row}"), zh or "", taken.__contains__)
    name = column_name(written)
    if len(written) > 63:
        said = (f"字段名“{shown(written)}”超过 63 个字符", f"the column name {shown(written)!r} is longer than 63")
        read.wrong("name", "SHEET_TOO_LONG", said, ("写短一些", "shorten it"))
    elif name in taken:
        said = (f"字段名“{shown(written)}”在本资源中重复", f"the column name {shown(written)!r} stands twice")
        read.wrong("name", "SHEET_TWICE", said, ("改成不同的字段名", "give it another name"))
        return unique(name, f"{zh}{read.entry.row}", taken.__contains__)
    return name


def _personal(read: Reader, rules: PersonalRules, names: str, content: frozenset[Content]) -> PersonalClass | None:
    """The flag by the rules; a blank 是否敏感 leaves it to them, and where they leave it open it is not sensitive."""
    kind, sensitive, edition = (read.value(f"personal.{key}") for key in ("class", "sensitive", "edition"))
    if kind is not None:
        flag = rules.flag(kind, names, content, said=bool(sensitive), under=edition)
        if flag is not None and flag.sensitive and sensitive is False and edition is rules.edition:
            said = not_sensitive(rules, kind, names, content)
            read.wrong(
                "personal.sensitive", "CATALOG_PERSONAL_SENSITIVE", said, ("填“是”或空着", "state yes, or nothing")
            )
        return flag
    if sensitive and "personal.class" not in read.faulty:
        said = ("标为敏感个人信息，却没有填个人信息类别", "sensitive, but no class of personal information is given")
        read.wrong("personal.sensitive", "SHEET_MISSING", said, ("补填个人信息类别", "state the class"))
    return None


def _department(read: Reader, register: Register) -> str | None:
    written = read.text("department")
    if written is None or written in register.by_id:
        return written
    found = register.by_name.get(squeezed(written))
    if found is None:
        said = (f"责任部门“{shown(written)}”没有登记", f"the department {shown(written)!r} is not registered")
        read.wrong("department", "SHEET_PROVIDER", said, ("写登记的部门名称", "write the registered name"))
    return found.id if found else None
