"""The sample city with a department that drafts: an officer, its head, a second officer, and the authority."""

from dataclasses import replace

from catalogs.grading import triggers
from catalogs.model import Person, Resource, Text
from catalogs.people import person
from catalogs.register import register_city, resource
from catalogs.regrading import review
from infra.ground import Ground, sample_city

FLOW = "jinshui.traffic.road_flow"
NEW = "jinshui.traffic.signal_plans"


def stock(ground: Ground) -> None:
    """Register the sample city."""
    register_city(ground, sample_city(), "tester")


def who(ground: Ground, identity: str) -> Person:
    """One of the city's people."""
    return person(ground.engine, identity)


def looked_at(ground: Ground, entry: Resource) -> None:
    """Let the authority find that nothing which raises the entry's grade is important."""
    for trigger in triggers(entry):
        review(ground, entry, trigger.id, who(ground, "reviewer_authority"), basis="经复核不属重要数据")


def fresh(ground: Ground, dataset: str = NEW, title: str = "信号配时方案") -> Resource:
    """An entry that is registered nowhere, after the model of one that is."""
    return replace(resource(ground.engine, FLOW), id=dataset, code=None, title=Text(title, title))
