"""What sharing adds to `hub doctor`: the Delta Sharing server, and the firm's own Python.

Promises: every look has a short limit, and the server is asked for an address that it does not know, so that no reading
is entered anywhere. That it does not run is a fact and no fault. The address for firms is said and not asked: it may
lead through a proxy far from here.
"""

import http.client
import json
import subprocess
from typing import Any

from infra.doctor import Finding, Part, State
from infra.ground import Ground
from infra.language import Text
from infra.settings import load

_SECONDS = 3.0
_PYTHON_SECONDS = 20.0
_CLIENT = "from importlib.metadata import version; print(version('delta-sharing'))"
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - looked up, not listened on


def _share(ground: Ground) -> Finding:
    from sharing.serving import ShareSettings, check_host, endpoint  # noqa: PLC0415 - not for every command

    settings = load(ShareSettings, ground.environ)
    check_host(ground, settings.host)
    at = f"{settings.host}:{settings.port}"
    detail: dict[str, Any] = {"address": at, "endpoint": endpoint(ground), "running": False}
    firms = Text(f"企业访问 {detail['endpoint']}", f"firms use {detail['endpoint']}")
    try:
        status, code = _ask(_ANYWHERE.get(settings.host, settings.host), settings.port)
    except ConnectionRefusedError:
        text = Text(f"{at}，未运行（hub up 启动）；{firms.zh}", f"{at}, not running (hub up starts it); {firms.en}")
        return Finding(State.OK, text, detail)
    except (OSError, http.client.HTTPException):
        return Finding(State.WARNING, Text(f"{at} 没有应答", f"{at} does not answer"), detail)
    if code == "SHARE_PATH":
        text = Text(f"{at}，运行中；{firms.zh}", f"{at}, answers; {firms.en}")
        return Finding(State.OK, text, detail | {"running": True})
    if status == http.client.SERVICE_UNAVAILABLE:
        return Finding(State.WARNING, Text(f"{at}，连接已满", f"{at} is full: it takes no connection"), detail)
    text = Text(f"{at} 上是另一个程序（HUB_SHARE_PORT）", f"another program listens on {at} (HUB_SHARE_PORT)")
    return Finding(State.WARNING, text, detail)


def _ask(host: str, port: int) -> tuple[int, str | None]:
    """What the server says of an address that it does not know: the status, and our code if it is ours."""
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/delta-sharing")
        answer = connection.getresponse()
        status, body = answer.status, answer.read(1 << 16)
    finally:
        connection.close()
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    return status, told.get("errorCode") if isinstance(told, dict) else None


def _firm(ground: Ground) -> Finding:
    python = ground.environ.get("HUB_FIRM_PYTHON")
    detail: dict[str, Any] = {"python": python, "client": None}
    if not python:
        text = Text(
            "未设置 HUB_FIRM_PYTHON，演示略过企业读取", "no HUB_FIRM_PYTHON: the demo leaves out the firm's reading"
        )
        return Finding(State.OK, text, detail)
    bare = {"PATH": ground.environ.get("PATH", "")}
    command = [python, "-c", _CLIENT]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_PYTHON_SECONDS, env=bare, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return Finding(State.FAILED, Text(f"{python} 无法运行", f"{python} cannot be run"), detail)
    client = ran.stdout.strip()
    if ran.returncode or not client:
        text = Text(f"{python} 中没有 delta-sharing 客户端", f"{python} has no delta-sharing client")
        return Finding(State.FAILED, text, detail)
    return Finding(State.OK, Text(f"delta-sharing {client}", f"delta-sharing {client}"), detail | {"client": client})


PARTS = (
    Part("share", "共享服务", _share),
    Part("firm", "企业环境", _firm),
)
"""Of sharing."""
