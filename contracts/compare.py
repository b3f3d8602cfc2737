"""`hub contract diff`: which two contracts are compared, registered ones or files, and what is told of them."""

from pathlib import Path
from typing import Any

from catalogs.people.asking import described
from contracts.changes import KINDS, asked, next_version, raised
from contracts.check import refusal
from contracts.diff import diff
from contracts.model import Contract
from contracts.odcs import load
from contracts.parse import parse
from contracts.register import contract
from infra.errors import WrongUse
from infra.ground import Ground
from infra.language import Text


def pair(
    ground: Ground, before: str, after: str | None, versions: tuple[str | None, str | None], as_: str | None
) -> tuple[Contract, Contract]:
    """The contracts before and after.

    A name that is a file is read; any other is a dataset, of which the one who asks must be allowed to see the
    description. One file alone is compared with the registered contract of its dataset; one dataset needs `versions`.

    Raises:
        Refused: CONTRACT_UNKNOWN, CONTRACT_FAULTY.
        WrongUse: CONTRACT_DIFF: the two cannot be told from what was given, or are of two datasets.
    """
    first, second = versions
    if after is None and Path(before).is_file():
        new = read_contract(Path(before))
        return _registered(ground, new.id, first, as_), new
    if after is None and first is None:
        raise _wrong(
            "请写一个或两个已有的契约文件，或数据集加 --from 版本",
            "name one or two contract files that are there, or a dataset and --from VERSION",
        )
    old = _either(ground, before, first, as_)
    new = _either(ground, before if after is None else after, second, as_)
    if old.id != new.id:
        raise _wrong(f"两份契约属于不同数据集：{old.id}、{new.id}", f"they are of two datasets: {old.id}, {new.id}")
    return old, new


def _either(ground: Ground, name: str, version: str | None, as_: str | None) -> Contract:
    path = Path(name)
    return read_contract(path) if path.is_file() else _registered(ground, name, version, as_)


def _registered(ground: Ground, dataset: str, version: str | None, as_: str | None) -> Contract:
    described(ground, dataset, as_)
    return contract(ground.engine, dataset, version)


def read_contract(path: Path) -> Contract:
    """The contract of a file that nobody registered yet.

    Raises:
        Refused: CONTRACT_FAULTY with every fault.
    """
    document, faults = load(path)
    if document is not None and not faults:
        made, faults = parse(document)
        if made is not None:
            return made
    raise refusal(faults)


def _wrong(zh: str, en: str) -> WrongUse:
    see = Text("见 hub contract diff --help", "see `hub contract diff --help`")
    return WrongUse("CONTRACT_DIFF", zh, en, remedy=see)


def told(old: Contract, new: Contract, lang: str) -> dict[str, Any]:
    """What `--json` prints: the changes, the version they ask for, and whether the version number says as much."""
    changes = diff(old, new)
    part, given = asked(changes), raised(old.version, new.version)
    return {
        "dataset": new.id,
        "from": old.version,
        "to": new.version,
        "changes": [one.as_dict(lang) for one in changes],
        "asks": part.name.lower() if changes else None,
        "least_version": next_version(old.version, part) if changes else old.version,
        "enough": not changes or (given is not None and given >= part),
    }


def rows(old: Contract, new: Contract, lang: str) -> list[tuple[str, str, str]]:
    """The changes for a person: what each asks for, whom it breaks, what it is."""
    whom = {"reader": Text("读者", "readers"), "deliverer": Text("报送方", "deliverers")}
    comma = Text("、", ", ").say(lang)
    return [
        (
            one.part.said.say(lang),
            comma.join(whom[who].say(lang) for who in KINDS[one.kind].breaks),
            one.said.say(lang),
        )
        for one in diff(old, new)
    ]


def conclusion(value: dict[str, Any]) -> Text:
    """Whether the version number will do, in a sentence."""
    if not value["changes"]:
        return Text("没有改动。", "Nothing changed.")
    if value["enough"]:
        return Text("版本号与改动相符。", "The version number says as much as the changes ask for.")
    least, step = value["least_version"], f"{value['from']} → {value['to']}"
    return Text(
        f"{step} 不够：version 应为 {least} 或更高。", f"{step} is not enough: set version to {least} or higher."
    )
