"""A case as a pure machine: what may follow what, who may do it, and why not.

::

    applied ──► prechecked ──► approved ──► signed ──► issued ──► revoked
       │            │                                     └─────► expired
       └────────────┴──► refused

Promises:

- a case is issued only after every providing department and the authority have approved and the agreement's digest was
  signed off: there is no other path to ``issued``, and a test searches for one;
- the approvals are acts of different persons, none of whom made the application or registered the applicant;
  a reviewer speaks for the own department alone; the authority comes last;
- a refusal without reasons is refused; time is an argument; nothing here reads or writes.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Literal

from infra.errors import Refused
from infra.language import Text
from sharing.case.reasons import Reason

Side = Literal["provider", "authority"]


class State(StrEnum):
    """Where a case stands."""

    APPLIED = "applied"
    PRECHECKED = "prechecked"
    APPROVED = "approved"
    SIGNED = "signed"
    ISSUED = "issued"
    REFUSED = "refused"
    REVOKED = "revoked"
    EXPIRED = "expired"

    @property
    def text(self) -> Text:
        """The words for a person."""
        return _STATES[self]


_STATES = {
    State.APPLIED: Text("已申请", "applied"),
    State.PRECHECKED: Text("预审通过", "pre-checked"),
    State.APPROVED: Text("已批准", "approved"),
    State.SIGNED: Text("协议已确认", "agreement signed off"),
    State.ISSUED: Text("已交付", "issued"),
    State.REFUSED: Text("已拒绝", "refused"),
    State.REVOKED: Text("已撤销", "revoked"),
    State.EXPIRED: Text("已到期", "expired"),
}


class Channel(Enum):
    """渠道: four channels, four procedures; one is built."""

    GOVERNMENT = "government_sharing"
    UNCONDITIONAL = "unconditional_open"
    CONDITIONAL = "conditional_open"
    OPERATION = "authorised_operation"

    @property
    def text(self) -> Text:
        """The words for a person."""
        return _CHANNELS[self]


_CHANNELS = {
    Channel.GOVERNMENT: Text("政务共享", "government sharing"),
    Channel.UNCONDITIONAL: Text("无条件开放", "unconditional opening"),
    Channel.CONDITIONAL: Text("有条件开放", "conditional opening"),
    Channel.OPERATION: Text("授权运营", "authorised operation"),
}


def channel(word: str) -> Channel:
    """The channel of that id or Chinese name.

    Raises:
        Refused: SHARE_CHANNEL_UNKNOWN.
    """
    for known in Channel:
        if word.strip() in (known.value, known.text.zh):
            return known
    zh, en = "、".join(known.text.zh for known in Channel), ", ".join(known.value for known in Channel)
    raise Refused("SHARE_CHANNEL_UNKNOWN", f"没有这个渠道；渠道为{zh}", f"no such channel; there are {en}")


@dataclass(frozen=True, slots=True)
class Request:
    """What the applicant asks for. `legal_basis` names the consent or article for personal information, if any."""

    items: tuple[str, ...]
    purpose: str
    scene: str
    days: int
    form: str = "aggregate"
    legal_basis: str | None = None
    method: str = "delta_sharing"


@dataclass(frozen=True, slots=True)
class Approval:
    """One recorded yes."""

    side: Side
    department: str
    person: str
    at: datetime
    opinion: str


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who approves or refuses: a person, the own department, and the sides that the roles allow."""

    person: str
    department: str
    sides: frozenset[Side]


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands. `barred` may not review it: who applied, and everybody who ever registered the applicant."""

    id: str
    applicant: str
    channel: Channel
    dataset: str
    request: Request
    providers: tuple[str, ...]
    state: State = State.APPLIED
    barred: frozenset[str] = frozenset()
    approvals: tuple[Approval, ...] = ()
    digest: str | None = None
    ends_at: datetime | None = None

    @property
    def awaited(self) -> tuple[tuple[Side, str], ...]:
        """The approvals that are missing: each providing department, then the authority (whose department is open)."""
        given = {(approval.side, approval.department) for approval in self.approvals}
        missing: list[tuple[Side, str]] = [
            ("provider", unit) for unit in self.providers if ("provider", unit) not in given
        ]
        if not any(side == "authority" for side, _ in given):
            missing.append(("authority", ""))
        return tuple(missing)


def prechecked(case: Case, findings: tuple[Reason, ...]) -> Case:
    """After the pre-check: on to the reviewers when there is no finding, refused with all of them otherwise."""
    _must(case, State.APPLIED)
    return replace(case, state=State.REFUSED if findings else State.PRECHECKED)


def approved(case: Case, side: Side, reviewer: Reviewer, opinion: str, now: datetime) -> Case:
    """After one approval; `approved` when it was the last one.

    Raises:
        Refused: SHARE_CASE_STATE, SHARE_NOT_REVIEWER, SHARE_SAME_PERSON, SHARE_OWN_CASE, SHARE_ORDER, SHARE_REPEATED.
    """
    _must(case, State.PRECHECKED)
    if side not in reviewer.sides or (side == "provider" and reviewer.department not in case.providers):
        raise _not_reviewer(case)
    if reviewer.person in case.barred:
        raise Refused("SHARE_OWN_CASE", "申请的经办人不得审批同一申请", "who made the application may not approve it")
    if any(given.side == side and given.department == reviewer.department for given in case.approvals):
        raise Refused("SHARE_REPEATED", "该部门已批准过本申请", "this department has approved the case already")
    if any(given.person == reviewer.person for given in case.approvals):
        raise Refused(
            "SHARE_SAME_PERSON",
            "提供部门与主管部门的审批须由两个不同的人作出",
            "provider and authority approve through two different persons",
        )
    if side == "authority" and any(missing == "provider" for missing, _ in case.awaited):
        raise Refused(
            "SHARE_ORDER",
            "须先由每个数据提供部门批准（政务数据共享条例第二十五条）",
            "every providing department approves first (Decree 809 Art. 25)",
        )
    given = Approval(side, reviewer.department, reviewer.person, now, opinion)
    after = replace(case, approvals=(*case.approvals, given))
    return replace(after, state=State.PRECHECKED if after.awaited else State.APPROVED)


def refused(case: Case, reviewer: Reviewer, reasons: tuple[Reason, ...]) -> Case:
    """After a reviewer's no.

    Raises:
        Refused: SHARE_CASE_STATE, SHARE_NOT_REVIEWER, SHARE_REASON_MISSING.
    """
    _must(case, State.APPLIED, State.PRECHECKED, State.APPROVED)
    of_this_case(case, reviewer)
    if not [reason for reason in reasons if reason.text.zh.strip() or reason.text.en.strip()]:
        raise Refused(
            "SHARE_REASON_MISSING",
            "拒绝须说明理由（政务数据共享条例第二十一条）",
            "a refusal gives its reasons (Decree 809 Art. 21)",
            remedy=Text("用 --reason 写明理由", "give them with --reason"),
        )
    return replace(case, state=State.REFUSED)


def of_this_case(case: Case, reviewer: Reviewer) -> None:
    """Refuses who reviews neither for a providing department of this case nor for the authority.

    Raises:
        Refused: SHARE_NOT_REVIEWER.
    """
    provides = "provider" in reviewer.sides and reviewer.department in case.providers
    if not provides and "authority" not in reviewer.sides:
        raise _not_reviewer(case)


def _not_reviewer(case: Case) -> Refused:
    providers = ", ".join(sorted(case.providers))
    return Refused(
        "SHARE_NOT_REVIEWER",
        f"此步骤由数据提供部门（{providers}）或主管部门的审核人办理",
        f"this step is for a reviewer of the providing department ({providers}) or of the authority",
        remedy=Text("请该审核人用本人密钥办理", "ask that reviewer, who acts with a key of their own"),
    )


def signed(case: Case, digest: str, seen: str, person: str = "") -> Case:
    """After the applicant signed off the agreement: `seen` is the digest that the applicant names, `person` who acts.

    Raises:
        Refused: SHARE_CASE_STATE, SHARE_DIGEST when another text was signed off, SHARE_OTHER_PARTY when `person` is
            one of those who approved: nobody makes an agreement with themselves.
    """
    _must(case, State.APPROVED)
    if any(given.person == person for given in case.approvals):
        raise Refused(
            "SHARE_OTHER_PARTY",
            "审批人不得代申请主体确认利用协议",
            "who approved the case does not sign its agreement off for the applicant",
        )
    if seen != digest:
        raise Refused(
            "SHARE_DIGEST",
            "所确认的摘要与协议文本不符",
            "the digest that was signed off is not that of the agreement",
            remedy=Text("重新查看协议文本后确认其摘要", "read the agreement again and sign off its digest"),
        )
    return replace(case, state=State.SIGNED, digest=digest)


def issued(case: Case, now: datetime) -> Case:
    """After the extract was issued; the term starts now. An issued case stays as it is."""
    if case.state is State.ISSUED:
        return case
    _must(case, State.SIGNED)
    if case.awaited or case.digest is None:  # the states say so already; the values are asked all the same
        raise Refused("SHARE_NOT_APPROVED", "缺少审批或协议", "an approval or the agreement is missing")
    if any(given.person in case.barred for given in case.approvals):
        raise Refused(
            "SHARE_OWN_CASE",
            "审批人在批准后登记了该申请主体，批准不再有效",
            "who approved the case has registered its applicant since: the approval holds no longer",
        )
    return replace(case, state=State.ISSUED, ends_at=now + timedelta(days=case.request.days))


def revoked(case: Case, why: str) -> Case:
    """After the grant was revoked.

    Raises:
        Refused: SHARE_CASE_STATE, SHARE_REASON_MISSING.
    """
    _must(case, State.ISSUED)
    if not why.strip():
        raise Refused("SHARE_REASON_MISSING", "撤销须说明理由", "a revocation gives its reason")
    return replace(case, state=State.REVOKED)


def expired(case: Case, now: datetime) -> Case:
    """After the term; a case whose term still runs stays as it is."""
    if case.state is State.ISSUED and case.ends_at is not None and case.ends_at <= now:
        return replace(case, state=State.EXPIRED)
    return case


def _must(case: Case, *states: State) -> None:
    if case.state not in states:
        wanted_zh, wanted_en = "或".join(s.text.zh for s in states), " or ".join(s.text.en for s in states)
        raise Refused(
            "SHARE_CASE_STATE",
            f"案件 {case.id} 处于“{case.state.text.zh}”，此步骤要求“{wanted_zh}”",
            f"case {case.id} is {case.state.text.en}; this step needs it to be {wanted_en}",
            remedy=Text(f"经过与下一步见 hub share show {case.id}", f"what comes next: hub share show {case.id}"),
        )
