"""监督检查: the supervision report, by unit and department, of what is late and by how many working days. Pure.

What is overdue escalates and stands in the report (Decree 809 Art. 17); a task that ended late stays in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from catalogs.life.clocks import Kind, Standing
from infra.language import Text


@dataclass(frozen=True, slots=True)
class Line:
    """One task as the report has it."""

    task: str
    kind: Kind
    resource: str
    unit: str
    department: str
    why: str
    standing: Standing
    escalated: bool
    extension: int


@dataclass(frozen=True, slots=True)
class Section:
    """A department: how many tasks are open, late, ended late, and those that are late or without a deadline."""

    unit: str
    department: str
    open: int
    late: int
    ended_late: int
    days_late: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report."""

    day: date
    open: int
    late: int
    ended_late: int
    missing_years: tuple[int, ...]
    sections: tuple[Section, ...]


def report(lines: Sequence[Line], day: date) -> Report:
    """The report of `day` over all tasks; departments with what is late longest come first."""
    by: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        by.setdefault((line.unit, line.department), []).append(line)
    sections = [_section(unit, department, its) for (unit, department), its in by.items()]
    sections.sort(key=lambda one: (-one.late, -one.days_late, one.unit, one.department))
    missing = {line.standing.missing_year for line in lines if line.standing.missing_year is not None}
    return Report(
        day,
        sum(one.open for one in sections),
        sum(one.late for one in sections),
        sum(one.ended_late for one in sections),
        tuple(sorted(missing)),
        tuple(sections),
    )


def _section(unit: str, department: str, lines: Sequence[Line]) -> Section:
    open_ = [line for line in lines if not line.standing.ended]
    late = [line for line in lines if line.standing.late]
    alert = [line for line in open_ if line.standing.due is None]
    now = [line for line in late if not line.standing.ended]
    shown = sorted((*late, *alert), key=lambda line: (line.standing.ended, -line.standing.late, line.task))
    days = sum(line.standing.late for line in late)
    return Section(unit, department, len(open_), len(now), len(late) - len(now), days, tuple(shown))


def sentences(found: Report, names: Mapping[str, Text], lang: str) -> list[str]:
    """The report in plain words, a line each; `names` are those of units and departments."""
    zh = lang == "zh"
    head = Text(
        f"政务数据目录监督检查报告（{found.day:%Y-%m-%d}）：待办 {found.open} 件，其中逾期 {found.late} 件；"
        f"逾期后办结 {found.ended_late} 件",
        f"supervision of the catalogue, {found.day:%Y-%m-%d}: {found.open} open, {found.late} of them late; "
        f"{found.ended_late} ended late",
    )
    lines = [head.say(lang)]
    lines += [
        Text(f"注意：缺 {year} 年工作日表，有期限无法确定", f"note: no table of working days of {year}").say(lang)
        for year in found.missing_years
    ]
    for section in found.sections:
        said = [names[name].say(lang) if name in names else name for name in (section.unit, section.department)]
        count = Text(
            f"待办 {section.open} 件，逾期 {section.late} 件，逾期后办结 {section.ended_late} 件",
            f"{section.open} open, {section.late} late, {section.ended_late} ended late",
        )
        lines.append(("　" if zh else " / ").join(said) + ("：" if zh else ": ") + count.say(lang))
        lines += [f"  {_line(line, lang)}" for line in section.lines]
    return lines


def _line(line: Line, lang: str) -> str:
    zh = f"{line.task} {line.kind.text.zh} {line.resource}：{line.standing.say().zh}"
    en = f"{line.task} {line.kind.text.en} {line.resource}: {line.standing.say().en}"
    if line.extension:
        zh, en = f"{zh}，已同意延期 {line.extension} 个工作日", f"{en}, extended by {line.extension} working days"
    if line.escalated:
        zh, en = f"{zh}，已上报", f"{en}, escalated"
    return Text(f"{zh}；事由：{line.why}", f"{en}; why: {line.why}").say(lang)
