"""What a command asks before it shows anything of the register or the ledger: who is there, and may they.

The thin shell round `catalogs.permission.decide`: it finds the person, asks the rules of the house and of the city, and
gives back the person, who is the actor of whatever follows, or refuses with every rule that denied.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from catalogs.life.withdrawn import refusal as withdrawn
from catalogs.lookup import resource
from catalogs.own_city import own_city
from catalogs.people.people import current
from catalogs.permission.decide import NOTICES, DraftRef, Records, TicketRef, city_policy, decide, decide_each
from catalogs.values.model import Openness, Person, Resource, Role, SharingAttribute
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.language import Text

_SEEN = ("edit_draft", "review_draft", "approve_draft")
_AUDITOR = Text("请审计员或主管部门审核人操作", "ask an auditor or the authority's reviewer")
_COLLEAGUE = Text("请本部门编制目录的人员查看", "ask those of your department who work on its entries")
_ENGINEER = Text("请数据工程师操作", "ask a data engineer")


def may(ground: Ground, act: str, records: Records, as_: str | None = None) -> Person:
    """Who is asking, if they may do `act` upon records of the house.

    Raises:
        Refused: PERSON_UNKNOWN, KEY_EXPIRED, RECORDS_DENIED, POLICY_INVALID.
        WrongUse: PERSON_AS.
    """
    return may_use(ground, current(ground, as_), act, records)


def may_use(ground: Ground, someone: Person, act: str, records: Records | DraftRef) -> Person:
    """`someone`, if they may do `act` upon records of the house.

    Raises:
        Refused: RECORDS_DENIED, POLICY_INVALID.
        WrongUse: CITY_NOT_THIS.
    """
    decision = decide(someone, act, records, policy=city_policy(own_city(ground), "records"))
    if not decision.allowed:
        raise Refused(
            "RECORDS_DENIED",
            "本人无权查看或使用平台自身的这些记录",
            "these records of the house are not for you to see or use",
            reasons=decision.reasons,
            remedy=_COLLEAGUE if isinstance(records, DraftRef) else _ENGINEER if records == NOTICES else _AUDITOR,
        )
    return someone


@dataclass(frozen=True, slots=True)
class Denied:
    """What whoever may not act upon a resource is told, beside the rules that denied."""

    code: str
    said: Text
    remedy: Text | None = None


def allowed(ground: Ground, someone: Person, act: str, dataset: str, denied: Denied) -> Resource:
    """The resource, if `someone` may do `act` upon it as a whole.

    Raises:
        Refused: CATALOG_UNKNOWN_RESOURCE, what `denied` names, POLICY_INVALID.
        WrongUse: CITY_NOT_THIS.
    """
    found = resource(ground.engine, dataset)
    decision = decide(someone, act, found, policy=city_policy(own_city(ground)))
    if not decision.allowed:
        raise Refused(
            denied.code,
            denied.said.zh,
            denied.said.en,
            place=Place(dataset=dataset),
            reasons=decision.reasons,
            remedy=denied.remedy,
        )
    return found


_UNDESCRIBED = Denied("CATALOG_DENIED", Text("本人无权查看该数据资源的说明", "this resource is not described to you"))
_UNDELIVERED = Denied(
    "DELIVERY_DENIED",
    Text("本人不能向该数据资源归集数据，什么都没有接收", "you may not deliver into this resource; nothing was taken"),
    Text("请提供单位的填报员或数据工程师归集", "ask the provider's officer or a data engineer"),
)


def may_close(ground: Ground, someone: Person, ticket: TicketRef) -> None:
    """Refuse unless `someone` may close the quality ticket.

    Raises:
        Refused: TICKET_DENIED, POLICY_INVALID.
        WrongUse: CITY_NOT_THIS.
    """
    decision = decide(someone, "close_ticket", ticket, policy=city_policy(own_city(ground), "records"))
    if not decision.allowed:
        raise Refused(
            "TICKET_DENIED",
            f"本人不能办结 {ticket.id}，什么都没有改动",
            f"{ticket.id} is not yours to close; nothing was changed",
            reasons=decision.reasons,
            remedy=Text("请提供单位的填报员或数据工程师办结", "ask the provider's officer or a data engineer"),
        )


def may_act(ground: Ground, someone: Person, act: str, upon: DraftRef) -> None:
    """Refuse unless `someone` may do `act` (of `catalogs.permission.decide`) upon an entry of the catalogue on its way.

    Raises:
        Refused: CATALOG_ACT_DENIED, POLICY_INVALID.
        WrongUse: CITY_NOT_THIS.
    """
    decision = decide(someone, act, upon, policy=city_policy(own_city(ground), "records"))
    if not decision.allowed:
        raise Refused(
            "CATALOG_ACT_DENIED",
            "本人不能这样办理该目录，什么都没有改动",
            "this is not yours to do with this entry; nothing was changed",
            place=Place(dataset=upon.id),
            reasons=decision.reasons,
        )


def sees(ground: Ground, someone: Person, upon: DraftRef) -> bool:
    """Whether `someone` works on a draft or reviews it: nobody else sees what is not published yet."""
    for act in _SEEN:
        try:
            may_act(ground, someone, act, upon)
        except Refused as error:
            if error.code != "CATALOG_ACT_DENIED":
                raise
        else:
            return True
    return False


def described(ground: Ground, dataset: str, as_: str | None = None) -> Resource:
    """The resource, if whoever is asking may have it described: names, types, rules and versions, no values.

    Raises:
        Refused: PERSON_UNKNOWN, KEY_EXPIRED, CATALOG_UNKNOWN_RESOURCE, CATALOG_DENIED, POLICY_INVALID.
        WrongUse: PERSON_AS.
    """
    return allowed(ground, current(ground, as_), "describe", dataset, _UNDESCRIBED)


def may_describe(ground: Ground, someone: Person, resources: Sequence[Resource]) -> None:
    """Refuse unless `someone` may have each of the resources described whole: with items, terms and impacts.

    What leaves as a file is whole or does not leave: whoever may not have one of them described gets none.

    Raises:
        Refused: CATALOG_DENIED, POLICY_INVALID.
        WrongUse: CITY_NOT_THIS.
    """
    decisions = decide_each(someone, "describe", resources, policy=city_policy(own_city(ground)))
    for one, decision in zip(resources, decisions, strict=True):
        if not decision.allowed:
            raise Refused(
                _UNDESCRIBED.code,
                _UNDESCRIBED.said.zh,
                _UNDESCRIBED.said.en,
                place=Place(dataset=one.id),
                reasons=decision.reasons,
            )


def announced(resource: Resource) -> bool:
    """Whether anybody may know of the resource that it is there: it is shared or open without condition."""
    return resource.openness is Openness.UNCONDITIONAL or resource.sharing_attribute is SharingAttribute.UNCONDITIONAL


def deliverer(ground: Ground, dataset: str, as_: str | None = None) -> Person:
    """Who is asking, if they may deliver into `dataset`; what nobody registered takes an engineer.

    Raises:
        Refused: PERSON_UNKNOWN, KEY_EXPIRED, CATALOG_UNKNOWN_RESOURCE, DELIVERY_DENIED, POLICY_INVALID.
        WrongUse: PERSON_AS, CITY_NOT_THIS.
    """
    return may_deliver(ground, current(ground, as_), dataset)


def may_deliver(ground: Ground, someone: Person, dataset: str) -> Person:
    """`someone`, if they may deliver into `dataset`; what nobody registered takes an engineer.

    Raises:
        Refused: CATALOG_UNKNOWN_RESOURCE, RESOURCE_WITHDRAWN, DELIVERY_DENIED, POLICY_INVALID.
        WrongUse: CITY_NOT_THIS.
    """
    gone = withdrawn(ground.engine, dataset)
    if gone is not None:
        raise gone
    try:
        allowed(ground, someone, "deliver", dataset, _UNDELIVERED)
    except Refused as refusal:
        if refusal.code != "CATALOG_UNKNOWN_RESOURCE" or not someone.has(Role.ENGINEER):
            raise
    return someone


def describable(ground: Ground, resources: Sequence[Resource], as_: str | None = None) -> frozenset[str]:
    """The ids of those of `resources` that whoever is asking may have described.

    Raises:
        Refused: PERSON_UNKNOWN, KEY_EXPIRED, POLICY_INVALID.
        WrongUse: PERSON_AS.
    """
    someone = current(ground, as_)
    decisions = decide_each(someone, "describe", resources, policy=city_policy(own_city(ground)))
    return frozenset(one.id for one, decision in zip(resources, decisions, strict=True) if decision.allowed)
