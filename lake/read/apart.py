"""A reader in a process of its own: `python -m lake.read.<module>`, the job as JSON on stdin, the answer on stdout.

A broken or hostile file can drive a parser into taking all memory and time. The process limits its own address space
and processor time before it opens the file, knows no secret, and hands back a file and a few plain values.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from infra.errors import HubError, Place, Refused, Unavailable
from infra.language import Text
from lake.read.source import Limits

_NO_MEMORY = (b"MemoryError", b"memory allocation", b"Cannot allocate memory", b"failed to map", b"MemError")
_OUT_OF_TIME = -24  # SIGXCPU
_OUT_OF_MEMORY = 3


def ask(module: str, question: Mapping[str, Any], limits: Limits, place: Place, what: Text) -> dict[str, Any]:
    """What the process answers; `what` names the kind of file in sentences.

    Raises:
        Refused: what the process refuses; READ_MEMORY and READ_TIME when it broke a limit, READ_DAMAGED when it fell.
        Unavailable: READ_PROCESS.
    """
    job = {**question, "memory": limits.sheet_memory, "seconds": limits.sheet_seconds}
    # Nothing of our environment goes along: it holds secrets. Arrow's own allocator would reserve address space.
    environ = {"PATH": os.defpath, "LANG": "C.UTF-8", "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
    too_long = _broke("READ_TIME", f"读取{what.zh}超过时限", f"reading the {what.en} took too long", place)
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", "-m", module],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=limits.sheet_seconds,
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
        raise _broke("READ_MEMORY", zh, en, place)
    raise _broke("READ_DAMAGED", f"{what.zh}已损坏，不能读取", f"the {what.en} is damaged and cannot be read", place)


def _broke(code: str, zh: str, en: str, place: Place) -> Refused:
    remedy = Text("改报 CSV，或检查文件是否损坏", "deliver CSV instead, or see whether the file is damaged")
    return Refused(code, zh, en, place=place, remedy=remedy)


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
