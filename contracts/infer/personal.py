"""Personal information in a column: by check digits and forms of its values, and by its name. Pure.

Check digits are evidence: one text of eleven has a right one by chance, nine of ten have it by design. A form alone
(eleven digits that begin as mobile numbers do) counts less, a name alone least. Sex, age, birth, address are a person's
only where the table speaks of persons: where something in it says who they are.

Sources: GB 11643 (identity numbers), GA 36 (plates), GB 32100 (credit codes, of organisations and not personal),
ISO/IEC 7812 (bank cards); class, sensitive or not, role and grade from the rules of the edition in force
(`catalogs.personal.personal`), which every finding states.
"""

import re
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import date

from catalogs.personal.personal import Evidence, PersonalRule, PersonalRules, Standing
from catalogs.values.model import Edition, Grade
from catalogs.values.uscc import uscc_fits
from contracts.infer.profile import Measured
from infra.language import Text

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_MOBILE = re.compile(r"(?:\+?86[- ]?)?1[3-9][0-9]{9}")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Z][·. ]?[A-Z0-9]{4,5}[A-Z0-9学警港澳挂]"
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LEAST, _MOST = 0.7, 0.999


@dataclass(frozen=True, slots=True)
class Personal:
    """Why a column is a person's: the rule and its words, by which edition, how sure, and what shows it."""

    form: str
    kind: str
    sensitive: bool
    edition: Edition
    identifier: str
    grade: str
    confidence: float
    evidence: Text
    content: tuple[str, ...] = ()


def id_card_fits(text: str) -> bool:
    """Whether a text is an identity number: 18 characters, a day of birth, the check character of ISO 7064 MOD 11-2.

    >>> id_card_fits("11010519491231002X"), id_card_fits("110105194912310021")
    (True, False)
    """
    text = text.upper()
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", text):
        return False
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text[:17], strict=True))
    return 1850 <= born.year <= 2150 and _CHECK[total % 11] == text[17]


def card_fits(text: str) -> bool:
    """Whether a text is a bank card's number: 16 to 19 digits that begin with an issuer's, Luhn's check digit.

    >>> card_fits("6222020000000000002"), card_fits("6222020000000000001")
    (False, False)
    """
    digits = text.replace(" ", "")
    if not re.fullmatch(r"[3-6][0-9]{15,18}", digits):
        return False
    doubled = [int(digit) * (2 if at % 2 else 1) for at, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


_FORMS: tuple[tuple[str, Callable[[str], object], Text], ...] = (
    ("id_card", id_card_fits, Text("校验码相符的身份证号", "identity numbers with a right check character")),
    ("mobile", _MOBILE.fullmatch, Text("手机号", "mobile numbers")),
    ("plate", _PLATE.fullmatch, Text("车牌号", "number plates")),
    ("bank_card", card_fits, Text("校验位相符的银行卡号", "bank card numbers with a right check digit")),
    ("email", _EMAIL.fullmatch, Text("电子邮箱", "e-mail addresses")),
)


def by_values(column: Measured, rules: PersonalRules) -> Personal | None:
    """What the values say by check digits and forms."""
    sample = [_half_width(text) for text in column.sample]
    for form, fits, said in _FORMS:
        hits = sum(bool(fits(text)) for text in sample)
        if len(sample) < 2 or hits < len(sample) * _LEAST or (form == "bank_card" and len(sample) < 5):
            continue
        evidence = Text(
            f"{len(sample)} 个抽样值中 {hits} 个是{said.zh}", f"{hits} of {len(sample)} sampled values are {said.en}"
        )
        return _personal(rules.named(form), rules, min(_MOST, hits / len(sample)), evidence)
    return None


def by_name(names: str, rules: PersonalRules, *, beside: bool) -> Personal | None:
    """What the name says: of a column that speaks of persons, or (`beside`) of one that does so beside such a one."""
    wanted = Evidence.BESIDE if beside else Evidence.PERSON
    for rule in rules.rules:
        if rule.evidence is wanted and rule.says is not None and rule.says.search(names):
            said = Text("名称如此，数值未能证实", "its name says so; no check of values does")
            return _personal(rule, rules, 0.6, said)
    return None


def around(forms: Set[str], rules: PersonalRules, *, where: bool, when: bool) -> Personal | None:
    """What stands beside persons of these forms: everything of a patient, where and when a vehicle was, a place."""
    if "patient" in forms:
        said = Text("与患者标识同在一表", "it stands beside a patient")
        return _personal(rules.named("any_health"), rules, 0.5, said)
    if where or (when and "plate" in forms):
        said = Text("与个人标识同在一表的位置", "where somebody was, beside who it was")
        return _personal(rules.named("track"), rules, 0.5, said)
    return None


def _personal(rule: PersonalRule, rules: PersonalRules, confidence: float, evidence: Text) -> Personal:
    ruled = rule.editions[rules.edition]
    said = Text(
        f"{evidence.zh}；{rules.edition} {ruled.basis.zh}：{ruled.standing.text.zh}",
        f"{evidence.en}; {rules.edition}, {ruled.basis.en}: {ruled.standing.text.en}",
    )
    return Personal(
        rule.id,
        str(rule.kind),
        ruled.standing is not Standing.PERSONAL,
        rules.edition,
        str(rule.identifier),
        (rule.grade or Grade.GENERAL_3).id,
        confidence,
        said,
        () if rule.adds is None else (str(rule.adds),),
    )


def organisations(column: Measured) -> tuple[int, int] | None:
    """How many of the sampled values are credit codes with a right check character, where nearly all are."""
    hits = sum(uscc_fits(_half_width(text).upper()) for text in column.sample)
    return (hits, len(column.sample)) if hits >= 2 and hits >= len(column.sample) * _LEAST else None


def _half_width(text: str) -> str:
    return "".join(chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char for char in text)
