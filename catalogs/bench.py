"""`hub bench policy`: what one decision costs with many grants about.

Each decision builds its slice of entities (reader, item, and the reader's own grant out of `grants`), evaluates the
rules of the house and answers with reasons. Reported in milliseconds: median, 99th percentile, and the same for a slice
that must be found among the grants by id.
"""

import statistics
import time
from dataclasses import replace
from typing import Any

from catalogs.decide import decide, house_policy, item_ref, visible_items
from catalogs.model import Grade, Person, Resource, Role
from catalogs.register import load_city
from infra.ground import sample_city


def run(*, grants: int = 10_000, decisions: int = 5_000, rounds: int = 5) -> dict[str, Any]:
    """Times single decisions on one item, and the decision on all items of a resource, with `grants` readers known.

    Returns:
        `grants`, `decisions`, `policies`, and `p50_ms`, `p99_ms` (the median of the rounds' figures) for `item` and for
        `resource`; `load_ms` is what reading and validating the policies costs once.
    """
    began = time.perf_counter()
    engine = house_policy()
    load = (time.perf_counter() - began) * 1000
    city = load_city(sample_city())
    readers = _readers(grants, city.people[0])
    resources = city.resources
    rows: dict[str, list[tuple[float, float]]] = {"item": [], "resource": []}
    for offset in range(rounds):
        rows["item"].append(_percentiles([_one(readers, resources, offset * decisions + n) for n in range(decisions)]))
        rows["resource"].append(
            _percentiles([_all(readers, resources, offset * decisions + n) for n in range(decisions // 5)])
        )
    result: dict[str, Any] = {
        "grants": grants,
        "decisions": decisions * rounds,
        "policies": len(engine.texts),
        "load_ms": round(load, 2),
    }
    for what, found in rows.items():
        result[what] = {
            "p50_ms": round(statistics.median(each[0] for each in found), 4),
            "p99_ms": round(statistics.median(each[1] for each in found), 4),
        }
    return result


def _readers(grants: int, model: Person) -> dict[str, Person]:
    """One reader a grant: the purpose it was granted for is an attribute of the reader."""
    return {
        f"reader_{n}": replace(
            model,
            id=f"reader_{n}",
            roles=frozenset({Role.ENGINEER}),
            clearance=Grade(1 + n % 4),
            purposes=frozenset({f"grant_{n}"}),
        )
        for n in range(grants)
    }


def _one(readers: dict[str, Person], resources: tuple[Resource, ...], n: int) -> float:
    number, resource = n * 7919 % len(readers), resources[n % len(resources)]
    item = resource.items[n % len(resource.items)]
    began = time.perf_counter()
    decide(readers[f"reader_{number}"], "query", item_ref(resource, item.name), {"purpose": f"grant_{number}"})
    return (time.perf_counter() - began) * 1000


def _all(readers: dict[str, Person], resources: tuple[Resource, ...], n: int) -> float:
    number, resource = n * 7919 % len(readers), resources[n % len(resources)]
    began = time.perf_counter()
    visible_items(readers[f"reader_{number}"], resource, "query", {"purpose": f"grant_{number}"})
    return (time.perf_counter() - began) * 1000


def _percentiles(taken: list[float]) -> tuple[float, float]:
    ordered = sorted(taken)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
