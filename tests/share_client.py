"""A bare client of the Delta Sharing server, for tests: one request, one connection."""

import contextlib
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from shared_table import TABLE

from sharing.access.serving import Serving


def ask(
    serving: Serving, path: str, token: str | None, *, method: str = "GET", body: Any = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=20)
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    payload = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
    with contextlib.closing(connection):
        connection.request(method, path, payload, headers)
        answer = connection.getresponse()
        content = answer.read()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


def query(serving: Serving, token: str, body: Any = None) -> tuple[int, list[dict[str, Any]]]:
    status, _, content = ask(serving, f"{TABLE}/query", token, method="POST", body=body or {})
    return status, [json.loads(line) for line in content.splitlines()]


def links_of(lines: list[dict[str, Any]]) -> list[str]:
    found = [urlsplit(line["file"]["url"]) for line in lines if "file" in line]
    return [f"{url.path}?{url.query}" for url in found]
