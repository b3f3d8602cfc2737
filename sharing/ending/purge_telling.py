"""A purge in a person's words: its story, what it will take, how it was proved. Lines in both languages."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from infra.language import Text
from infra.local_time import local_time

if TYPE_CHECKING:
    from lake.purge.purge import Plan
    from lake.records.tombstones import Purge

_RETENTION = Text(
    "批准前请核对：法律、行政法规规定的保存期限未届满的，不得清除，应停止除存储和采取必要的安全保护措施之外的处理",
    "before approving: where a term of retention set by law is not over, nothing is erased; processing other than "
    "storing and protecting stops instead (PIPL Art. 47(2))",
)
_DUPLICATES = Text(
    "  其他批次中与之重复而未入库的记录不会恢复，需重新归集",
    "  records of other deliveries that were dropped as its duplicates do not come back by themselves",
)
_EMPTY = Text("  清除后该数据集没有数据，直到下一批次", "  the dataset is empty then, until the next delivery")


def story(one: "Purge") -> list[Text]:
    """What it is, on which basis, who did what and when."""
    state, basis, proposed = one.state.text, one.basis.text, f"{one.proposed_by}  {local_time(one.proposed_at)}"
    said = [
        Text(f"{one.id}  {state.zh}", f"{one.id}  {state.en}"),
        Text(
            f"  批次 {one.delivery}（{one.dataset or '未登记'}）", f"  delivery {one.delivery} ({one.dataset or '?'})"
        ),
        Text(f"  依据 {basis.zh}", f"  basis {basis.en}"),
        Text(f"  理由 {one.reason}", f"  reason {one.reason}"),
        Text(f"  提出 {proposed}", f"  proposed by {proposed}"),
    ]
    if one.state.value == "proposed":
        by = f"hub purge approve {one.id}"
        said.append(Text(f"  待另一位主管部门审核人审批：{by}", f"  waits for another reviewer of the authority: {by}"))
    if one.decided_by and one.decided_at:
        decided = f"{one.decided_by}  {local_time(one.decided_at)}  {one.opinion or ''}"
        said.append(Text(f"  审批 {decided}", f"  decided by {decided}"))
    if one.readmitted_by:
        said.append(
            Text(
                f"  准许再次归集 {one.readmitted_by}：{one.readmitted_basis}",
                f"  let in again by {one.readmitted_by}: {one.readmitted_basis}",
            )
        )
    return said


def planned(plan: "Plan") -> list[Text]:
    """What it will take, and what must be thought of before it is approved."""
    count = len(plan.deliveries)
    said = [Text(f"将清除 {count} 个批次（内容相同）", f"will take {count} of the deliveries, all of the same bytes")]
    said += [
        Text(
            f"  {held.key}：现行版本 {held.live} 行，文件 {len(held.files)} 个",
            f"  {held.key}: {held.live} rows of the newest version, {len(held.files)} files",
        )
        for held in (plan.curated, plan.quarantine)
        if held is not None
    ]
    if plan.versions:
        gone = spans(plan.versions)
        said.append(Text(f"  这些版本不可再读：{gone}", f"  versions that can be read no more: {gone}"))
    said += [_made(made) for made in plan.downstream]
    said += [_EMPTY] if plan.empties else []
    said += [
        Text(
            f"  同样内容还报送给 {other['dataset']}（{other['id']}），不在此次清除之内",
            f"  the same bytes were delivered to {other['dataset']} ({other['id']}) too: not part of this",
        )
        for other in plan.elsewhere
    ]
    said += [
        Text(
            f"  {unit} 的桶保留已接收的文件（taken: move），清除不及于此，由该单位删除 taken/ 下的副本",
            f"  the bucket of {unit} keeps what landed (taken: move), out of reach: the unit deletes it below taken/",
        )
        for unit in plan.keepers
    ]
    said += [
        Text(
            f"  {name} 有误，未能查看：其中若有 taken: move 的桶，须由其单位自行删除 taken/ 下的副本",
            f"  {name} is faulty and could not be looked at: a bucket that it lets keep what landed (taken: move) is "
            "out of reach",
        )
        for name in plan.unread
    ]
    return [*said, _DUPLICATES, _RETENTION]


def _made(made: Mapping[str, Any]) -> Text:
    alive = Text("许可将撤销", "its grant is revoked") if made["granted"] else Text("许可已失效", "no living grant")
    return Text(
        f"  交付数据集 {made['extract']}（{made['case']}，{alive.zh}）",
        f"  extract {made['extract']} ({made['case']}, {alive.en})",
    )


def spans(versions: tuple[int, ...]) -> str:
    """Rising numbers as spans: 1, 4–7."""
    found: list[list[int]] = []
    for version in versions:
        if found and version == found[-1][1] + 1:
            found[-1][1] = version
        else:
            found.append([version, version])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in found)


def proven(proof: Mapping[str, Any] | None) -> list[Text]:
    """How it was proved that nothing is left; nothing before it is carried out."""
    if proof is None:
        return []
    gone = spans(tuple(proof["versions"])) or "-"
    said = [Text(f"已清除  不可再读的版本：{gone}", f"carried out  versions that can be read no more: {gone}")]
    said += [
        Text(
            f"  复查 {look['where']}：检查 {look['looked_at']} 项，残留 {look['found']}",
            f"  searched {look['where']}: {look['looked_at']} looked at, {look['found']} found",
        )
        for look in proof["searched"]
    ]
    return [*said, Text("  演示：不具效力", "  demo: of no effect")] if proof["demo"] else said
