"""Adopting a file: what it holds is inferred, a resource and a contract are drafted, and it goes into the lake.

`propose` reads and infers and changes nothing. `settle` adds the drafts to the city's folder and registers them. What
was published under a contract is never adopted over: a dataset that has a contract takes files by `hub ingest`.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from catalogs.enter import register_city
from catalogs.folder import drafts
from catalogs.folder.read_resource import DATASET, DATASET_SAID
from catalogs.lookup import resource as one_resource
from catalogs.own_city import is_sample
from catalogs.people.people import current, registrar
from catalogs.personal.personal import PersonalRules
from catalogs.personal.read_personal import personal_rules
from catalogs.tables import CITY
from catalogs.values.model import City
from contracts.check import check_contracts, refusal
from contracts.infer.documents import About, contract_document, resource_document
from contracts.infer.draft import Draft, conclude, look
from contracts.infer.wide import SURE, Wide, wide
from contracts.odcs import dump
from contracts.register import document, register_contracts
from infra.database import read
from infra.errors import Place, Refused, WrongUse
from infra.ground import Ground
from infra.home_city import FOLDER, MARK
from infra.language import Text
from infra.lease import Lease, lease
from lake.adopt.survey import TABLE, Hints, Survey, surveyed
from lake.adopt.survey_measure import count_keys
from lake.adopt.who import check_domain, may_register


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person says beside the file: titles, who provides it, how deliveries meet, sheet and member.

    `unpivot` says whether a wide table is turned; None: where it is sure that it is one (`contracts.infer.wide`).
    """

    title: str | None = None
    mode: str | None = None
    provider: str | None = None
    hints: Hints = field(default_factory=Hints)
    unpivot: bool | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draft with what was read.

    Attributes:
        dataset: its id.
        draft: what was inferred.
        about: what the file does not say.
        encoding: of a text file; `sheet` of a workbook.
        notes: what the reader noticed.
        wide: how the table is or would be turned, None where it is long; `turned` whether it is.
    """

    dataset: str
    draft: Draft
    about: About
    encoding: str | None
    sheet: str | None
    notes: tuple[Text, ...]
    wide: Wide | None = None
    turned: bool = False

    @property
    def contract(self) -> dict[str, Any]:
        """The contract's document."""
        return contract_document(self.draft, self.about)

    @property
    def resource(self) -> dict[str, Any]:
        """The resource's document."""
        return resource_document(self.draft, self.about)


def propose(ground: Ground, paths: Sequence[Path], dataset: str, wishes: Wishes) -> Proposal:
    """What the files, which are one delivery, are inferred to hold. Changes nothing.

    Raises:
        WrongUse: ADOPT_DATASET.
        Refused: LANDING_…, READ_…, SURVEY_TABLES; ADOPT_NO_KEY.
    """
    if not DATASET.fullmatch(dataset):
        raise WrongUse(
            "ADOPT_DATASET",
            f"数据集名应为{DATASET_SAID[0]}",
            f"a dataset's id is {DATASET_SAID[1]}",
            remedy=Text("如 jinshui.traffic.road_flow", "such as jinshui.traffic.road_flow"),
        )
    rules = personal_rules(ground.city)
    with surveyed(ground, paths, dataset, wishes.hints) as survey:
        found = wide(survey.table, lambda headers: _distinct(survey, headers))
        if found is None or not (found.confidence >= SURE if wishes.unpivot is None else wishes.unpivot):
            return _proposed(survey, dataset, wishes, found, rules, turned=False)
    with surveyed(ground, paths, dataset, wishes.hints, found) as survey:
        return _proposed(survey, dataset, wishes, found, rules, turned=True)


def _distinct(survey: Survey, headers: Sequence[str]) -> int:
    asked = set(headers)
    places = {column.header: at for at, column in enumerate(survey.table.columns) if column.header in asked}
    key = tuple(headers)
    return count_keys(survey.duck, TABLE, [key], places, survey.table.rows + 1)[key]


def _proposed(
    survey: Survey, dataset: str, wishes: Wishes, found: Wide | None, rules: PersonalRules, *, turned: bool
) -> Proposal:
    looked = look(survey.table, found.value if found and turned else None, rules)
    names = [column.name for column in looked.columns]
    places = {name: at for at, name in enumerate(names)}
    counts = count_keys(survey.duck, TABLE, [one.key for one in looked.keys], places, survey.table.distinct)
    draft = conclude(looked, counts, wishes.mode)
    if draft.mode == "upsert" and not draft.key:
        raise _keyless(survey.name, dataset)
    if found:
        draft = replace(draft, findings=(*draft.findings, found.finding(names if turned else None)))
    name = dataset.split(".")[2]
    about = About(
        dataset=dataset,
        zh=wishes.title or name,
        en=wishes.title or name.replace("_", " "),
        provider=wishes.provider or f"{dataset.split('.', maxsplit=1)[0]}_data",
        format=survey.source.format,
        reading=survey.reading | ({"unpivot": found.reading(names)} if found and turned else {}),
    )
    notes = tuple(note.text for note in survey.source.notes if note.code not in ("optional_columns_missing",))
    return Proposal(dataset, draft, about, survey.source.encoding, survey.source.sheet, notes, found, turned)


def _keyless(name: str, dataset: str) -> Refused:
    return Refused(
        "ADOPT_NO_KEY",
        "按主键更新需要主键，而没有一组列能分辨这些记录",
        "an upsert needs a key, and no columns tell these records apart",
        place=Place(file=name, dataset=dataset),
        remedy=Text(
            "改用 --mode append 或 snapshot；确有主键时，用 hub contract infer 生成草稿，写明 primaryKey 后登记",
            "take --mode append or snapshot; where there is one, make drafts with `hub contract infer`, name the "
            "primaryKey in the contract and register it",
        ),
    )


def may_adopt(ground: Ground, dataset: str) -> None:
    """Refuses before anything is read what could not be settled anyway.

    Raises:
        Refused: PERSON_UNKNOWN, KEY_EXPIRED, PERSON_ROLE; ADOPT_SAMPLE; DRAFT_DOMAIN, CATALOG_FAULTY.
    """
    if not ground.demo:
        current(ground)
    if not _registered(ground, dataset):
        may_register(ground, dataset)  # adopting registers the city's folder, people and roles with it
    if not is_sample(ground.city):
        if ground.city != ground.home / FOLDER and DATASET.fullmatch(dataset):  # the own city is given what it lacks
            check_domain(ground.city, dataset)
        return
    with read(ground.engine) as connection:
        known = connection.execute(sa.select(CITY.c.id)).scalar()
    if known is not None:
        raise Refused(
            "ADOPT_SAMPLE",
            f"这里登记的是样例城市 {known}，它的文件夹属于程序，不能增补",
            f"the city that is registered here is the sample {known}, whose folder belongs to the program",
            place=Place(dataset=dataset),
            remedy=Text(
                f"复制 {ground.city}，把 HUB_CITY_DIR 设为副本；或另设 HUB_HOME 从空目录开始",
                f"copy {ground.city} and name the copy in HUB_CITY_DIR; or begin with an empty home (HUB_HOME)",
            ),
        )


def begin(ground: Ground, dataset: str) -> None:
    """Give a home without a city one of its own, below it, and the own city the unit and the domain of `dataset`.

    Raises:
        Unavailable: CATALOG_FOLDER.
    """
    own = ground.home / FOLDER
    if ground.city != own and not is_sample(ground.city):
        return
    unit, domain, _ = dataset.split(".")
    with _alone(ground):
        drafts.begin(own, unit, domain, MARK)


def settle(ground: Ground, proposal: Proposal, scratch: Path, provider: str | None) -> tuple[Path, ...]:
    """Add the drafts to the city's folder and register both; the files that were written.

    Raises:
        Refused: ADOPT_PUBLISHED, CATALOG_FAULTY, CONTRACT_…, DRAFT_…, PERSON_….
        Unavailable: CATALOG_FOLDER, DATABASE_….
    """
    dataset, folder = proposal.dataset, ground.city
    resource = {**proposal.resource, "provider": provider or drafts.provider_of(folder, dataset.split(".")[0])}
    raw = proposal.contract
    with _alone(ground):
        if _published(ground, dataset, raw):
            return ()

        # This contract alone: what else lies in the folder is neither checked nor registered by the way.
        alone = scratch / "contract"
        alone.mkdir()
        (alone / f"{dataset}.yaml").write_text(dump(raw), encoding="utf-8")

        def check(city: City) -> None:
            faults = check_contracts(alone, city.resources)
            if faults:
                raise refusal(faults)

        registrar(ground)  # who may not register changes nothing of the folder either
        files = drafts.add(folder, resource, dump(raw), scratch, check)
        register_city(ground, folder, registrar(ground))
        actor = registrar(ground)
        register_contracts(ground, alone, actor, [one_resource(ground.engine, dataset)])
    return files


def _registered(ground: Ground, dataset: str) -> bool:
    try:
        document(ground.engine, dataset)
    except Refused:
        return False
    return True


def _alone(ground: Ground) -> contextlib.AbstractContextManager[Lease]:
    """One at a time changes the city's folder."""
    return lease(ground.engine, "catalogs:adopt", seconds=120, wait_seconds=60)


def _published(ground: Ground, dataset: str, raw: Mapping[str, Any]) -> bool:
    """Whether the very same contract is registered; refuses when another is."""
    try:
        known = document(ground.engine, dataset)
    except Refused:
        return False
    if known == raw:
        return True
    raise Refused(
        "ADOPT_PUBLISHED",
        f"数据集 {dataset} 已有契约 {known.get('version')}，接入会改变它，什么都没有改动",
        f"the dataset {dataset} has the contract {known.get('version')}, which adopting would change; nothing was "
        "changed",
        place=Place(dataset=dataset),
        remedy=Text(
            f"用 hub ingest {dataset} 文件 归集；要改契约，用 hub contract infer 生成草稿，"
            "hub contract diff 比较，提高 version 后登记",
            f"deliver with `hub ingest {dataset} FILE`; to change the contract make a draft with `hub contract infer`, "
            "compare it with `hub contract diff`, raise its version and register it",
        ),
    )


def write_drafts(ground: Ground, proposal: Proposal, out: Path, provider: str | None = None) -> tuple[Path, ...]:
    """Both drafts below `out`, laid out as in a city's folder; nothing that lies there is overwritten.

    Who provides it is the unit's first department, where the city has one: a draft that names nobody's is registered
    by nobody.

    Raises:
        Refused: DRAFT_EXISTS.
        Unavailable: CATALOG_FOLDER.
    """
    unit = proposal.dataset.split(".")[0]
    with contextlib.suppress(Refused):  # a city with a fault, or without the unit, still gets its drafts
        provider = provider or drafts.provider_of(ground.city, unit)
    resource = proposal.resource | ({"provider": provider} if provider else {})
    catalogue = {"unit": unit, "resources": [resource]}
    texts = {
        out / "contracts" / f"{proposal.dataset}.yaml": dump(proposal.contract),
        out / "catalogues" / f"{proposal.dataset}.yaml": drafts.yaml_text(catalogue),
    }
    drafts.put_new(texts)
    return tuple(texts)
