"""Who may propose, decide and look at a purge. Pure: people and purges in, a refusal out.

Two people make a purge. One proposes it: an engineer, the authority's reviewer, or the officer or reviewer of the unit
that delivered. Another one decides: a reviewer of the authority who did not propose it, in the demo as elsewhere.
"""

from catalogs.values.erasure_words import PurgeBasis, PurgeState
from catalogs.values.model import Person, Role
from catalogs.values.words import find
from infra.errors import Refused, WrongUse
from infra.language import Text

_EVERYWHERE = frozenset({Role.ENGINEER, Role.AUTHORITY_REVIEWER})
_OWN_UNIT = frozenset({Role.OFFICER, Role.PROVIDER_REVIEWER})
_LONGEST = 500


def may_propose(person: Person, unit: str | None) -> None:
    """Refuses who may not propose the purge of a delivery of `unit`.

    Raises:
        Refused: `PURGE_ROLE`.
    """
    if person.roles & _EVERYWHERE or (person.roles & _OWN_UNIT and person.unit == unit):
        return
    raise Refused(
        "PURGE_ROLE",
        "清除由数据工程师、主管部门审核人，或报送单位的填报员、审核人提出",
        "a purge is proposed by an engineer, the authority's reviewer, or the officer or reviewer of the unit",
        remedy=Text("请有该角色的人操作", "ask somebody who holds such a role"),
    )


def may_look(person: Person, unit: str | None) -> None:
    """Refuses who may neither propose nor audit.

    Raises:
        Refused: `PURGE_ROLE`.
    """
    if Role.AUDITOR not in person.roles:
        may_propose(person, unit)


def may_decide(person: Person, proposed_by: str) -> None:
    """Refuses who may not decide what `proposed_by` proposed.

    Raises:
        Refused: `PURGE_ROLE`, `PURGE_SAME_PERSON`.
    """
    if Role.AUTHORITY_REVIEWER not in person.roles:
        raise Refused(
            "PURGE_ROLE",
            "清除由主管部门审核人审批",
            "a purge is decided by a reviewer of the authority",
            remedy=Text("请主管部门审核人操作", "ask a reviewer of the authority"),
        )
    if person.id == proposed_by:
        raise Refused(
            "PURGE_SAME_PERSON",
            "提出人不得审批自己提出的清除",
            "who proposed a purge does not decide it",
            remedy=Text("请另一位主管部门审核人审批", "ask another reviewer of the authority"),
        )


def must_be(state: PurgeState, *wanted: PurgeState) -> None:
    """Refuses an act that the purge's state does not allow.

    Raises:
        Refused: `PURGE_STATE`.
    """
    if state not in wanted:
        raise Refused(
            "PURGE_STATE",
            f"该清除事项的状态是“{state.text.zh}”，不能这样办理",
            f"the purge is “{state.text.en}”: this cannot be done with it",
        )


def basis_of(word: str) -> PurgeBasis:
    """The basis that a person named.

    Raises:
        WrongUse: `PURGE_BASIS` with the closed list.
    """
    found = find(PurgeBasis, word)
    if found is None:
        raise WrongUse(
            "PURGE_BASIS",
            "没有这样的清除依据",
            "there is no such basis of a purge",
            remedy=Text(
                "可用：" + "；".join(f"{one.value} {one.text.zh}" for one in PurgeBasis),
                "one of: " + "; ".join(f"{one.value} ({one.text.en})" for one in PurgeBasis),
            ),
        )
    return found


def reason_of(text: str) -> str:
    """The reason as it is kept, on one line.

    Raises:
        Refused: `PURGE_REASON` for one that is missing, too long or not one printable line.
    """
    said = text.strip()
    if not said or len(said) > _LONGEST or not said.isprintable():
        raise Refused(
            "PURGE_REASON",
            f"须说明理由：一行文字，不超过 {_LONGEST} 字，写明来文或申请的编号，不写个人信息",
            f"a reason is one line of at most {_LONGEST} characters: name the request or the document, no person",
        )
    return said
