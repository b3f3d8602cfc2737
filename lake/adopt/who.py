"""Who adopts, and into which domain. Outside the demo, who registers a resource and who delivers are two people."""

from pathlib import Path

from catalogs.folder.city import load_city
from catalogs.people.asking import deliverer
from catalogs.people.people import registrar
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.language import Text


def may_register(ground: Ground, dataset: str) -> None:
    """Refuses whoever may not register a resource, and says how it goes on.

    Raises:
        Refused: PERSON_UNKNOWN, KEY_EXPIRED, PERSON_ROLE.
    """
    try:
        registrar(ground)
    except Refused as told:
        if told.code != "PERSON_ROLE":
            raise
        raise Refused(
            "PERSON_ROLE",
            "接入会登记新的数据资源，须由主管部门审核人进行",
            "adopting registers a new resource, which is the authority's reviewer's to do",
            place=Place(dataset=dataset),
            remedy=Text(
                f"用 hub contract infer 文件 --dataset {dataset} --out 文件夹 生成草稿交给审核人，"
                f"或请其运行 hub adopt；登记后用 hub ingest {dataset} 文件 归集",
                f"make drafts for them with `hub contract infer FILE --dataset {dataset} --out DIR`, or have them run "
                f"`hub adopt`; once it is registered, `hub ingest {dataset} FILE`",
            ),
        ) from told


def taker(ground: Ground, dataset: str, as_: str | None) -> str:
    """Who takes the files in, once the drafts are registered: who registers may be one who may not deliver.

    Raises:
        Refused: DELIVERY_DENIED says that what was registered stays, and who goes on with which command; PERSON_….
    """
    try:
        return deliverer(ground, dataset, as_).id
    except Refused as told:
        if told.code != "DELIVERY_DENIED":
            raise
        raise Refused(
            told.code,
            "数据资源和契约已登记；本人不能向其归集数据，文件没有接收",
            "resource and contract are registered; you may not deliver into it, so the file was not taken",
            place=Place(dataset=dataset),
            reasons=told.reasons,
            remedy=Text(
                f"请提供单位的填报员或数据工程师运行 hub ingest {dataset} 文件",
                f"the provider's officer or a data engineer goes on with `hub ingest {dataset} FILE`",
            ),
        ) from told


def check_domain(folder: Path, dataset: str) -> None:
    """Refuses a dataset's id whose domain the city does not have, and names those that it has.

    Raises:
        Refused: CATALOG_FAULTY, DRAFT_DOMAIN.
    """
    domain, known = dataset.split(".")[1], [one.id for one in load_city(folder).domains]
    if domain in known:
        return
    shown = ", ".join(known)[:300]
    raise Refused(
        "DRAFT_DOMAIN",
        f"城市文件夹中没有领域 {domain}",
        f"the city's folder has no domain {domain}",
        place=Place(file="city.yaml", dataset=dataset),
        remedy=Text(
            f"数据集名的第二段用已有领域（{shown}），或先在 city.yaml 中增加",
            f"let the second part of the id be a domain that is there ({shown}), or add it to city.yaml first",
        ),
    )
