"""`hub catalog check|register|list|show|export`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalogs.as_dataset import dataset_argument
from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, table
from infra.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalogs.values.model import Resource
    from infra.ground import Ground

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FEW = 20


def _said(ground: "Ground", zh: str, en: str) -> str:
    return Text(zh, en).say(ground.lang)


@click.group(
    help=help_text(
        "政务数据目录：检查、登记、列出、查看、导出。", "The catalogue: check, register, list, show, export."
    )
)
def catalog() -> None:
    """Hold the catalogue's commands."""


@catalog.command(
    help=help_text("检查城市文件夹，一次列出全部错误。", "Check a city's folder: every fault of every file at once.")
)
@click.argument("folder", type=_FOLDER, required=False)
@json_option
@click.pass_context
def check(context: click.Context, folder: Path | None) -> None:
    """Print every fault; exit 1 when there is one."""
    from catalogs.folder.city import check_city
    from infra.ground import open_ground

    ground = open_ground()
    city = folder or ground.city
    faults = check_city(city)
    value = {"folder": str(city), "count": len(faults), "faults": [found.as_dict(ground.lang) for found in faults]}

    def human(_: Any) -> "Sequence[str]":
        if not faults:
            return [_said(ground, f"{city}：没有错误", f"{city}: no fault")]
        end = _said(ground, f"共 {len(faults)} 处错误", f"{len(faults)} faults")
        return [*(found.sentence(ground.lang) for found in faults), end]

    emit(context, value, human)
    if faults:
        context.exit(1)


def _few(ground: "Ground", mark: str, names: "Sequence[str]") -> list[str]:
    """The first of `names`, and how many more there are: a whole city would fill the screen."""
    shown = [f"  {mark} {name}" for name in names[:_FEW]]
    more = len(names) - len(shown)
    listed = _said(ground, f"  {mark} 另有 {more} 项：hub catalog list", f"  {mark} {more} more: hub catalog list")
    return [*shown, listed] if more else shown


@catalog.command(help=help_text("把城市文件夹登记并记入存证。", "Register a city's folder, recorded in the ledger."))
@click.argument("folder", type=_FOLDER, required=False)
@json_option
def register(folder: Path | None) -> None:
    """Register and print what changed."""
    from catalogs.people.people import registrar
    from catalogs.register import register_city
    from infra.ground import open_ground

    with open_ground(create=True) as ground:
        ground.prepare()
        done = register_city(ground, folder or ground.city, registrar(ground))

        def human(_: Any) -> list[str]:
            lines = [
                _said(
                    ground,
                    f"已登记 {done.city}：{done.units} 个单位、{done.departments} 个部门、{done.resources} 项资源；"
                    f"新增 {len(done.added)}，变更 {len(done.changed)}",
                    f"registered {done.city}: {done.units} units, {done.departments} departments, "
                    f"{done.resources} resources; {len(done.added)} new, {len(done.changed)} changed",
                )
            ]
            lines += [f"  ! {one.resource} {one.text.say(ground.lang)}" for one in done.rejudged]
            lines += [*_few(ground, "+", done.added), *_few(ground, "~", done.changed)]
            if done.added:
                lines.append(_said(ground, "下一步：hub contract register", "next: hub contract register"))
            absent = _said(ground, "文件夹中已没有，仍保留登记：", "no longer in the folder, still registered:")
            return lines + ([absent, *(f"  ? {name}" for name in done.absent)] if done.absent else [])

        emit(ground, done, human)


@catalog.command("list", help=help_text("列出已登记的数据资源。", "List the registered resources."))
@click.option("--unit", help=help_text("只列该单位", "of this unit"))
@click.option("--domain", help=help_text("只列该领域", "of this domain"))
@json_option
def list_(unit: str | None, domain: str | None) -> None:
    """Print one line a resource."""
    from catalogs.lookup import listing
    from catalogs.values.words import Grade
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        found = listing(ground.engine, unit=unit, domain=domain)
        columns = (
            ("资源", "格式", "更新", "级别", "数据项", "名称"),
            ("resource", "format", "update", "grade", "items", "title"),
        )

        def human(_: Any) -> str:
            rows = [
                (
                    each.id,
                    each.data_format,
                    each.update_frequency,
                    Grade[each.grade.upper()].text.say(ground.lang),
                    each.item_count,
                    each.title.say(ground.lang),
                )
                for each in found
            ]
            if not rows:
                return _said(
                    ground, "没有资源；先运行 hub catalog register", "no resource; run `hub catalog register` first"
                )
            return table(rows, columns[0] if ground.lang == "zh" else columns[1])

        emit(ground, {"resources": found}, human)


@catalog.command(help=help_text("查看一项资源的登记内容和数据项。", "Show one resource with its fields and items."))
@dataset_argument
@json_option
def show(dataset: str) -> None:
    """Print the nine fields and the items."""
    from catalogs.folder.write import resource_document
    from catalogs.lookup import resource
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        found = resource(ground.engine, dataset)
        emit(ground, resource_document(found), lambda _: _shown(found, ground))


def _shown(found: "Resource", ground: "Ground") -> str:
    from catalogs.life.withdrawn import withdrawal
    from catalogs.lookup import departments
    from catalogs.personal.personal import said_flag
    from infra.local_time import local_time

    lang, conditions = ground.lang, found.conditions
    names = {one.id: one.name for one in departments(ground.engine)}
    provider = names.get(found.provider, Text(found.provider, found.provider))
    said = [conditions.scope, conditions.purpose, conditions.other, conditions.reason]
    pairs = [
        (Text("目录名称", "title"), found.title.say(lang)),
        (Text("提供单位", "provider"), provider.say(lang)),
        (Text("数据格式", "format"), found.data_format.text.say(lang)),
        (Text("数据更新频率", "update frequency"), found.update_frequency.text.say(lang)),
        (Text("共享属性", "sharing attribute"), found.sharing_attribute.text.say(lang)),
        (
            Text("共享方式", "sharing mode"),
            Text("、", ", ").say(lang).join(m.text.say(lang) for m in found.sharing_mode),
        ),
        (Text("使用条件", "conditions"), Text("；", "; ").say(lang).join(text.say(lang) for text in said if text)),
        (Text("数据分类", "classification"), f"{found.classification.industry} / {found.classification.business}"),
        (Text("数据分级", "grade"), found.grade.text.say(lang)),
        (Text("开放属性", "openness"), found.openness.text.say(lang)),
    ]
    if found.lead_source:
        pairs.append((Text("数源", "lead source"), Text("是（由本部门提供）", "yes: its provider").say(lang)))
    gone = withdrawal(ground.engine, found.id)
    if gone is not None:
        said_gone = Text(
            f"已撤销（{local_time(gone.at)}）：{gone.why}", f"withdrawn ({local_time(gone.at)}): {gone.why}"
        )
        pairs.append((Text("状态", "state"), said_gone.say(lang)))
    if found.example:
        pairs.append((Text("示例，真实来源", "example, true source"), found.source or ""))
    rows = [
        (
            item.name,
            item.title.say(lang),
            item.type.text.say(lang),
            item.unit_of_measure or (str(item.crs) if item.crs else ""),
            said_flag(item.personal).say(lang) if item.personal else "",
            "" if str(item.identifier) == "none" else item.identifier.text.say(lang),
            item.grade.text.say(lang),
        )
        for item in found.items
    ]
    zh = ("数据项", "名称", "类型", "单位/坐标系", "个人信息", "标识", "级别")
    en = ("item", "name", "type", "unit/crs", "personal", "identifier", "grade")
    head = "\n".join(f"{label.say(lang)}: {value}" for label, value in pairs)
    return f"{found.id}\n{head}\n\n{table(rows, zh if lang == 'zh' else en)}"


@catalog.command(help=help_text("把登记内容导出为城市文件夹。", "Export the register as a city's folder."))
@click.argument("folder", type=_FOLDER)
@as_option
@json_option
def export(folder: Path, as_: str | None) -> None:
    """Write the YAML and print the files; the people are among them, so whoever may not see those exports nothing."""
    from catalogs.lookup import export_city
    from catalogs.people.asking import may
    from catalogs.permission.decide import PEOPLE
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        may(ground, "list_people", PEOPLE, as_)
        files = export_city(ground.engine, folder)
        emit(ground, {"files": [str(path) for path in files]}, lambda value: value["files"])
