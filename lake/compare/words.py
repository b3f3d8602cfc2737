"""How a difference between register and lake is said, and what to do about it: in Chinese and English. Pure."""

from typing import Any

from catalogs.values.words import UpdateFrequency
from infra.language import Text
from lake.compare.rules import Difference, State


def sentence(one: Difference) -> Text:
    """What is the matter, in words."""
    return _SAID[one.state](one)


def remedy(one: Difference) -> Text:
    """What to do about it."""
    return _REMEDIES[one.state]


def _said_undelivered(one: Difference) -> Text:
    came = one.detail.get("deliveries")
    if came:
        return Text(
            f"目录中的 {one.subject} 收到过 {came} 个批次，但没有一个已发布",
            f"{came} deliveries came for {one.subject}, and none of them stands published",
        )
    return Text(f"目录中的 {one.subject} 从未归集过数据", f"nothing was ever delivered for {one.subject}")


def _said_uncatalogued(one: Difference) -> Text:
    count = one.detail.get("deliveries")
    if one.subject == one.unit:
        return Text(
            f"{one.unit or '（未知单位）'} 报送的 {count} 个批次不属于任何已登记的数据资源，已原样封存、未作处理",
            f"{count} deliveries of {one.unit or 'an unknown unit'} are for no registered resource: kept as they came",
        )
    return Text(
        f"已报送 {one.subject} 的 {count} 个批次，但目录中没有登记该数据资源",
        f"{count} deliveries came for {one.subject}, which the register does not hold",
    )


def _said_late(one: Difference) -> Text:
    detail = one.detail
    cycle = next((word.text for word in UpdateFrequency if str(word) == detail["frequency"]), Text("", ""))
    return Text(
        f"{one.subject} 的更新周期是{cycle.zh}，最近一次更新为 {detail['last']}，应于 {detail['due']} 前更新",
        f"{one.subject} is updated {cycle.en}; the last update came on {detail['last']}, the next was due by "
        f"{detail['due']}",
    )


def _said_drifted(one: Difference) -> Text:
    detail = one.detail
    missing, extra, types = (_several(detail[name]) for name in ("missing", "extra", "types"))
    wrong = [f"{kind['item']}（目录 {kind['register']}，数据 {kind['lake']}）" for kind in types]
    differs = [f"{kind['item']} ({kind['register']} in the register, {kind['lake']} in the lake)" for kind in types]
    zh = [("数据中没有数据项 ", missing), ("数据中多出 ", extra), ("类型不同 ", wrong)]
    en = [("not in the data: ", missing), ("not in the register: ", extra), ("of another type: ", differs)]
    return Text(
        f"{one.subject} 已发布的数据与目录的数据项不一致：" + "；".join(f"{said}{'、'.join(n)}" for said, n in zh if n),
        f"the published data of {one.subject} departs from its items: "
        + "; ".join(f"{said}{', '.join(n)}" for said, n in en if n),
    )


def _several(names: object) -> list[Any]:
    return list(names) if isinstance(names, list) else []


def _said_withdrawn(one: Difference) -> Text:
    return Text(f"{one.subject} 已从目录撤销，但数据仍在", f"{one.subject} is withdrawn, but its data is still there")


_SAID = {
    State.UNDELIVERED: _said_undelivered,
    State.UNCATALOGUED: _said_uncatalogued,
    State.LATE: _said_late,
    State.DRIFTED: _said_drifted,
    State.WITHDRAWN: _said_withdrawn,
}
_REMEDIES = {
    State.UNDELIVERED: Text(
        "归集第一个批次（hub ingest 或报送渠道）；不再提供的，撤销目录并说明理由",
        "deliver the first batch (`hub ingest` or a door); what is not provided any more is withdrawn, with why",
    ),
    State.UNCATALOGUED: Text(
        "先编目并登记（hub catalog suggest、hub catalog register），再用 hub ticket again 处理；误报的由数据工程师办结",
        "catalogue it first (`hub catalog suggest`, `hub catalog register`), then `hub ticket again`; a mistake is "
        "closed by an engineer (`hub ticket close`)",
    ),
    State.LATE: Text(
        "报送最新批次；内容未变也请报送。更新周期已变的，修改目录",
        "deliver the newest batch, even if nothing changed; where the cycle is another now, change the entry",
    ),
    State.DRIFTED: Text(
        "数据变了的改目录，目录变了的改契约并再报送（hub contract diff 查看差异）",
        "where the data changed, change the entry; where the entry did, change the contract and deliver again "
        "(`hub contract diff`)",
    ),
    State.WITHDRAWN: Text(
        "确认无有效许可后，用 hub purge 依法清除，或恢复目录",
        "once no grant is live, erase it by `hub purge`, or put the entry back in force",
    ),
}
