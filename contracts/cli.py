"""`hub contract check|register|list|show|diff|suite`: thin commands over `contracts.check` and `contracts.register`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, table
from infra.language import Text

if TYPE_CHECKING:
    from catalogs.rules.faults import Fault
    from contracts.model import Contract

_FOLDER = click.Path(path_type=Path)


@click.group(
    help=help_text(
        "数据契约：检查、登记、查看、比较、检验套件", "Data contracts: check, register, list, show, diff, suite."
    )
)
def contract() -> None:
    """Hold the contract commands together."""


@contract.command(
    help=help_text("检查一个城市目录的全部契约", "Check all contracts of a city's folder (default: the city).")
)
@click.argument("folder", required=False, type=_FOLDER)
@json_option
def check(folder: Path | None) -> int:
    """Print every fault with its place; exit 1 when there is one."""
    from catalogs.folder.city import load_city
    from contracts.check import check_contracts
    from infra.ground import open_ground

    ground = open_ground()
    chosen = folder or ground.city
    # Contracts in a folder of their own are checked without a catalogue.
    resources = load_city(chosen).resources if (chosen / "city.yaml").is_file() else None
    faults = check_contracts(chosen, resources)
    emit(
        ground,
        {"folder": str(chosen), "faults": [found.as_dict(ground.lang) for found in faults]},
        lambda _: _report(faults, ground.lang),
    )
    return 1 if faults else 0


def _report(faults: "list[Fault]", lang: str) -> list[str]:
    if not faults:
        return [Text("契约没有错误。", "The contracts hold no fault.").say(lang)]
    return [
        *(found.sentence(lang) for found in faults),
        Text(f"共 {len(faults)} 处", f"{len(faults)} faults").say(lang),
    ]


@contract.command(
    help=help_text(
        "登记城市文件夹中的全部契约（缺省为当前城市），并记入存证。",
        "Register all contracts of a city's folder (default: the city), recorded in the ledger.",
    )
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@json_option
def register(folder: Path | None) -> None:
    """Register and print what changed; a faulty folder registers nothing."""
    from catalogs.lookup import resources
    from catalogs.people.people import registrar
    from catalogs.values.model import Role
    from contracts.register import register_contracts
    from infra.ground import open_ground

    with open_ground() as ground:
        actor = registrar(ground, Role.ENGINEER)
        done = register_contracts(ground, folder or ground.city, actor, resources(ground.engine))
        said = Text(
            f"新增 {len(done.added)}，变更 {len(done.changed)}，未变 {len(done.unchanged)}",
            f"{len(done.added)} new, {len(done.changed)} changed, {len(done.unchanged)} unchanged",
        )
        marked = [*(f"  + {name}" for name in done.added), *(f"  ~ {name}" for name in done.changed)]
        emit(ground, done, lambda _: [said.say(ground.lang), *marked])


@contract.command("list", help=help_text("列出已登记的契约", "List the registered contracts."))
@as_option
@json_option
def list_(as_: str | None) -> None:
    """Print dataset, version and name of each whose resource may be described to whoever asks."""
    from catalogs.lookup import resources
    from catalogs.people.asking import describable
    from contracts.register import listing
    from infra.ground import open_ground

    with open_ground() as ground:
        told = describable(ground, resources(ground.engine), as_)
        found = [one for one in listing(ground.engine) if one.dataset in told]
        names = [
            Text(*pair).say(ground.lang) for pair in (("数据集", "dataset"), ("版本", "version"), ("名称", "name"))
        ]
        emit(
            ground,
            {"contracts": found},
            lambda _: table([(one.dataset, one.version, one.name) for one in found], names),
        )


@contract.command(help=help_text("显示一份契约（ODCS v3.1 YAML）", "Show a contract as ODCS v3.1 YAML."))
@click.argument("dataset")
@click.option(
    "--version", help=help_text("契约版本，默认当前版本", "a version of the contract; the current one if omitted")
)
@as_option
@json_option
def show(dataset: str, version: str | None, as_: str | None) -> None:
    """Print the document, every key in its order."""
    from catalogs.people.asking import described
    from contracts.odcs import dump
    from contracts.register import document
    from infra.ground import open_ground

    with open_ground() as ground:
        described(ground, dataset, as_)
        raw = document(ground.engine, dataset, version)
        emit(ground, raw, lambda _: dump(raw).rstrip())


@contract.command(
    help=help_text(
        "比较契约的两个版本：哪些改动不兼容，要求哪一位版本号。BEFORE、AFTER 为数据集或文件；"
        "只写一个文件时与已登记的当前版本比较。改动大于版本号所示时退出码为 1。",
        "What changed between two versions of a contract, what of it breaks, and which version it asks for. BEFORE and "
        "AFTER are datasets or files; one file alone is compared with what is registered. Exits 1 when the changes ask "
        "for more than the version number says.",
    )
)
@click.argument("before")
@click.argument("after", required=False)
@click.option("--from", "from_", metavar="VERSION", help=help_text("旧版本", "the version before"))
@click.option("--to", metavar="VERSION", help=help_text("新版本", "the version after"))
@as_option
@json_option
def diff(before: str, after: str | None, from_: str | None, to: str | None, as_: str | None) -> int:
    """Print each change with whom it breaks and what it asks for."""
    from contracts.compare import conclusion, pair, rows, told
    from infra.ground import open_ground

    with open_ground() as ground:
        old, new = pair(ground, before, after, (from_, to), as_)
        value = told(old, new, ground.lang)
        names = [Text(*one).say(ground.lang) for one in (("要求", "asks"), ("影响", "breaks"), ("改动", "change"))]
        found = rows(old, new, ground.lang)
        emit(
            ground,
            value,
            lambda _: [*([table(found, names)] if found else []), conclusion(value).say(ground.lang)],
        )
    return 0 if value["enough"] else 1


@contract.command(help=help_text("显示契约的规则与检验套件", "Show a contract's rules and its suite of expectations."))
@click.argument("dataset")
@click.option(
    "--version", help=help_text("契约版本，默认当前版本", "a version of the contract; the current one if omitted")
)
@as_option
@json_option
def suite(dataset: str, version: str | None, as_: str | None) -> None:
    """Print each expectation with its rule, the contract's severity and its own, and its sentence."""
    from catalogs.people.asking import described
    from contracts.register import contract as registered
    from infra.ground import open_ground

    with open_ground() as ground:
        described(ground, dataset, as_)
        value = _suite(registered(ground.engine, dataset, version), ground.now())
        names = (
            ("规则", "契约级别", "检验级别", "检验", "说明")
            if ground.lang == "zh"
            else ("rule", "in contract", "in audit", "expectation", "sentence")
        )
        rows = [
            (one["rule"], one["rule_severity"], one["severity"], one["expectation"], one["sentence"][ground.lang])
            for one in value["expectations"]
        ]
        emit(ground, value, lambda _: table(rows, names))


def _suite(made: "Contract", now: Any) -> dict[str, Any]:
    from contracts.compile import compile as compiled
    from contracts.compile import suite as expectations

    written = {rule.id: rule.severity for rule in made.row_rules}
    written |= {rule.id: rule.severity for rule in made.table_rules}
    return {
        "dataset": made.id,
        "version": made.version,
        "expectations": [
            {
                "rule": one.rule_id,
                "rule_severity": written.get(one.rule_id, one.severity),  # what the house itself expects, nobody wrote
                "severity": one.severity,
                "expectation": one.type,
                "arguments": one.kwargs,
                "sentence": {"zh": one.sentence.zh, "en": one.sentence.en},
            }
            for one in expectations(compiled(made), now)
        ],
    }
