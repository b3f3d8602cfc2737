"""`hub adopt` and `hub contract infer`: a file that no contract speaks of, looked at, shown, and taken in."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalogs.people.as_option import as_option
from infra.console import confirmed, emit, help_text, json_option, progress, table, wants_json
from infra.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from contracts.infer.draft import Drafted
    from infra.ground import Ground
    from lake.adopt.adopt import Proposal, Wishes
    from lake.records.record import Outcome

_FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
_OPTIONS = (
    click.option(
        "--dataset", required=True, metavar="ID", help=help_text("数据集：单位.领域.名称", "unit.domain.name")
    ),
    click.option("--title", help=help_text("数据集的名称", "the dataset's title")),
    click.option(
        "--mode",
        type=click.Choice(["append", "snapshot", "upsert"]),
        help=help_text("新批次追加、替换还是按主键更新（默认看主键）", "deliveries add, replace, or replace by key"),
    ),
    click.option("--sheet", help=help_text("工作表；'*' 为全部", "the sheet of a workbook; '*' for all")),
    click.option("--member", help=help_text("压缩包或目录中的哪些文件", "which files of an archive or a folder")),
    click.option("--record-path", help=help_text("JSON、YAML 中记录列表的路径", "the path to a document's records")),
    click.option(
        "--unpivot/--no-unpivot",
        default=None,
        help=help_text(
            "宽表是否转为长表（默认有把握才转）", "whether a wide table is made long (default: where it is sure)"
        ),
    ),
    click.option(
        "--provider", help=help_text("提供部门（默认单位的第一个）", "the department (default: the first of the unit)")
    ),
)


def _options(command: "Callable[..., Any]") -> "Callable[..., Any]":
    for option in reversed(_OPTIONS):
        command = option(command)
    return _FILES(command)


@click.command(
    help=help_text(
        "由文件推断数据契约和目录资源的草稿，写入 DIR，不登记、不归集。多个文件作为一个批次。",
        "Infer a draft contract and a draft resource from FILES, which are one delivery, and write them below DIR; "
        "nothing is registered or taken in.",
    )
)
@_options
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help=help_text("写入草稿的文件夹", "the folder for the drafts"),
)
@json_option
def infer(
    files: tuple[Path, ...],
    dataset: str,
    title: str | None,
    mode: str | None,
    sheet: str | None,
    member: str | None,
    record_path: str | None,
    unpivot: bool | None,
    provider: str | None,
    out: Path,
) -> None:
    """Look, write both drafts, and show what was found."""
    from infra.ground import open_ground
    from lake.adopt.adopt import Wishes, propose, write_drafts
    from lake.adopt.survey import Hints

    with open_ground(os.environ, create=True) as ground:
        with progress(help_text("查看文件", "looking at the file")):
            wishes = Wishes(title, mode, provider, Hints(sheet, member, record_path), unpivot)
            proposal = propose(ground, files, dataset, wishes)
            written = write_drafts(ground, proposal, out, provider)
        value = {**_told(proposal, ground.lang), "files": [str(path) for path in written]}
        then = Text(
            f"下一步：审阅草稿；由主管部门审核人并入城市文件夹（HUB_CITY_DIR）并 hub catalog register；"
            f"再 hub contract register，hub ingest {dataset} 文件",
            f"next: look the drafts over; the authority's reviewer puts both into the city's folder (HUB_CITY_DIR) and "
            f"runs hub catalog register; then hub contract register, hub ingest {dataset} FILE",
        )
        shown = [*(f"  {path}" for path in written), then.say(ground.lang)]
        emit(ground, value, lambda _: [*_shown(proposal, ground.lang), *shown])


@click.command(
    help=help_text(
        "接入文件：推断其内容，展示并确认，把目录资源和契约的草稿加入城市文件夹并登记，然后归集。多个文件作为一个批次。",
        "Adopt FILES, which are one delivery: infer what they hold, show it, ask, add draft resource and contract to "
        "the city's folder, register both, and take the files in. Exits 1 when they are refused or blocked.",
    )
)
@_options
@click.option("--yes", is_flag=True, help=help_text("不再询问", "do not ask"))
@as_option
@json_option
def adopt(
    files: tuple[Path, ...],
    dataset: str,
    title: str | None,
    mode: str | None,
    sheet: str | None,
    member: str | None,
    record_path: str | None,
    unpivot: bool | None,
    provider: str | None,
    yes: bool,
    as_: str | None,
) -> int:
    """Propose, ask, settle, ingest."""
    from infra.ground import open_ground
    from lake.adopt.adopt import Wishes, begin, may_adopt, propose, settle
    from lake.adopt.survey import Hints

    if wants_json() and not yes:
        raise click.UsageError(help_text("--json 须与 --yes 同用", "--json goes with --yes"))
    with open_ground(os.environ, create=True) as ground:
        ground.prepare()
        may_adopt(ground, dataset)
        with progress(help_text("查看文件", "looking at the file")):
            wishes = Wishes(title, mode, provider, Hints(sheet, member, record_path), unpivot)
            proposal = propose(ground, files, dataset, wishes)
        if not yes and unpivot is None:
            proposal = _turned(ground, files, proposal, wishes)
        lang = ground.lang
        if not wants_json():
            click.echo("\n".join(_shown(proposal, lang)))
        if not yes and not confirmed(Text("登记并归集？", "Register and take it in?")):
            click.echo(Text("什么都没有改动。", "Nothing was changed.").say(lang))
            return 1
        begin(ground, dataset)
    with open_ground(os.environ) as ground, ground.scratch() as scratch:
        written = settle(ground, proposal, scratch, provider)
        outcome = _taken(ground, proposal.dataset, files, as_)
        value = {**_told(proposal, lang), "files": [str(path) for path in written], "delivery": outcome.as_dict(lang)}
        emit(ground, value, lambda _: list(_end(outcome, written, lang)))
    return 0 if outcome.state in ("finished", "repeated") else 1


def _turned(ground: "Ground", files: tuple[Path, ...], proposal: "Proposal", wishes: "Wishes") -> "Proposal":
    """The proposal with a wide table turned, or left as it is, as whoever is asked wants it."""
    from lake.adopt.adopt import propose

    wide = proposal.wide
    if wide is None:
        return proposal
    first, last, count = wide.headers[0], wide.headers[-1], len(wide.headers)
    asked = Text(
        f"像是宽表：{count} 列（{first} 至 {last}）。转为长表，每格一条记录，"
        f"列名记入“{wide.name}”、格中的值记入“{wide.value}”（把握 {wide.confidence:.2f}）？",
        f"This looks like a wide table: {count} columns ({first} to {last}). Make it long, a record for each cell, the "
        f"column's name in “{wide.name}” and the cell in “{wide.value}” (sure {wide.confidence:.2f})?",
    )
    if confirmed(asked, default=proposal.turned) == proposal.turned:
        return proposal
    return propose(ground, files, proposal.dataset, replace(wishes, unpivot=not proposal.turned))


def _taken(ground: "Ground", dataset: str, files: tuple[Path, ...], as_: str | None) -> "Outcome":
    """The files on the way of every delivery."""
    from lake.adopt.who import taker
    from lake.describe.describe import preloaded
    from lake.describe.outbox import drain_quietly
    from lake.ingest import Session, ingest

    actor = taker(ground, dataset, as_)
    with Session(ground) as session, preloaded(ground, session.auditing):
        path = files[0] if len(files) == 1 else files
        outcome = ingest(ground, dataset, path, actor=actor, session=session)
    drain_quietly(ground)
    return outcome


def _told(proposal: "Proposal", lang: str) -> dict[str, Any]:
    draft = proposal.draft
    return {
        "dataset": proposal.dataset,
        "format": proposal.about.format,
        "encoding": proposal.encoding,
        "sheet": proposal.sheet,
        "looked_at": draft.table.rows,
        "whole": draft.table.whole,
        "faulty": draft.table.faulty,
        "columns": [{"name": one.name, "header": one.named.header, "zh": one.named.zh} for one in draft.columns],
        "key": list(draft.key),
        "mode": draft.mode,
        "findings": [found.as_dict(lang) for found in draft.findings],
        "notes": [note.say(lang) for note in proposal.notes],
    }


def _shown(proposal: "Proposal", lang: str) -> list[str]:
    draft = proposal.draft
    names = (
        ("数据项", "表头", "类型", "把握", "还发现", "依据")
        if lang == "zh"
        else ("column", "header", "type", "sure", "and", "evidence")
    )
    rows = [
        (
            one.name,
            one.named.header[:30],
            one.typed.physical,
            f"{one.typed.confidence:.2f}",
            Text("；", "; ").say(lang).join(_beside(one, proposal, lang)),
            one.typed.evidence.say(lang),
        )
        for one in draft.columns
    ]
    whole = Text("", "") if draft.table.whole else Text("前", "the first ")
    kind = proposal.about.format + (f", {proposal.encoding}" if proposal.encoding else "")
    head = Text(
        f"{proposal.dataset}：看了{whole.zh}{' ' if whole.zh else ''}{draft.table.rows} 条记录（{kind}）",
        f"{proposal.dataset}: looked at {whole.en}{draft.table.rows} records ({kind})",
    )
    torn = draft.table.faulty
    if torn:
        head = Text(
            f"{head.zh}；另有 {torn} 条不能按列划分，将列入问题数据",
            f"{head.en}; {torn} more cannot be laid out into columns and will be quarantined",
        )
    return [
        head.say(lang),
        *(f"  {note.say(lang)}" for note in proposal.notes),
        *_where(proposal, lang),
        table(rows, names),
        *_about(proposal, lang),
    ]


def _beside(one: "Drafted", proposal: "Proposal", lang: str) -> "Iterator[str]":
    from contracts.infer.finding import KINDS

    if one.name in proposal.draft.key:
        yield KINDS["key"].say(lang)
    if one.required:
        yield KINDS["required"].say(lang)
    if one.personal:
        yield f"{KINDS['personal'].say(lang)} {one.personal.form} ({one.personal.confidence:.2f})"
    if one.unit:
        yield f"{KINDS['unit'].say(lang)} {one.unit}"
    for rule in one.rules:
        shown = (
            "、".join(map(str, rule.args.get("values", ()))) or str(rule.args.get("pattern", "")) or _bounds(rule.args)
        )
        yield f"{KINDS[rule.kind].say(lang)} {shown[:40]}{'…' if len(shown) > 40 else ''}"


def _where(proposal: "Proposal", lang: str) -> "Iterator[str]":
    path = proposal.about.reading.get("record_path")
    if path:
        said = Text(
            f"每条记录是“{path}”中的一个元素，其外的内容不取",
            f"a record is an element of “{path}”; what is outside is not taken",
        )
        yield f"  {said.say(lang)}"


def _bounds(args: "Mapping[str, Any]") -> str:
    return ", ".join(f"{name} {value}" for name, value in args.items())


def _about(proposal: "Proposal", lang: str) -> "Iterator[str]":
    from contracts.infer.finding import KINDS

    for found in proposal.draft.findings:
        if found.column is None:
            value = found.value
            value = ", ".join(map(str, value)) if isinstance(value, list) else value
            shown = (_bounds(value) if isinstance(value, dict) else str(value)) or Text("没有", "none").say(lang)
            yield f"{KINDS[found.kind].say(lang)}: {shown} ({found.confidence:.2f}; {found.evidence.say(lang)})"


def _end(outcome: "Outcome", written: tuple[Path, ...], lang: str) -> "Iterator[str]":
    from lake.ingest_cli import report

    yield from (f"  + {path}" for path in written)
    yield from report([outcome], lang)
    if outcome.state in ("finished", "repeated") and outcome.dataset:
        unit, domain, name = outcome.dataset.split(".")
        yield Text("查询：", "query: ").say(lang) + f'hub query "FROM {unit}.{domain}_{name} LIMIT 5"'
