"""A harvested record becomes a draft of the department that it names: what the source says is filled in, and noted.

Nothing is made up. What the source does not say stands so that the check asks for it: no item, no terms of sharing, no
classification. The officer fills these in and nothing twice.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from catalogs.exchange.listing import body
from catalogs.folder.read_resource import DATASET
from catalogs.life.drafts import Draft, save
from catalogs.sheet.naming import domain_of, guessed_domain, name_of, unique
from catalogs.sheet.register import Register, register_of, squeezed
from catalogs.sheet.values import word
from catalogs.values.model import (
    Classification,
    Conditions,
    Department,
    Grade,
    Person,
    Resource,
    SharingAttribute,
    Text,
)
from catalogs.values.words import DataFormat, Openness, SharingMode, UpdateFrequency, find
from infra.errors import Place, Refused, WrongUse
from infra.ground import Ground

LONGEST = 1000


def draft_from(
    ground: Ground, source: str, identity: str, by: Person, *, domain: str | None = None, dataset: str | None = None
) -> Draft:
    """Draft an entry from a harvested record.

    Args:
        ground: where.
        source: the source's name here.
        identity: the record's id in it.
        by: one of the department that the record names; where it names none, whose department it becomes.
        domain: of the entry, where the record does not speak of one.
        dataset: its id, else one made of unit, domain and title.

    Raises:
        Refused: HARVEST_UNKNOWN; HARVEST_PROVIDER, it is another department's; HARVEST_HERE, an entry of that title is
            here already; CATALOG_ACT_DENIED.
        WrongUse: HARVEST_DOMAIN, HARVEST_DATASET.
    """
    if dataset is not None and not DATASET.fullmatch(dataset):
        raise WrongUse("HARVEST_DATASET", "数据集标识应为 单位.领域.名称", "a dataset's id is unit.domain.name")
    record, register = body(ground.engine, source, identity), register_of(ground.engine)
    provider = _provider(register, record, by)
    here = register.known(provider.id, record["title"])
    if here is not None:
        raise Refused(
            "HARVEST_HERE",
            f"该部门已有同名目录 {here}，没有另建",
            f"the department has an entry of that title: {here}; no other was made",
            place=Place(dataset=here),
            remedy=Text("直接修改该目录：hub catalog draft", "change that one: `hub catalog draft`"),
        )
    entry = entry_of(record, provider, dataset or _named(register, provider, record, domain), f"{source}/{identity}")
    return save(ground, entry, by, revision=None, why=f"由采集记录起草 drafted from {source}/{identity}"[:LONGEST])


def entry_of(record: Mapping[str, Any], provider: Department, dataset: str, where: str) -> Resource:
    """The entry that a record's body gives; `where` is its source and id here."""
    said = {name: record.get(name) or "" for name in ("title", "summary", "topic", "page", "published")}
    forms = [word(DataFormat, str(one.get("format") or "")) for one in record.get("files") or ()]
    forms += [DataFormat.API if one.get("url") else None for one in record.get("files") or ()]
    form = next((one for one in forms if one is not None), DataFormat.DATABASE)
    mode = SharingMode.API if form is DataFormat.API else SharingMode.FILE
    noted = f"采集自 {where}" + (f"（{said['page']}）" if said["page"] else "")
    return Resource(
        id=dataset,
        title=Text(said["title"], said["title"]),
        summary=Text(said["summary"][:LONGEST], said["summary"][:LONGEST]),
        provider=provider.id,
        data_format=form,
        update_frequency=find(UpdateFrequency, record.get("update_frequency") or "") or UpdateFrequency.IRREGULAR,
        sharing_attribute=SharingAttribute.CONDITIONAL,  # without terms, which the check asks for
        sharing_mode=(mode,) if form is not DataFormat.DATABASE else (SharingMode.BATCH,),
        conditions=Conditions(),
        classification=Classification(said["topic"][:100], ""),
        grade=Grade.GENERAL_2,
        openness=find(Openness, record.get("openness") or "") or Openness.CLOSED,
        items=(),
        source=noted[:LONGEST],
        link=said["page"][:LONGEST] or None,
        published_on=_day(said["published"]),
    )


def _provider(register: Register, record: Mapping[str, Any], by: Person) -> Department:
    named = record.get("provider")
    own = register.by_id[by.department]
    found = register.by_name.get(squeezed(named)) if named else own
    if found is None or found.id != own.id:
        raise Refused(
            "HARVEST_PROVIDER",
            f"该记录的提供单位是“{str(named)[:60]}”，不是本部门",
            f"the record is of {str(named)[:60]!r}, which is not your department",
            remedy=Text("请该部门的填报员起草", "ask an officer of that department"),
        )
    return own


def _named(register: Register, provider: Department, record: Mapping[str, Any], domain: str | None) -> str:
    """The id of the new entry: unit, domain, and a name made of the title."""
    title = record["title"]
    spoken = [record.get("topic") or "", title, provider.name.zh, record.get("summary") or ""]
    found = domain_of(register.domains, domain) if domain else guessed_domain(register.domains, spoken)
    if found is None:
        names = [f"{one.id}（{one.name.zh}）" for one in register.domains]
        raise WrongUse(
            "HARVEST_DOMAIN",
            "看不出所属领域" if domain is None else f"没有领域 {domain[:40]}",
            "its domain cannot be told" if domain is None else f"there is no domain {domain[:40]}",
            remedy=Text("指明领域（--domain）：" + "、".join(names), "name it (--domain): " + ", ".join(names)),
        )
    before = f"{provider.unit}.{found.id}."
    return before + unique(name_of(title), provider.id + title, lambda name: before + name in register.ids)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
