"""Records of a CSV list of datasets, one a row, under the headers that such lists have. Pure."""

from typing import Any

from catalogs.exchange.portal import cycle, moment
from catalogs.exchange.records import Bad, File, Finding, Record, digest
from catalogs.values.words import Openness, find
from infra.text import fold

_HEADERS = {
    "id": ("id", "identifier", "标识", "信息资源代码", "资源代码", "目录编码"),
    "title": ("title", "name", "名称", "信息资源名称", "目录名称", "数据集名称", "资源名称"),
    "provider": (
        "provider",
        "publisher",
        "organization",
        "提供方",
        "信息资源提供方",
        "提供单位",
        "来源部门",
        "数源部门",
    ),
    "summary": ("summary", "description", "notes", "摘要", "信息资源摘要", "描述", "简介"),
    "topic": ("topic", "theme", "category", "主题", "领域", "所属领域", "分类"),
    "openness": ("openness", "开放状态", "开放属性", "开放类型"),
    "update_frequency": ("frequency", "update_frequency", "更新周期", "更新频率"),
    "published": ("issued", "published", "发布日期", "发布时间"),
    "updated": ("modified", "updated", "最后更新时间", "更新时间"),
    "format": ("format", "格式", "数据格式", "信息资源格式"),
    "url": ("url", "link", "在线链接", "链接"),
}
_NAMES = {fold(header): name for name, headers in _HEADERS.items() for header in headers}


def read_row(raw: Any) -> tuple[Record, list[Finding]]:
    """The record of one row (header: cell); without an id column, title and provider are its id.

    Raises:
        Bad: HARVEST_TITLE.
    """
    said: dict[str, str] = {}
    other: dict[str, str] = {}
    for header, cell in raw.items():
        name, value = _NAMES.get(fold(header)), cell.strip()
        if value and (name is None or name in said):
            other[header] = value
        elif value and name is not None:
            said[name] = value
    title = " ".join(said.get("title", "").split())
    if not title:
        raise Bad("HARVEST_TITLE", "没有名称", "it has no title", said.get("id"))
    openness = find(Openness, said.get("openness", ""))
    frequency = cycle(said.get("update_frequency"))
    for name, read in (("openness", openness), ("update_frequency", frequency)):
        if read is None and name in said:
            other[name] = said[name]
    form = said.get("format", "").lower()
    record = Record(
        said.get("id") or digest([title, said.get("provider", "")])[:24],
        title,
        provider=said.get("provider"),
        summary=said.get("summary"),
        topic=said.get("topic"),
        openness=None if openness is None else str(openness),
        update_frequency=frequency,
        published=moment(said.get("published")) or said.get("published"),
        updated=moment(said.get("updated")) or said.get("updated"),
        page=said.get("url"),
        files=(File(title, form, said.get("url")),) if form else (),
        other=other,
    )
    return record, []
