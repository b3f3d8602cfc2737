"""Map files: how an upper platform, a vendor or a province names and codes what the register holds.

A map is YAML, data and no code: `resource` and `items` list the fields of the other side in their order, each with its
`key` there and `of`, the field of ours (the keys of the form's columns), or a `fixed` value; `codes` gives their code
for each of our words; `date` is how they write days; `assume` what holds here for what they do not say. `requests`,
`replies`, `corrections` and `uses` list the fields of what goes beside the catalogue (`catalogs.exchange.kinds`) in the
same way; a map may leave any of them out. The kit's own maps lie in `maps/`, a city's in its folder's `maps/`; of two
of one name the city's holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from catalogs.exchange.kinds import KINDS, RecordKind
from catalogs.folder import yamltree
from catalogs.folder.fields import Fields
from catalogs.rules.faults import Fault, fault, refusal
from catalogs.sheet import columns, item_columns
from catalogs.sheet.column import Column, Kind
from catalogs.sheet.fill import choices
from infra.errors import Place, WrongUse
from infra.language import Text

FOLDER = "maps"
OWN = Path(__file__).parent / FOLDER
DATES = {"CCYY-MM-DD": "%Y-%m-%d", "CCYYMMDD": "%Y%m%d", "CCYY/MM/DD": "%Y/%m/%d"}
CONDITIONS = Column("conditions", "使用条件", "conditions of use", "范围、用途、理由和依据写在一格", longest=3000)
"""共享条件 as one text of labelled parts, as most platforms ask for it."""
RESOURCE: Mapping[str, Column] = {**columns.EVERY, "conditions": CONDITIONS}
ITEM: Mapping[str, Column] = item_columns.EVERY


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the other side: its key there; our column, or None with a `fixed` value; their code by our word."""

    key: str
    of: Column | None
    fixed: str | None
    codes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExchangeMap:
    """A map as read; `uncertain` says what of the other side's form is not known for sure."""

    name: str
    title: Text
    standard: str
    uncertain: tuple[str, ...]
    date_form: str
    items_key: str
    resource: tuple[Field, ...]
    items: tuple[Field, ...]
    assume: Mapping[str, str]
    records: Mapping[str, tuple[Field, ...]]

    def of(self, kind: RecordKind) -> "ExchangeMap":
        """The map for records of a kind: their fields, and no items.

        Raises:
            WrongUse: MAP_KIND where it has none for them.
        """
        fields = self.records.get(kind.id)
        if not fields:
            raise WrongUse(
                "MAP_KIND",
                f"映射 {self.name} 没有{kind.text.zh}的字段",
                f"the map {self.name} has no fields for {kind.text.en}",
                remedy=Text(
                    f"在城市文件夹 maps/ 的映射中写上 {kind.id}", f"add `{kind.id}` to a map in the city's maps/"
                ),
            )
        return replace(self, resource=fields, items=(), assume={})

    def day(self, value: date) -> str:
        """A day as the other side writes it."""
        return value.strftime(DATES[self.date_form])


def read_map(path: Path) -> tuple[ExchangeMap | None, list[Fault]]:
    """The map of a file and every fault of it, each at its line; None where there is one."""
    file = f"{FOLDER}/{path.name}"
    node, faults = yamltree.read_file(path, file)
    if faults or not isinstance(node, yamltree.Mapping):
        return None, faults or [fault("MAP_EMPTY", "文件中没有映射", "the file holds no map", place=Place(file, row=1))]
    fields = Fields(node, file, "", faults)
    name, title, standard = fields.text("name"), fields.both("title"), fields.text("standard")
    if name is not None and name != path.stem:
        _wrong(fields, "name", "MAP_NAME", f"name 应与文件名 {path.stem} 相同", f"name is to be {path.stem}")
    form = fields.text("date") or ""
    if form and form not in DATES:
        _wrong(fields, "date", "MAP_DATE", f"日期格式只能是 {'、'.join(DATES)}", f"date is one of {', '.join(DATES)}")
    keys: dict[str, str] = {}
    resource, items = _listed(fields, "resource", RESOURCE, keys), _listed(fields, "items", ITEM, keys)
    items_key = fields.text("items_key", required=False) or "items"
    if items_key in keys:
        _wrong(fields, "items_key", "MAP_TWICE", f"{items_key} 已是一个字段", f"{items_key} is a field already")
    uncertain, assume = fields.texts("uncertain"), _assume(fields)
    records = {kind.id: _listed(fields, kind.id, kind.columns, {}, required=False) for kind in KINDS.values()}
    fields.finish()
    for kind in KINDS.values():
        there = {each.of.key for each in records[kind.id] if each.of}
        for key in kind.needed if records[kind.id] else ():
            if key not in there:
                _wrong(
                    fields, kind.id, "MAP_NEEDED", f"{kind.id} 中没有 of: {key}", f"{kind.id} has no field of: {key}"
                )
    for needed, among, where in (("title", resource, "resource"), ("zh", items, "items")):
        if not any(each.of and each.of.key == needed for each in among):
            said = f"{where} 中没有 of: {needed}", f"{where} has no field of: {needed}"
            _wrong(fields, where, "MAP_NEEDED", *said)
    if faults or name is None or title is None or standard is None:
        return None, faults
    return ExchangeMap(name, title, standard, uncertain, form, items_key, resource, items, assume, records), []


def _wrong(fields: Fields, key: str, code: str, zh: str, en: str) -> None:
    fields.note(code, zh, en, key=key)


def _listed(
    fields: Fields, where: str, known: Mapping[str, Column], keys: dict[str, str], *, required: bool = True
) -> tuple[Field, ...]:
    found, ours = [], set()
    for one in fields.children(where, required=required):
        key, of, fixed = one.text("key"), one.text("of", required=False), one.text("fixed", required=False)
        column = known.get(of or "")
        if key is not None and keys.setdefault(key, one.path) != one.path:
            _wrong(one, "key", "MAP_TWICE", f"字段 {key} 出现两次", f"the field {key} stands twice")
        if of is not None and column is None:
            _wrong(one, "of", "MAP_FIELD", f"本平台没有字段 {of}", f"there is no field {of} here")
        if (of is None) is (fixed is None):
            _wrong(one, "key", "MAP_ONE_OF", "of 和 fixed 写且只写一个", "give either of or fixed")
        if column is not None and column.key in ours:
            _wrong(one, "of", "MAP_TWICE", f"{of} 对应了两个字段", f"{of} is mapped twice")
        codes = _codes(one, column)
        one.finish()
        if column is not None:
            ours.add(column.key)
        if key is not None:
            found.append(Field(key, column, fixed, codes))
    return tuple(found)


def _codes(one: Fields, column: Column | None) -> Mapping[str, str]:
    inner = one.child("codes", required=False)
    if inner is None:
        return {}
    allowed = choices(column) if column is not None else []
    if column is not None and not allowed:
        _wrong(one, "codes", "MAP_CODES", f"{column.key} 没有词表，不能有代码", f"{column.key} has no list of words")
    found = {}
    for word in inner.node.values:
        code = inner.text(word, longest=100)
        if allowed and word not in allowed:
            listed = "、".join(allowed)
            said = f"“{word}”不在词表中：{listed}", f"{word!r} is not one of the words: {listed}"
            _wrong(inner, word, "MAP_WORD", *said)
        if code is not None:
            found[word] = code
    if column is not None and column.kind is Kind.WORDS and len(set(found.values())) < len(found):
        _wrong(one, "codes", "MAP_CODES", "可填几种的字段，代码不能相同", "codes of a list are to differ")
    return found


def _assume(fields: Fields) -> Mapping[str, str]:
    inner = fields.child("assume", required=False)
    if inner is None:
        return {}
    found = {key: inner.text(key) or "" for key in inner.node.values}
    for key, value in found.items():
        fault_ = assumed_fault(key, value)
        if fault_ is not None:
            _wrong(inner, key, "MAP_ASSUME", fault_.zh, fault_.en)
    return found


def assumed_fault(key: str, value: str) -> Text | None:
    """Why a value cannot be assumed for a field; None where it can."""
    column = columns.EVERY.get(key)
    if column is None:
        return Text(f"本平台没有字段 {key}", f"there is no field {key} here")
    allowed = choices(column)
    if allowed and value not in allowed:
        listed = "、".join(allowed)
        return Text(f"{key} 只能是：{listed}", f"{key} is one of: {listed}")
    return None


def map_files(city: Path | None) -> dict[str, Path]:
    """The map files by name: the kit's, and the city's, which hold before them."""
    folders = [OWN, *([city / FOLDER] if city is not None else [])]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def map_faults(city: Path) -> list[Fault]:
    """Every fault of the city's own maps."""
    return [each for path in sorted((city / FOLDER).glob("*.yaml")) for each in read_map(path)[1]]


def find_map(name: str, city: Path | None) -> ExchangeMap:
    """The map of that name.

    Raises:
        WrongUse: MAP_UNKNOWN.
        Refused: CATALOG_FAULTY with every fault of the map.
    """
    files = map_files(city)
    if name not in files:
        there = "、".join(files)
        raise WrongUse(
            "MAP_UNKNOWN",
            f"没有名为 {name} 的映射",
            f"there is no map named {name}",
            remedy=Text(f"可用的映射：{there}；或放在城市文件夹的 maps/ 中", f"there are: {there}; or add it to maps/"),
        )
    found, faults = read_map(files[name])
    if found is None:
        raise refusal(faults)
    return found
