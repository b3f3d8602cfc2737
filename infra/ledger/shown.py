"""What the ledger's commands say to a person, in both languages."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from infra.console import table
from infra.language import Text
from infra.ledger.act_words import ACT_ZH
from infra.ledger.entry import canonical_object
from infra.ledger.note import Verifier
from infra.local_time import local_time

if TYPE_CHECKING:
    from infra.ledger.bundle import Exported
    from infra.ledger.report import Report
    from infra.ledger.store import StoredEntry

_MARK = Text("内容（可能含个人信息，勿外传）", "content (may be personal, do not pass on)")
_SUBJECT = 64
_SAID = {"kind", "message"}


def entry_fields(row: "StoredEntry", *, content: bool) -> dict[str, Any]:
    """An entry as JSON; its content only when asked for."""
    shown: dict[str, Any] = {"number": row.number, "leaf_index": row.leaf_index, "hash": row.hash.hex()}
    shown |= canonical_object(row.body) or {"unreadable": True}
    if content:
        shown["content"] = None if row.content is None else canonical_object(row.content)
        shown["content_erased"] = row.content is None
    return shown


def entry_lines(entries: Sequence[dict[str, Any]], lang: str) -> Iterator[str]:
    """Entries for a person."""
    columns = Text("编号,位置,时间,行为,代码,对象,操作者", "number,place,time,act,subject,actor").say(lang).split(",")
    waiting = Text("待编入", "waiting").say(lang)
    rows = []
    for entry in entries:
        place = waiting if entry["leaf_index"] is None else entry["leaf_index"]
        actor = str(entry.get("actor", "")).rpartition(":")[2][:12]
        demo = Text("（演示）", " (demo)").say(lang) if entry.get("demo") else ""
        act, subject = f"{entry.get('act')}{demo}", _short(str(entry.get("subject", "")))
        acts = [ACT_ZH.get(str(entry.get("act")), ""), act] if lang == "zh" else [act]
        rows.append([entry["number"], place, local_time(entry.get("time")), *acts, subject, actor])
    yield table(rows, columns)
    for entry in entries:
        if "content" in entry:
            erased = Text("已清除", "erased").say(lang)
            said = erased if entry["content_erased"] else json.dumps(entry["content"], ensure_ascii=False)
            yield f"{entry['number']} {_MARK.say(lang)}: {said}"


def _short(subject: str) -> str:
    return subject if len(subject) <= _SUBJECT else subject[: _SUBJECT - 1] + "…"


def report_lines(report: "Report", lang: str) -> Iterator[str]:
    """The result of a check for a person."""
    yield _verdict(report).say(lang)
    yield Text(
        f"  存证 {report.origin}，记录 {report.entries} 条，检查点 {report.checkpoints} 个，"
        f"待编入 {report.pending} 条，内容已清除 {report.erased} 条",
        f"  log {report.origin}: {report.entries} entries, {report.checkpoints} checkpoints, "
        f"{report.pending} waiting, {report.erased} contents erased",
    ).say(lang)
    yield Text(f"  根 {report.root or '—'}", f"  root {report.root or '-'}").say(lang)
    for key in report.keys:
        yield _key_line(key, report.trusted).say(lang)
    if report.demo:
        yield Text("  演示存证：不作为证据", "  a demo log: no evidence of anything").say(lang)
    if report.unwitnessed_since:
        since = local_time(report.unwitnessed_since)
        yield Text(
            f"  自 {since} 起没有外部见证：在此之后，持有签名密钥者可以重写全部存证而不被发现",
            f"  no outside witness since {since}: whoever holds the signing key could have rewritten all of it",
        ).say(lang)
    for fault in report.faults:
        place = ", ".join(f"{name} {value}" for name, value in fault.as_dict(lang).items() if name not in _SAID)
        yield f"  ✗ {fault.kind}: {fault.text.say(lang)}" + (f" [{place}]" if place else "")


def _verdict(report: "Report") -> Text:
    if not report.ok:
        return Text(f"✗ 发现 {len(report.faults)} 处不符", f"✗ {len(report.faults)} things do not fit")
    if report.trusted is None:
        return Text(
            "✓ 前后一致；未给出可信公钥（--key），请用其他途径核对以下指纹",
            "✓ consistent in itself; no trusted key was given (--key): compare the fingerprint below by another way",
        )
    return Text("✓ 全部相符，且出自可信公钥", "✓ everything fits, and leads to a trusted key")


def _key_line(text: str, trusted: bool | None) -> Text:
    fingerprint = Verifier.parse(text).fingerprint
    return Text(
        f"  公钥 {text}\n    指纹 {fingerprint}{'' if trusted else '（未经确认）'}",
        f"  key {text}\n    fingerprint {fingerprint}{'' if trusted else ' (not confirmed)'}",
    )


def receipt_lines(value: Mapping[str, Any], lang: str) -> Iterator[str]:
    """A checked receipt for a person."""
    yield Text(
        f"✓ 回执成立：第 {value['leaf_index']} 位记录在 {value['origin']} 大小为 {value['size']} 的存证树中",
        f"✓ the receipt holds: entry at place {value['leaf_index']} is in {value['origin']} at size {value['size']}",
    ).say(lang)
    yield f"  {value['entry'].get('act')} {value['entry'].get('subject')} {local_time(value['entry'].get('time'))}"
    yield _key_line(value["key"], value["trusted"]).say(lang)


def growth_lines(value: Mapping[str, Any], lang: str) -> Iterator[str]:
    """A checked consistency proof for a person."""
    old, new, log = value["old"], value["new"], value["origin"] or "?"
    yield Text(
        f"✓ 一致性证明成立：{log} 前 {old['size']} 条未改、未缺、未换位，现为 {new['size']} 条",
        f"✓ the consistency proof holds: the first {old['size']} entries of {log} stand unchanged in its {new['size']}",
    ).say(lang)
    if not value["trusted"]:
        yield Text("  未给出可信公钥（--key）", "  no trusted key was given (--key)").say(lang)
    for head in (old, new):
        said = Text(f"  大小 {head['size']} 的根 {head['root']}", f"  root at {head['size']}: {head['root']}").say(lang)
        yield said if head["signed"] else said + Text("（无签名检查点）", " (no signed checkpoint)").say(lang)
    yield Text(
        "  请与自己留存的较早检查点核对大小和根",
        "  compare the earlier size and root with the checkpoint that you kept",
    ).say(lang)
    for key in dict.fromkeys(head["key"] for head in (old, new) if head["key"]):
        yield _key_line(key, value["trusted"]).say(lang)


def export_lines(written: "Exported", lang: str) -> Iterator[str]:
    """What was exported, and how to check it."""
    yield Text(f"已导出 {written.size} 条记录至 {written.path}", f"{written.size} entries are in {written.path}").say(
        lang
    )
    if written.contents:
        yield _MARK.say(lang)
    yield Text(
        f"验证：hub ledger verify --bundle {written.path} --key '{written.key}'",
        f"to verify: hub ledger verify --bundle {written.path} --key '{written.key}'",
    ).say(lang)
    yield Text(f"公钥指纹 {written.fingerprint}", f"fingerprint {written.fingerprint}").say(lang)
