"""The de-identification plan: from the classes of the items to methods, searched until the thresholds hold.

Promises:

- pure: a plan is a value made from values and from a measuring function that is handed in;
- direct identifiers are dropped; the data-subject key counts persons and is dropped; quasi-identifiers climb their
  ladders; sensitive items keep their values and must stay diverse in every class; nothing is perturbed;
- k counts persons. In the ``rows`` form a person has at most one row (a keyed choice), so that rows are persons, k can
  be recounted from the extract itself by anybody, and no sequence of one person leaves; in the ``aggregate`` form each
  row is a class with its number of persons and of rows, and no total is given from which a suppressed class could be
  subtracted;
- what misses a threshold is refused (``SHARE_PLAN_MISSED``), never weakened: k (persons), l (distinct sensitive values
  in a class), the share of suppressed rows, and for the rows form the risk R of GB/T 42460.

Thresholds (GB/T 42460 D.1.5; GB/T 39725 10.2): under an agreement a class has at least 5 persons; of health data more
than 5, that is at least 6. Public sharing (20) and enclaves (3) are other channels. The probability of the context is
taken as 1: no measure of the receiver is credited.

The search is greedy from the finest steps: raise the dimension that saves most rows for its loss; once all thresholds
hold, lower again what can be lowered. Ties fall by name, so the same data give the same plan.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from infra.errors import Place, Refused
from infra.language import Text
from sharing.plan.methods import Dimension, Step, ladder, sentence

Form = Literal["rows", "aggregate", "plain"]
Levels = tuple[int, ...]
COUNTS = ("persons", "records")
"""The columns that the aggregate form adds to those of the plan."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the result must hold. `k` persons a class, `l` sensitive values a class, `suppressed` the most rows lost."""

    k: int = 5
    l: int = 2  # noqa: E741 - the name it has in every text on the subject
    suppressed: float = 0.05
    risk: float = 0.05


AGREEMENT = Terms()
HEALTH = Terms(k=6)


@dataclass(frozen=True, slots=True)
class Measure:
    """What was counted on data at some levels. `persons` is None where there is nobody to count.

    `rows` entered, `kept` of them in classes that hold; `classes` hold, with `smallest` persons in the smallest and
    `diversity` sensitive values in the least diverse (None without sensitive items); `risk` is R of GB/T 42460.
    """

    rows: int
    kept: int
    persons: int | None
    classes: int
    smallest: int | None
    diversity: int | None
    risk: float | None

    @property
    def suppressed(self) -> float:
        """The share of the rows that is lost."""
        return 1 - self.kept / self.rows if self.rows else 0.0

    def holds(self, terms: Terms, form: Form) -> bool:
        """Whether every threshold is met."""
        return not missed(self, terms, form)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A column that does not leave, and why."""

    field: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known before data are looked at: which columns play which part."""

    form: Form
    subject: str | None
    dimensions: tuple[Dimension, ...]
    plain: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    terms: Terms = AGREEMENT

    @property
    def sensitive(self) -> tuple[Dimension, ...]:
        """The dimensions whose diversity is guarded."""
        return tuple(dimension for dimension in self.dimensions if dimension.sensitive)


@dataclass(frozen=True, slots=True)
class Plan:
    """A draft with a step for each dimension, and what the search measured."""

    draft: Draft
    steps: tuple[Step, ...]
    measure: Measure
    looked_at: int = field(default=0, compare=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The extract's columns, in order."""
        shown = [
            name for dim, step in zip(self.draft.dimensions, self.steps, strict=True) for name in dim.outputs(step)
        ]
        counts = COUNTS if self.draft.form == "aggregate" else self.draft.plain
        return (*shown, *counts)

    @property
    def sources(self) -> tuple[str, ...]:
        """The source's columns of which something leaves."""
        made = zip(self.draft.dimensions, self.steps, strict=True)
        shown = [name for dimension, step in made if dimension.outputs(step) for name in dimension.fields]
        return (*shown, *self.draft.plain)

    def as_dict(self) -> dict[str, Any]:
        """The plan for the certificate: plain values, no data."""
        methods = []
        for dimension, step in zip(self.draft.dimensions, self.steps, strict=True):
            zh, en = sentence(step)
            methods.append(
                {
                    "items": list(dimension.fields),
                    "columns": list(dimension.outputs(step)),
                    "method": step.method,
                    "size": step.size or None,
                    "zh": zh,
                    "en": en,
                }
            )
        dropped = [{"item": drop.field, "zh": drop.reason.zh, "en": drop.reason.en} for drop in self.draft.dropped]
        terms = self.draft.terms
        return {
            "form": self.draft.form,
            "counted_by": self.draft.subject,
            "methods": methods,
            "unchanged": list(self.draft.plain),
            "removed": dropped,
            "thresholds": {"k": terms.k, "l": terms.l, "suppressed": terms.suppressed, "risk": terms.risk},
        }


def missed(measure: Measure, terms: Terms, form: Form) -> tuple[Text, ...]:
    """Every threshold that the measure misses, in words; empty when all hold."""
    out: list[Text] = []
    if form == "plain":
        return ()
    if measure.rows and not measure.kept:
        out.append(Text("没有任何等价类达到人数阈值", "no class has enough persons"))
    if measure.suppressed > terms.suppressed:
        lost, most = f"{measure.suppressed:.1%}", f"{terms.suppressed:.0%}"
        out.append(
            Text(
                f"需抑制 {lost} 的记录，上限为 {most}", f"{lost} of the rows would be suppressed, at most {most} may be"
            )
        )
    if measure.smallest is not None and measure.smallest < terms.k:
        out.append(
            Text(
                f"最小等价类仅 {measure.smallest} 人，阈值 {terms.k} 人（GB/T 42460 D.1.5）",
                f"the smallest class has {measure.smallest} persons, the threshold is {terms.k} (GB/T 42460 D.1.5)",
            )
        )
    if measure.diversity is not None and measure.diversity < terms.l:
        out.append(
            Text(
                f"敏感项在等价类内仅 {measure.diversity} 种取值，阈值 {terms.l} 种",
                f"a class has {measure.diversity} sensitive values, the threshold is {terms.l}",
            )
        )
    if form == "rows" and measure.risk is not None and measure.risk >= terms.risk:
        out.append(
            Text(
                f"重标识风险 R = {measure.risk:.4f}，须小于 {terms.risk}（GB/T 42460）",
                f"the risk R is {measure.risk:.4f} and must be below {terms.risk} (GB/T 42460)",
            )
        )
    return tuple(out)


def search(draft: Draft, measure: Callable[[tuple[Step, ...]], Measure], dataset: str = "") -> Plan:
    """The plan of least loss that the greedy search finds.

    Args:
        draft: the parts that the columns play.
        measure: counts the data at the steps given, one for each dimension.
        dataset: named in the refusal.

    Raises:
        Refused: SHARE_PLAN_MISSED with every threshold that even the coarsest steps miss; SHARE_PLAN_EMPTY when every
            dimension would have to be dropped.
    """
    climber = _Climber(draft, measure)
    levels: Levels = tuple(0 for _ in draft.dimensions)
    while not climber.holds(levels):
        higher = climber.raised(levels)
        if higher is None:
            raise Refused(
                "SHARE_PLAN_MISSED",
                "去标识化方案达不到阈值，不予交付",
                "no plan meets the thresholds, nothing is issued",
                place=Place(dataset=dataset or None),
                reasons=missed(climber.at(levels), draft.terms, draft.form),
                remedy=Text("减少申请的数据项，或等待更多数据", "ask for fewer items, or wait for more data"),
            )
        levels = higher
    levels = climber.lowered(levels)
    steps = climber.steps(levels)
    if draft.form != "plain" and draft.dimensions and all(step.method == "drop" for step in steps) and not draft.plain:
        raise Refused(
            "SHARE_PLAN_EMPTY",
            "达到阈值须抑制全部数据项，不予交付",
            "every item would have to be dropped to meet the thresholds, nothing is issued",
            place=Place(dataset=dataset or None),
        )
    return Plan(draft, steps, climber.at(levels), looked_at=len(climber.seen))


class _Climber:
    """The lattice of ladders, each point measured once."""

    def __init__(self, draft: Draft, measure: Callable[[tuple[Step, ...]], Measure]) -> None:
        self.draft = draft
        self.ladders = [ladder(dimension) for dimension in draft.dimensions]
        self.measure = measure
        self.seen: dict[Levels, Measure] = {}

    def steps(self, levels: Levels) -> tuple[Step, ...]:
        return tuple(steps[level] for steps, level in zip(self.ladders, levels, strict=True))

    def at(self, levels: Levels) -> Measure:
        if levels not in self.seen:
            self.seen[levels] = self.measure(self.steps(levels))
        return self.seen[levels]

    def holds(self, levels: Levels) -> bool:
        return self.at(levels).holds(self.draft.terms, self.draft.form)

    def loss(self, levels: Levels) -> float:
        return sum(step.loss for step in self.steps(levels))

    def raised(self, levels: Levels) -> Levels | None:
        """One dimension a step up: the one that saves most rows for its loss."""
        best: tuple[bool, float, int] | None = None
        chosen: Levels | None = None
        for index, steps in enumerate(self.ladders):
            if levels[index] + 1 == len(steps):
                continue
            higher = (*levels[:index], levels[index] + 1, *levels[index + 1 :])
            cost = self.loss(higher) - self.loss(levels)
            gain = (self.at(higher).kept - self.at(levels).kept) / max(1, self.at(levels).rows)
            score = (self.holds(higher), gain / cost, -index)
            if best is None or score > best:
                best, chosen = score, higher
        return chosen

    def lowered(self, levels: Levels) -> Levels:
        """What can be lowered without missing a threshold, the dearest first."""
        again = True
        while again:
            again = False
            order = sorted(range(len(levels)), key=lambda index: (-self.ladders[index][levels[index]].loss, index))
            for index in order:
                lower = (*levels[:index], levels[index] - 1, *levels[index + 1 :])
                if levels[index] and self.holds(lower):
                    levels, again = lower, True
                    break
        return levels


def canonical(plan: Plan) -> Mapping[str, Any]:
    """The plan with its measure, as the certificate carries it.

    Of persons it tells no totals: what is in the source less what left would give the suppressed classes away.
    """
    counted = plan.measure
    measured: dict[str, Any] = {"classes": counted.classes}
    if plan.draft.form == "plain":
        measured |= {"rows": counted.rows, "kept": counted.kept}
    else:
        measured["suppressed_at_most"] = plan.draft.terms.suppressed
    return {**plan.as_dict(), "measured": measured}
