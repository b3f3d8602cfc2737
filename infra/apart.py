"""A reader in a process of its own: `python -m <module>`, the job as JSON on stdin, the answer on stdout.

A broken or hostile file can drive a parser into taking all memory and time. The process limits its own address space
and processor time before it opens the file, knows no secret, and hands back a file and a few plain values.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.errors import HubError, Place, Refused, Unavailable
from infra.language import Text

_NO_MEMORY = (b"MemoryError", b"memory allocation", b"Cannot allocate memory", b"failed to map", b"MemError")
_OUT_OF_TIME = -24  # SIGXCPU
_OUT_OF_MEMORY = 3


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the process may take: address space in bytes, and seconds, of the clock as of the processor."""

    memory: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Kind:
    """What is read, in sentences, and what to do about one that cannot be read."""

    name: Text
    remedy: Text


def ask(module: str, question: Mapping[str, Any], bounds: Bounds, place: Place, kind: Kind) -> dict[str, Any]:
    """What the process answers.

    Raises:
        Refused: what the process refuses; READ_MEMORY and READ_TIME when it broke a limit, READ_DAMAGED when it fell.
        Unavailable: READ_PROCESS.
    """
    job = {**question, "memory": bounds.memory, "seconds": bounds.seconds}
    what = kind.name
    # Nothing of our environment goes along: it holds secrets. Arrow's own allocator would reserve address space.
    environ = {"PATH": os.defpath, "LANG": "C.UTF-8", "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
    too_long = _broke("READ_TIME", f"读取{what.zh}超过时限", f"reading the {what.en} took too long", place, kind)
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", "-m", module],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=bounds.seconds,
            env=environ,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise too_long from None
    except OSError as error:
        raise Unavailable(
            "READ_PROCESS", "无法启动读取进程", "the reading process could not be started", place=place
        ) from error
    if done.returncode == 0:
        answer: dict[str, Any] = json.loads(done.stdout)
        if "error" in answer:
            raise _rebuilt(answer["error"])
        return answer
    if done.returncode == _OUT_OF_TIME:
        raise too_long
    # A process without memory for its own traceback says nothing at all.
    silent = done.returncode < 0 or not done.stderr or done.returncode == _OUT_OF_MEMORY
    if silent or any(sign in done.stderr for sign in _NO_MEMORY):
        zh, en = f"读取{what.zh}所需内存超过上限", f"reading the {what.en} needs more memory than allowed"
        raise _broke("READ_MEMORY", zh, en, place, kind)
    zh, en = f"{what.zh}已损坏，不能读取", f"the {what.en} is damaged and cannot be read"
    raise _broke("READ_DAMAGED", zh, en, place, kind)


def _broke(code: str, zh: str, en: str, place: Place, kind: Kind) -> Refused:
    return Refused(code, zh, en, place=place, remedy=kind.remedy)


def _rebuilt(said: Mapping[str, Any]) -> Refused:
    remedy = Text(*said["remedy"]) if said["remedy"] else None
    return Refused(said["code"], said["zh"], said["en"], place=Place(**said["place"]), remedy=remedy)


def answer(run: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> int:
    """The process's side: reads the job, lets `run` do it within the limits, answers; the exit status."""
    job = json.load(sys.stdin)
    _limit_self(job["memory"], job["seconds"])
    try:
        said = run(job)
    except HubError as error:
        place = error.place.as_dict() if error.place else {}
        remedy = [error.remedy.zh, error.remedy.en] if error.remedy else None
        said = {
            "error": {"code": error.code, "zh": error.text.zh, "en": error.text.en, "place": place, "remedy": remedy}
        }
    except MemoryError:
        return _OUT_OF_MEMORY
    json.dump(said, sys.stdout, ensure_ascii=False)
    return 0


def _limit_self(memory: int, seconds: int) -> None:
    """Bounds this process: address space in bytes, processor time in seconds, no core file."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
