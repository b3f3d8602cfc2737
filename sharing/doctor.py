"""What sharing adds to `hub doctor`: the Delta Sharing server, and the firm's own Python.

Promises: every look has a short limit, and the server is asked for an address that it does not know, so that no reading
is entered anywhere. That it does not run is a fact and no fault. The address for firms is said and not asked: it may
lead through a proxy far from here.
"""

import subprocess
from typing import Any

from infra.doctor import Finding, Part, State
from infra.doctor_server import listening
from infra.ground import Ground
from infra.language import Text
from infra.serving import Address
from infra.settings import load

_PYTHON_SECONDS = 20.0
_CLIENT = "from importlib.metadata import version; print(version('delta-sharing'))"


def _share(ground: Ground) -> Finding:
    from sharing.access.serving import SECTION, ShareSettings, endpoint  # noqa: PLC0415 - not for every command

    settings = load(ShareSettings, ground.environ)
    at = Address(settings.host, settings.port, SECTION)
    found = listening(ground, at, "/delta-sharing", lambda told: told.get("errorCode") == "SHARE_PATH")
    firms = endpoint(ground)
    text = (
        found.text
        if found.state is not State.OK
        else Text(f"{found.text.zh}；企业访问 {firms}", f"{found.text.en}; firms use {firms}")
    )
    return Finding(found.state, text, {**found.detail, "endpoint": firms})


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
