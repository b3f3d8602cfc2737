"""`hub query`.

What a person reads on a screen is a query; what ends up in a file or in a program's hands is an export, which the
policy judges by itself and the ledger calls so. `--out` exports, and so do CSV, Parquet and Arrow wherever they go;
JSON does unless it is printed on a terminal, and so does a table of more rows than a screen takes.
"""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.console import help_text, json_option, progress, wants_json

if TYPE_CHECKING:
    from lake.query.query import Result

_SCREEN = 200  # rows
_SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".json": "json", ".arrow": "arrow", ".arrows": "arrow"}


@click.command(
    help=help_text(
        "对已发布的数据提一个问题：只允许一条 SELECT。表名为 单位.领域_名称，或 city.领域_名称（各单位合并）。"
        "超出本人可阅级别的字段为空，并在结果后说明；每次查询先记入存证账本。"
        "CSV 中以 = + - @ 开头的文本前加撇号，防止被当作公式。"
        "写入文件（--out、csv、parquet、arrow）或交给程序（重定向的 JSON）按导出判定。",
        "Ask the published data one SELECT. Tables are unit.domain_name, or city.domain_name (all units together). "
        "Fields above your clearance are empty, and told after the rows; each read is in the ledger before it answers. "
        "In CSV, text that begins with = + - @ gets an apostrophe before it, so that no spreadsheet runs it. "
        "What goes to a file (--out, csv, parquet, arrow) or to a program (redirected JSON) counts as an export.",
    )
)
@click.argument("sql")
@click.option("--as-of", metavar="VERSION|TIME", help=help_text("某一版本或时刻的数据", "the data as of then"))
@click.option(
    "--format",
    "kind",
    type=click.Choice(["table", "json", "csv", "parquet", "arrow"]),
    help=help_text("输出格式；默认按文件后缀，否则为表格", "the form; by the file's ending, else a table"),
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help=help_text("写入文件", "write to this file")
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    help=help_text("最多行数；屏幕默认 200，文件默认全部", "at most so many rows; 200 on screen, all in a file"),
)
@click.option("--timeout", type=click.FloatRange(min=0.001), help=help_text("最长秒数", "at most so many seconds"))
@click.option("--purpose", help=help_text("读取目的（本人职责之一）", "why: one of your duties"))
@click.option("--as", "as_", metavar="PERSON", help=help_text("演示模式下以此人身份", "as this person, in the demo"))
@json_option
def query(
    sql: str,
    as_of: str | None,
    kind: str | None,
    out: Path | None,
    limit: int | None,
    timeout: float | None,
    purpose: str | None,
    as_: str | None,
) -> None:
    """Ask the lake."""
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.query import out as query_out
    from lake.query.query import Asked
    from lake.query.query import query as ask

    chosen = kind or ("json" if wants_json() else _by_suffix(out))
    if out is None and chosen in query_out.BINARY and sys.stdout.isatty():
        raise click.UsageError(help_text("二进制格式请用 --out 写入文件", "write a binary format with --out"))
    if limit is None and out is None and chosen == "table":
        limit = _SCREEN
    with open_ground(os.environ) as ground, progress(help_text("查询中", "asking")):
        query_out.outside(out, ground.home)
        asked = Asked(
            sql,
            as_of=_moment(as_of),
            limit=limit,
            timeout=timeout,
            purpose=purpose,
            export=out is not None or _exports(chosen, limit),
        )
        result = ask(ground, current(ground, as_), asked)
        lang = ground.lang
    query_out.write(result, chosen, out, lang)
    if wants_json() and out is not None:
        click.echo(_summary(result, out))
    elif chosen != "json":
        for line in _remarks(result, lang, out):
            click.echo(line, err=True)


def _exports(kind: str, limit: int | None) -> bool:
    """Whether an answer on standard output is an export."""
    if kind not in ("table", "json"):
        return True
    return not sys.stdout.isatty() and (kind == "json" or limit is None or limit > _SCREEN)


def _by_suffix(out: Path | None) -> str:
    return _SUFFIXES.get(out.suffix.lower(), "table") if out else "table"


def _moment(given: str | None) -> int | datetime | None:
    """A version, or an instant; a time without a zone is the city's."""
    from infra.errors import WrongUse
    from infra.local_time import CITY_TIME

    if given is None:
        return None
    if given.isascii() and given.isdigit() and len(given) < 12:
        return int(given)
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise WrongUse(
            "QUERY_AS_OF", "--as-of 应为版本号或 ISO 时间", "--as-of takes a version or an ISO time"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=CITY_TIME)


def _summary(result: "Result", out: Path) -> str:
    from infra.console import json_text

    return json_text(
        {
            "out": str(out),
            "columns": list(result.columns),
            "row_count": result.rows.num_rows,
            "versions": result.versions,
            "masked": list(result.masked),
            "truncated": result.truncated,
            "ledger": result.ledger.number if result.ledger else None,
        }
    )


def _remarks(result: "Result", lang: str, out: Path | None) -> list[str]:
    """What is said beside the rows: how many, which versions, what is hidden."""
    versions = ", ".join(f"{dataset}@{version}" for dataset, version in result.versions.items())
    zh = lang == "zh"
    count = result.rows.num_rows
    said = [f"{count} 行" if zh else f"{count} row{'' if count == 1 else 's'}"]
    if result.truncated:
        said.append("还有更多（--limit）" if zh else "there are more (--limit)")
    if versions:
        said.append(versions)
    if result.ledger:
        said.append(f"存证 #{result.ledger.number}" if zh else f"ledger entry {result.ledger.number}")
    if out:
        said.append(str(out))
    lines = [" · ".join(said)]
    if result.masked:
        hidden = ", ".join(result.masked)
        lines.append(f"已隐藏（无权读取，显示为空）：{hidden}" if zh else f"hidden from you, shown empty: {hidden}")
    return lines + [note.say(lang) for note in result.notes]
