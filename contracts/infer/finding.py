"""What inference found: a kind, what it is, how sure that is, and what shows it. Pure."""

from dataclasses import dataclass
from typing import Any

from infra.language import Text

KINDS = {
    "type": Text("类型", "type"),
    "notation": Text("日期写法", "notation"),
    "key": Text("主键", "key"),
    "required": Text("必填", "required"),
    "range": Text("范围", "range"),
    "enumeration": Text("枚举", "enumeration"),
    "pattern": Text("格式", "pattern"),
    "unit": Text("单位", "unit"),
    "coordinates": Text("坐标", "coordinates"),
    "personal": Text("个人信息", "personal"),
    "identifier": Text("组织代码", "identifier"),
    "absent": Text("空值写法", "no value"),
    "duplicates": Text("重复", "duplicates"),
    "mode": Text("更新方式", "mode"),
    "header": Text("表头", "header"),
    "wide": Text("宽表", "wide table"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: one of `KINDS`.
        column: the column's name in the draft; None: it is about the table.
        value: what was found, as plain values.
        confidence: from 0 to 1: the share of the values that show it, less where they are few or a name alone says so.
        evidence: counts and rules, never a value of personal data.
    """

    kind: str
    column: str | None
    value: Any
    confidence: float
    evidence: Text

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape that commands print."""
        return {
            "kind": self.kind,
            "column": self.column,
            "value": self.value,
            "confidence": round(self.confidence, 2),
            "evidence": self.evidence.say(lang),
        }


def share(part: int, of: int) -> float:
    """How sure `part` of `of` makes: the share itself, less when there are few (the rule of succession)."""
    return (part + 1) / (of + 2) if of else 0.0
