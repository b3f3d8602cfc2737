"""The approval sheet (目录审批表): one self-contained page for A4, in Chinese, that the head of department signs. Pure.

It shows the whole of what is approved with the digest over it, what changed since what is registered, and the check
number by which the scan is taken back. It loads nothing from anywhere and runs nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

from catalogs.life.diff import flat, values
from catalogs.life.labels import ITEM, RESOURCE
from catalogs.values.model import Item, Resource
from infra.language import Text

_STYLE = """
@page { size: A4; margin: 18mm 15mm; }
body { font: 10.5pt/1.45 "SimSun", "Songti SC", "Noto Serif CJK SC", serif; color: #000; }
h1 { font-size: 16pt; text-align: center; margin: 0 0 4mm; }
h2 { font-size: 12pt; margin: 5mm 0 1mm; }
table { border-collapse: collapse; width: 100%; }
th, td { border: .5pt solid #000; padding: 1mm 1.5mm; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: bold; background: #f2f2f2; }
tr { break-inside: avoid; }
thead { display: table-header-group; }
.sign td { height: 22mm; width: 33%; }
.check { font: bold 14pt monospace; letter-spacing: .1em; }
.digest { font: 8pt monospace; overflow-wrap: anywhere; }
"""
_SIGN = ("意见：□ 同意 □ 不同意", "签字：", "日期（盖章）：")
_COLUMNS = ("type", "length", "grade", "personal.kind", "identifier", "sharing_attribute", "openness")


def sheet(body: Resource, *, digest: str, check: str, changed: Sequence[Text], about: Mapping[str, str]) -> str:
    """The page as HTML.

    Args:
        body: what is approved.
        digest: SHA-256 of its plain form, in hexadecimal.
        check: the check number.
        changed: what changed since what is registered, in words.
        about: `unit`, `provider` (their names), `revision`, `printed` (a day), `papers` (what is recorded).
    """
    rows = [
        (RESOURCE.get(key, Text(key, key)).zh, values(value).zh)
        for key, value in flat(body, RESOURCE).items()
        if key not in ("title", "provider") and values(value).zh not in ("空", "否")
    ]
    head = [
        ("目录名称", body.title.zh),
        ("目录编号", body.id),
        ("所属单位", about["unit"]),
        ("提供单位", about["provider"]),
    ]
    spaced = " ".join(check[at : at + 4] for at in range(0, len(check), 4))
    printed = f" · 第 {about['revision']} 次修订 · 打印日期：{about['printed']}"
    parts = [
        "<h1>政务数据目录审批表</h1>",
        _pairs([*head, *rows]),
        f"<h2>数据项（共 {len(body.items)} 项）</h2>",
        _table(("序号", "名称", "字段", *(ITEM[key].zh for key in _COLUMNS)),
               [(str(at), item.zh, item.name, *_cells(item)) for at, item in enumerate(body.items, 1)]),
        "<h2>本次变动</h2>",
        "<ol>" + "".join(f"<li>{escape(one.zh)}</li>" for one in changed) + "</ol>",
        "<h2>已登记的评估</h2>",
        f"<p>{escape(about['papers']) or '尚无'}</p>",
        "<h2>部门负责人意见</h2>",
        f'<table class="sign"><tr>{"".join(f"<td>{one}</td>" for one in _SIGN)}</tr></table>',
        f'<p>核对码：<span class="check">{escape(spaced)}</span>{escape(printed)}</p>',
        f'<p class="digest">SHA-256 {escape(digest)}</p>',
        "<p>签字后扫描本表交回；目录在打印之后改动的，本表不再适用，须重新打印。</p>",
    ]  # fmt: skip
    title = f"<title>{escape(body.title.zh)} 审批表</title>"
    return (
        '<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"{title}<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def day(value: date) -> str:
    """A day as the sheet writes it."""
    return f"{value.year}年{value.month}月{value.day}日"


def _cells(item: Item) -> list[str]:
    found = flat(item, ITEM)
    return ["" if found[key] is None else values(found[key]).zh for key in _COLUMNS]


def _pairs(rows: Sequence[tuple[str, str]]) -> str:
    return "<table>" + "".join(f"<tr><th>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in rows) + "</table>"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
