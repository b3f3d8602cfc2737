"""`hub lake files`: the files of a delivery of several, and what became of each."""

import os

import click

from catalogs.people.as_option import as_option
from catalogs.values.words import PartState
from infra.console import emit, help_text, json_option, table
from infra.language import Text

_COLUMNS = (
    Text("序号", "no."),
    Text("文件", "file"),
    Text("字节", "bytes"),
    Text("记录", "records"),
    Text("情况", "state"),
    Text("代码", "code"),
)


@click.command(
    help=help_text(
        "一个批次的各文件及其处理情况；文件名只显示给可阅全部数据项的人。",
        "The files of a delivery of several, and what became of each; their names for who may see every column.",
    )
)
@click.argument("delivery")
@as_option
@json_option
def files(delivery: str, as_: str | None) -> None:
    """Print number, name, size, records, state."""
    from catalogs.people.asking import described
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.query.quarantine import HIDDEN, may_see_all
    from lake.records import record
    from lake.records.parts import listing

    with open_ground(os.environ) as ground:
        row = record.load(ground.engine, delivery)
        described(ground, row["dataset"] or row["unit"], as_)
        named = may_see_all(ground, current(ground, as_), row["dataset"])
        found = [
            {
                "part": part["part"],
                "name": part["name"] if named else HIDDEN,
                **{key: part[key] for key in ("size", "records", "state", "code")},
            }
            for part in listing(ground.engine, row["number"])
        ]
        rows = [
            (
                part["part"],
                part["name"],
                part["size"],
                part["records"],
                PartState.said(part["state"]).say(ground.lang),
                part["code"] or "",
            )
            for part in found
        ]
        alone = Text("该批次只有一个文件，或没有读取到文件", "the delivery is one file, or none was read")
        names = [column.say(ground.lang) for column in _COLUMNS]
        emit(
            ground,
            {"delivery": delivery, "files": found},
            lambda _: table(rows, names) if rows else alone.say(ground.lang),
        )
