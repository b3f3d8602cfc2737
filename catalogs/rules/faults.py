"""A fault of a city's files: where, what, and what to do, in both languages.

A check collects faults and never stops at the first; `refusal` turns them into the one error that a caller sees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.errors import Place, Refused
from infra.language import Text

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `field` names the key (with its path) that is at fault, where there is one."""

    place: Place
    code: str
    text: Text
    remedy: Text | None = None
    field: str | None = None

    def sentence(self, lang: str) -> str:
        """Place, code, sentence and remedy in one line for a person."""
        where = ":".join(str(part) for part in (self.place.file, self.place.row) if part is not None)
        end = f" → {self.remedy.say(lang)}" if self.remedy else ""
        return f"{where} {self.code} {self.text.say(lang)}{end}"

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape of `--json`."""
        return {
            "place": self.place.as_dict(),
            "code": self.code,
            "field": self.field,
            "message": self.text.say(lang),
            "remedy": self.remedy.say(lang) if self.remedy else None,
        }


def fault(
    code: str,
    zh: str,
    en: str,
    *,
    place: Place,
    field: str | None = None,
    remedy: tuple[str, str] | None = None,
) -> Fault:
    """A fault from its parts; `remedy` is (Chinese, English)."""
    return Fault(place, code, Text(zh, en), Text(*remedy) if remedy else None, field)


def refusal(faults: Sequence[Fault]) -> Refused:
    """The refusal that names every fault, the first `SHOWN` of them in full."""
    shown = [Text(found.sentence("zh"), found.sentence("en")) for found in faults[:SHOWN]]
    more = len(faults) - len(shown)
    if more > 0:
        shown.append(Text(f"……另有 {more} 处", f"… and {more} more"))
    return Refused(
        "CATALOG_FAULTY",
        f"目录文件有 {len(faults)} 处错误",
        f"the city's files have {len(faults)} faults",
        place=faults[0].place if faults else None,
        reasons=shown,
        remedy=Text("用 hub catalog check 查看全部并改正", "see them all with `hub catalog check` and mend them"),
    )
