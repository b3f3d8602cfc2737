"""A watch over processes: nothing calls home, and nothing is written outside the hub's home.

A hook of the interpreter (`sys.addaudithook`), installed at its start by way of the environment and so in every process
below, refuses each connection that leaves the machine and notes every file that is opened for writing elsewhere. HOME
is an empty folder without permissions. To who is root permissions are no obstacle: so it must be empty afterwards too.
"""

import os
from pathlib import Path

WATCH = """
import os, sys
_home, _log = os.environ["WATCH_HUB_HOME"], os.open(os.environ["WATCH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_LOOPBACK = ("127.", "::1", "localhost")

def _note(what):
    os.write(_log, (what + chr(10)).encode())

def _watch(event, args):
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        if isinstance(address, tuple) and not str(address[0]).startswith(_LOOPBACK):
            _note(f"{event} {address[0]}")
            raise ConnectionRefusedError("no way out")
    elif event == "socket.getaddrinfo":
        host = args[0].decode() if isinstance(args[0], bytes) else str(args[0])
        if args[0] is not None and not host.startswith(_LOOPBACK) and host != "":
            _note(f"{event} {host}")
            raise ConnectionRefusedError("no way out")
    elif event == "open" and isinstance(args[0], (str, bytes)):
        flags = args[2] or 0
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            path = os.path.abspath(os.fsdecode(args[0]))
            if not path.startswith((_home + os.sep, "/dev/", "/proc/")):
                _note(f"write {path}")
    elif event == "os.mkdir":
        path = os.path.abspath(os.fsdecode(args[0]))
        if not (path + os.sep).startswith(_home + os.sep) and not os.path.isdir(path):
            _note(f"mkdir {path}")

with open(os.environ["WATCH_LOG"] + ".pids", "a") as _pids:
    _pids.write(f"{os.getpid()}{chr(10)}")
sys.addaudithook(_watch)
"""


def watched(home: Path, folder: Path, *more: Path) -> dict[str, str]:
    """The environment of a watched process over the hub's home `home`; the watch itself stands in `folder`.

    `more` are folders to import from.
    """
    site, nobody = folder / "site", folder / "nobody"
    site.mkdir()
    (site / "sitecustomize.py").write_text(WATCH)
    nobody.mkdir(mode=0o500)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(nobody),
        "TMPDIR": str(home / "tmp"),
        "HUB_HOME": str(home),
        "HUB_DEMO": "1",
        "PYTHONPATH": os.pathsep.join(map(str, (site, *more))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "WATCH_HUB_HOME": str(home),
        "WATCH_LOG": str(folder / "watch.log"),
    }


def seen(environ: dict[str, str]) -> list[str]:
    """What was tried that may not be, once each, by whatever process; HOME must have stayed empty."""
    assert watching(environ), "nothing was watched"
    left = list(Path(environ["HOME"]).rglob("*"))
    assert left == []
    return sorted(set(Path(environ["WATCH_LOG"]).read_text().splitlines()))


def watching(environ: dict[str, str]) -> set[int]:
    """The processes that began under the watch; those that were forked from them are watched like them."""
    return {int(line) for line in Path(environ["WATCH_LOG"] + ".pids").read_text().splitlines()}
