"""The one door to `datahub`: its modules with all reporting switched off, and the sinks that take what is told.

Sinks: `lite`, DataHub Lite below the hub's home, no server; `rest`, a DataHub GMS by URL and token; `file:PATH`, a
metadata file. Promises: no value of the data is told, nothing is reported to anybody else, nothing is written outside
the hub's home (and PATH). Telling twice changes nothing.
"""

import os
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Protocol

from catalogs.life.withdrawn import withdrawal
from infra.errors import HubError, Refused, Unavailable, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.quiet import quiet
from infra.settings import Secret, Settings, load
from lake.describe import metadata_file
from lake.describe.description import gather, gather_entry, gather_extract
from lake.describe.proposal_entry import Entries
from lake.describe.proposals import Teller
from lake.describe.register import ENTRY

LITE = "lite.duckdb"


class DatahubSettings(Settings, frozen=True):
    """Which metadata catalogue is told, and how it is reached."""

    section: ClassVar[str] = "datahub"

    sink: str = "lite"
    """lite, rest, or file:PATH."""
    url: str = ""
    """Of DataHub GMS, for `rest`."""
    token: Secret | None = None
    seconds: float = 20.0


@cache
def library(home: Path) -> SimpleNamespace:
    """DataHub's modules, imported with all reporting off and their folder below `home`."""
    os.environ.update(quiet() | {"SENTRY_DSN": ""})
    warnings.filterwarnings("ignore", module="datahub")
    from datahub.cli import config_utils  # noqa: PLC0415 - after the switches

    config_utils.DATAHUB_ROOT_FOLDER = str(home)
    from datahub.emitter import mce_builder  # noqa: PLC0415
    from datahub.emitter.mcp import MetadataChangeProposalWrapper  # noqa: PLC0415
    from datahub.metadata import schema_classes  # noqa: PLC0415

    return SimpleNamespace(urn=mce_builder, proposal=MetadataChangeProposalWrapper, model=schema_classes)


@contextmanager
def preloaded(ground: Ground, after: Future[Any]) -> Iterator[None]:
    """Import what the configured sink needs in a thread, beside what the block does, once `after` has ended."""
    over = threading.Event()

    def load_library() -> None:
        wait([after])
        if not over.is_set():
            with suppress(Exception):  # who opens the sink is told
                _modules(ground)

    thread = threading.Thread(target=load_library, name="preload-describing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()  # a process must not end under a thread that imports


def _modules(ground: Ground) -> None:
    library(ground.home / "datahub")
    if load(DatahubSettings, ground.environ).sink == "lite":
        from datahub.lite import duckdb_lite  # noqa: F401, PLC0415 - to be there when it is needed


class Writer(Protocol):
    """Where proposals go; an OSError or any error of the library means that they may not have arrived."""

    def write(self, proposals: Sequence[Any]) -> None:
        """Hand over `proposals`, in order."""

    def close(self) -> None:
        """Give back what is held."""


class Sink:
    """What the outbox sends to."""

    def __init__(self, ground: Ground, writer: Writer) -> None:
        self._ground, self._writer = ground, writer
        modules = library(ground.home / "datahub")
        self._teller, self._entries = Teller(modules), Entries(modules)
        self._told: set[tuple[str, str]] = set()

    def send(self, kind: str, subject: str, payload: Mapping[str, Any], at: datetime) -> None:
        """Tell one row of the outbox.

        Raises:
            Refused: `DESCRIBE_ROW`, it does not say what can be told.
            Unavailable: `DESCRIBE_FAILED`, with nothing of what the library said: that may hold the token; or what the
                database or the store raises.
        """
        try:
            self._writer.write(self._proposals(kind, subject, payload, at))
        except HubError:
            self._told.clear()
            raise
        except Exception as error:
            self._told.clear()
            raise Unavailable(
                "DESCRIBE_FAILED",
                f"元数据目录没有接收（{type(error).__name__}）",
                f"the metadata catalogue did not take it ({type(error).__name__})",
                remedy=Text("检查 HUB_DATAHUB_…；之后会自动重试", "check HUB_DATAHUB_…; it is tried again later"),
            ) from None

    def _proposals(self, kind: str, subject: str, payload: Mapping[str, Any], at: datetime) -> list[Any]:
        try:
            if kind == "extract":
                return self._teller.extract(gather_extract(self._ground, subject, payload, at))
            if kind == ENTRY:
                return self._entry(payload)
            if kind == "purge":
                return self._teller.purged(subject, payload)
            if kind == "restore":
                standing = gather(self._ground, payload) if payload["delivery"] else None
                return self._teller.restored(subject, payload, standing)
            return [*self._delivery(payload), *self._gone(payload)]
        except HubError:
            raise
        except Exception as error:
            # Whatever the row says or the register lacks: it is this row's fault and holds up no other dataset's.
            raise Refused(
                "DESCRIBE_ROW",
                f"待登记的记录无法转成元数据（{type(error).__name__}）",
                f"what waits cannot be put in the catalogue's words ({type(error).__name__})",
            ) from None

    def _entry(self, payload: Mapping[str, Any]) -> list[Any]:
        if payload["withdrawn"]:
            return self._entries.withdrawn(payload["dataset"])
        one = gather_entry(self._ground, payload["dataset"])
        if one is None:
            return []
        words = [] if ("", "") in self._told else [*self._entries.vocabulary()]
        self._told.add(("", ""))
        return [*words, *self._entries.entry(one), *self._gone(payload)]

    def _gone(self, payload: Mapping[str, Any]) -> list[Any]:
        """What was withdrawn stays removed, whatever of it is told late."""
        stands = withdrawal(self._ground.engine, payload["dataset"]) is None
        return [] if stands else self._entries.withdrawn(payload["dataset"])

    def _delivery(self, payload: Mapping[str, Any]) -> list[Any]:
        if "purge" in payload:  # of a delivery that is purged nothing is left to tell
            return []
        one = gather(self._ground, payload)
        if one is None:
            return []
        known = (one.resource.id, one.contract.version)
        still = [] if known in self._told else self._teller.surroundings(one)
        self._told.add(known)
        return [*still, *self._teller.run(one)]


@contextmanager
def open_sink(ground: Ground) -> Iterator[Sink]:
    """The configured sink, open for the block. Lite is one process's at a time: hold the outbox's lease.

    Raises:
        WrongUse: `DESCRIBE_SINK`.
        Unavailable: `DESCRIBE_FAILED` when Lite's file cannot be opened.
    """
    settings = load(DatahubSettings, ground.environ)
    writer = _writer(settings, ground.home / "datahub")
    try:
        yield Sink(ground, writer)
    finally:
        writer.close()


def named_sink(settings: DatahubSettings) -> tuple[str, str]:
    """Which sink is configured, lite, rest or file, and its address: nothing, a URL, a path.

    Raises:
        WrongUse: `DESCRIBE_SINK`.
    """
    kind, _, rest = settings.sink.partition(":")
    if kind == "lite" and not rest:
        return "lite", ""
    if kind == "rest" and not rest and settings.url.startswith(("http://", "https://")):
        return "rest", settings.url
    if kind == "file" and rest:
        return "file", str(Path(rest).expanduser())
    raise WrongUse(
        "DESCRIBE_SINK",
        "HUB_DATAHUB_SINK 应为 lite、rest（并设 HUB_DATAHUB_URL）或 file:路径",
        "HUB_DATAHUB_SINK is lite, rest (with HUB_DATAHUB_URL) or file:PATH",
    )


def _writer(settings: DatahubSettings, home: Path) -> Writer:
    kind, address = named_sink(settings)
    if kind == "lite":
        return _Lite(home)
    return _Rest(settings, home) if kind == "rest" else _File(Path(address), home)


class _Lite:
    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        library(home)
        from lake.describe.lite import open_lite  # noqa: PLC0415 - after the switches

        try:
            self._lite = open_lite(home / LITE)
        except Exception as error:
            raise Unavailable(
                "DESCRIBE_FAILED",
                f"无法打开 DataHub Lite（{type(error).__name__}）",
                f"DataHub Lite cannot be opened ({type(error).__name__})",
            ) from None

    def write(self, proposals: Sequence[Any]) -> None:
        self._lite.write_all(proposals)

    def close(self) -> None:
        self._lite.close()


class _Rest:
    def __init__(self, settings: DatahubSettings, home: Path) -> None:
        library(home)
        from datahub.emitter.rest_emitter import DatahubRestEmitter  # noqa: PLC0415 - after the switches

        self._emitter = DatahubRestEmitter(
            settings.url,
            token=settings.token.reveal() if settings.token else None,
            connect_timeout_sec=settings.seconds,
            read_timeout_sec=settings.seconds,
            retry_max_times=1,
        )

    def write(self, proposals: Sequence[Any]) -> None:
        for proposal in proposals:
            self._emitter.emit_mcp(proposal)

    def close(self) -> None:
        self._emitter.close()


class _File:
    def __init__(self, path: Path, home: Path) -> None:
        library(home)
        self._path = path

    def write(self, proposals: Sequence[Any]) -> None:
        metadata_file.append(self._path, [one.to_obj(simplified_structure=True) for one in proposals])

    def close(self) -> None:
        return
