"""Records of Chinese open-data portals as crawlers save them, one object a line. Pure.

Two shapes: `{"name", "topic", "info": {label: value}}`, one object for each file of a dataset, and `{"name", "time"}`,
a list of yearbook tables. In the first a crawler may have paired labels and values out of step, so that a label stands
where a value belongs. The labels are known, so the pairs can be put right: read as one row of words, a label that is
followed by a label has no value. That counts as proved only if every word falls into its place: times where times
belong, a known cycle, no label twice. Else nothing is guessed.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catalogs.exchange.records import Bad, File, Finding, Record, digest
from catalogs.values.words import Openness, UpdateFrequency, find
from infra.language import Text

ORDER = (
    "来源部门", "数据量", "文件数", "开放状态", "所属行业", "发布时间", "最后更新时间", "更新频率", "部门电话",
    "部门邮箱", "描述",
)  # fmt: skip
LABELS = frozenset(ORDER)
NOTHING = frozenset({"", "暂无", "无", "-", "—"})
_TIMES = ("发布时间", "最后更新时间")
_NAME = re.compile(r"(?P<base>.*?)(?:_(?P<number>\d{1,3}))?\.(?P<format>[A-Za-z0-9]{1,8})")
_COUNT = re.compile(r"\d{1,3}(?:,\d{3})*|\d+")
_CYCLES = {
    "每天": UpdateFrequency.DAILY,
    "每日": UpdateFrequency.DAILY,
    "每季": UpdateFrequency.QUARTERLY,
    "半年": UpdateFrequency.HALF_YEARLY,
}
_BLANKS = Finding("HARVEST_BLANKS", Text("名称中有连续空格，已合并", "several blanks in the name, made one"))
_OUT_OF_STEP = Finding(
    "HARVEST_OUT_OF_STEP",
    Text("标签与值错位，已按标签表改正", "labels and values out of step, put right by the labels"),
)
_UNPROVED = Finding(
    "HARVEST_STEP_UNPROVED",
    Text(
        "标签与值错位且不能证明如何改正，原样保存、未采用", "labels and values out of step beyond proof: kept, not used"
    ),
)
_COMMAS = Finding("HARVEST_COUNT_COMMAS", Text("数量带千分位逗号，已改为数字", "a count with commas, made a number"))


def cycle(word: str | None) -> str | None:
    """The house's word for a portal's update cycle, or None."""
    if word is None:
        return None
    found = _CYCLES.get(word) or find(UpdateFrequency, word)
    return None if found is None else str(found)


def moment(word: str | None) -> str | None:
    """A date or time of a portal in ISO form, or None."""
    try:
        return None if word is None else datetime.fromisoformat(word.strip()).isoformat()
    except ValueError:
        return None


def read_portal(raw: Any) -> tuple[Record, list[Finding]]:
    """The record of one object, and what was found wrong with it.

    Raises:
        Bad: HARVEST_OBJECT when it has neither shape; HARVEST_TITLE.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
        raise Bad("HARVEST_OBJECT", "不是含 name 的对象", "no object with a name")
    findings: list[Finding] = []
    name = " ".join(raw["name"].split())
    if re.search(r"\s{2,}", raw["name"]):
        findings.append(_BLANKS)
    match = _NAME.fullmatch(name)
    base, form = (match["base"].strip(), match["format"].lower()) if match else (name, "")
    if not base:
        raise Bad("HARVEST_TITLE", "没有名称", "it has no title")
    file = File(name, form)
    if isinstance(raw.get("info"), dict):
        return _listed(raw, base, file, findings), findings
    if isinstance(raw.get("time"), str):
        return _table(raw, base, file), findings
    raise Bad("HARVEST_OBJECT", "既没有 info 也没有 time", "it has neither info nor time")


def _table(raw: Mapping[str, Any], base: str, file: File) -> Record:
    year = raw["time"].strip()
    other = {key: _text(value) for key, value in raw.items() if key not in ("name", "time")}
    return Record(_identity(base, "", "", year), base, published=year or None, files=(file,), other=other)


def _listed(raw: Mapping[str, Any], base: str, file: File, findings: list[Finding]) -> Record:
    said = pairs(raw["info"], findings)
    known = {label: value for label, value in said.items() if value not in NOTHING}
    topic = _text(raw.get("topic"))
    published = known.get("发布时间", "")
    openness = find(Openness, known.get("开放状态", ""))
    used = {"来源部门", "描述", "发布时间"}
    rows = _count(known.get("数据量"), findings)
    updated, frequency = moment(known.get("最后更新时间")), cycle(known.get("更新频率"))
    for label, done in (
        ("数据量", rows), ("开放状态", openness), ("最后更新时间", updated), ("更新频率", frequency),
    ):  # fmt: skip
        if done is not None:
            used.add(label)
        elif label in known:
            findings.append(_unread(label))
    return Record(
        _identity(base, known.get("来源部门", ""), topic, published),
        base,
        provider=known.get("来源部门"),
        summary=known.get("描述"),
        topic=None if topic in NOTHING else topic,
        openness=None if openness is None else str(openness),
        update_frequency=frequency,
        published=moment(published) or published or None,
        updated=updated,
        rows=rows,
        files=(file,),
        other={label: value for label, value in known.items() if label not in used},
    )


def pairs(info: Mapping[str, Any], findings: list[Finding]) -> dict[str, str]:
    """The pairs of label and value, put right where they were out of step; {} where that cannot be proved."""
    said = {str(label): _text(value) for label, value in info.items()}
    swapped = any(value in LABELS for label, value in said.items() if label != "描述")
    if not said.keys() - LABELS and not swapped:
        return said
    right = _in_step([word for pair in said.items() for word in pair])
    if right is None:
        findings.append(_UNPROVED)
        return {}
    findings.append(_OUT_OF_STEP)
    lost = [label for label in ORDER if label in right and right[label] is None]
    lost += [label for label in ("部门邮箱",) if label not in right]
    if lost:
        words = "、".join(lost)
        findings.append(Finding("HARVEST_VALUE_LOST", Text(f"错位时丢失了：{words}", f"lost by it: {words}")))
    return {label: value for label, value in right.items() if value is not None}


def _in_step(words: list[str]) -> dict[str, str | None] | None:
    right: dict[str, str | None] = {}
    at = 0
    while at < len(words):
        label, value = words[at], words[at + 1] if at + 1 < len(words) else None
        if label not in LABELS or label in right:
            return None
        right[label] = None if value is None or value in LABELS else value
        at += 1 if right[label] is None else 2
    times = (right.get(label) for label in _TIMES)
    word = right.get("更新频率")
    proved = all(time is None or moment(time) for time in times) and (word is None or cycle(word) is not None)
    return right if proved else None


def _count(word: str | None, findings: list[Finding]) -> int | None:
    if word is None or len(word) > 20 or not _COUNT.fullmatch(word):
        return None
    if "," in word:
        findings.append(_COMMAS)
    return int(word.replace(",", ""))


def _unread(label: str) -> Finding:
    return Finding(
        "HARVEST_VALUE_UNREAD", Text(f"不能识别{label}的值，原样保存", f"the value of {label} is kept as it is")
    )


def _identity(base: str, provider: str, topic: str, published: str) -> str:
    """What one dataset of a portal is: its name, provider, topic and time of publication; the portal gives no id."""
    return digest([base, provider, topic, published])[:24]


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)
