"""What an act upon a draft rests on: the revision that was read, and the papers that are there."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.life.drafts import Draft
from catalogs.life.machine import Paper
from catalogs.life.tables import PAPER, STEP
from infra.errors import Place, Refused
from infra.language import Text
from infra.ledger import Act


def check_read(draft: Draft, revision: int | None) -> None:
    """Refuse an act upon a revision that who acts did not read; None: they act upon whatever stands.

    Raises:
        Refused: DRAFT_REVISION.
    """
    if revision is not None and draft.revision != revision:
        raise Refused(
            "DRAFT_REVISION",
            f"目录现为第 {draft.revision} 次修订，不是所依据的第 {revision} 次，没有办理",
            f"the entry is at revision {draft.revision} now, not at the {revision} that was read; nothing was done",
            place=Place(dataset=draft.resource),
            remedy=Text("重新查看后再办理", "look at it again, then act"),
        )


def held(connection: Connection, resource: str) -> list[tuple[Paper, str]]:
    """The papers that are there, each with the digest that it speaks of, within a transaction.

    An approval is for once: what was published, withdrawn or given up since needs another to come again.
    """
    over = [str(act) for act in (Act.RESOURCE_PUBLISHED, Act.RESOURCE_WITHDRAWN, Act.DRAFT_DISCARDED)]
    ended = sa.select(sa.func.max(STEP.c.entry)).where(STEP.c.resource == resource, STEP.c.act.in_(over))
    last = connection.execute(ended).scalar() or 0
    kinds = {str(paper): paper for paper in Paper}
    rows = connection.execute(sa.select(PAPER).where(PAPER.c.resource == resource).order_by(PAPER.c.number))
    known = ((kinds[row.kind], row) for row in rows if row.kind in kinds)
    return [(kind, row.about) for kind, row in known if kind is not Paper.APPROVAL or row.entry > last]
