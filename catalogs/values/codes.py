"""资源代码: what a resource's code says, whether it keeps the rule, and the next free one. Pure.

The national guide (发改高技〔2017〕1272号): 类 1 digit, 项 2, 目 3, 细目 of any length, then "/" and 顺序码.
A province's standard may set other lengths, another separator, a prefix, and lists of 项: a `CodeRules`,
which a city keeps in `codes.yaml` (`catalogs.folder.read_codes`). Uniqueness is per provider
(`catalogs.rules.checking`, and an index of the register).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from infra.errors import Place, Refused
from infra.language import Text

CLASSES = {
    "1": Text("基础信息资源", "base resources"),
    "2": Text("主题信息资源", "theme resources"),
    "3": Text("部门信息资源", "departments' resources"),
}
PROVINCES = dict(
    zip(
        (
            *("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42"),
            *("43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82"),
        ),
        (
            *(
                "北京",
                "天津",
                "河北",
                "山西",
                "内蒙古",
                "辽宁",
                "吉林",
                "黑龙江",
                "上海",
                "江苏",
                "浙江",
                "安徽",
                "福建",
            ),
            *("江西", "山东", "河南", "湖北", "湖南", "广东", "广西", "海南", "重庆", "四川"),
            *("贵州", "云南", "西藏", "陕西", "甘肃", "青海", "宁夏", "新疆", "台湾", "香港", "澳门"),
        ),
        strict=True,
    )
)
"""The first two digits of a division's code (GB/T 2260)."""


@dataclass(frozen=True, slots=True)
class CodeRules:
    """How codes are made in one place. Lengths in digits, least and most; `items` lists the 项 allowed under a 类.

    `prefix` stands before the 类 with `joint` between them; `width` is to what the 顺序码 is filled with zeros.
    """

    name: Text
    prefix: str = ""
    joint: str = ""
    separator: str = "/"
    item: int = 2
    catalog: int = 3
    sub: tuple[int, int] = (0, 12)
    serial: tuple[int, int] = (1, 8)
    width: int = 4
    items: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


NATIONAL = CodeRules(Text("政务信息资源目录编制指南（试行）", "the national guide (2017)"))


@dataclass(frozen=True, slots=True)
class ResourceCode:
    """The parts of a code, as digits."""

    kind: str
    item: str
    catalog: str
    sub: str
    serial: str

    def text(self, rules: CodeRules = NATIONAL) -> str:
        """The code as the rules write it."""
        before = rules.prefix + rules.joint if rules.prefix else ""
        return f"{before}{self.kind}{self.item}{self.catalog}{self.sub}{rules.separator}{self.serial}"


def code_fault(text: str, rules: CodeRules = NATIONAL) -> Text | None:
    """What is wrong with a code under the rules, the first of it; None when it keeps them."""
    found = _read(text, rules)
    return found if isinstance(found, Text) else None


def parse_code(text: str, rules: CodeRules = NATIONAL) -> ResourceCode:
    """The parts of a code.

    Raises:
        Refused: CATALOG_CODE with what is wrong and by which rule.
    """
    found = _read(text, rules)
    if isinstance(found, ResourceCode):
        return found
    raise Refused(
        "CATALOG_CODE",
        "资源代码不正确",
        "the resource code is not valid",
        place=Place(column="code"),
        reasons=[found],
        remedy=code_remedy(rules),
    )


def code_remedy(rules: CodeRules) -> Text:
    """How a code is made under the rules, with an example."""
    example = ResourceCode("3", "0" * (rules.item - 1) + "6", "0" * (rules.catalog - 1) + "5", "0" * rules.sub[0], "1")
    shown = ResourceCode(**{**_parts(example), "serial": "1".zfill(min(rules.width, rules.serial[1]))}).text(rules)
    return Text(f"按{rules.name.zh}编写，如 {shown}", f"write it by {rules.name.en}, as {shown}")


def next_code(like: ResourceCode, taken: Iterable[str], rules: CodeRules = NATIONAL) -> str:
    """The first code after the highest taken one of the same 类, 项, 目 and 细目; `like.serial` does not count.

    Raises:
        Refused: CATALOG_CODE when a part breaks the rules or no number is left.
    """
    highest = 0
    for text in taken:
        found = _read(text, rules)
        if isinstance(found, ResourceCode) and _class(found) == _class(like):
            highest = max(highest, int(found.serial))
    serial = str(highest + 1).zfill(max(rules.serial[0], min(rules.width, rules.serial[1])))
    text = ResourceCode(like.kind, like.item, like.catalog, like.sub, serial).text(rules)
    parse_code(text, rules)
    return text


def _parts(code: ResourceCode) -> dict[str, str]:
    return {name: getattr(code, name) for name in ("kind", "item", "catalog", "sub", "serial")}


def _class(code: ResourceCode) -> tuple[str, str, str, str]:
    return code.kind, code.item, code.catalog, code.sub


class _Wrong(Exception):
    """What is wrong with a code."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


def _read(text: str, rules: CodeRules) -> ResourceCode | Text:
    try:
        return _divided(*_parted(_bare(text, rules), rules), rules)
    except _Wrong as wrong:
        return wrong.text


def _bare(text: str, rules: CodeRules) -> str:
    """One code in half-width, without the prefix that it must have."""
    half = unicodedata.normalize("NFKC", text)
    if len([part for part in re.split(r"[\s,;、|]+", half.strip()) if part]) > 1:
        raise _Wrong("一个资源只能有一个代码", "one resource has one code")
    if half != text:
        raise _Wrong(f"代码含全角字符，应写为 {half[:40]}", f"the code has full-width characters: write {half[:40]}")
    rest = half.strip()
    if not rules.prefix:
        return rest
    if not rest.startswith(rules.prefix):
        raise _other_province(rest, rules)
    rest = rest[len(rules.prefix) :]
    if not rest.startswith(rules.joint):
        raise _Wrong(f"{rules.prefix} 之后应为“{rules.joint}”", f"{rules.joint!r} must follow {rules.prefix}")
    return rest[len(rules.joint) :]


def _parted(rest: str, rules: CodeRules) -> tuple[str, str]:
    """What stands before and after the separator, both digits."""
    mark = rules.separator
    head, separator, serial = rest.partition(mark)
    if not separator:
        other = next((each for each in "/-.#_" if each in rest), None)
        if other:
            raise _Wrong(f"顺序码之前应为“{mark}”，不是“{other}”", f"write {mark!r}, not {other!r}")
        if len(rest) < 1 + rules.item + rules.catalog:
            raise _Wrong(f"代码太短：“{rest[:40]}”", f"the code {rest[:40]!r} is too short")
        raise _Wrong(f"缺少“{mark}”和顺序码", f"{mark!r} and the serial are missing")
    if mark in serial:
        raise _Wrong("一个资源只能有一个代码", "one resource has one code")
    if not all(part.isascii() and (part.isdigit() or not part) for part in (head, serial)):
        raise _Wrong(f"“{rest[:40]}”中有数字以外的字符", f"{rest[:40]!r} has characters other than digits")
    return head, serial


def _divided(head: str, serial: str, rules: CodeRules) -> ResourceCode:
    fixed = 1 + rules.item + rules.catalog
    least, most = fixed + rules.sub[0], fixed + rules.sub[1]
    if len(head) < least:
        raise _Wrong(f"分类代码太短：{len(head)} 位，至少 {least} 位", f"too short: {len(head)} digits, not {least}")
    if len(head) > most:
        raise _Wrong(f"分类代码太长：{len(head)} 位，最多 {most} 位", f"too long: {len(head)} digits, at most {most}")
    kind, item = head[0], head[1 : 1 + rules.item]
    if kind not in CLASSES:
        raise _Wrong(f"类应为 1、2、3，不是 {kind}", f"the class must be 1, 2 or 3, not {kind}")
    allowed = rules.items.get(kind)
    if allowed is not None and item not in allowed:
        raise _Wrong(f"类 {kind} 之下没有项 {item}", f"the class {kind} has no item {item}")
    least, most = rules.serial
    if not least <= len(serial) <= most or not serial.strip("0"):
        raise _Wrong(
            f"顺序码应为 {least} 至 {most} 位数字，不为零", f"a serial has {least} to {most} digits, not all 0"
        )
    return ResourceCode(kind, item, head[1 + rules.item : fixed], head[fixed:], serial)


def _other_province(rest: str, rules: CodeRules) -> _Wrong:
    """The sentence for a code that does not begin with the prefix: of which place it is, where that can be told."""
    ours, theirs = PROVINCES.get(rules.prefix[:2]), PROVINCES.get(rest[:2])
    if theirs and theirs != ours and len(rest) > 2:
        here = f"{ours}({rules.prefix})" if ours else rules.prefix
        return _Wrong(
            f"代码以 {rest[:2]}({theirs}) 开头，本市代码应以 {here} 开头",
            f"the code begins with {rest[:2]} of another province; codes here begin with {rules.prefix}",
        )
    return _Wrong(f"代码应以 {rules.prefix} 开头", f"the code must begin with {rules.prefix}")
