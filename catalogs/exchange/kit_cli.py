"""`hub catalog send` and `hub catalog receive`: the register in another side's words, and back as drafts."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option
from infra.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalogs.exchange.mapping import ExchangeMap
    from catalogs.rules.faults import Fault

_map = click.option(
    "--map", "name", required=True, help=help_text("映射：national、vendor……或城市 maps/ 中的", "the map, by its name")
)


@click.command(help=help_text("按映射把目录写成上级平台的 CSV 或 JSON。", "Write the catalogue in the words of a map."))
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@_map
@click.option("--unit", help=help_text("只要该单位的", "of this unit alone"))
@as_option
@json_option
@click.pass_context
def send(context: click.Context, out: Path, name: str, unit: str | None, as_: str | None) -> None:
    """Write the file whole or not at all; exit 1 when the map has no code for something."""
    from catalogs.exchange import crossing
    from catalogs.exchange.mapping import find_map
    from catalogs.people.people import current
    from catalogs.sheet.putting import put_in_place
    from infra.ground import open_ground

    check_form(out)
    with open_ground() as ground:
        ground.prepare()
        used = find_map(name, ground.city)
        data, count, faults = crossing.out(
            ground, used, current(ground, as_), (out.suffix.lower().removeprefix("."), unit)
        )
        if not faults:
            put_in_place(out, lambda part: Path(part).write_bytes(data))
        value = {"file": str(out), "map": name, "resources": count, **_told(faults, used, ground.lang)}
        done = Text(f"已写入 {out}（{count} 项目录）", f"wrote {out} ({count} resources)")
        none = Text("没有写文件", "nothing was written")
        emit(ground, value, lambda _: _lines(faults, used, none if faults else done, ground.lang))
        if faults:
            context.exit(1)


@click.command(
    help=help_text(
        "按映射读取上级平台的 CSV 或 JSON：一次指出全部错误，无误则存为草稿。",
        "Read a file in the words of a map: every fault at its place, drafts where there is none.",
    )
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@_map
@click.option(
    "--assume",
    multiple=True,
    help=help_text("对方没有的字段在此的值：字段=值，可多次", "FIELD=VALUE for what they do not say; repeatable"),
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help=help_text("不存草稿，写成 YAML 到此文件夹", "write YAML into this folder and save no draft"),
)
@click.option("--why", default="平台交换", show_default=True, help=help_text("事由", "why"))
@as_option
@json_option
@click.pass_context
def receive(
    context: click.Context, file: Path, name: str, assume: tuple[str, ...], out: Path | None, why: str, as_: str | None
) -> None:
    """Print every fault; save when there is none. Exit 1 when there is one."""
    from catalogs.exchange import crossing, kit
    from catalogs.exchange.mapping import find_map
    from catalogs.people.people import current
    from catalogs.sheet.importing import write_yaml
    from infra.ground import open_ground

    check_form(file)
    with open_ground() as ground:
        ground.prepare()
        by = current(ground, as_)
        used = crossing.assuming(find_map(name, ground.city), assume)
        with file.open("rb") as opened:
            data = opened.read(kit.BYTES + 1)
        found = crossing.back(ground, used, (file.name, data))
        saved = crossing.keep(ground, found, by, why=why) if out is None else []
        wanted = list(found.resources)
        written = [str(path) for path in write_yaml(wanted, out)] if wanted and out is not None else []
        value = {"file": file.name, "map": name, "records": found.records, "saved": saved, "written": written}
        value |= _told(found.faults, used, ground.lang)
        done = Text(
            f"{found.records} 项目录，{len(found.faults)} 处错误，存为草稿 {len(saved)} 项",
            f"{found.records} resources, {len(found.faults)} faults, {len(saved)} drafts saved",
        )
        emit(ground, value, lambda _: _lines(found.faults, used, done, ground.lang) + written)
        if found.faults:
            context.exit(1)


def check_form(path: Path) -> None:
    """Refuse a file whose name says no form.

    Raises:
        WrongUse: MAP_FORM.
    """
    from infra.errors import WrongUse

    if path.suffix.lower() not in (".csv", ".json"):
        raise WrongUse("MAP_FORM", "文件名应以 .csv 或 .json 结尾", "name a file in .csv or .json")


def _told(faults: "Sequence[Fault]", used: "ExchangeMap", lang: str) -> dict[str, Any]:
    return {"uncertain": list(used.uncertain), "faults": [one.as_dict(lang) for one in faults]}


def _lines(faults: "Sequence[Fault]", used: "ExchangeMap", done: Text, lang: str) -> list[str]:
    """The faults, the outcome, and what of the map is not certain."""
    lines = []
    for one in faults:
        at = ":".join(str(part) for part in (one.place.file, one.place.row, one.place.column) if part is not None)
        mend = f" → {one.remedy.say(lang)}" if one.remedy else ""
        lines.append(f"{at} {one.place.dataset or ''} {one.text.say(lang)}{mend}")
    unsure = Text("映射中未核实：", "not certain in the map: ").say(lang)
    return [*lines, done.say(lang), *(unsure + one for one in used.uncertain)]
