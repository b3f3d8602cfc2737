"""What the register knows, as values: units, departments, resources and their items, people.

Nothing here reads or writes. A dataset id is `unit.domain.name` in lower snake case; it is a resource's id and its
contract's id. An item's name is its physical column name.
"""

from dataclasses import dataclass, field

from catalogs.words import (
    Arrival,
    BasisKind,
    Content,
    Crs,
    DataFormat,
    DepartmentKind,
    Edition,
    Grade,
    IdentifierRole,
    ItemType,
    Openness,
    PersonalKind,
    Role,
    SharingAttribute,
    SharingMode,
    UnitKind,
    UpdateFrequency,
)
from infra.language import Text

__all__ = [
    "Arrival",
    "BasisKind",
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
    "Item",
    "ItemType",
    "LegalBasis",
    "Openness",
    "Person",
    "PersonalClass",
    "PersonalKind",
    "Resource",
    "Role",
    "SharingAttribute",
    "SharingMode",
    "Text",
    "Unit",
    "UnitKind",
    "UpdateFrequency",
]


@dataclass(frozen=True, slots=True)
class Domain:
    """A field of city life (领域), the middle part of a dataset id."""

    id: str
    name: Text


@dataclass(frozen=True, slots=True)
class Unit:
    """A reporting unit: district, county, county-level city, functional zone, the city itself, or the example unit.

    `id` is the house's own unit code. `gbt2260_code` and `stat_code` are None where the lists hold no code for it.
    """

    id: str
    name: Text
    kind: UnitKind
    gbt2260_code: str | None = None
    stat_code: str | None = None
    parent: str | None = None
    aliases: tuple[str, ...] = ()
    arrival: Arrival = Arrival.RENAME


@dataclass(frozen=True, slots=True)
class Department:
    """A department of a unit; `uscc` (统一社会信用代码, GB 32100) is None where unknown."""

    id: str
    unit: str
    name: Text
    kind: DepartmentKind = DepartmentKind.DEPARTMENT
    uscc: str | None = None


@dataclass(frozen=True, slots=True)
class PersonalClass:
    """Why an item is personal information: its class, whether sensitive, and under which edition that was found."""

    kind: PersonalKind
    sensitive: bool
    edition: Edition = Edition.GBT_45574_2025


@dataclass(frozen=True, slots=True)
class Item:
    """数据项: one column. `personal` is None for what is no personal information; `grade` is its own grade."""

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
class Resource:
    """数据资源, with the nine fields of Decree 809 Art. 13.

    目录名称 `title` · 数据项 `items` · 提供单位 `provider` · 数据格式 `data_format` ·
    数据更新频率 `update_frequency` · 共享属性 `sharing_attribute` · 共享方式 `sharing_mode` · 使用条件 `conditions` ·
    数据分类分级 `classification` and `grade`.

    `grade` is the highest of its items' (就高从严) unless it was raised. `example` marks 示例 data, whose true `source`
    is then given.
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
class Person:
    """A person of the city.

    `clearance` is the highest grade read unmasked, `purposes` the duties for which personal items may be read.
    """

    id: str
    name: str
    unit: str
    department: str
    roles: frozenset[Role]
    clearance: Grade
    purposes: frozenset[str] = frozenset()
    local: bool = False

    def has(self, role: Role) -> bool:
        """Whether the person holds the role."""
        return role in self.roles


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
