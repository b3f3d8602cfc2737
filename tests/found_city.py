"""A register to search in: the sample city, and beside it a drawn city of the same units."""

from dataclasses import replace

from catalogs.enter import enter_city
from catalogs.find.big_city import big_city
from catalogs.register import load_city
from catalogs.values.model import City
from infra.ground import Ground, sample_city


def found_city(count: int) -> City:
    """The sample city with `count` drawn resources and their departments."""
    sample = load_city(sample_city())
    drawn = big_city(sample, count)
    known = {each.id for each in sample.departments}
    more = tuple(each for each in drawn.departments if each.id not in known)
    return replace(sample, departments=(*sample.departments, *more), resources=(*sample.resources, *drawn.resources))


def register(ground: Ground, count: int) -> City:
    """Registers it."""
    city = found_city(count)
    enter_city(ground, city, "tester", sample=True)
    return city
