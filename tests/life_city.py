"""The sample city with a department that drafts: an officer, its head, a second officer, and the authority."""

from dataclasses import replace

from catalogs.model import Person, Resource, Text
from catalogs.people import person
from catalogs.register import register_city, resource
from infra.ground import Ground, sample_city

FLOW = "jinshui.traffic.road_flow"
NEW = "jinshui.traffic.signal_plans"


def stock(ground: Ground) -> None:
    """Register the sample city."""
    register_city(ground, sample_city(), "tester")


def who(ground: Ground, identity: str) -> Person:
    """One of the city's people."""
    return person(ground.engine, identity)


def fresh(ground: Ground, dataset: str = NEW, title: str = "信号配时方案") -> Resource:
    """An entry that is registered nowhere, after the model of one that is."""
    return replace(resource(ground.engine, FLOW), id=dataset, code=None, title=Text(title, title))
