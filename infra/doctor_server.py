"""A server of the house as `hub doctor` sees it: asked at its address for a path that it does not know.

So nothing is entered anywhere, and its own way of refusing tells it from another program. That it does not run is a
fact and no fault.
"""

import http.client
import json
from collections.abc import Callable
from typing import Any

from infra.doctor import Finding, State
from infra.ground import Ground
from infra.language import Text
from infra.serving import Address, check_host

_SECONDS = 3.0
_MOST_BYTES = 1 << 16
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - looked up, not listened on
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})
_CLEAR = Text(
    "在本机之外监听：由反向代理终止 TLS，并原样转交 Authorization",
    "heard beyond this machine: a reverse proxy must end TLS before it and pass Authorization on",
)


def listening(ground: Ground, at: Address, path: str, ours: Callable[[Any], bool]) -> Finding:
    """How the server at `at` is; `ours` knows the JSON with which ours refuses `path`. `detail` tells `running`.

    Raises:
        WrongUse: <section>_DEMO_HOST.
    """
    check_host(ground, at.host, at.section)
    shown = f"{at.host}:{at.port}"
    detail: dict[str, Any] = {"address": shown, "running": False}
    if not 0 < at.port < 1 << 16:
        name = f"HUB_{at.section}_PORT"
        return Finding(State.FAILED, Text(f"{name} 须在 1 至 65535 之间", f"{name} is from 1 to 65535"), detail)
    beyond = Text("", "") if at.host in _HERE else Text(f"；{_CLEAR.zh}", f"; {_CLEAR.en}")
    try:
        status, told = _ask(_ANYWHERE.get(at.host, at.host), at.port, path)
    except ConnectionRefusedError:
        said = Text(f"{shown}，未运行（hub up 启动）", f"{shown}, not running (hub up starts it)")
        return Finding(State.OK, Text(said.zh + beyond.zh, said.en + beyond.en), detail)
    except (OSError, http.client.HTTPException):
        return Finding(State.WARNING, Text(f"{shown} 没有应答", f"{shown} does not answer"), detail)
    if ours(told):
        said = Text(f"{shown}，运行中{beyond.zh}", f"{shown}, answers{beyond.en}")
        return Finding(State.OK, said, detail | {"running": True})
    if status == http.client.SERVICE_UNAVAILABLE:
        return Finding(State.WARNING, Text(f"{shown}，连接已满", f"{shown} is full: it takes no connection"), detail)
    name = f"HUB_{at.section}_PORT"
    text = Text(f"{shown} 上是另一个程序（{name}）", f"another program listens on {shown} ({name})")
    return Finding(State.WARNING, text, detail)


def _ask(host: str, port: int, path: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        status, body = answer.status, answer.read(_MOST_BYTES)
    finally:
        connection.close()
    try:
        told = json.loads(body)
    except ValueError:
        return status, {}
    return status, told if isinstance(told, dict) else {}
