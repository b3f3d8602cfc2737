"""The gate matrix: what may leave for whom by grade and content, as data.

A default of the house, inferred from the laws it names; it is an ordered list of rows, and the strictest row that fits
an item decides (`verdict`). What no built procedure can satisfy is "not available", never a promise: for firms there is
no enclave yet, so the rows that would need one block.
"""

from collections.abc import Callable
from dataclasses import dataclass

from catalogs.values.model import Content, Grade, IdentifierRole, Item, Resource
from catalogs.values.words import Word
from infra.language import Text


class Receiver(Word):
    """Who asks."""

    DEPARTMENT = "department", "部门", "department"
    FIRM = "firm", "企业或研究机构", "firm or institute"


class Outcome(Word):
    """What may be done, from the freest to the strictest; `strictness` orders them."""

    ALLOW = "allow", "可以提供", "may be given"
    AGREEMENT = "agreement", "有条件开放，须签利用协议", "conditional, with an agreement"
    DUTY = "duty", "按职责核准，必要时屏蔽", "by statutory duty, masked by need"
    APPROVAL = "approval", "须经批准，写明目的并留痕", "with approval, purpose and record"
    AGGREGATE = "aggregate", "仅提供聚合或匿名化结果", "aggregates and anonymised results alone"
    BLOCK = "block", "不予提供", "not given"

    @property
    def strictness(self) -> int:
        """0 for the freest."""
        return list(Outcome).index(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the matrix says of one item for one receiver: the row (`rule`), its outcome, sentence and article."""

    rule: str
    outcome: Outcome
    text: Text
    article: str

    @property
    def blocked(self) -> bool:
        """Whether the item can in no form leave."""
        return self.outcome is Outcome.BLOCK


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the matrix: which items it is about and what it says to each receiver."""

    id: str
    fits: Callable[[Item], bool]
    department: Outcome
    firm: Outcome
    to_department: Text
    to_firm: Text
    article: str


def _special(item: Item) -> bool:
    return bool(item.content & {Content.MINOR, Content.PATIENT})


MATRIX: tuple[Row, ...] = (
    Row(
        "matrix-core",
        lambda item: item.grade is Grade.CORE,
        Outcome.BLOCK,
        Outcome.BLOCK,
        Text("核心数据另按国家规定办理，本平台不提供", "core data follows rules of the state; not given here"),
        Text("核心数据不向企业提供", "core data is not given to firms"),
        "数据安全法第二十一条 Data Security Law Art. 21",
    ),
    Row(
        "matrix-important",
        lambda item: item.grade is Grade.IMPORTANT,
        Outcome.APPROVAL,
        Outcome.BLOCK,
        Text("重要数据须经批准、写明目的并留痕", "important data needs approval, purpose and record"),
        Text(
            "重要数据原始数据不出域，须先完成风险评估且只能在领地内使用，目前不提供",
            "important data does not leave: it needs a risk assessment and an enclave, which is not available",
        ),
        "网络数据安全管理条例第三十一条 Network Data Regulation Art. 31",
    ),
    Row(
        "matrix-camera",
        lambda item: bool(item.content & {Content.CAMERA, Content.PLATE}),
        Outcome.APPROVAL,
        Outcome.BLOCK,
        Text("公共视频图像和车牌只用于公共安全目的", "camera images and number plates serve public security alone"),
        Text(
            "公共视频图像和车牌不向企业提供，只能提供由其得出的流量统计",
            "camera images and number plates are not given to firms; only traffic counts derived from them",
        ),
        "个人信息保护法第二十六条；公共安全视频图像信息系统管理条例第十六条、第十七条 PIPL Art. 26",
    ),
    Row(
        "matrix-identifier",
        lambda item: item.identifier is IdentifierRole.DIRECT and item.personal is not None,
        Outcome.DUTY,
        Outcome.BLOCK,
        Text("直接标识符按职责核准，必要时屏蔽", "direct identifiers go by statutory duty, masked by need"),
        Text("直接标识符不向企业提供", "direct identifiers are not given to firms"),
        "个人信息保护法第二十三条、第七十三条；GB/T 37964-2019 PIPL Art. 23, 73",
    ),
    Row(
        "matrix-minor-patient",
        _special,
        Outcome.APPROVAL,
        Outcome.AGGREGATE,
        Text("未成年人和患者信息须按职责并经批准", "data of children and patients needs duty and approval"),
        Text("未成年人和患者信息只提供聚合结果", "of children and patients only aggregates are given"),
        "个人信息保护法第二十八条、第三十一条；未成年人网络保护条例第三十六条；GB/T 39725-2020 PIPL Art. 28, 31",
    ),
    Row(
        "matrix-personal",
        lambda item: item.personal is not None or item.grade in (Grade.GENERAL_3, Grade.GENERAL_4),
        Outcome.DUTY,
        Outcome.AGGREGATE,
        Text("个人信息或一般3—4级数据按职责核准，必要时屏蔽", "by statutory duty, masked by need"),
        Text(
            "个人信息或一般3—4级数据，没有同意或其他合法性基础时只提供匿名化、聚合结果",
            "personal data or general grades 3 and 4: without consent or another basis only anonymised or aggregated",
        ),
        "个人信息保护法第四条、第十三条、第二十三条、第七十三条 PIPL Art. 4, 13, 23, 73",
    ),
    Row(
        "matrix-general-2",
        lambda item: item.grade is Grade.GENERAL_2,
        Outcome.ALLOW,
        Outcome.AGREEMENT,
        Text("按共享属性提供", "by its sharing attribute"),
        Text("有条件开放，须签订利用协议", "open on conditions, with an agreement"),
        "政务数据共享条例第十四条；公共数据开放规定 Decree 809 Art. 14",
    ),
    Row(
        "matrix-general-1",
        lambda item: True,  # noqa: ARG005 - the last row fits what no other did
        Outcome.ALLOW,
        Outcome.ALLOW,
        Text("可以提供", "may be given"),
        Text("可以无条件开放", "may be open without condition"),
        "政务数据共享条例第十四条 Decree 809 Art. 14",
    ),
)
"""The rows, the more particular first."""


def verdict(item: Item, receiver: Receiver) -> Verdict:
    """What the matrix says of one item: the strictest outcome of all rows that fit, the first such row."""
    fitting = [_verdict(row, receiver) for row in MATRIX if row.fits(item)]
    return max(fitting, key=lambda found: found.outcome.strictness)


def verdicts(resource: Resource, receiver: Receiver) -> dict[str, Verdict]:
    """The verdict on every item of a resource, by item name in their order."""
    return {item.name: verdict(item, receiver) for item in resource.items}


def _verdict(row: Row, receiver: Receiver) -> Verdict:
    if receiver is Receiver.FIRM:
        return Verdict(row.id, row.firm, row.to_firm, row.article)
    return Verdict(row.id, row.department, row.to_department, row.article)
