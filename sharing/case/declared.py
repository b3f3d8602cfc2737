"""What applicants declare and commit to, and the lists they may stand on, as values. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.language import Text

KINDS = {
    "firm": Text("企业", "firm"),
    "institute": Text("研究机构", "research institute"),
    "department": Text("政务部门", "government department"),
}
COMMITMENTS = {
    "lawful_use": Text("依法依约使用，不超出申请用途", "use lawfully, for the purpose applied for and no other"),
    "no_reidentification": Text("不重标识、不关联、不向第三方提供", "neither re-identify, nor link, nor pass on"),
    "security": Text("落实数据安全措施", "keep the data secure"),
    "report_use": Text("反馈使用情况与成效", "report use and results"),
}
LISTS = {
    "dishonest": Text("失信被执行人名单", "the list of dishonest persons subject to enforcement"),
    "tax": Text("重大税收违法失信名单", "the list of serious tax violations"),
    "illegal": Text("严重违法失信名单", "the list of serious violations of law"),
}


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who applies. `security` is declared, `lists` are those it stands on, `checked` says who looked and when."""

    id: str
    uscc: str
    name: str
    kind: str
    contact: str
    overseas: bool
    security: Mapping[str, str]
    lists: tuple[str, ...]
    checked: Mapping[str, str]
    commitments: tuple[str, ...]
    registered_by: str


@dataclass(frozen=True, slots=True)
class Registration:
    """What is given to register an applicant."""

    uscc: str
    name: str
    contact: str
    kind: str = "firm"
    overseas: bool = False
    security: Mapping[str, str] = ()  # type: ignore[assignment]  # an empty mapping, as a default that cannot change
    lists: tuple[str, ...] = ()
    commitments: tuple[str, ...] = ()
