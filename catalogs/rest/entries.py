"""What is registered: units, departments, resources; in one line each, or whole."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from catalogs.component_of import component_of
from catalogs.exchange.dossier import dossier
from catalogs.lookup import departments, listing, resource, units
from catalogs.people.asking import may_describe
from catalogs.rest.answers import PAGE, Dataset, Limit, Offset, Words, answer, page, says
from catalogs.rest.asker import asker, check_text
from catalogs.rows import plain
from infra.ground import Ground

Code = Annotated[str, Path(max_length=40, description="16 digits / 16 位代码")]


def entries(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["resources"])

    @routes.get("/units", responses=says("the registered units / 已登记的单位", schema=PAGE))
    def list_units(request: Request, limit: Limit = 50, offset: Offset = 0) -> Any:
        asker(ground, request)
        return page([plain(one) for one in units(ground.engine)], limit, offset)

    @routes.get("/departments", responses=says("the registered departments / 已登记的部门", schema=PAGE))
    def list_departments(request: Request, limit: Limit = 50, offset: Offset = 0) -> Any:
        asker(ground, request)
        return page([plain(one) for one in departments(ground.engine)], limit, offset)

    @routes.get("/resources", responses=says("the registered resources, one line each / 已登记的资源", schema=PAGE))
    def list_resources(
        request: Request, unit: Words = None, domain: Words = None, limit: Limit = 50, offset: Offset = 0
    ) -> Any:
        asker(ground, request)
        check_text(unit, domain)
        return page(listing(ground.engine, unit=unit, domain=domain), limit, offset)

    @routes.get("/resources/{dataset}", responses=says("the resource whole / 一项资源的全部内容"))
    def show(request: Request, dataset: Dataset) -> Any:
        asker(ground, request)
        check_text(dataset)
        return answer(plain(resource(ground.engine, dataset)))

    @routes.get("/resources/{dataset}/dossier", responses=says("materials of a first registration / 首次登记材料"))
    def materials(request: Request, dataset: Dataset) -> Any:
        person = asker(ground, request)
        check_text(dataset)
        found = resource(ground.engine, dataset)
        may_describe(ground, person, [found])
        provider = next(one for one in departments(ground.engine) if one.id == found.provider)
        return answer({"dataset": dataset, "materials": dossier(found, provider)})

    @routes.get("/components/{code}", responses=says("the parts of a component's or event's code / 部件、事件代码"))
    def component(request: Request, code: Code, name: Words = None) -> Any:
        asker(ground, request)
        check_text(code, name)
        return answer(component_of(ground, code, name)[1])

    return routes
