"""What of the register an import needs to know: who provides, units and domains, and the ids that are given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from catalogs.codes import NATIONAL, CodeRules
from catalogs.model import Department, Domain, Unit
from infra.text import fold

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


@dataclass(frozen=True)
class Register:
    """Departments, units and domains; `titles` gives the id that a provider's resource of that title has already."""

    departments: Sequence[Department]
    units: Sequence[Unit]
    domains: Sequence[Domain]
    titles: Mapping[tuple[str, str], str] = field(default_factory=dict)
    rules: CodeRules = NATIONAL

    @cached_property
    def by_name(self) -> dict[str, Department]:
        """Departments by their names, compared folded; with and without what stands in brackets at the end."""
        found: dict[str, Department] = {}
        for one in self.departments:
            for name in (one.name.zh, one.name.en, one.id, *_bare(one.name.zh)):
                found.setdefault(squeezed(name), one)
        return found

    @cached_property
    def by_code(self) -> dict[str, Department]:
        """Departments by their credit codes."""
        return {one.uscc: one for one in self.departments if one.uscc}

    @cached_property
    def by_id(self) -> dict[str, Department]:
        """Departments by their ids."""
        return {one.id: one for one in self.departments}

    @cached_property
    def ids(self) -> frozenset[str]:
        """The ids that are given."""
        return frozenset(self.titles.values())

    def known(self, provider: str, title: str) -> str | None:
        """The id of the provider's resource of that title."""
        return self.titles.get((provider, title))


def squeezed(name: str) -> str:
    """A department's name without width, case and blanks."""
    return fold(name).replace(" ", "")


def _bare(name: str) -> Iterable[str]:
    for opening in ("(", "（"):
        if opening in name:
            yield name.split(opening, maxsplit=1)[0]


def register_of(engine: "Engine", rules: CodeRules = NATIONAL) -> Register:
    """The register as it stands, drafts included; `rules` are the city's for resource codes.

    Raises:
        Unavailable: DATABASE_….
    """
    from catalogs.life.drafts import drafts  # noqa: PLC0415
    from catalogs.lookup import departments, domains, listing, units  # noqa: PLC0415

    titles = {(one.body.provider, one.body.title.zh): one.resource for one in drafts(engine)}
    titles |= {(one.provider, one.title.zh): one.id for one in listing(engine)}
    return Register(departments(engine), units(engine), domains(engine), titles, rules)
