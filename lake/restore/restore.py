"""Restoring a table: after a bad delivery an engineer puts it back to what an earlier version of it held.

Promises:

- the newest version then holds exactly the files of that version; history is added to, never rewritten: the versions
  between are read as before, and a table can be put back to one of them again;
- deliveries that no longer stand are `reverted` and keep their counts; the same bytes delivered again are taken;
- what replays had moved out of quarantine since that version stands in quarantine again, and is counted there;
- a version that held purged rows, or whose files went by retention, is refused;
- killed anywhere, the next act on the dataset finishes what was begun (`lake.publish.restoring`).

Who may restore, the policy says (act `restore`); nobody is shown a value.
"""

from dataclasses import dataclass
from typing import Any

from catalogs.people.asking import Denied, allowed
from catalogs.values.model import Person
from infra.errors import Place, Refused, Unavailable
from infra.ground import Ground
from infra.language import Text
from infra.lease import kept, lease
from infra.settings import load
from lake.publish import restoring
from lake.publish.interrupted import finish_interrupted
from lake.publish.restoring import Intent
from lake.records.record import Row
from lake.restore.plan import Plan, plan
from lake.restore.unreplayed import put_back
from lake.room import room
from lake.store.delta import Tables
from lake.store.duck import LakeSettings

_ATTEMPTS = 3
_LONGEST = 500
_DENIED = Denied(
    "RESTORE_DENIED",
    Text(
        "本人不能还原该数据集，什么都没有改动",
        "you may not put this dataset back to an earlier version; nothing was changed",
    ),
    Text("请数据工程师操作", "ask a data engineer"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What shall be put back, to which version, and why.

    Attributes:
        seen: the newest version when the plan was shown to whoever agreed to it; None: nobody was asked.
    """

    dataset: str
    target: int
    reason: str
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done: the plan that was carried out, and the restore's row; None where there was nothing to do."""

    plan: Plan
    done: Row | None

    def as_dict(self) -> dict[str, Any]:
        """The shape that commands print."""
        version = self.plan.newest if self.done is None else self.done["version"]
        return self.plan.as_dict() | {"restore": None if self.done is None else self.done["id"], "version": version}


def may_restore(ground: Ground, person: Person, dataset: str) -> None:
    """Refuses whom the policy does not let restore.

    Raises:
        Refused: `CATALOG_UNKNOWN_RESOURCE`, `RESTORE_DENIED`.
    """
    allowed(ground, person, "restore", dataset, _DENIED)


def reason_of(text: str) -> str:
    """The reason as it is kept, on one line.

    Raises:
        Refused: `RESTORE_REASON`.
    """
    said = text.strip()
    if not said or len(said) > _LONGEST or not said.isprintable():
        raise Refused(
            "RESTORE_REASON",
            f"须说明理由：一行文字，不超过 {_LONGEST} 字，不写个人信息；报送单位会看到",
            f"a reason is one line of at most {_LONGEST} characters, and names no person; the provider is told it",
        )
    return said


def restore(ground: Ground, person: Person, asked: Asked) -> Restored:
    """Put the table back; where it holds already what that version held, nothing is done.

    Raises:
        Refused: as `plan`; `CATALOG_UNKNOWN_RESOURCE`, `RESTORE_DENIED`, `RESTORE_REASON`, `RESTORE_MOVED`.
        Unavailable: `LEASE_TAKEN`, `RESTORE_UNSETTLED`, or a service that was not there; calling again goes on.
    """
    may_restore(ground, person, asked.dataset)
    why = reason_of(asked.reason)
    settings, lake = load(LakeSettings, ground.environ), Tables(ground.store)
    name, seconds = f"lake:{asked.dataset}", settings.lease_seconds
    with lease(ground.engine, name, seconds=seconds, wait_seconds=settings.wait_seconds) as held, kept(held):
        for _ in range(_ATTEMPTS):
            finish_interrupted(ground, lake, asked.dataset)
            found = plan(ground, lake, asked.dataset, asked.target)
            if found.nothing:
                return Restored(found, restoring.made(ground.engine, asked.dataset, found.newest))
            _as_seen(asked, found)
            about = {"dataset": asked.dataset, "actor": person.id, "reason": why, "target": asked.target}
            about |= {"reverted": [one["id"] for one in found.reverted]}
            about |= {"returned": [one["id"] for one in found.returned]}
            about |= {"replays": [one["id"] for one in found.replays]}
            with ground.scratch() as scratch, room():
                back = put_back(ground, lake, asked.dataset, found.replays, scratch)
            begun = restoring.intend(ground, held, _intent(found, back), about)
            if begun is not None and restoring.carry_out(ground, lake, begun):
                return Restored(found, restoring.load(ground.engine, begun["id"]))
    raise Unavailable(
        "RESTORE_UNSETTLED",
        "还原多次未能完成，请稍后重试",
        "the restore could not be done in several attempts",
        remedy=Text("稍后重试", "try again later"),
    )


def _intent(found: Plan, back: list[list[Any]]) -> Intent:
    adds, removes = ([[file.path, file.size, file.rows] for file in files] for files in (found.adds, found.removes))
    return Intent(adds, removes, back, found.newest)


def _as_seen(asked: Asked, found: Plan) -> None:
    if asked.seen is not None and asked.seen != found.newest:
        raise Refused(
            "RESTORE_MOVED",
            f"确认期间该数据集已从版本 {asked.seen} 变为版本 {found.newest}，什么都没有改动",
            f"the dataset went from version {asked.seen} to {found.newest} since you were shown what would come of "
            "it; nothing was changed",
            place=Place(dataset=asked.dataset),
            remedy=Text("重新查看后再确认", "look again, then confirm"),
        )
