"""The sample city with a department that drafts: an officer, its head, a second officer, and the authority."""

from dataclasses import replace
from pathlib import Path

from catalogs.life import papers, steps
from catalogs.life.drafts import save
from catalogs.life.machine import Paper
from catalogs.people.people import person
from catalogs.register import register_city, resource
from catalogs.regrade.regrading import review
from catalogs.rules.grading import triggers
from catalogs.values.model import Person, Resource, Text
from infra.ground import Ground, sample_city

FLOW = "jinshui.traffic.road_flow"
NEW = "jinshui.traffic.signal_plans"
WORDS = "按第十三条办理"


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


def assessed(ground: Ground, dataset: str, paper: Path) -> None:
    """Record both assessments of a draft."""
    officer = who(ground, "officer_jinshui")
    papers.assess(ground, dataset, Paper.SECRECY, paper, officer, result="不涉密")
    papers.assess(ground, dataset, Paper.PERSONAL, paper, officer, result="不含个人信息")


def published(ground: Ground, wanted: Resource, paper: Path, revision: int | None = None) -> None:
    """Take an entry of Jinshui's transport department from its draft to its publication."""
    officer, authority = who(ground, "officer_jinshui"), who(ground, "reviewer_authority")
    save(ground, wanted, officer, revision=revision, why=WORDS)
    assessed(ground, wanted.id, paper)
    papers.approve(ground, wanted.id, who(ground, "head_jinshui"))
    steps.submit(ground, wanted.id, officer)
    steps.review(ground, wanted.id, authority)
    looked_at(ground, wanted)
    steps.publish(ground, wanted.id, authority)
