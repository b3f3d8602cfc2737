"""Conservation: what a delivery brought is published, in quarantine or a duplicate, and nothing else."""

from collections.abc import Mapping

from infra.errors import Place
from lake.records.record import Row


def balance(row: Row, counts: Mapping[str, int]) -> None:
    """Conservation, checked before anything is promised."""
    if counts["read"] != counts["published"] + counts["quarantined"] + counts["duplicates"]:
        message = f"delivery {row['id']} does not balance: {dict(counts)}"
        raise AssertionError(message, Place(delivery=row["id"]))
