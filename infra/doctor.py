"""What is configured, reachable, healthy: one finding a part, each by really using the part, none with a secret.

The parts of the ground stand here; a package that has services of its own lists their parts beside them
(`lake.doctor`, `sharing.doctor`), and the command hands all to `examine`.

A check never raises: what goes wrong is its finding. Only the store is written to, one probe object that is removed.
"""

import contextlib
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Any

from infra.errors import HubError
from infra.ground import Ground, migrations
from infra.language import Text

_LITTLE_SPACE = 2 << 30
_SOON = timedelta(days=30)
_LIBRARIES = ("cityhub", "apache-airflow", "great-expectations", "duckdb", "deltalake", "acryl-datahub", "cedarpy")
_ENV_EXAMPLE = Path(__file__).with_name("env.example")


class State(Enum):
    """How a part is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """How a part is: its state, a sentence, and what a program may want to know."""

    state: State
    text: Text
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """What is examined: its name for programs and in English, its Chinese name, and the check."""

    name: str
    zh: str
    check: Callable[[Ground], Finding]


def examine(ground: Ground, parts: Sequence[Part]) -> dict[str, Finding]:
    """The finding on each part by its name, in the order of `parts`; the same failure is told once, then pointed at."""
    found: dict[str, Finding] = {}
    first: dict[str, Part] = {}
    for part in parts:
        finding = _safely(part.check, ground)
        if finding.state is State.FAILED:
            at = first.setdefault(finding.text.en, part)
            if at is not part:
                finding = replace(finding, text=Text(f"原因同“{at.zh}”", f"for the same reason as {at.name}"))
        found[part.name] = finding
    return found


def _safely(check: Callable[[Ground], Finding], ground: Ground) -> Finding:
    try:
        return check(ground)
    except HubError as error:
        if error.code == "HOME_MISSING":
            return Finding(State.WARNING, Text("尚未建立", "not made yet"), {"code": error.code})
        text = Text(error.sentence("zh"), error.sentence("en"))
        return Finding(State.FAILED, text, {"code": error.code})
    except Exception as error:
        kind = type(error).__name__
        return Finding(State.FAILED, Text(f"检查出错（{kind}）", f"the check failed ({kind})"))


def _versions(_ground: Ground) -> Finding:
    found: dict[str, str | None] = {"python": platform.python_version()}
    for library in _LIBRARIES:
        found[library] = None
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[library] = metadata.version(library)
    missing = [library for library, version in found.items() if version is None]
    said = ", ".join(f"{library} {version}" for library, version in found.items() if version)
    if missing:
        names = ", ".join(missing)
        return Finding(State.FAILED, Text(f"缺少 {names}", f"missing: {names}"), found)
    return Finding(State.OK, Text(said, said), found)


def _settings(ground: Ground) -> Finding:
    known = set(documented_variables())
    unknown = sorted(name for name in ground.environ if name.startswith("HUB_") and not name.startswith("HUB_TEST_"))
    unknown = [name for name in unknown if not _documented(name, known)]
    given = sorted(name for name in ground.environ if _documented(name, known))
    if unknown:
        names = ", ".join(unknown)
        text = Text(f"未知的环境变量：{names}", f"environment variables that nothing reads: {names}")
        return Finding(State.WARNING, text, {"set": given, "unknown": unknown})
    said = ", ".join(given)
    text = Text(f"已设置：{said}", f"set: {said}") if given else Text("全部为默认值", "all defaults")
    return Finding(State.OK, text, {"set": given, "unknown": []})


def _documented(name: str, known: set[str]) -> bool:
    """Whether the file of examples has it; `<NAME>` there stands for a name that a city's file gives."""
    return name in known or any(
        re.fullmatch(pattern.replace("<NAME>", "[A-Z0-9_]+"), name) for pattern in known if "<NAME>" in pattern
    )


def documented_variables() -> Iterator[str]:
    """The names of the variables in `infra/env.example`."""
    for line in _ENV_EXAMPLE.read_text("utf-8").splitlines():
        name, equals, _ = line.removeprefix("#").partition("=")
        if equals and name.startswith("HUB_"):
            yield name


def _mode(ground: Ground) -> Finding:
    if ground.demo:
        text = Text("演示模式：一个本地用户担任所有角色，不适用于真实数据", "demo mode: unfit for real data")
        return Finding(State.WARNING, text, {"demo": True})
    return Finding(State.OK, Text("正式模式", "not a demo"), {"demo": False})


def _home(ground: Ground) -> Finding:
    home = ground.home
    words = {
        "argument": Text("由参数指定", "as given"),
        "HUB_HOME": Text("由 HUB_HOME 指定", "from HUB_HOME"),
        "search": Text("由当前目录向上找到", "found from here upwards"),
        "default": Text("默认位置", "the default"),
    }
    how = words[ground.found]
    detail: dict[str, Any] = {"path": str(home), "found": ground.found, "exists": home.is_dir()}
    said = Text(f"{home}（{how.zh}）", f"{home} ({how.en})")
    if not home.is_dir():
        text = Text(
            f"{said.zh}，尚未建立（hub catalog register 建立）",
            f"{said.en}, not made yet (hub catalog register makes it)",
        )
        return Finding(State.WARNING, text, detail)
    free = shutil.disk_usage(home).free
    detail |= {"free_bytes": free, "mode": oct(home.stat().st_mode & 0o777)}
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return Finding(State.FAILED, Text(f"{said.zh}，不可写", f"{said.en}, cannot be written"), detail)
    if free < _LITTLE_SPACE:
        left = f"{free / (1 << 30):.1f} GiB"
        return Finding(State.WARNING, Text(f"{said.zh}，仅剩 {left}", f"{said.en}, {left} left"), detail)
    if home.stat().st_mode & 0o077:
        text = Text(f"{said.zh}，其他用户可读", f"{said.en}, open to other users")
        return Finding(State.WARNING, text, detail)
    return Finding(State.OK, said, detail)


def _city(ground: Ground) -> Finding:
    detail: dict[str, Any] = {"path": str(ground.city)}
    if not (ground.city / "city.yaml").is_file():
        text = Text(
            f"{ground.city} 中没有 city.yaml，检查 HUB_CITY_DIR", f"no city.yaml in {ground.city}: check HUB_CITY_DIR"
        )
        return Finding(State.FAILED, text, detail)
    years = sorted(ground.workdays.years)
    this = ground.now().year
    detail["calendar"] = years
    named = ", ".join(map(str, years)) or "—"
    said = Text(f"{ground.city}，工作日表：{named}", f"{ground.city}, working days of {named}")
    if this not in years:
        text = Text(
            f"{said.zh}，缺 {this} 年，期限暂不计算：请补 calendar/{this}.yaml",
            f"{said.en}, {this} is missing, so deadlines stay open: add calendar/{this}.yaml",
        )
        return Finding(State.WARNING, text, detail)
    return Finding(State.OK, said, detail)


def _store(ground: Ground) -> Finding:
    address = ground.store.uri("x").removesuffix("/x")
    detail: dict[str, Any] = {"address": address}
    if ground.store.local("x") is not None and not ground.store.local("x").parent.is_dir():  # type: ignore[union-attr]
        return Finding(State.WARNING, Text(f"{address}，尚未建立", f"{address}, not made yet"), detail)
    probe = f"doctor/{os.getpid()}-{os.urandom(6).hex()}"
    try:
        ground.store.put_bytes(probe, probe.encode())
        with ground.store.open(probe) as stream:
            whole = stream.read() == probe.encode()
    finally:
        with contextlib.suppress(HubError):
            ground.store.delete(probe)
    if not whole:
        text = Text(f"{address}，读回的内容不符", f"{address}: what comes back is not what was stored")
        return Finding(State.FAILED, text, detail)
    return Finding(State.OK, Text(f"{address}，可读写", f"{address}, reads and writes"), detail)


def _database(ground: Ground) -> Finding:
    from infra.migrate import revisions, version  # noqa: PLC0415 - SQLAlchemy is loaded when it is asked for

    url = ground.engine.url
    address = f"sqlite {url.database}" if url.drivername == "sqlite" else f"{url.host}:{url.port}/{url.database}"
    detail: dict[str, Any] = {"dialect": ground.engine.dialect.name, "address": address, "packages": {}}
    behind = []
    for package, folder in migrations():
        have, wanted = version(ground.engine, package.replace(".", "_")), revisions(folder)[0]
        detail["packages"][package] = {"version": have, "newest": wanted}
        if have != wanted:
            behind.append(package)
    if behind:
        names = ", ".join(behind)
        text = Text(f"{address}，待迁移：{names}", f"{address}, not at its newest version: {names}")
        return Finding(State.WARNING, text, detail)
    return Finding(State.OK, Text(f"{address}，版本最新", f"{address}, up to date"), detail)


def _keys(ground: Ground) -> Finding:
    ring, now = ground.keys, ground.now()
    found = ring.all()
    listed = [
        {"id": key.id, "purpose": key.purpose, "not_after": key.not_after.isoformat() if key.not_after else None}
        for key in found
    ]
    exposed = ring.folder.is_dir() and any(path.stat().st_mode & 0o077 for path in ring.folder.iterdir())
    if exposed:
        text = Text("密钥文件对其他用户可读", "files of keys are open to other users")
        return Finding(State.FAILED, text, {"keys": listed})
    newest = {key.purpose: key for key in found}  # `all` gives each purpose's newest last
    ending = sorted(purpose for purpose, key in newest.items() if key.not_after and key.not_after - now < _SOON)
    if ending:
        names = ", ".join(ending)
        text = Text(f"密钥将在 30 天内到期：{names}", f"keys end within 30 days: {names}")
        return Finding(State.WARNING, text, {"keys": listed})
    return Finding(State.OK, Text(f"{len(found)} 把密钥", f"{len(found)} keys"), {"keys": listed})


def _ledger(ground: Ground) -> Finding:
    checkpoint = ground.ledger.checkpoint()
    if checkpoint is None:
        return Finding(State.OK, Text("尚无签名检查点", "no signed checkpoint yet"), {"size": 0})
    size = checkpoint.size
    text = Text(
        f"{ground.ledger.origin}，检查点含 {size} 条（hub ledger verify 逐条验证）",
        f"{ground.ledger.origin}, checkpoint over {size} entries (hub ledger verify checks each)",
    )
    return Finding(State.OK, text, {"origin": ground.ledger.origin, "size": size})


PARTS = (
    Part("versions", "版本", _versions),
    Part("settings", "设置", _settings),
    Part("mode", "模式", _mode),
    Part("home", "主目录", _home),
    Part("city", "城市", _city),
    Part("store", "对象存储", _store),
    Part("database", "数据库", _database),
    Part("keys", "密钥", _keys),
    Part("ledger", "存证", _ledger),
)
"""Of the ground, in the order in which one part needs the other."""
