"""Who and where, as values: fields of city life, units, departments, people. Pure."""

from dataclasses import dataclass

from catalogs.values.words import Arrival, DepartmentKind, Grade, Role, UnitKind
from infra.language import Text


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
