"""`hub catalog export-dcat` and `hub catalog dossier`."""

from pathlib import Path

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option
from infra.language import Text

_FORMS = {".ttl": "turtle", ".jsonld": "json-ld", ".rdf": "xml"}


@click.command(
    "export-dcat",
    help=help_text(
        "把目录导出为 DCAT-AP 3（.ttl、.jsonld 或 .rdf）。",
        "Export the catalogue as DCAT-AP 3 (.ttl, .jsonld or .rdf).",
    ),
)
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--base", help=help_text("各项地址的开头，以 / 结尾", "what every address begins with, ending in /"))
@click.option(
    "--public",
    is_flag=True,
    help=help_text("只含无条件共享或无条件开放的，不需密钥", "what is shared or open without condition alone; no key"),
)
@as_option
@json_option
def export_dcat(out: Path, base: str | None, public: bool, as_: str | None) -> None:
    """Write the file and print what it holds; it replaces an older one whole or not at all."""
    from dataclasses import replace

    from catalogs.exchange.dcat import catalogue
    from catalogs.exchange.rdf import serialize
    from catalogs.exchange.web import check_address
    from catalogs.lookup import city
    from catalogs.people.asking import announced, may_describe
    from catalogs.people.people import current
    from infra.errors import Place, Unavailable, WrongUse
    from infra.ground import open_ground

    form = _FORMS.get(out.suffix.lower())
    if form is None:
        raise WrongUse("DCAT_FORM", "文件名应以 .ttl、.jsonld 或 .rdf 结尾", "name a file in .ttl, .jsonld or .rdf")
    with open_ground() as ground:
        ground.prepare()
        whole = city(ground.engine)
        if public:
            whole = replace(whole, resources=tuple(one for one in whole.resources if announced(one)))
        else:
            may_describe(ground, current(ground, as_), whole.resources)
        start = base or f"https://{whole.id}.invalid/"
        check_address(start)
        if not start.endswith(("/", "#")) or any(char in '<>"{}|\\^`' for char in start):
            raise WrongUse("DCAT_BASE", "--base 应是以 / 结尾的地址", "--base is an address that ends in /")
        data = serialize(catalogue(whole, start), form)
        part = out.with_name(f"{out.name}.part")
        try:
            part.write_bytes(data)
            part.replace(out)
        except OSError:
            said = "不能写入该文件", "the file cannot be written"
            raise Unavailable("DCAT_FILE", *said, place=Place(file=out.name)) from None
        value = {"file": str(out), "datasets": len(whole.resources), "bytes": len(data)}
        done = Text(f"已导出 {len(whole.resources)} 项资源到 {out}", f"{len(whole.resources)} resources in {out}")
        emit(ground, value, lambda _: done.say(ground.lang))


@click.command(
    help=help_text(
        "公共数据资源首次登记材料：已知的填好，缺的列明。", "The materials of a first registration: filled, or named."
    )
)
@click.argument("dataset")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@as_option
@json_option
def dossier(dataset: str, out: Path, as_: str | None) -> None:
    """Write the dossier as Markdown and print what is missing."""
    from catalogs.exchange import dossier as made
    from catalogs.lookup import departments
    from catalogs.people.asking import described
    from infra.errors import Place, Unavailable
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        found = described(ground, dataset, as_)
        provider = next(one for one in departments(ground.engine) if one.id == found.provider)
        materials = made.dossier(found, provider)
        try:
            out.write_text("\n".join(made.lines(found, materials)), encoding="utf-8")
        except OSError:
            said = "不能写入该文件", "the file cannot be written"
            raise Unavailable("DOSSIER_FILE", *said, place=Place(file=out.name)) from None
        missing = [
            f"{each.title.say(ground.lang)}: {one.say(ground.lang)}" for each in materials for one in each.missing
        ]
        title = Text(f"已写入 {out}，仍缺：", f"{out} is written; missing:").say(ground.lang)
        emit(ground, {"file": str(out), "materials": materials}, lambda _: [title, *(f"  {one}" for one in missing)])
