"""A city's own rule for resource codes, out of `<city>/codes.yaml`; without the file the national guide's holds.

name: {zh: …, en: …}   the standard        prefix, joint   before the 类      separator   before the 顺序码
item, catalog          digits of 项, 目     sub, serial     [least, most] digits of 细目, 顺序码
width                  zeros fill to it    items           {"1": ["01", …]}: the 项 allowed under each 类
"""

import re
from pathlib import Path

from catalogs.folder.fields import Fields
from catalogs.folder.yamltree import Mapping, read_file
from catalogs.rules.faults import Fault, refusal
from catalogs.values.codes import CLASSES, NATIONAL, CodeRules

FILE = "codes.yaml"
_PREFIX, _PREFIX_SAID = re.compile(r"[0-9A-Z]{1,18}"), ("1 至 18 位数字或大写字母", "1 to 18 digits or capitals")
_MARK, _MARK_SAID = re.compile(r"[-/.#_:]"), ("- / . # _ : 之一", "one of - / . # _ :")
_DIGITS, _DIGITS_SAID = re.compile(r"[0-9]|1[0-9]|20"), ("0 至 20 的整数", "a whole number from 0 to 20")


def code_rules(city: Path) -> CodeRules:
    """The rule of the city's folder.

    Raises:
        Refused: CATALOG_FAULTY with every fault of codes.yaml.
    """
    found, faults = read_codes(city)
    if faults:
        raise refusal(faults)
    return found


def read_codes(city: Path) -> tuple[CodeRules, list[Fault]]:
    """The rule, and every fault of the file; the national one where there is no file or no whole rule in it."""
    if not (city / FILE).exists():
        return NATIONAL, []
    node, faults = read_file(city / FILE, FILE)
    fields = Fields(node if isinstance(node, Mapping) else Mapping(1), FILE, "", faults)
    if faults:
        return NATIONAL, faults
    name = fields.both("name")
    prefix = fields.form("prefix", _PREFIX, _PREFIX_SAID, required=False) or ""
    joint = fields.form("joint", _MARK, _MARK_SAID, required=False) or ""
    separator = fields.form("separator", _MARK, _MARK_SAID, required=False) or NATIONAL.separator
    item, catalog = _digits(fields, "item", NATIONAL.item), _digits(fields, "catalog", NATIONAL.catalog)
    sub, serial = _range(fields, "sub", NATIONAL.sub), _range(fields, "serial", NATIONAL.serial)
    width = _digits(fields, "width", NATIONAL.width)
    items = _items(fields, item)
    fields.finish()
    if not (item and catalog and serial[1]):
        fields.note(
            "CATALOG_FIELD_KIND", "项、目、顺序码至少 1 位", "项, 目 and 顺序码 need a digit at least", key="item"
        )
    if faults or name is None:
        return NATIONAL, faults
    rules = CodeRules(
        name=name,
        prefix=prefix,
        joint=joint,
        separator=separator,
        item=item,
        catalog=catalog,
        sub=sub,
        serial=serial,
        width=width,
        items=items,
    )
    return rules, faults


def _digits(fields: Fields, key: str, default: int) -> int:
    text = fields.form(key, _DIGITS, _DIGITS_SAID, required=False)
    return default if text is None else int(text)


def _range(fields: Fields, key: str, default: tuple[int, int]) -> tuple[int, int]:
    texts = fields.texts(key)
    if not texts:
        return default
    if all(_DIGITS.fullmatch(text) for text in texts) and len(texts) == 2 and int(texts[0]) <= int(texts[1]):
        return int(texts[0]), int(texts[1])
    fields.note("CATALOG_FIELD_KIND", f"{key} 应为 [最少, 最多]", f"{key} must be [least, most]", key=key)
    return default


def _items(fields: Fields, length: int) -> dict[str, tuple[str, ...]]:
    inner = fields.child("items", required=False)
    if inner is None:
        return {}
    found = {kind: inner.texts(kind) for kind in CLASSES if kind in inner.node.values}
    inner.finish()
    for kind, allowed in found.items():
        if not all(len(one) == length and one.isascii() and one.isdigit() for one in allowed):
            inner.note("CATALOG_FIELD_KIND", f"项应为 {length} 位数字", f"an item has {length} digits", key=kind)
    return found
