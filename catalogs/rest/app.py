"""The application: the register over HTTP, under `/v1`, with its OpenAPI document at `/v1/openapi.json`.

The routes parse and render; the functions of the command decide, write and record. Whoever asks is the bearer of a key
(`catalogs.people.people`); rules deny by default. No answer is a redirect, none is for a shared cache.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response

from catalogs.rest import problems
from catalogs.rest.answers import schemas
from catalogs.rest.disputes import Lead, routes_of_disputes
from catalogs.rest.drafts import Given, Saved, routes_of_drafts
from catalogs.rest.duties import Answered, Correction, Event, Extension, routes_of_duties
from catalogs.rest.entries import entries
from catalogs.rest.exchange import Drafting, routes_of_exchange
from catalogs.rest.files import routes_of_files
from catalogs.rest.finding import routes_of_finding
from catalogs.rest.grades import Decided, Lowering, Reviewed, routes_of_grades
from catalogs.rest.life import Why, routes_of_life
from catalogs.rest.parts import Part
from catalogs.rest.people import Successor, routes_of_people
from catalogs.rest.personal import routes_of_personal
from catalogs.values.model import Resource
from infra.errors import HubError
from infra.ground import Ground

PREFIX = "/v1"
PARTS: Sequence[Part] = (
    Part(entries),
    Part(routes_of_finding),
    Part(routes_of_drafts, (Resource, Saved, Given)),
    Part(routes_of_life, (Why,)),
    Part(routes_of_duties, (Event, Correction, Answered, Extension)),
    Part(routes_of_disputes, (Lead,)),
    Part(routes_of_grades, (Lowering, Decided, Reviewed)),
    Part(routes_of_personal),
    Part(routes_of_files),
    Part(routes_of_exchange, (Drafting,)),
    Part(routes_of_people, (Successor,)),
)


def build_app(ground: Ground, more: Sequence[Part] = ()) -> FastAPI:
    """Build the application over `ground`, with the parts `more` of whoever hosts it."""
    parts = (*PARTS, *more)
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
    for part in parts:
        app.include_router(part.routes(ground), prefix=PREFIX)
    bodies = [body for part in parts for body in part.bodies]
    setattr(app, "openapi", lambda: _openapi(app, bodies))  # noqa: B010 - how the framework wants it replaced
    return app


def _wrong(ground: Ground) -> Callable[[Request, Exception], Response]:
    def wrong(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this family alone
        return problems.problem(ground, problems.wrong_parameter(error))

    return wrong


def _openapi(app: FastAPI, bodies: Sequence[type[Any]]) -> dict[str, Any]:
    """The document: each route with its bodies, its answer, and the one shape of every error."""
    if app.openapi_schema:
        return app.openapi_schema
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = made.setdefault("components", {})
    components["schemas"] = {"Problem": problems.schema(), **schemas(bodies)}
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
