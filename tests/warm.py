"""A warm parent: a process that has imported the heavy libraries and forks a child for each call, for tests.

A child begins a fraction of a second after it is asked for and is as real a process as any: it opens its own database,
DuckDB and tables, and may be killed. The parent itself opens nothing, so that nothing is shared by forking.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import traceback
import warnings
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

from infra.quiet import quiet

MODULES = (
    "great_expectations", "deltalake", "duckdb", "pyarrow.dataset", "lake.ingest", "lake.describe.outbox",
    "lake.describe.describe", "catalogs.register", "datahub.emitter.mcp", "datahub.lite.duckdb_lite",
    "lake.arrival.push_serving", "httpx", "psycopg", "minio", "lake.arrival.pull", "lake.replay.replay",
    "lake.backup.backup", "lake.backup.restore", "lake.purge.purging", "sharing.ending.purging", "kill_points",
    "lake_city",
)  # fmt: skip
_LIMIT = 250  # seconds that a child may take


class Warm:
    """Starts children and waits for them; `with` ends the parent."""

    def __enter__(self) -> "Warm":
        here = str(Path(__file__).parent)
        environ = os.environ | quiet() | {"PYTHONPATH": here}
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "warm"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._parent.stdin
        assert self._parent.stdout
        self._parent.stdin.close()
        self._parent.wait(60)
        self._parent.stdout.close()

    def _ask(self, question: dict[str, Any]) -> int:
        assert self._parent.stdin
        assert self._parent.stdout
        self._parent.stdin.write(json.dumps(question) + "\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())

    def start(self, function: str, **arguments: Any) -> int:
        """Call `module:function` in a new child; its process id."""
        return self._ask({"call": function, "arguments": arguments})

    def wait(self, pid: int) -> int:
        """How the child ended: its exit code, or minus the signal that ended it."""
        return self._ask({"wait": pid})

    def run(self, function: str, **arguments: Any) -> int:
        """`start` and `wait`."""
        return self.wait(self.start(function, **arguments))


def _child(question: dict[str, Any]) -> None:
    signal.alarm(_LIMIT)
    status = 1
    try:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        module, _, name = question["call"].partition(":")
        getattr(import_module(module), name)(**question["arguments"])
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Answer until standard input ends."""
    warnings.simplefilter("ignore")
    for module in MODULES:
        import_module(module)
    gc.collect()
    gc.freeze()  # a child's collector would write to every page of what was loaded
    for line in sys.stdin:
        question = json.loads(line)
        if "wait" in question:
            _, status = os.waitpid(question["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                _child(question)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
