"""What goes between the city and another platform beside the catalogue: requests, replies, corrections, use records.

Each kind is a flat record of the fields that Decree 809 asks for (Art. 20, 21, 26, 29), as columns of the kit. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from catalogs.sheet.column import Column, Kind
from catalogs.values.word import Word
from catalogs.values.words import SharingMode
from infra.language import Text


class Channel(Word):
    """渠道: by which procedure data are asked for."""

    GOVERNMENT = "government_sharing", "政务共享", "government sharing"
    UNCONDITIONAL = "unconditional_open", "无条件开放", "unconditional opening"
    CONDITIONAL = "conditional_open", "有条件开放", "conditional opening"
    OPERATION = "authorised_operation", "授权运营", "authorised operation"


class Outcome(Word):
    """答复结果: what a request was answered with."""

    GRANTED = "granted", "同意", "granted"
    REFUSED = "refused", "不同意", "refused"
    INCOMPLETE = "incomplete", "补正材料", "papers are missing"


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A kind of record: the key of its fields in a map, its name, and its columns by key.

    `later` are the columns that are filled when the record has gone on: what one side does not say yet is no conflict.
    """

    id: str
    text: Text
    columns: Mapping[str, Column]
    later: frozenset[str] = frozenset()

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that every record has."""
        return tuple(key for key, one in self.columns.items() if one.needed)


NUMBER = Column("number", "编号", "number", "对方或本市的编号", longest=100, needed=True)
_RESOURCE = (
    Column("title", "信息资源名称", "the resource's title", "与目录一致", longest=128, needed=True),
    Column("code", "信息资源代码", "the resource's code", "没有可空着", longest=200),
    Column("provider", "提供单位", "provider", "单位全称", longest=200, needed=True),
    Column("uscc", "提供单位代码", "provider's code", "18位统一社会信用代码", longest=40),
)


def _kind(identity: str, text: Text, columns: tuple[Column, ...], later: tuple[str, ...] = ()) -> RecordKind:
    return RecordKind(identity, text, {one.key: one for one in (NUMBER, *columns)}, frozenset(later))


REQUESTS = _kind(
    "requests",
    Text("需求申请", "requests"),
    (
        *_RESOURCE,
        Column("applicant", "需求单位", "who asks", "单位全称", longest=200, needed=True),
        Column("applicant_uscc", "需求单位代码", "its code", "18位统一社会信用代码", longest=40, needed=True),
        Column("channel", "渠道", "channel", "四种之一", Kind.WORD, Channel, needed=True),
        Column("items", "所需数据项", "items", "几项用顿号隔开", Kind.LIST, longest=3000, needed=True),
        Column("basis", "使用依据", "basis", "法律法规或职责依据", longest=500),
        Column("scene", "使用场景", "scene", "用在什么业务中", longest=500, needed=True),
        Column("scope", "使用范围", "scope", "哪些人、哪些系统使用", longest=500),
        Column("purpose", "使用用途", "purpose", "用来做什么", longest=500, needed=True),
        Column("mode", "共享方式", "sharing mode", "服务接口、批量交换、文件下载", Kind.WORDS, SharingMode),
        Column("days", "使用时限（天）", "term in days", "只填数字", Kind.COUNT, longest=9, needed=True),
        Column("asked_on", "申请日期", "day of the request", "年-月-日", Kind.DATE),
        Column("approver", "需求单位审签人", "who signed it off", "共享工作机构负责人", longest=100),
    ),
)
REPLIES = _kind(
    "replies",
    Text("答复", "replies"),
    (
        *_RESOURCE,
        Column("outcome", "答复结果", "outcome", "同意、不同意或补正材料", Kind.WORD, Outcome, needed=True),
        Column("reason", "理由", "reasons", "不同意或补正的必填", longest=3000),
        Column("replied_on", "答复日期", "day of the reply", "年-月-日", Kind.DATE, needed=True),
        Column("mode", "交付方式", "delivery mode", "服务接口、批量交换、文件下载", Kind.WORDS, SharingMode),
        Column("until", "使用截止日期", "last day of use", "年-月-日", Kind.DATE),
    ),
    later=("until",),
)
CORRECTIONS = _kind(
    "corrections",
    Text("校核", "corrections"),
    (
        *_RESOURCE,
        Column("asker", "校核申请单位", "who asks", "单位全称", longest=200, needed=True),
        Column("asker_uscc", "校核申请单位代码", "its code", "18位统一社会信用代码", longest=40),
        Column("what", "疑义内容", "what is wrong", "哪里不对", longest=2000, needed=True),
        Column("asked_on", "申请日期", "day of asking", "年-月-日", Kind.DATE),
        Column("result", "核实结果", "result", "怎样核实、更正", longest=2000),
        Column("version", "更正版本", "corrected version", "更正所在的版本", Kind.COUNT, longest=9),
        Column("answered_on", "反馈日期", "day of the answer", "年-月-日", Kind.DATE),
    ),
    later=("result", "version", "answered_on"),
)
USES = _kind(
    "uses",
    Text("使用记录", "use records"),
    (
        Column("request", "申请编号", "the request's number", "对方或本市的编号", longest=100, needed=True),
        *_RESOURCE,
        Column("user", "使用单位", "who uses", "单位全称", longest=200, needed=True),
        Column("user_uscc", "使用单位代码", "its code", "18位统一社会信用代码", longest=40),
        Column("scene", "使用场景", "scene", "用在什么业务中", longest=500, needed=True),
        Column("process", "使用过程", "process", "怎样使用", longest=2000),
        Column("results", "使用成效", "results", "取得的成效", longest=2000),
        Column("storage", "存储情况", "storage", "存在哪里、怎样保护", longest=2000),
        Column("destruction", "销毁情况", "destruction", "何时、怎样销毁", longest=2000),
        Column("recorded_on", "记录日期", "day of the record", "年-月-日", Kind.DATE, needed=True),
    ),
)
KINDS: Mapping[str, RecordKind] = {one.id: one for one in (REQUESTS, REPLIES, CORRECTIONS, USES)}
