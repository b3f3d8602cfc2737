"""Withdrawing a resource: it leaves every list and takes no more data; its versions stay.

What would be cut off is for others to know: the lake knows of data, sharing of grants, and both stand to the right of
the register. So the caller hands in checks, each of which names what is in the way. While anything is, the withdrawal
is refused, unless a reason is recorded why it is done despite that. They are asked while nothing can begin for the
resource: what `catalogs.life.withdrawn.stands` let through before is seen, what comes after is refused.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.life.drafts import Draft, find, last_revision, put, registered, words, wrong_state
from catalogs.life.machine import State, Step, after
from catalogs.life.tables import WITHDRAWN
from catalogs.life.withdrawn import queue
from catalogs.people.asking import may_act
from catalogs.permission.decide import DraftRef
from catalogs.values.model import Person, Resource
from infra.database import lock, write
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act


class Check(Protocol):
    """Names what a withdrawal of the resource would cut off; nothing where nothing is."""

    def __call__(self, ground: Ground, resource: str) -> Sequence[Text]:
        """What is in the way, each in both languages."""


def withdraw(
    ground: Ground, resource: str, by: Person, *, why: str, checks: Sequence[Check], despite: str | None = None
) -> Draft:
    """Withdraw a registered resource.

    Args:
        ground: where.
        resource: its id.
        by: the authority's reviewer, or the head of its department.
        why: the reason, which is recorded.
        checks: what knows of data and grants.
        despite: why it is done in spite of what the checks name; None: then it is refused.

    Raises:
        Refused: WITHDRAW_LIVE with all that is in the way; DRAFT_STATE; CATALOG_UNKNOWN_RESOURCE; CATALOG_ACT_DENIED;
            LIFE_WORDS.
    """
    reason = words(why, "why")
    spite = words(despite, "despite") if despite is not None else None
    with write(ground.engine) as connection:
        lock(connection, "catalogs")
        queue(connection, resource)
        old, known = find(connection, resource), registered(connection, resource)
        if known.body is None:
            raise Refused(
                "CATALOG_UNKNOWN_RESOURCE",
                "目录中没有该数据资源",
                "the catalogue holds no such resource",
                place=Place(dataset=resource[:191]),
            )
        body = msgspec.convert(known.body, Resource)
        may_act(ground, by, "withdraw_resource", DraftRef(resource, body.unit, body.provider))
        state = old.state if old else State.PUBLISHED if known.listed else State.WITHDRAWN
        if after(state, Step.WITHDRAW, listed=known.listed) is None:
            raise wrong_state(resource, state, Step.WITHDRAW, listed=known.listed)
        live = [text for check in checks for text in check(ground, resource)]
        if live and spite is None:
            raise _live(resource, live)
        now = ground.now()
        row = {"resource": resource, "version": known.version, "by": by.id, "at": now, "why": reason, "despite": spite}
        connection.execute(sa.insert(WITHDRAWN), row)
        _lose(connection, resource)
        said = reason if spite is None else f"{reason}；仍予撤销：{spite}"
        revision = old.revision if old else last_revision(connection, resource)
        whole = Draft(resource, body.unit, body.provider, revision, State.WITHDRAWN, known.version, known.digest, body,
                      old.holder if old else by.id, by.id, now, said)  # fmt: skip
        new = whole if old is None else replace(whole, body=old.body, digest=old.digest, base=old.base)
        return put(connection, ground, new, Act.RESOURCE_WITHDRAWN, old=old, version=known.version)


def _lose(connection: Connection, resource: str) -> None:
    from catalogs.find.index import remove  # noqa: PLC0415 - arrays and dictionaries are for those who withdraw

    remove(connection, [resource])


def _live(resource: str, live: Sequence[Text]) -> Refused:
    return Refused(
        "WITHDRAW_LIVE",
        "该资源仍有数据或有效许可，没有撤销",
        "the resource still has data or live grants; it was not withdrawn",
        place=Place(dataset=resource),
        reasons=live,
        remedy=Text(
            "先清理数据、撤销许可；确须撤销的，用 --despite 写明理由",
            "remove data and grants first; where it must be, say why with --despite",
        ),
    )
