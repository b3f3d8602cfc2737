"""What the lake adds to `hub doctor`: the metadata catalogue, what it was not told yet, doors, purges, Airflow.

Promises: every look has a short limit; nothing is written, sent or started; no secret is said. That Airflow does not
run is a fact and no fault: `hub run` starts it when it is needed.
"""

import fcntl
import http.client
import json
import os
import urllib.error
import urllib.request
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.doctor import Finding, Part, State
from infra.ground import Ground
from infra.language import Text
from infra.local_time import local_time
from infra.settings import Secret, load

_SECONDS = 3.0
_MOST_BYTES = 1 << 20


def _datahub(ground: Ground) -> Finding:
    from lake.describe.describe import LITE, DatahubSettings, named_sink  # noqa: PLC0415 - not for every command

    settings = load(DatahubSettings, ground.environ)
    kind, address = named_sink(settings)
    if kind == "lite":
        return _lite(ground.home / "datahub" / LITE)
    if kind == "file":
        return _file(Path(address))
    return _rest(address, settings.token, min(settings.seconds, _SECONDS))


def _lite(path: Path) -> Finding:
    import duckdb  # noqa: PLC0415 - loaded when there is something to look at

    detail: dict[str, Any] = {"sink": "lite", "address": str(path), "entities": 0}
    if not path.exists():
        return Finding(State.OK, Text("DataHub Lite，尚无登记", "DataHub Lite (embedded), told nothing yet"), detail)
    try:
        with duckdb.connect(str(path), read_only=True) as lite:
            [(count,)] = lite.execute("SELECT count(DISTINCT urn) FROM metadata_aspect_v2").fetchall()
    except duckdb.Error as error:
        if "Could not set lock" in str(error):  # one process has it at a time: that one tells it something now
            text = Text("DataHub Lite，另一进程正在登记", "DataHub Lite (embedded), told by another process just now")
            return Finding(State.OK, text, detail)
        text = Text(f"DataHub Lite 的文件无法打开：{path}", f"the file of DataHub Lite cannot be opened: {path}")
        return Finding(State.FAILED, text, detail)
    text = Text(f"DataHub Lite，已登记 {count} 项", f"DataHub Lite (embedded), knows {count} entities")
    return Finding(State.OK, text, detail | {"entities": count})


def _file(path: Path) -> Finding:
    detail = {"sink": "file", "address": str(path)}
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    fits = path.is_file() if path.exists() else there.is_dir()
    if not fits or not os.access(there, os.W_OK):
        return Finding(State.FAILED, Text(f"{path} 不可写", f"{path} cannot be written"), detail)
    return Finding(State.OK, Text(f"元数据文件 {path}", f"metadata file {path}"), detail)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes to the address that was configured, and nowhere that it leads to."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


def _rest(url: str, token: Secret | None, seconds: float) -> Finding:
    shown = _without_user(url)
    detail: dict[str, Any] = {"sink": "rest", "address": shown, "status": None}
    request = urllib.request.Request(f"{url.rstrip('/')}/config")  # noqa: S310 - http or https: `named_sink`
    if token is not None:
        request.add_header("Authorization", f"Bearer {token.reveal()}")
    try:
        with urllib.request.build_opener(_NoRedirect()).open(request, timeout=seconds) as answer:
            told = json.loads(answer.read(_MOST_BYTES))
    except urllib.error.HTTPError as error:
        return _answered(shown, error.code, detail | {"status": error.code})
    except (OSError, http.client.HTTPException):
        return Finding(State.FAILED, Text(f"{shown} 没有应答", f"{shown} does not answer"), detail)
    except ValueError:
        told = None
    if not isinstance(told, dict) or not {"noCode", "versions"} & told.keys():
        text = Text(f"{shown} 有应答，但不是 DataHub", f"{shown} answers, but is no DataHub")
        return Finding(State.FAILED, text, detail | {"status": 200})
    return Finding(State.OK, Text(f"DataHub {shown}，有应答", f"DataHub at {shown} answers"), detail | {"status": 200})


def _answered(shown: str, status: int, detail: dict[str, Any]) -> Finding:
    if status in (401, 403):
        text = Text(f"{shown} 不接受 HUB_DATAHUB_TOKEN（{status}）", f"{shown} refuses HUB_DATAHUB_TOKEN ({status})")
    else:
        text = Text(f"{shown} 应答 {status}", f"{shown} answers {status}")
    return Finding(State.FAILED, text, detail)


def _without_user(url: str) -> str:
    """The address without a user and a password that may stand in it, and without its query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _outbox(ground: Ground) -> Finding:
    from lake.describe.outbox import standing  # noqa: PLC0415 - not for every command

    left = standing(ground)
    detail = {"waiting": left.waiting, "given_up": left.given_up, "oldest": left.oldest, "codes": left.codes}
    if not left.waiting and not left.given_up:
        return Finding(State.OK, Text("全部已登记", "nothing waits to be told"), detail)
    since = local_time(left.oldest) if left.oldest else ""
    zh, en = f"{left.waiting} 项待登记，自 {since}", f"{left.waiting} wait to be told, since {since}"
    if left.given_up:
        zh, en = f"{zh}；{left.given_up} 项已放弃重试", f"{en}; {left.given_up} given up"
    if not left.codes:
        return Finding(State.OK, Text(zh, en), detail)
    why = ", ".join(f"{code} {count}" for code, count in left.codes.items())
    text = Text(
        f"{zh}（{why}）；处理后运行 hub lake describe --retry",
        f"{en} ({why}); mend it, then hub lake describe --retry",
    )
    return Finding(State.WARNING, text, detail)


def _airflow(ground: Ground) -> Finding:
    from lake.clock.env import HOST, USER, ClockSettings  # noqa: PLC0415
    from lake.clock.rest import Api  # noqa: PLC0415

    load(ClockSettings, ground.environ)
    detail: dict[str, Any] = {"version": version("apache-airflow"), "running": False, "address": None}
    if find_spec("airflow") is None:
        return Finding(State.FAILED, Text("Airflow 无法导入", "Airflow cannot be imported"), detail)
    said = f"Airflow {detail['version']}"
    home = ground.home / "airflow"
    port = _noted_port(home)
    if port is not None:
        detail["address"] = f"http://{HOST}:{port}"
        if Api(detail["address"], USER, Secret(""), seconds=_SECONDS).healthy():
            text = Text(f"{said}，运行中：{detail['address']}", f"{said}, running at {detail['address']}")
            return Finding(State.OK, text, detail | {"running": True})
        if _guarded(home):
            text = Text(
                f"{said}，已启动但没有应答：{detail['address']}", f"{said} at {detail['address']} does not answer"
            )
            return Finding(State.WARNING, text, detail | {"running": True})
    text = Text(f"{said}，未运行（hub up 启动）", f"{said}, not running (hub up starts it)")
    return Finding(State.OK, text, detail | {"address": None})


def _noted_port(home: Path) -> int | None:
    """The port that a running clock noted; None when none runs."""
    try:
        return int(json.loads((home / "clock.json").read_text(encoding="utf-8"))["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _guarded(home: Path) -> bool:
    """Whether a guard is at work: one that was killed has left its note, and holds its lock no more."""
    try:
        with (home / "clock.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _doors(ground: Ground) -> Finding:
    from lake.arrival.health import doors  # noqa: PLC0415 - not for every command

    return doors(ground)


def _push(ground: Ground) -> Finding:
    from lake.arrival.push_health import push  # noqa: PLC0415 - the web framework is loaded when it is asked for

    return push(ground)


def _purges(ground: Ground) -> Finding:
    from catalogs.values.erasure_words import PurgeState  # noqa: PLC0415 - not for every command
    from lake.records.tombstones import purges  # noqa: PLC0415
    from lake.tables import purge as table  # noqa: PLC0415

    waiting = [one.id for one in purges(ground.engine, table.c.state == PurgeState.PROPOSED.value)]
    halfway = [one.id for one in purges(ground.engine, table.c.state == PurgeState.APPROVED.value)]
    detail = {"waiting": waiting, "interrupted": halfway}
    if halfway:
        again = "；".join(f"hub purge approve {one}" for one in halfway)
        text = Text(
            f"已批准的清除尚未完成，由审批人再次运行：{again}",
            f"approved purges are not done; their approver runs again: {again.replace('；', '; ')}",
        )
        return Finding(State.WARNING, text, detail)
    text = Text(f"{len(waiting)} 项待审批，没有中断的清除", f"{len(waiting)} wait for a decision, none was interrupted")
    return Finding(State.OK, text, detail)


PARTS = (
    Part("datahub", "元数据目录", _datahub),
    Part("outbox", "待登记", _outbox),
    Part("doors", "归集渠道", _doors),
    Part("push", "推送渠道", _push),
    Part("purges", "清除", _purges),
    Part("airflow", "调度", _airflow),
)
"""Of the lake."""
