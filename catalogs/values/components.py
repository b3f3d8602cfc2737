"""Codes of city management's components and events, and the closed loop of a case. Pure.

A code has 16 digits: 6 of the division (GB/T 2260), 2 of the major class (大类), 3 of the minor class (小类), 5 of the
sequence. Minor classes 001-079 are the standard's; 080-999 are a place's own, assigned backwards from 999, and the name
of such a class ends in （自定义）.

A case goes 信息采集 → 案卷建立 → 任务派遣 → 任务处理 → 处理反馈 → 核查结案 → 评价, one stage after the other; a report
that does not qualify is cancelled before it is dispatched. Its time runs from its dispatch.

Sources: field structure of public city-management schemas (`部件标识码` 6+2+3+5, `小类` 080-999); the stages as
published for 数字城管. The two-digit numbers of the major classes are not known here and not checked.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from catalogs.values.word import Word
from infra.errors import Refused
from infra.language import Text

_FORM = re.compile(r"([0-9]{6})([0-9]{2})([0-9]{3})([0-9]{5})")
_OWN = ("(自定义)", "（自定义）")
FIRST_EXTENSION = 80


@dataclass(frozen=True, slots=True)
class Code:
    """A code by its parts; `extension` says that the minor class is the place's own."""

    division: str
    major: str
    minor: str
    sequence: str

    @property
    def extension(self) -> bool:
        """Whether the minor class is none of the standard's."""
        return int(self.minor) >= FIRST_EXTENSION

    def __str__(self) -> str:
        return self.division + self.major + self.minor + self.sequence


def parse(text: str, divisions: Collection[str], name: str | None = None) -> Code:
    """The parts of a code.

    Args:
        text: the code, 16 digits.
        divisions: the six-digit codes of the city and its units; a code of another place is refused.
        name: of the minor class, where it is known: it ends in （自定义） exactly where the class is an extension.

    Raises:
        Refused: COMPONENT_CODE with every part that is wrong.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        said = (
            "应为 16 位数字：行政区划 6、大类 2、小类 3、顺序 5",
            "16 digits: division 6, major 2, minor 3, sequence 5",
        )
        raise _wrong(text, [Text(*said)])
    code = Code(*found.groups())
    wrong = []
    if code.division not in divisions:
        wrong.append(Text(f"行政区划 {code.division} 不属于本市", f"the division {code.division} is none of this city"))
    for part, zh, en in ((code.major, "大类", "major class"), (code.minor, "小类", "minor class")):
        if not int(part):
            wrong.append(Text(f"{zh}不能全为 0", f"the {en} is not all zeros"))
    if not int(code.sequence):
        wrong.append(Text("顺序码从 00001 起", "the sequence begins at 00001"))
    if name is not None and name.strip().endswith(_OWN) is not code.extension:
        zh = "小类 080—999 是本地扩展，名称以“（自定义）”结尾；001—079 不是"
        wrong.append(Text(zh, "minor classes 080-999 are the place's own and named …（自定义）; 001-079 are not"))
    if wrong:
        raise _wrong(text, wrong)
    return code


def _wrong(text: str, reasons: list[Text]) -> Refused:
    shown = text[:20]
    return Refused(
        "COMPONENT_CODE",
        f"部件或事件代码 {shown} 不正确",
        f"{shown} is no code of a component or event",
        reasons=reasons,
        remedy=Text("对照部件、事件分类表改正", "mend it by the list of classes"),
    )


class Stage(Word):
    """Where a case stands."""

    COLLECTED = "collected", "信息采集", "collected"
    FILED = "filed", "案卷建立", "filed"
    DISPATCHED = "dispatched", "任务派遣", "dispatched"
    HANDLED = "handled", "任务处理", "handled"
    REPORTED = "reported", "处理反馈", "reported back"
    CLOSED = "closed", "核查结案", "verified and closed"
    EVALUATED = "evaluated", "综合评价", "evaluated"
    CANCELLED = "cancelled", "不予受理", "cancelled"


_ORDER = [stage for stage in Stage if stage is not Stage.CANCELLED]
_CANCELLABLE = (Stage.COLLECTED, Stage.FILED)


@dataclass(frozen=True, slots=True)
class Case:
    """A case: its stage and since when, when it was dispatched, from which its time runs, and when it was closed."""

    stage: Stage = Stage.COLLECTED
    at: datetime | None = None
    dispatched_at: datetime | None = None
    closed_at: datetime | None = None

    def go(self, stage: Stage, at: datetime) -> "Case":
        """The case one stage on.

        Raises:
            Refused: CASE_STAGE when that is not the next one, or before the last in time.
        """
        if self.at is not None and at < self.at:
            raise Refused("CASE_STAGE", "时间早于上一环节", "this is earlier than the stage before")
        following = _ORDER[_ORDER.index(self.stage) + 1 :][:1] if self.stage in _ORDER else []
        cancelled = stage is Stage.CANCELLED and self.stage in _CANCELLABLE
        if stage not in following and not cancelled:
            due = following[0].text if following else Text("无", "none")
            raise Refused(
                "CASE_STAGE",
                f"案件在{self.stage.text.zh}环节，下一环节是{due.zh}，不能到{stage.text.zh}",
                f"the case is {self.stage.text.en}; the next stage is {due.en}, not {stage.text.en}",
            )
        dispatched = at if stage is Stage.DISPATCHED else self.dispatched_at
        closed = at if stage is Stage.CLOSED else self.closed_at
        return replace(self, stage=stage, at=at, dispatched_at=dispatched, closed_at=closed)

    def seconds(self, now: datetime) -> float | None:
        """How long it has been under way since its dispatch; until it was closed, once it is; None before dispatch."""
        if self.dispatched_at is None:
            return None
        return ((self.closed_at or now) - self.dispatched_at).total_seconds()
