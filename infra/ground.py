"""The ground a command or a service stands on: home folder, city folder, database, store, keys, ledger, clock.

`open_ground` reads the environment once and touches nothing; parts open at first use; all state lies below the home.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from infra import demo
from infra.errors import Unavailable, WrongUse
from infra.home_city import home_city
from infra.language import Language, Text, language
from infra.scratch import scratch
from infra.settings import Secret, Settings, load
from infra.storage import ObjectStore, StoreSettings, open_store

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from infra.calendar import WorkingDays
    from infra.keys import KeyRing
    from infra.ledger import Ledger

HOME = ".cityhub"
SAMPLE_CITY = "zhengzhou"
# In the order of the house: what a later package's tables refer to stands in an earlier one.
PACKAGES = ("infra", "infra.ledger", "catalogs", "contracts", "lake", "sharing")

Found = Literal["argument", "HUB_HOME", "search", "default"]


class GroundSettings(Settings, frozen=True):
    """Where the hub lives and how it speaks."""

    home: Path | None = None
    city_dir: Path | None = None
    demo: bool = False
    clock: str | None = None
    lang: str | None = None
    api_key: Secret | None = None


class Ground:
    """Everything a command needs, opened when first used.

    Attributes:
        home: the home folder, absolute.
        found: how the home folder was found.
        environ: the environment as it was read.
        lang: the language of the person, "zh" or "en".
        demo: one local user plays every role; unfit for real data. A home that began as a demo stays one.
        city: the city's folder.
        clock: the present instant, aware, UTC.
    """

    def __init__(self, home: Path, found: Found, environ: Mapping[str, str], settings: GroundSettings) -> None:
        self.home = home
        self.found: Found = found
        self.environ = dict(environ)
        self.lang: Language = language(environ)
        self.demo = settings.demo or (home / demo.HOME_MARK).exists()
        self.settings = settings
        self.city = (settings.city_dir or home_city(home) or sample_city()).absolute()
        self.clock: Callable[[], datetime] = _clock(settings, demo=self.demo)

    def __repr__(self) -> str:
        return f"Ground({str(self.home)!r})"

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        return self.clock()

    @cached_property
    def engine(self) -> "Engine":
        """The governance database, with every package's tables at their newest revision.

        Raises:
            WrongUse: `HOME_MISSING`, `DATABASE_ADDRESS`; `HOME_NOT_DEMO` for a demo on a database that is not one's.
            Unavailable: `DATABASE_…`.
        """
        from infra.database import DatabaseSettings, open_engine  # noqa: PLC0415 - SQLAlchemy is not for every command

        settings = load(DatabaseSettings, self.environ)
        url = settings.database.reveal() if settings.database is not None else f"sqlite:///{self._own_database()}"
        engine = open_engine(url, busy_seconds=settings.busy_seconds)
        self._migrate(engine)
        if self.demo:
            demo.check(engine)
        return engine

    def _own_database(self) -> Path:
        """The home's SQLite file, its owner's alone whatever the folder's mode is; its journals take the same mode."""
        path = self._made() / "hub.db"
        if not path.exists():
            with _disk():
                path.touch(mode=0o600)
        return path

    def _migrate(self, engine: "Engine") -> None:
        from infra.migrate import migrate  # noqa: PLC0415 - not for every command

        for package, folder in migrations():
            migrate(engine, package.replace(".", "_"), folder)

    @cached_property
    def store(self) -> ObjectStore:
        """The object store."""
        return open_store(load(StoreSettings, self.environ), self.home)

    @cached_property
    def keys(self) -> "KeyRing":
        """The keys under the home folder.

        Raises:
            WrongUse: `HOME_MISSING`.
        """
        from infra.keys import KeyRing  # noqa: PLC0415 - not for every command

        return KeyRing(self._made() / "keys", clock=self.clock)

    @cached_property
    def ledger(self) -> "Ledger":
        """The ledger of this city."""
        from infra.ledger import Ledger  # noqa: PLC0415 - not for every command

        return Ledger(self.engine, self.keys, self.clock, origin=f"cityhub/{self.city.name}", demo=self.demo)

    @cached_property
    def workdays(self) -> "WorkingDays":
        """The city's working-day tables."""
        from infra.calendar import WorkingDays  # noqa: PLC0415 - not for every command

        return WorkingDays.load(self.city)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for temporary files, for its owner alone, gone when the block ends.

        Raises:
            Unavailable: `HOME_DENIED`.
        """
        with contextlib.ExitStack() as stack:
            with _disk():
                folder = stack.enter_context(scratch(self._made() / "tmp"))
            yield folder

    def prepare(self) -> None:
        """Make home and store, and bring every package's tables to their newest revision. Safe to repeat, also at once.

        Raises:
            Unavailable: `HOME_DENIED`, `STORE_…`, `DATABASE_…`.
        """
        _make(self.home, self.found)
        self._made()
        self.store.prepare()
        demo.mark(self.store, demo=self.demo)
        self._migrate(self.engine)

    def close(self) -> None:
        """Give back the database's connections."""
        if "engine" in self.__dict__:
            from infra.database import close_engine  # noqa: PLC0415 - as above

            close_engine(self.engine)

    def __enter__(self) -> "Ground":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _made(self) -> Path:
        if not self.home.is_dir():
            raise WrongUse(
                "HOME_MISSING",
                f"目录 {self.home} 不存在",
                f"the folder {self.home} does not exist",
                remedy=Text(
                    "运行 hub demo 或 hub catalog register，或用 HUB_HOME 指明目录",
                    "run hub demo or hub catalog register, or name it in HUB_HOME",
                ),
            )
        if self.demo:
            with _disk():
                (self.home / demo.HOME_MARK).touch(mode=0o600)
        return self.home


def open_ground(
    environ: Mapping[str, str] | None = None, cwd: Path | None = None, *, home: Path | None = None, create: bool = False
) -> Ground:
    """The ground for `environ` (that of the process by default) as seen from `cwd`.

    The home folder is `home`, else `HUB_HOME`, else the nearest `.cityhub` from `cwd` upwards, else `cwd/.cityhub`; a
    command says which, when it was found above or is new. Opening migrates nothing; `create` makes the folder.

    Raises:
        WrongUse: `SETTING_WRONG`; `HOME_NOT_DEMO` when demo mode is asked for on a home that is not a demo's.
        Unavailable: `HOME_DENIED`.
    """
    environ = os.environ if environ is None else environ
    settings = load(GroundSettings, environ)
    here = (cwd or Path.cwd()).absolute()
    path, found = _find(home, settings.home, here)
    if found == "search" and path.parent != here:
        _tell(
            f"使用上级目录中的 {path}（可用 HUB_HOME 另行指明）", f"using {path}, found above (HUB_HOME names another)"
        )
    if settings.demo and not (path / demo.HOME_MARK).exists() and any((path / "keys").glob("*")):
        raise demo.refusal(str(path))
    if create:
        _make(path, found)
    return Ground(path, found, environ, settings)


def _make(home: Path, found: Found) -> None:
    """Make the home folder, for its owner alone."""
    new = not home.is_dir()
    with _disk():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if new and found == "default":
        _tell(f"新建目录 {home}（可用 HUB_HOME 另行指明）", f"made {home} (HUB_HOME names another)")


def _tell(zh: str, en: str) -> None:
    """Tell the person at a command which home it is, where nobody named one."""
    from infra.console import remark  # noqa: PLC0415 - click is for commands alone

    remark(Text(zh, en))


def sample_city() -> Path:
    """The folder of the sample city that comes with the package."""
    return _package("catalogs") / "cities" / SAMPLE_CITY


def migrations() -> Iterator[tuple[str, Path]]:
    """Each package with migrations, and their folder."""
    for package in PACKAGES:
        folder = _package(package) / "migrations"
        if folder.is_dir():
            yield package, folder


def _package(name: str) -> Path:
    """The folder of one of our packages, found without importing it: nothing here may import to the right."""
    first, *rest = name.split(".")
    spec = find_spec(first)
    if spec is None or not spec.submodule_search_locations:
        return Path(__file__).parent.parent.joinpath(first, *rest)
    return Path(spec.submodule_search_locations[0]).joinpath(*rest)


def _find(given: Path | None, named: Path | None, cwd: Path) -> tuple[Path, Found]:
    if given is not None:
        return (cwd / given).absolute(), "argument"
    if named is not None:
        return (cwd / named).absolute(), "HUB_HOME"
    for folder in (cwd, *cwd.parents):
        if (folder / HOME).is_dir():
            return folder / HOME, "search"
    return cwd / HOME, "default"


def _clock(settings: GroundSettings, *, demo: bool) -> Callable[[], datetime]:
    """The wall clock; in the demo a clock that starts at HUB_CLOCK and goes on from there."""
    if settings.clock is None:
        return lambda: datetime.now(UTC)
    try:
        start = datetime.fromisoformat(settings.clock)
    except ValueError:
        start = None
    if not demo or start is None or start.tzinfo is None:
        raise WrongUse(
            "SETTING_WRONG",
            "HUB_CLOCK 只用于演示（HUB_DEMO=1），写成带时区的 ISO 时间",
            "HUB_CLOCK is for the demo alone (HUB_DEMO=1): an ISO time with its zone",
        )
    opened, first = time.monotonic(), start.astimezone(UTC)
    return lambda: first + timedelta(seconds=time.monotonic() - opened)


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "HOME_DENIED",
            "无法在 HUB_HOME 下读写",
            "HUB_HOME cannot be written",
            remedy=Text("检查目录权限与磁盘空间", "check the folder's permissions and the disk's space"),
        ) from error
