"""What one decision about reading inside costs, for `hub bench policy`.

Each decision builds its slice of entities (reader and item), evaluates the rules of the house and answers with reasons:
for one item, and for all items of a resource. Reported in milliseconds: median and 99th percentile.
"""

import statistics
import time
from dataclasses import replace
from typing import Any

from catalogs.permission.decide import decide, house_policy, item_ref, visible_items
from catalogs.register import load_city
from catalogs.values.model import Grade, Person, Resource, Role
from infra.ground import sample_city


def run(*, readers: int = 10_000, decisions: int = 5_000, rounds: int = 5) -> dict[str, Any]:
    """Times single decisions on one item, and the decision on all items of a resource, by `readers` readers in turn.

    Returns:
        `readers`, `decisions`, `policies`, and `p50_ms`, `p99_ms` (the median of the rounds' figures) for `item` and
        for `resource`; `load_ms` is what reading and validating the policies costs once.
    """
    began = time.perf_counter()
    engine = house_policy()
    load = (time.perf_counter() - began) * 1000
    city = load_city(sample_city())
    known = _readers(readers, city.people[0])
    resources = city.resources
    rows: dict[str, list[tuple[float, float]]] = {"item": [], "resource": []}
    for offset in range(rounds):
        rows["item"].append(_percentiles([_one(known, resources, offset * decisions + n) for n in range(decisions)]))
        rows["resource"].append(
            _percentiles([_all(known, resources, offset * decisions + n) for n in range(decisions // 5)])
        )
    result: dict[str, Any] = {
        "readers": readers,
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


def _readers(count: int, model: Person) -> dict[str, Person]:
    """Readers of all clearances, each with a purpose of its own."""
    return {
        f"reader_{n}": replace(
            model,
            id=f"reader_{n}",
            roles=frozenset({Role.ENGINEER}),
            clearance=Grade(1 + n % 4),
            purposes=frozenset({f"purpose_{n}"}),
        )
        for n in range(count)
    }


def _one(readers: dict[str, Person], resources: tuple[Resource, ...], n: int) -> float:
    number, resource = n * 7919 % len(readers), resources[n % len(resources)]
    item = resource.items[n % len(resource.items)]
    began = time.perf_counter()
    decide(readers[f"reader_{number}"], "query", item_ref(resource, item.name), {"purpose": f"purpose_{number}"})
    return (time.perf_counter() - began) * 1000


def _all(readers: dict[str, Person], resources: tuple[Resource, ...], n: int) -> float:
    number, resource = n * 7919 % len(readers), resources[n % len(resources)]
    began = time.perf_counter()
    visible_items(readers[f"reader_{number}"], resource, "query", {"purpose": f"purpose_{number}"})
    return (time.perf_counter() - began) * 1000


def _percentiles(taken: list[float]) -> tuple[float, float]:
    ordered = sorted(taken)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
