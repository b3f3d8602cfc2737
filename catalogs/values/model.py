"""What the register knows, as values: units, departments, resources and their items, people.

Nothing here reads or writes. A dataset id is `unit.domain.name` in lower snake case; it is a resource's id and its
contract's id. An item's name is its physical column name.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from catalogs.values.organs import Department, Domain, Person, Unit
from catalogs.values.words import (
    Arrival,
    BasisKind,
    Content,
    Crs,
    DataFormat,
    DepartmentKind,
    Edition,
    Grade,
    IdentifierRole,
    ImpactDegree,
    ImpactObject,
    ItemType,
    Level,
    Openness,
    PersonalKind,
    Role,
    Secrecy,
    SharingAttribute,
    SharingMode,
    UnitKind,
    UpdateFrequency,
)
from infra.language import Text

__all__ = [
    "Arrival",
    "BasisKind",
    "Census",
    "City",
    "Classification",
    "Conditions",
    "Content",
    "Crs",
    "DataFormat",
    "Department",
    "DepartmentKind",
    "Domain",
    "Edition",
    "Grade",
    "IdentifierRole",
    "Impact",
    "ImpactDegree",
    "ImpactObject",
    "Item",
    "ItemType",
    "LegalBasis",
    "Level",
    "Openness",
    "Person",
    "PersonalClass",
    "PersonalKind",
    "Resource",
    "Role",
    "Secrecy",
    "SharingAttribute",
    "SharingMode",
    "Text",
    "Unit",
    "UnitKind",
    "UpdateFrequency",
]


@dataclass(frozen=True, slots=True)
class PersonalClass:
    """Why an item is personal information: its class, whether sensitive, and under which edition that was found."""

    kind: PersonalKind
    sensitive: bool
    edition: Edition = Edition.GBT_45574_2025


@dataclass(frozen=True, slots=True)
class Impact:
    """Whom a leak, change or loss would harm, and how much: what a grade is derived from (GB/T 43697-2024)."""

    object: ImpactObject
    degree: ImpactDegree


@dataclass(frozen=True, slots=True)
class Item:
    """数据项: one column. `personal` is None for what is no personal information; `grade` is its own grade.

    `sharing_attribute`, `openness` and `update_frequency` are None where the resource's hold; `length` is 数据长度 as
    written, `department` the one answerable (责任部门), `origin` where its values come from (来源).
    """

    name: str
    zh: str
    en: str
    type: ItemType
    grade: Grade
    aliases: tuple[str, ...] = ()
    unit_of_measure: str | None = None
    crs: Crs | None = None
    personal: PersonalClass | None = None
    identifier: IdentifierRole = IdentifierRole.NONE
    content: frozenset[Content] = frozenset()
    summary: Text | None = None
    length: str | None = None
    sharing_attribute: SharingAttribute | None = None
    openness: Openness | None = None
    update_frequency: UpdateFrequency | None = None
    not_shared_reason: str | None = None
    department: str | None = None
    origin: str | None = None
    secrecy: Secrecy = Secrecy.NONE
    impacts: tuple[Impact, ...] = ()

    @property
    def title(self) -> Text:
        """Its names in both languages."""
        return Text(self.zh, self.en)


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """The text that forbids sharing: its kind, title and article (Decree 809 Art. 15)."""

    kind: BasisKind
    title: str
    article: str


@dataclass(frozen=True, slots=True)
class Conditions:
    """使用条件: 共享范围 (scope), 使用用途 (purpose) of the conditional; reason and legal basis of the not shared."""

    scope: Text | None = None
    purpose: Text | None = None
    other: Text | None = None
    reason: Text | None = None
    basis: LegalBasis | None = None


@dataclass(frozen=True, slots=True)
class Classification:
    """数据分类 by industry first, then by business attribute (GB/T 43697-2024)."""

    industry: str
    business: str


@dataclass(frozen=True, slots=True)
class Census:
    """信息资源大普查: how much there is, is shared and is open, in gigabytes and records; None where unknown."""

    storage_gb: Decimal | None = None
    records: int | None = None
    shared_gb: Decimal | None = None
    shared_records: int | None = None
    open_gb: Decimal | None = None
    open_records: int | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """数据资源, with the nine fields of Decree 809 Art. 13.

    目录名称 `title` · 数据项 `items` · 提供单位 `provider` · 数据格式 `data_format` ·
    数据更新频率 `update_frequency` · 共享属性 `sharing_attribute` · 共享方式 `sharing_mode` · 使用条件 `conditions` ·
    数据分类分级 `classification` and `grade`.

    `grade` is the highest of its items' (就高从严) unless it was raised. `example` marks 示例 data, whose true `source`
    is then given. What stands after `lead_source` are the further metadata of the national guide (2017) and of the
    platforms: 资源代码 `code` · 别名 `aliases` · 开放条件 `openness_conditions` · 层级属性 `level` ·
    关联资源代码 `related` · 实施清单编码/事项名称 `service_item` · 应用场景 `scenario` · 国家所属领域 `field` ·
    是否电子证照 `certificate` · 所属系统 `system` · 权属关系 `ownership` · 管理方式 `management` ·
    生成方式 `generation` · 在线链接 `link` · 发布日期 `published_on` · 不更新理由, 不可发布理由 · 普查 `census` ·
    回流 `return_flow` · 涉密属性 `secrecy` · the concrete format as reported `format_type` ·
    影响对象 and 影响程度 `impacts` · the resources of which it is made `derived_from`.
    """

    id: str
    title: Text
    summary: Text
    provider: str
    data_format: DataFormat
    update_frequency: UpdateFrequency
    sharing_attribute: SharingAttribute
    sharing_mode: tuple[SharingMode, ...]
    conditions: Conditions
    classification: Classification
    grade: Grade
    openness: Openness
    items: tuple[Item, ...]
    example: bool = False
    source: str | None = None
    lead_source: bool = False
    code: str | None = None
    aliases: tuple[str, ...] = ()
    openness_conditions: Text | None = None
    level: Level | None = None
    related: tuple[str, ...] = ()
    service_item: str | None = None
    scenario: str | None = None
    field: str | None = None
    certificate: bool = False
    system: str | None = None
    ownership: str | None = None
    management: str | None = None
    generation: str | None = None
    link: str | None = None
    published_on: date | None = None
    not_updated_reason: str | None = None
    not_published_reason: str | None = None
    census: Census | None = None
    return_flow: bool = False
    secrecy: Secrecy = Secrecy.NONE
    format_type: str | None = None
    impacts: tuple[Impact, ...] = ()
    derived_from: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """The unit that the id names."""
        return self.id.split(".")[0]

    @property
    def domain(self) -> str:
        """The domain that the id names."""
        return self.id.split(".")[1]

    @property
    def name(self) -> str:
        """The last part of the id."""
        return self.id.split(".")[2]

    @property
    def contract(self) -> str:
        """The id of its contract: its own."""
        return self.id

    @property
    def subject(self) -> Item | None:
        """The declared data-subject key, by which persons are counted; None where no item is one."""
        return next((item for item in self.items if item.identifier is IdentifierRole.SUBJECT), None)

    @property
    def content(self) -> frozenset[Content]:
        """The special content of any of its items."""
        return frozenset[Content]().union(*(item.content for item in self.items))

    def item(self, name: str) -> Item | None:
        """The item of that name, or None."""
        return next((item for item in self.items if item.name == name), None)


@dataclass(frozen=True, slots=True)
class City:
    """A whole city folder, as read and found without fault."""

    id: str
    name: Text
    timezone: str
    language: str
    domains: tuple[Domain, ...]
    units: tuple[Unit, ...]
    departments: tuple[Department, ...]
    resources: tuple[Resource, ...]
    people: tuple[Person, ...] = field(default=(), repr=False)
    coordinates: Crs | None = None  # what published geometries are converted to; None: published as declared
