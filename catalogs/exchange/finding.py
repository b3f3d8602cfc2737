"""Whom and what a record of another platform names: departments and resources of the register."""

from functools import cached_property

from catalogs.exchange.flat import Cells
from catalogs.lookup import resources
from catalogs.rules.faults import Fault, fault
from catalogs.sheet.register import Register, register_of, squeezed
from catalogs.values.model import Department, Resource
from infra.errors import Place
from infra.ground import Ground


class Finder:
    """The register, as records name it; read once."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    @cached_property
    def register(self) -> Register:
        """Departments by name and code."""
        return register_of(self._ground.engine)

    @cached_property
    def _resources(self) -> dict[str, Resource]:
        return {one.id: one for one in resources(self._ground.engine)}

    @cached_property
    def _by_title(self) -> dict[tuple[str, str], Resource]:
        return {(one.provider, one.title.zh): one for one in self._resources.values()}

    def department(self, cells: Cells, name: str, code: str) -> Department | None:
        """The department of that name, or else of that code."""
        found = self.register.by_name.get(squeezed(cells.get(name, "")))
        return found or self.register.by_code.get(cells.get(code, ""))

    def resource(self, cells: Cells) -> Resource | None:
        """The registered resource of that provider and title."""
        provider = self.department(cells, "provider", "uscc")
        return self._by_title.get((provider.id, cells.get("title", ""))) if provider else None

    def by_id(self, dataset: str) -> Resource | None:
        """The registered resource of that id."""
        return self._resources.get(dataset)

    def cells(self, dataset: str) -> dict[str, str | None]:
        """How a record names the resource: title, code, provider; of one that is registered no more, its id."""
        found = self._resources.get(dataset)
        if found is None:
            return {"title": dataset, "provider": dataset.split(".", maxsplit=1)[0]}
        provider = self.register.by_id[found.provider]
        return {"title": found.title.zh, "code": found.code, "provider": provider.name.zh, "uscc": provider.uscc}


def not_here(key: str, said: str, place: Place) -> Fault:
    """The fault of a name that is registered nowhere here."""
    text = f"本市没有登记“{said[:60]}”", f"{said[:60]!r} is not registered here"
    mend = "核对名称和代码，或先登记", "compare name and code, or register it first"
    return fault("MAP_NOT_HERE", *text, place=place, field=key, remedy=mend)
