"""The glossary that a metadata catalogue is told: nodes with their terms, each with a definition. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from catalogs.values.words import Grade, Openness, PersonalKind, SharingAttribute
from infra.language import Text


@dataclass(frozen=True, slots=True)
class Term:
    """One term: its id, its node's id, its name and what it means."""

    id: str
    node: str
    name: Text
    definition: Text


NODES = {
    "grade": Text("数据分级", "grade"),
    "sharing": Text("共享属性", "sharing attribute"),
    "openness": Text("开放属性", "openness"),
    "personal": Text("个人信息类别", "classes of personal information"),
}
_GRADES = {
    Grade.CORE: Text(
        "关系国家安全、国民经济命脉等，一旦泄露危害特别严重", "harm to national security of the gravest kind"
    ),
    Grade.IMPORTANT: Text(
        "一旦泄露可能危害国家安全、经济运行、社会稳定、公共健康和安全", "may harm security, economy or health"
    ),
}
_GENERAL = Text(
    "一般数据，级别越高，泄露对组织和个人权益的危害越大", "general data; the higher, the graver the harm of a leak"
)
_SHARING = {
    SharingAttribute.UNCONDITIONAL: Text("可以提供给所有政务部门共享使用", "for all government departments"),
    SharingAttribute.CONDITIONAL: Text(
        "仅能提供给有关政务部门或部分使用", "for some departments, or some uses, on request"
    ),
    SharingAttribute.NOT_SHARED: Text(
        "法律、行政法规或国务院决定明确不得共享", "a law, regulation or State Council decision forbids it"
    ),
}
_OPENNESS = {
    Openness.UNCONDITIONAL: Text("可以提供给所有公民、法人和其他组织使用", "for everybody"),
    Openness.CONDITIONAL: Text("在一定条件下提供使用", "for those who meet its conditions"),
    Openness.CLOSED: Text("不向社会开放", "for nobody outside government"),
}


def terms() -> Iterator[Term]:
    """Every term (GB/T 43697-2024, Decree 809 Art. 14, GB/T 35273-2020 Annex A)."""
    for grade in Grade:
        meant = _with(_GRADES.get(grade, _GENERAL), "GB/T 43697-2024")
        yield Term(f"grade.{grade.id}", "grade", grade.text, meant)
    for sharing in SharingAttribute:
        meant = _with(_SHARING[sharing], "政务数据共享条例 Decree 809, Art. 14")
        yield Term(f"sharing.{sharing}", "sharing", sharing.text, meant)
    for openness in Openness:
        yield Term(f"openness.{openness}", "openness", openness.text, _OPENNESS[openness])
    for kind in PersonalKind:
        meant = _with(Text("个人信息的一类", "a class of personal information"), "GB/T 35273-2020, Annex A")
        yield Term(f"personal.{kind}", "personal", kind.text, meant)


def _with(meant: Text, source: str) -> Text:
    return Text(f"{meant.zh}（{source}）", f"{meant.en} ({source})")


TERMS = {one.id: one for one in terms()}
