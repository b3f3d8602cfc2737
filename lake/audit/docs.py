"""Data Docs: one page a delivery that shows each expectation and what came of it, without a value of the data.

The pages that Great Expectations renders load styles and scripts from outside; these stand alone, so that opening one
tells nobody. They are kept in the store as `docs/<unit>/<domain>/<name>/<delivery>.html`.
"""

import html
import json
from collections.abc import Mapping
from typing import Any

from infra.ground import Ground
from lake.audit.verdict import Verdict
from lake.records.record import Row

_PAGE = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px/1.5 sans-serif;margin:2em;max-width:70em}}table{{border-collapse:collapse;width:100%}}
td,th{{border:1px solid #ccc;padding:.3em .6em;text-align:left}}
.no{{background:#fdd}}.warn{{background:#ffe9c0}}</style>
</head><body><h1>{title}</h1><p>{state}</p>
<table><tr><th>规则 rule</th><th>检验 expectation</th><th>级别 severity</th><th>结果 result</th><th>记录 records</th>
<th>说明 sentence</th></tr>{rows}</table>
<script type="application/json">{data}</script></body></html>
"""


def key(row: Row) -> str:
    """The page's key in the store."""
    return f"docs/{str(row['dataset']).replace('.', '/')}/{row['id']}.html"


def keep(ground: Ground, row: Row, audit: Mapping[str, Any], verdict: Verdict) -> None:
    """Store the page of one audit; a second audit of the delivery replaces it."""
    ground.store.put_bytes(key(row), page(row, audit, verdict).encode())


def page(row: Row, audit: Mapping[str, Any], verdict: Verdict) -> str:
    """The page as HTML."""
    lines = []
    for found in verdict.findings:
        mark = "" if found.kept else "warn" if found.severity == "warn" else "no"
        result = "符合 kept" if found.kept else "未能检验 not evaluated" if found.error else "不符合 broken"
        count = "" if found.count is None else str(found.count)
        cells = (found.rule, found.expectation, found.severity, result, count, f"{found.zh} {found.en}")
        lines.append(f'<tr class="{mark}">' + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    data = {"delivery": row["id"], "dataset": row["dataset"], **audit}
    return _PAGE.format(
        title=html.escape(f"{row['dataset']} · {row['id']}"),
        state="通过 passed" if audit["passed"] else "未通过，整批未发布 blocked",
        rows="\n".join(lines),
        data=json.dumps(data, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c"),
    )
