"""Finding: the search of `hub catalog search`, with its facets."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from catalogs.find.facets import FACETS
from catalogs.find.search import search
from catalogs.rest.answers import Limit, Offset, answer, says
from catalogs.rest.asker import asker, check_text
from infra.errors import WrongUse
from infra.ground import Ground

Asked = Annotated[str, Query(max_length=400, description="words, pinyin, initials, codes / 词、拼音、首字母、代码")]
Filters = Annotated[
    list[str] | None, Query(max_length=40, description=f"facet:value; facets / 分面：{', '.join(FACETS)}")
]


def routes_of_finding(ground: Ground) -> APIRouter:
    """The routes over `ground`."""
    routes = APIRouter(tags=["search"])

    @routes.get("/search", responses=says("hits in order, counts by facet / 检索结果与分面计数"))
    def find(request: Request, q: Asked = "", filters: Filters = None, limit: Limit = 20, offset: Offset = 0) -> Any:
        asker(ground, request)
        check_text(q, *(filters or ()))
        return answer(search(ground.engine, q, filters=_wanted(filters or ()), limit=limit, offset=offset))

    return routes


def _wanted(filters: list[str] | tuple[str, ...]) -> dict[str, list[str]]:
    """`facet:value` by facet; several values of a facet widen it."""
    wanted: dict[str, list[str]] = {}
    for one in filters:
        facet, colon, value = one.partition(":")
        if not colon or not value:
            raise WrongUse("REST_PARAMETER", "filters 应写成 分面:值", "write filters as facet:value")
        wanted.setdefault(facet, []).append(value)
    return wanted
