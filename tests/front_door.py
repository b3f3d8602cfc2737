"""The `hub` command as its users meet it, run in this process: arguments in, exit status and both streams out."""

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

import hub


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams."""
        return self.out + self.err

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


class _Stream(io.TextIOWrapper):
    """A text stream over bytes, as a process's standard streams are."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), "utf-8", errors="surrogateescape", write_through=True)

    def text(self) -> str:
        held = self.buffer
        assert isinstance(held, io.BytesIO)
        return held.getvalue().decode("utf-8", "surrogateescape")


@contextlib.contextmanager
def environment(environ: Mapping[str, str]) -> Iterator[None]:
    """This process's environment for the block: of the hub's settings those of `environ` alone."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("HUB_")]:
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        yield


def run_hub(environ: Mapping[str, str], *arguments: object) -> Ran:
    """Run `hub` with `arguments`; nothing but SystemExit may come out of it."""
    out, err = _Stream(), _Stream()
    with environment(environ), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            hub.main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
        else:
            status = 0
    return Ran(status, out.text(), err.text())
