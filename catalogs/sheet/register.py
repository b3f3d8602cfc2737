"""What of the register an import needs to know: who provides, units and domains, and the ids that are given."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from catalogs.personal.personal import PersonalRules, house_rules
from catalogs.rules.checking import Known
from catalogs.sheet.stamps import Standing
from catalogs.values.codes import NATIONAL, CodeRules
from catalogs.values.model import Department, Domain, Unit
from infra.language import Text
from infra.text import fold

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from catalogs.sheet.standing import Sees

Look = Callable[[Mapping[str, str | None]], Mapping[str, Standing]]


@dataclass(frozen=True)
class Register:
    """What is known beside the sheet.

    Attributes:
        titles: the id that a provider's resource of that title has already.
        others: what names and codes are compared with, by provider.
        look: gives what stands under ids, each with the stamp that the sheet carries for it; None: nothing does.
    """

    departments: Sequence[Department]
    units: Sequence[Unit]
    domains: Sequence[Domain]
    titles: Mapping[tuple[str, str], str] = field(default_factory=dict)
    rules: CodeRules = NATIONAL
    others: Sequence[Known] = ()
    look: Look | None = None
    personal: PersonalRules = field(default_factory=house_rules)

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


def register_of(
    engine: "Engine",
    rules: CodeRules = NATIONAL,
    by: str | None = None,
    sees: "Sees | None" = None,
    *,
    personal: PersonalRules | None = None,
) -> Register:
    """The register as it stands, drafts included; `rules` and `personal` are the city's for codes and persons.

    With `by`, who hands a sheet in, its rows are held against what stands already, of drafts those that `sees` lets.

    Raises:
        Unavailable: DATABASE_….
    """
    from catalogs.life.drafts import drafts  # noqa: PLC0415
    from catalogs.life.machine import is_open  # noqa: PLC0415
    from catalogs.lookup import departments, domains, listing, named, units  # noqa: PLC0415
    from catalogs.sheet.standing import every_draft, standing  # noqa: PLC0415

    held, seen = drafts(engine), sees or every_draft
    titles = {(one.body.provider, one.body.title.zh): one.resource for one in held}
    titles |= {(one.provider, one.title.zh): one.id for one in listing(engine)}
    others = {one.id: one for one in named(engine)}
    for one in held:
        if is_open(one.state) and seen(one.ref):
            where = Text("草稿中", "a draft")
            others[one.resource] = Known(one.resource, one.provider, one.body.title, one.body.code, where)
    look = None if by is None else lambda asked: standing(engine, asked, by, seen)
    organs = departments(engine), units(engine), domains(engine)
    return Register(*organs, titles, rules, tuple(others.values()), look, personal or house_rules())
