"""The application: the register over HTTP, under `/v1`, with its OpenAPI document at `/v1/openapi.json`.

The routes parse and render; the functions of the command decide, write and record. Whoever asks is the bearer of a key
(`catalogs.people`); rules deny by default. No answer is a redirect, none is for a shared cache.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response

from catalogs.model import Resource
from catalogs.rest import problems
from catalogs.rest.answers import schemas
from catalogs.rest.drafts import Saved, routes_of_drafts
from catalogs.rest.duties import Answered, Correction, Event, Extension, routes_of_duties
from catalogs.rest.entries import entries
from catalogs.rest.files import routes_of_files
from catalogs.rest.finding import routes_of_finding
from catalogs.rest.life import Why, routes_of_life
from infra.errors import HubError
from infra.ground import Ground

PREFIX = "/v1"
ROUTES: Sequence[Callable[[Ground], APIRouter]] = (
    entries,
    routes_of_finding,
    routes_of_drafts,
    routes_of_life,
    routes_of_duties,
    routes_of_files,
)
BODIES: Sequence[type[Any]] = (Resource, Saved, Why, Event, Correction, Answered, Extension)


def build_app(ground: Ground) -> FastAPI:
    """Build the application over `ground`."""
    # No redirect: it would lead to whatever host the request names.
    app = FastAPI(
        title="cityhub register",
        version="1",
        description="政务数据目录 / the register of a city's data resources",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        redirect_slashes=False,
    )
    app.add_exception_handler(HubError, lambda _, error: problems.problem(ground, error))
    app.add_exception_handler(RequestValidationError, _wrong(ground))
    app.add_exception_handler(404, lambda *_: problems.problem(ground, problems.no_such_path()))
    app.add_exception_handler(405, lambda *_: problems.problem(ground, problems.no_such_method()))
    app.add_exception_handler(Exception, problems.broken)
    for routes in ROUTES:
        app.include_router(routes(ground), prefix=PREFIX)
    setattr(app, "openapi", lambda: _openapi(app))  # noqa: B010 - how the framework wants it replaced
    return app


def _wrong(ground: Ground) -> Callable[[Request, Exception], Response]:
    def wrong(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this family alone
        return problems.problem(ground, problems.wrong_parameter(error))

    return wrong


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document: each route with its bodies, its answer, and the one shape of every error."""
    if app.openapi_schema:
        return app.openapi_schema
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = made.setdefault("components", {})
    components["schemas"] = {"Problem": problems.schema(), **schemas(BODIES)}
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": "HUB_API_KEY"}}
    made["security"] = [{"key": []}]
    error = {
        "description": "an error",
        "content": {problems.MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operations in made["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)  # the framework's own shape, which is never answered
            operation["responses"]["default"] = error
    app.openapi_schema = made
    return made
