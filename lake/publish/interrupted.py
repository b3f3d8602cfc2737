"""What was begun on a dataset and not finished: whoever holds its lease finishes it before anything else.

An intent compares itself with a version of the table, so the version must not go on before it is done.
"""

from infra.ground import Ground
from lake.publish import publish, replaying, restoring
from lake.records import record
from lake.store.delta import Tables


def finish_interrupted(ground: Ground, lake: Tables, dataset: str) -> frozenset[str]:
    """Finish, or withdraw, what deliveries, replays and restores have begun; the ids of those deliveries.

    Raises:
        Unavailable: a table cannot be reached; calling again goes on where this ended.
    """
    begun = record.interrupted(ground.engine, dataset)
    for one in begun:
        try:
            publish.carry_out(ground, lake, one)
        except publish.Stale:
            record.withdraw(ground, one)
    for again in replaying.interrupted(ground.engine, dataset):
        replaying.carry_out(ground, lake, again)
    for put_back in restoring.interrupted(ground.engine, dataset):
        restoring.carry_out(ground, lake, put_back)
    return frozenset(one["id"] for one in begun)
