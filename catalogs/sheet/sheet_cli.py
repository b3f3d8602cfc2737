"""`hub catalog template|import-excel|export-excel`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option
from infra.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalogs.sheet.importing import Imported
    from catalogs.sheet.register import Register
    from catalogs.values.model import Department, Person, Resource
    from infra.ground import Ground

_FILE = click.Path(path_type=Path, dir_okay=False)
_LAYOUT = click.Choice(["hub", "vendor", "national"])
_layout = click.option(
    "--layout",
    type=_LAYOUT,
    default="hub",
    show_default=True,
    help=help_text("表样：hub 九项在前；vendor 24 列；national 国家目录两行表头", "which form"),
)
_unit = click.option("--unit", help=help_text("该单位的部门", "the departments of this unit"))
_department = click.option("--department", help=help_text("该部门（编号或名称）", "this department, by id or name"))


@click.command(help=help_text("生成填报模板（Excel）。", "Write the form that departments fill in (Excel)."))
@click.argument("out", type=_FILE)
@_unit
@_department
@_layout
@click.option(
    "--prefill",
    is_flag=True,
    help=help_text(
        "填入本部门现有的目录（草稿和已登记的）", "with what the department has: drafts, what is registered"
    ),
)
@as_option
@json_option
def template(out: Path, unit: str | None, department: str | None, layout: str, prefill: bool, as_: str | None) -> None:
    """Write the form; the empty one is anybody's."""
    _write(out, (unit, department), layout, as_, taken=_in_hand if prefill else None)


@click.command("export-excel", help=help_text("把已登记的目录导出为 Excel。", "Export what is registered as Excel."))
@click.argument("out", type=_FILE)
@_unit
@_department
@_layout
@as_option
@json_option
def export_excel(out: Path, unit: str | None, department: str | None, layout: str, as_: str | None) -> None:
    """Write the form with everything in it."""
    _write(out, (unit, department), layout, as_, taken=_in_force)


_Held = list[tuple["Resource", str]]


def _write(
    out: Path,
    whose: tuple[str | None, str | None],
    layout: str,
    as_: str | None,
    *,
    taken: "Callable[[Ground, Person, set[str]], _Held] | None",
) -> None:
    from catalogs.people.asking import may_describe
    from catalogs.people.people import current
    from catalogs.sheet.register import register_of
    from catalogs.sheet.writing import write_book
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        register = register_of(ground.engine)
        providers = _providers(register, *whose)
        held: _Held = []
        if taken is not None:
            who = current(ground, as_)
            held = taken(ground, who, {one.id for one in providers})
            may_describe(ground, who, [one for one, _ in held])
        resources, stamps = [one for one, _ in held], {one.id: digest for one, digest in held}
        write_book(out, register, resources, layout=layout, providers=providers, stamps=stamps)
        value = {"file": str(out), "layout": layout, "resources": len(resources)}
        said = Text(f"已写入 {out}（{len(resources)} 项目录）", f"wrote {out} ({len(resources)} resources)")
        emit(ground, value, lambda _: said.say(ground.lang))


def _providers(register: "Register", unit: str | None, department: str | None) -> "list[Department]":
    from catalogs.sheet.register import squeezed

    found = [one for one in register.departments if unit is None or one.unit == unit]
    if department is not None:
        named = register.by_id.get(department) or register.by_name.get(squeezed(department))
        found = [one for one in found if named is not None and one.id == named.id]
    if not found:
        raise _nobody(register, unit, department)
    return found


def _nobody(register: "Register", unit: str | None, department: str | None) -> Exception:
    from catalogs.sheet.likeness import likeness
    from catalogs.sheet.register import squeezed
    from infra.errors import WrongUse

    if not register.departments:
        remedy = Text(
            "登记库还是空的：先运行 hub catalog register", "nothing is registered yet: run `hub catalog register`"
        )
    else:
        here = [one for one in register.departments if unit is None or one.unit == unit] or register.departments
        near = likeness(squeezed(department or unit or ""), [squeezed(one.name.zh) for one in here], 40)
        meant = next((one.name for one in here if near and squeezed(one.name.zh) == near[0]), None)
        hint = Text(f"是不是“{meant.zh}”？", f"did you mean {meant.en}? ") if meant else Text("", "")
        units = "、".join(one.id for one in register.units[:20])
        remedy = Text(f"{hint.zh}单位编号有：{units}", f"{hint.en}units are: {units}")
    return WrongUse(
        "SHEET_NOBODY", "没有登记这样的单位或部门", "no such unit or department is registered", remedy=remedy
    )


def _in_hand(ground: "Ground", who: "Person", providers: set[str]) -> _Held:
    from catalogs.people.asking import sees
    from catalogs.sheet.standing import in_hand

    return in_hand(ground.engine, providers, lambda draft: sees(ground, who, draft))


def _in_force(ground: "Ground", _: "Person", providers: set[str]) -> _Held:
    from catalogs.sheet.standing import in_force_with_digest

    return in_force_with_digest(ground.engine, providers)


@click.command(
    "import-excel",
    help=help_text(
        "读取部门填报的 Excel/WPS 表：一次指出全部错误，无误则存为草稿。",
        "Read the departments' workbooks: every fault at its cell, drafts where there is none.",
    ),
)
@click.argument("files", type=click.Path(path_type=Path, dir_okay=False, exists=True), nargs=-1, required=True)
@click.option("--check-only", is_flag=True, help=help_text("只检查，不保存", "check alone, save nothing"))
@click.option("--good-only", is_flag=True, help=help_text("有错误时只保存无误的目录", "save what has no fault"))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help=help_text("不存草稿，写成 YAML 到此文件夹", "write YAML into this folder and save no draft"),
)
@click.option(
    "--marked",
    type=click.Path(path_type=Path),
    help=help_text("标注副本；几个文件时写文件夹", "the marked copy; a folder for several files"),
)
@click.option("--why", default="Excel 填报", show_default=True, help=help_text("事由", "why"))
@as_option
@json_option
@click.pass_context
def import_excel(
    context: click.Context,
    files: tuple[Path, ...],
    check_only: bool,
    good_only: bool,
    out: Path | None,
    marked: Path | None,
    why: str,
    as_: str | None,
) -> None:
    """Print every fault; save when there is none. Exit 1 when there is one."""
    from catalogs.folder.read_codes import code_rules
    from catalogs.people.asking import sees
    from catalogs.people.people import current
    from catalogs.personal.read_personal import personal_rules
    from catalogs.sheet.importing import read_sheets, save, write_yaml
    from catalogs.sheet.register import register_of
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        by = current(ground, as_)
        codes, personal = code_rules(ground.city), personal_rules(ground.city)
        register = register_of(ground.engine, codes, by.id, lambda one: sees(ground, by, one), personal=personal)
        found = read_sheets(files, register)
        copies = _marked(found, files, marked, ground.lang) if marked else []
        wanted = [] if check_only or (found.faults and not good_only) else found.resources
        saved = save(ground, wanted, by, why=why, known=found.known) if wanted and out is None else []
        written = write_yaml(wanted, out) if wanted and out is not None else []
        value = _value(found, saved, [*map(str, copies), *map(str, written)], ground.lang)
        emit(ground, value, lambda _: _said(found, value, ground.lang))
        if found.faults:
            context.exit(1)


def _marked(found: "Imported", files: tuple[Path, ...], marked: Path, lang: str) -> list[Path]:
    """The marked copies that were written, one for each file with a fault."""
    from catalogs.sheet.marking import write_marked

    copies = []
    for path, sheet in zip(files, found.sheets, strict=True):
        if sheet.faults and sheet.rows is not None:
            target = marked if len(files) == 1 and not marked.is_dir() else marked / f"{path.stem}-标注.xlsx"
            write_marked(path, target, sheet.faults, lang, sheet.stamps)
            copies.append(target)
    return copies


def _value(found: "Imported", saved: list[str], written: list[str], lang: str) -> dict[str, Any]:
    files = [
        {
            "file": sheet.file,
            "entries": sheet.entries,
            "good": len(sheet.resources),
            "faults": [fault.as_dict(lang) for fault in sheet.faults],
            "remarks": [remark.as_dict(lang) for remark in sheet.remarks],
        }
        for sheet in found.sheets
    ]
    return {"files": files, "faults": len(found.faults), "same": found.same, "saved": saved, "written": written}


def _said(found: "Imported", value: dict[str, Any], lang: str) -> list[str]:
    from catalogs.sheet.telling import sentence

    zh = lang == "zh"
    lines = []
    for sheet in found.sheets:
        lines += [sentence(fault, lang) for fault in sheet.faults]
        lines += [("说明：" if zh else "note: ") + sentence(remark, lang) for remark in sheet.remarks]
        counts = sheet.entries, len(sheet.resources), len(sheet.faults)
        told = Text("{}：{} 项目录，{} 项无误，{} 处错误", "{}: {} entries, {} without fault, {} faults")
        lines.append(told.say(lang).format(sheet.file, *counts))
    if value["same"]:
        told = Text("{} 项与现有内容相同，没有改动", "{} entries say what stands already")
        lines.append(told.say(lang).format(value["same"]))
    if value["saved"]:
        told = Text(
            "已存为草稿 {} 项。下一步：用 hub catalog diff 核对改动，hub catalog assess 登记评估，再请负责人批准",
            "{} drafts saved; next: `hub catalog diff`, then `hub catalog assess` and the head's approval",
        )
        lines.append(told.say(lang).format(len(value["saved"])))
    elif found.faults:
        lines.append(
            Text("什么都没有保存；改好后再交一次", "nothing was saved; mend it and hand it in again").say(lang)
        )
    lines += [Text("已写入 {}", "wrote {}").say(lang).format(path) for path in value["written"]]
    return lines
