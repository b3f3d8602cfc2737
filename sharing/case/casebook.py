"""Cases in the database: the thin shell round the pure machine of ``sharing.case.cases``.

Each act is one write transaction: the case is read, the machine says what follows, the row changes only if it still
stands where it was read, the event and the ledger entry join the same transaction. The catalogue's people are the
reviewers; the ledger gets ids, counts and digests, never a value of the data.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from catalogs.life.withdrawn import stands
from catalogs.lookup import departments, resource
from catalogs.own_city import own_city
from catalogs.values.model import DepartmentKind, Person, Resource, Role
from infra.database import lock, read, write
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry
from sharing.case import agreement, cases, classes, policy
from sharing.case.applicants import applicant as find_applicant
from sharing.case.cases import Approval, Case, Channel, Request, Reviewer, Side, State
from sharing.case.declared import Applicant
from sharing.case.doubts import doubts
from sharing.case.one_line import one_line
from sharing.case.reasons import Reason
from sharing.tables import agreement as agreement_table
from sharing.tables import applicant as applicant_table
from sharing.tables import approval as approval_table
from sharing.tables import case as table
from sharing.tables import case_event, grant, registrant


def apply(ground: Ground, applicant: str, channel: Channel, dataset: str, request: Request, actor: str) -> Case:
    """Opens a case. The pre-check says later what is missing; only what cannot be written down is refused here.

    Raises:
        Refused: SHARE_TEXT, SHARE_APPLICANT_UNKNOWN, CATALOG_UNKNOWN_RESOURCE, RESOURCE_WITHDRAWN.
    """
    who, what = find_applicant(ground.engine, applicant), resource(ground.engine, dataset)
    with write(ground.engine) as connection:
        identity = opened(connection, ground, (who, channel, what), request, actor)
    return case(ground.engine, identity)


def opened(
    connection: sa.Connection, ground: Ground, asked: tuple[Applicant, Channel, Resource], request: Request, actor: str
) -> str:
    """`apply` in the caller's transaction; the case's id."""
    one_line(asdict(request))
    (who, channel, what), now = asked, ground.now()
    # What is approved and signed is the form that will leave, not one that this resource cannot have.
    request = replace(request, form=policy.leaving(what, request.form))
    lock(connection, "sharing:case")
    stands(connection, what.id)
    last = connection.execute(sa.select(sa.func.max(table.c.number))).scalar() or 0
    identity = f"case-{now.year}-{last + 1:04d}"
    values: dict[str, Any] = {"id": identity, "applicant": who.id, "channel": channel.value, "dataset": what.id}
    values |= {"state": State.APPLIED.value, "request": asdict(request), "applied_by": actor}
    connection.execute(table.insert().values(**values, applied_at=now, changed_at=now))
    content = {"applicant": who.id, "channel": channel.value, "dataset": what.id, "request": _plain(request)}
    ref = ground.ledger.append([NewEntry(Act.CASE_APPLIED, actor, identity, content)], connection=connection)[0]
    _event(connection, identity, (now, actor, Act.CASE_APPLIED, ref.number), (None, State.APPLIED), ())
    return identity


def precheck(ground: Ground, identity: str, actor: str) -> tuple[Case, tuple[Reason, ...]]:
    """Asks every rule; the case goes on to the reviewers or is refused with all reasons at once."""
    before = case(ground.engine, identity)
    what = resource(ground.engine, before.dataset)
    known = policy.rules(own_city(ground))
    who = find_applicant(ground.engine, before.applicant)
    asked = policy.precheck(known, who, before, what, published=_published(ground, before.dataset))
    findings = (*doubts(ground, what), *asked) or classes.unfit(what, before.request)
    after = cases.prechecked(before, findings)
    extra = {"findings": [reason.rule for reason in findings], "policy": known.digest}
    act = Act.CASE_REFUSED if findings else Act.CASE_PRECHECKED
    return move(ground, before, after, (act, actor, extra), findings), findings


def approve(ground: Ground, identity: str, side: Side, person: Person, opinion: str) -> Case:
    """Records one department's yes."""
    before, now = case(ground.engine, identity), ground.now()
    after = cases.approved(before, side, reviewer(ground, person), opinion, now)
    given = after.approvals[-1]
    extra = {"side": side, "department": given.department, "complete": after.state is State.APPROVED}

    def store(connection: sa.Connection) -> None:
        connection.execute(
            approval_table.insert().values(
                case=identity, role=side, department=given.department, person=person.id, at=now, opinion=opinion
            )
        )

    return move(ground, before, after, (Act.CASE_APPROVED, person.id, extra), (), store)


def refuse(ground: Ground, identity: str, person: Person, why: Sequence[str]) -> Case:
    """Records a reviewer's no, with reasons."""
    before = case(ground.engine, identity)
    reasons = tuple(Reason("reviewer", Text(text.strip(), text.strip())) for text in why if text.strip())
    after = cases.refused(before, reviewer(ground, person), reasons)
    return move(ground, before, after, (Act.CASE_REFUSED, person.id, {"reasons": len(reasons)}), reasons)


def terms(ground: Ground, identity: str) -> agreement.Agreement:
    """The agreement of a case as it would be signed off now."""
    of = case(ground.engine, identity)
    return rendered(ground, of, find_applicant(ground.engine, of.applicant), resource(ground.engine, of.dataset))


def rendered(ground: Ground, of: Case, firm: Applicant, what: Resource) -> agreement.Agreement:
    """The agreement of a case on what the register says of the firm and of the resource."""
    named = {department.id: department.name for department in departments(ground.engine)}
    provider = named.get(what.provider, Text(what.provider, what.provider))
    return agreement.render(of, firm, what, provider)


def sign(ground: Ground, identity: str, digest: str, actor: str) -> Case:
    """Records that the applicant signed off the agreement of this digest. The digest is no signature."""
    before, now = case(ground.engine, identity), ground.now()
    text = terms(ground, identity)
    after = cases.signed(before, text.digest, digest, actor)

    def store(connection: sa.Connection) -> None:
        values = {"text": text.text, "digest": text.digest, "terms": agreement.TERMS, "signed_at": now}
        connection.execute(agreement_table.insert().values(case=identity, signed_by=actor, **values))

    return move(ground, before, after, (Act.CASE_SIGNED, actor, {"agreement": text.digest}), (), store)


def move(
    ground: Ground,
    before: Case,
    after: Case,
    act: tuple[Act, str, dict[str, Any]],
    reasons: Sequence[Reason] = (),
    store: Any = None,
) -> Case:
    """Writes one step: row, event and ledger entry in one transaction.

    Raises:
        Refused: SHARE_CASE_MOVED when another act came first; nothing was written.
    """
    kind, actor, content = act
    now = ground.now()
    with write(ground.engine) as connection:
        lock(connection, "sharing:case")
        step(ground, connection, before, after, (kind, actor, content, now), reasons)
        if store is not None:
            store(connection)
    return case(ground.engine, before.id)


def step(
    ground: Ground,
    connection: sa.Connection,
    before: Case,
    after: Case,
    act: tuple[Act, str, dict[str, Any], datetime],
    reasons: Sequence[Reason] = (),
) -> None:
    """The same within the caller's transaction."""
    kind, actor, content, now = act
    seen = sa.select(sa.func.count()).where(approval_table.c.case == before.id).select_from(approval_table)
    approvals = connection.execute(seen).scalar()
    changed = connection.execute(
        table.update()
        .where(table.c.id == before.id, table.c.state == before.state.value)
        .values(state=after.state.value, changed_at=now)
    )
    if changed.rowcount != 1 or approvals != len(before.approvals):
        raise Refused("SHARE_CASE_MOVED", "案件已被另一操作推进，请重试", "another act moved the case on; try again")
    body = {"dataset": before.dataset, "before": before.state.value, "after": after.state.value, **content}
    ref = ground.ledger.append([NewEntry(kind, actor, before.id, body)], connection=connection)[0]
    _event(connection, before.id, (now, actor, kind, ref.number), (before.state, after.state), reasons)


def case(engine: sa.Engine, identity: str) -> Case:
    """The case as it stands.

    Raises:
        Refused: SHARE_CASE_UNKNOWN.
    """
    with read(engine) as connection:
        row = connection.execute(sa.select(table).where(table.c.id == identity)).mappings().first()
        if row is None:
            raise Refused("SHARE_CASE_UNKNOWN", "没有这个案件", "there is no such case")
        given = connection.execute(sa.select(approval_table).where(approval_table.c.case == identity)).mappings().all()
        digest = connection.execute(
            sa.select(agreement_table.c.digest).where(agreement_table.c.case == identity)
        ).scalar()
        who = sa.select(registrant.c.person).where(registrant.c.applicant == row["applicant"])
        barred = frozenset({row["applied_by"], *connection.execute(who).scalars()})
        ends = connection.execute(sa.select(grant.c.ends_at).where(grant.c.case == identity)).scalar()
    return _case(engine, row, given, barred, (digest, ends))


def may_revoke(ground: Ground, identity: str, person: Person) -> None:
    """Refuses who reviews neither for the case's providing department nor for the authority.

    Raises:
        Refused: SHARE_CASE_UNKNOWN, SHARE_NOT_REVIEWER.
    """
    cases.of_this_case(case(ground.engine, identity), reviewer(ground, person))


def listing(engine: sa.Engine) -> list[dict[str, Any]]:
    """All cases, newest first, one line each."""
    named = sa.select(
        table.c.id, applicant_table.c.name.label("applicant"), table.c.dataset, table.c.state, table.c.applied_at
    )
    with read(engine) as connection:
        return [
            dict(row)
            for row in connection.execute(named.join(applicant_table).order_by(table.c.number.desc())).mappings()
        ]


def events(engine: sa.Engine, identity: str) -> list[dict[str, Any]]:
    """What happened to a case, in order, with reasons and ledger numbers."""
    with read(engine) as connection:
        wanted = sa.select(case_event).where(case_event.c.case == identity).order_by(case_event.c.number)
        return [dict(row) for row in connection.execute(wanted).mappings()]


def reviewer(ground: Ground, person: Person) -> Reviewer:
    """What the catalogue says this person may review: the own department's data, the authority's side, or both."""
    kinds = {department.id: department.kind for department in departments(ground.engine)}
    sides: set[Side] = set()
    if person.has(Role.PROVIDER_REVIEWER):
        sides.add("provider")
    if person.has(Role.AUTHORITY_REVIEWER) and kinds.get(person.department) is DepartmentKind.AUTHORITY:
        sides.add("authority")
    return Reviewer(person.id, person.department, frozenset(sides))


def _case(
    engine: sa.Engine,
    row: Any,
    given: Sequence[Any],
    barred: frozenset[str],
    late: tuple[str | None, datetime | None],
) -> Case:
    request = dict(row["request"])
    request["items"] = tuple(request["items"])
    return Case(
        id=row["id"],
        applicant=row["applicant"],
        channel=Channel(row["channel"]),
        dataset=row["dataset"],
        request=Request(**request),
        providers=(resource(engine, row["dataset"]).provider,),
        state=State(row["state"]),
        barred=barred,
        approvals=tuple(
            Approval(one["role"], one["department"], one["person"], one["at"], one["opinion"]) for one in given
        ),
        digest=late[0],
        ends_at=late[1],
    )


def _event(
    connection: sa.Connection,
    identity: str,
    done: tuple[datetime, str, Act, int],
    states: tuple[State | None, State],
    reasons: Sequence[Reason],
) -> None:
    (now, actor, act, number), (before, after) = done, states
    connection.execute(
        case_event.insert().values(
            case=identity,
            at=now,
            actor=actor,
            act=act.value,
            before=before.value if before else None,
            after=after.value,
            reasons=[reason.as_dict() for reason in reasons],
            ledger=number,
        )
    )


def _plain(request: Request) -> dict[str, Any]:
    return {**asdict(request), "items": list(request.items)}


def _published(ground: Ground, dataset: str) -> bool:
    from lake.store.delta import Tables, curated_key  # noqa: PLC0415 - the library is loaded for this question alone

    return Tables(ground.store).exists(curated_key(dataset))
