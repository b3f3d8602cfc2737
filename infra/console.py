"""What every command shares: one way to print, to fail, to show progress, and to speak the person's language.

A command prints for a person by default and one JSON document with `--json`. It exits 0 when done, 1 when data or policy
refused (or a service is not there), 2 on wrong use. An error is one sentence with a code and a remedy, never a traceback.
"""

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import click

from infra.errors import HubError
from infra.language import Text, language

F = TypeVar("F", bound=Callable[..., Any])
_JSON = "hub.json"


def help_text(zh: str, en: str) -> str:
    """The half of a help text that the person at the terminal reads."""
    return Text(zh, en).say(language(os.environ))


def json_option(command: F) -> F:
    """Give a command the flag `--json`; `emit` heeds it, so that the command's function does not see it."""

    def remember(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
        if value:
            context.find_root().meta[_JSON] = True

    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=remember,
        help=help_text("输出一个 JSON 文档", "print one JSON document"),
    )(command)


def wants_json() -> bool:
    """Whether the running command was asked for JSON."""
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().meta.get(_JSON))


def emit(_ground: object, value: Any, human: Callable[[Any], str | Iterable[str] | None]) -> None:
    """Print `value`: one JSON document, or what `human(value)` gives (text or lines; None when it printed itself).

    The first argument is the ground or the click context at hand; neither is needed, None will do.
    """
    if wants_json():
        click.echo(json_text(value))
        return
    said = human(value)
    if said is None:
        return
    for line in [said] if isinstance(said, str) else said:
        click.echo(line)


def json_text(value: Any) -> str:
    """`value` as one indented JSON document: dataclasses, enums, paths, dates and bilingual texts included."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, HubError):
        return value.as_dict(language(os.environ))
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def table(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> str:
    """`rows` under `columns` as aligned text; wide characters count twice, nothing is cut."""
    from rich.cells import cell_len  # noqa: PLC0415 - only where a table is printed

    cells = [[str(column) for column in columns], *([_cell(value) for value in row] for row in rows)]
    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(columns))]

    def line(row: Sequence[str]) -> str:
        padded = (text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True))
        return "  ".join(padded).rstrip()

    return "\n".join([line(cells[0]), "  ".join("─" * width for width in widths), *map(line, cells[1:])])


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    # A control character in data must not move the terminal's cursor or change its colours.
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


@contextlib.contextmanager
def progress(description: str) -> Iterator[Callable[[str], None]]:
    """Show that work goes on: a spinner on standard error, on a terminal alone.

    Gives a function that changes the description.
    """
    if not sys.stderr.isatty() or wants_json():
        yield lambda _text: None
        return
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.text import Text as Styled  # noqa: PLC0415

    with Console(stderr=True).status(Styled(description)) as status:
        yield lambda text: status.update(Styled(text))


def command_errors(run: Callable[[], Any], arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command and turn whatever it raises into one sentence, or one JSON document, and an exit status.

    `HUB_DEBUG=1` adds the traceback of an unexpected error, for developers.
    """
    lang = language(environ)
    try:
        status = run()
    except HubError as error:
        return _fail(error.as_dict(lang), error.sentence(lang), error.exit_status, arguments)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        said = error.format_message()
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "hub"
        remedy = Text(f"参见 {where} --help", f"see {where} --help")
        return _fail_with("USAGE", said, remedy.say(lang), 2, arguments)
    except (KeyboardInterrupt, click.Abort):
        return _fail_with("INTERRUPTED", Text("已中断", "interrupted").say(lang), None, 130, arguments)
    except BrokenPipeError:
        # The reader of our output has gone; nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if environ.get("HUB_DEBUG") == "1":
            traceback.print_exc()
        kind = type(error).__name__
        said = Text(f"程序内部错误（{kind}）", f"an error inside the program ({kind})").say(lang)
        remedy = Text("设 HUB_DEBUG=1 重试，并附输出报告", "try again with HUB_DEBUG=1 and report what it prints")
        return _fail_with("INTERNAL", said, remedy.say(lang), 1, arguments)
    return status if isinstance(status, int) else 0


def _fail_with(code: str, message: str, remedy: str | None, status: int, arguments: Sequence[str]) -> int:
    shape = {"code": code, "message": message, "place": None, "remedy": remedy, "reasons": []}
    sentence = f"{code}: {message}" + (f"\n  {remedy}" if remedy else "")
    return _fail(shape, sentence, status, arguments)


def _fail(shape: Mapping[str, Any], sentence: str, status: int, arguments: Sequence[str]) -> int:
    if "--json" in arguments:
        click.echo(json_text({"error": shape}))
    else:
        click.echo(sentence, err=True)
    return status
