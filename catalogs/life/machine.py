"""The life of an entry as states and steps: which step leads where, and what it asks before it is taken. Pure.

    draft → submitted → reviewed → published → changed → submitted → … → withdrawn
    submitted, reviewed → returned (退回修改) → submitted

`changed` is a draft of what is published already, which stays in force until the new one is. A withdrawn entry may be
drafted anew. Submission asks for three papers (Decree 809 Art. 13): the secrecy-risk assessment and the assessment of
the impact on personal information speak of the `substance` of the entry and hold while that stays; the approval of the
department's head speaks of exactly what was approved, to the letter.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from catalogs.values.word import Word
from infra.language import Text


class State(Word):
    """Where an entry stands."""

    DRAFT = "draft", "草稿", "draft"
    SUBMITTED = "submitted", "已提交", "submitted"
    REVIEWED = "reviewed", "已审核", "reviewed"
    PUBLISHED = "published", "已发布", "published"
    CHANGED = "changed", "变更中", "changed"
    RETURNED = "returned", "退回修改", "returned"
    WITHDRAWN = "withdrawn", "已撤销", "withdrawn"


class Step(Word):
    """What can be done to it."""

    SAVE = "save", "保存", "save"
    DISCARD = "discard", "放弃修改", "discard"
    SUBMIT = "submit", "提交", "submit"
    RECALL = "recall", "撤回提交", "recall"
    RETURN = "return", "退回修改", "return"
    REVIEW = "review", "审核通过", "review"
    PUBLISH = "publish", "发布", "publish"
    WITHDRAW = "withdraw", "撤销", "withdraw"


class Paper(Word):
    """What submission asks for (Decree 809 Art. 13)."""

    SECRECY = "secrecy", "保密风险评估", "secrecy-risk assessment"
    PERSONAL = "personal", "个人信息保护影响评估", "personal-information impact assessment"
    APPROVAL = "approval", "部门负责人批准", "approval of the head of department"


_OPEN = (State.DRAFT, State.CHANGED, State.RETURNED)
_WAITING = (State.SUBMITTED, State.REVIEWED)
_FROM: Mapping[Step, tuple[State, ...]] = {
    Step.SAVE: (*_OPEN, State.PUBLISHED, State.WITHDRAWN),
    Step.DISCARD: _OPEN,
    Step.SUBMIT: _OPEN,
    Step.RECALL: _WAITING,
    Step.RETURN: _WAITING,
    Step.REVIEW: (State.SUBMITTED,),
    Step.PUBLISH: (State.REVIEWED,),
    Step.WITHDRAW: (*_OPEN, State.PUBLISHED),
}
_TO: Mapping[Step, State] = {
    Step.SUBMIT: State.SUBMITTED,
    Step.RETURN: State.RETURNED,
    Step.REVIEW: State.REVIEWED,
    Step.PUBLISH: State.PUBLISHED,
    Step.WITHDRAW: State.WITHDRAWN,
}
FOR_REASONS = frozenset({Step.RETURN, Step.WITHDRAW, Step.DISCARD, Step.RECALL})
"""Steps that ask why."""

SUBSTANCE = (
    "items",
    "sharing_attribute",
    "sharing_mode",
    "conditions",
    "classification",
    "grade",
    "openness",
    "openness_conditions",
    "secrecy",
    "impacts",
    "provider",
)
"""What the assessments weigh: a mended title needs no new one, another column does."""


def after(state: State | None, step: Step, *, listed: bool) -> State | None:
    """The state after `step`; None: it cannot be taken.

    Args:
        state: where the entry stands; None where nobody drafted it and it is not registered.
        step: what is done.
        listed: whether the register holds a version of it that is not withdrawn.
    """
    if state is None:
        return State.DRAFT if step is Step.SAVE and not listed else None
    if state not in _FROM[step] or (step is Step.WITHDRAW and not listed):
        return None
    if step is Step.SAVE and state is State.RETURNED:
        return State.RETURNED
    if step in (Step.SAVE, Step.RECALL):
        return State.CHANGED if listed else State.DRAFT
    if step is Step.DISCARD:
        return State.PUBLISHED if listed else State.WITHDRAWN
    return _TO[step]


def is_open(state: State | None) -> bool:
    """Whether somebody has a draft in hand that is not yet published: with its department or with the authority."""
    return state in _OPEN or state in _WAITING


def steps(state: State | None, *, listed: bool) -> list[Step]:
    """What can be done from `state`."""
    return [step for step in Step if after(state, step, listed=listed) is not None]


def substance(body: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an entry's plain form that the assessments are about."""
    return {key: body[key] for key in SUBSTANCE if key in body}


def lacking(held: Iterable[tuple[Paper, str]], digest: str, weighed: str) -> list[Paper]:
    """The papers that are not there for an entry with this digest, whose substance has the digest `weighed`."""
    there = set(held)
    return [paper for paper in Paper if (paper, digest if paper is Paper.APPROVAL else weighed) not in there]


def said(state: State | None) -> Text:
    """The state in words."""
    return state.text if state is not None else Text("尚无草稿", "not drafted")
