"""The OpenAPI document: whole, and no request made from it brings an error of the server (requirement: never a 500)."""

from collections.abc import Iterator
from typing import Any

import httpx
import hypothesis
import life_city as city
import pytest
import schemathesis
from rest_client import served
from schemathesis.checks import not_a_server_error

from infra.ground import Ground

EXAMPLES = 12  # of each operation
SEED = 20261126


@pytest.fixture
def api(ground: Ground) -> Iterator[httpx.Client]:
    city.stock(ground)
    with served(ground) as client:
        yield client


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_operation_says_what_it_takes_and_answers(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    assert document["security"] == [{"key": []}]
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation["tags"], where
        (good,) = (key for key in operation["responses"] if key.startswith("2"))
        assert operation["responses"][good]["content"], where
        assert operation["responses"]["default"]["content"]["application/problem+json"], where
        assert "422" not in operation["responses"], where
        if method in ("put", "post", "patch"):
            assert operation["requestBody"]["content"], where
    known = set(document["components"]["schemas"])
    for name in _references(document):
        assert name in known, name


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].removeprefix("#/components/schemas/")
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def test_no_request_made_from_the_document_is_a_server_error(api: httpx.Client) -> None:
    schema = schemathesis.openapi.from_url(f"{api.base_url}openapi.json")
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        assert operation is not None

        @hypothesis.seed(SEED)
        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            answer = case.call()
            assert answer.status_code < 500, (case.method, case.path, answer.status_code, answer.text[:500])
            case.validate_response(answer, checks=[not_a_server_error])

        ask()
    assert asked >= EXAMPLES
