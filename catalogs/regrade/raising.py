"""What raises the grade of an entry as it stands, and what of it was reviewed: for the command and for the API."""

from dataclasses import dataclass
from typing import Any

from catalogs.folder.read_thresholds import thresholds
from catalogs.life.drafts import draft
from catalogs.lookup import resource
from catalogs.own_city import own_city
from catalogs.regrade.regrading import cleared, review
from catalogs.rules.grading import Trigger, effective_grade, triggers
from catalogs.values.model import Grade, Person, Resource
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.language import Text


@dataclass(frozen=True, slots=True)
class Raised:
    """An entry, what raises it, which of these were reviewed, and the grade that holds until all are."""

    entry: Resource
    triggers: tuple[Trigger, ...]
    reviewed: frozenset[str]
    grade: Grade

    def plain(self) -> dict[str, Any]:
        """In ids and both languages, for JSON."""
        found = [
            {
                "id": one.id,
                "message": {"zh": one.text.zh, "en": one.text.en},
                "article": {"zh": one.article.zh, "en": one.article.en},
                "raises": one.raises.id,
                "reviewed": one.id in self.reviewed,
            }
            for one in self.triggers
        ]
        return {"dataset": self.entry.id, "grade": self.grade.id, "triggers": found}


def entry_now(ground: Ground, dataset: str) -> Resource:
    """The entry as it is drafted, for what is to be published is reviewed first; else as it is registered.

    Raises:
        Refused: CATALOG_UNKNOWN_RESOURCE.
    """
    drafted = draft(ground.engine, dataset)
    return drafted.body if drafted is not None else resource(ground.engine, dataset)


def raised(ground: Ground, dataset: str) -> Raised:
    """What raises the grade of an entry.

    Raises:
        Refused: CATALOG_UNKNOWN_RESOURCE, CATALOG_FAULTY.
        WrongUse: CITY_NOT_THIS.
    """
    found = entry_now(ground, dataset)
    known = tuple(triggers(found, thresholds(own_city(ground))))
    seen = cleared(ground.engine, found)
    return Raised(found, known, frozenset(seen), effective_grade(found, known, seen))


def unreviewed(ground: Ground, entry: Resource) -> list[Trigger]:
    """What raises the entry and nobody has reviewed.

    Raises:
        Refused: CATALOG_FAULTY.
        WrongUse: CITY_NOT_THIS.
    """
    seen = cleared(ground.engine, entry)
    return [one for one in triggers(entry, thresholds(own_city(ground))) if one.id not in seen]


def review_one(ground: Ground, dataset: str, trigger: str, by: Person, *, basis: str) -> Raised:
    """Record that a trigger of the entry was reviewed and is not important; what raises the entry after it.

    Raises:
        Refused: TRIGGER_UNKNOWN, CATALOG_UNKNOWN_RESOURCE, CATALOG_ACT_DENIED, POLICY_INVALID.
        WrongUse: REGRADE_WORDS, CITY_NOT_THIS.
    """
    found = raised(ground, dataset)
    if trigger not in {each.id for each in found.triggers}:
        raise Refused(
            "TRIGGER_UNKNOWN",
            "该资源没有这个触发事项",
            "nothing of that id raises the resource",
            place=Place(dataset=dataset),
            remedy=Text("用 hub catalog regrade triggers 查看", "see `hub catalog regrade triggers`"),
        )
    review(ground, found.entry, trigger, by, basis=basis)
    return raised(ground, dataset)
