"""What click says by itself, in both languages: wrong use as one sentence, and the words around a help text.

English sentences are click's own. The Chinese ones are made from what its errors carry, so that nothing is translated
word by word; what click does not carry (which of a path's conditions failed) is said as what is expected.
"""

import os
import re
from collections.abc import Callable, Iterable, Sequence

import click
from click import exceptions

from infra.language import Text, language

_EXTRA = re.compile(r"Got unexpected extra arguments? \((?P<rest>.*)\)", re.DOTALL)
_HEADINGS = {"Options": "选项", "Commands": "命令"}
_PLACEHOLDERS = {"[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 [参数]..."}
_HELPS = {"Show this message and exit.": "显示此说明", "Show the version and exit.": "显示版本"}
_NOTES = re.compile(
    r"  \[(?P<notes>[^\[\]]*)\]$"
)  # behind an option's help: its default, its bounds, whether it must be


def wrong_use(error: click.ClickException) -> Text:
    """What the caller did wrong, one sentence a language."""
    english = " ".join(error.format_message().split())
    for kind, say in _SENTENCES:
        if isinstance(error, kind):
            return Text(say(error), english)
    return Text(error.message, english)


def _missing(error: exceptions.MissingParameter) -> str:
    param = error.param
    if param is None:
        return "缺少参数"
    what = "参数" if param.param_type_name == "argument" else "选项"
    choices = f"，可选：{'、'.join(map(str, param.type.choices))}" if isinstance(param.type, click.Choice) else ""
    return f"缺少{what} {param.get_error_hint(error.ctx)}{choices}"


def _bad(error: click.BadParameter) -> str:
    if error.param is None:
        return f"参数的值不对：{error.message}"
    return f"{error.param.get_error_hint(error.ctx)} 的值不对：{_expected(error.param.type) or error.message}"


def _expected(kind: "click.ParamType[object]") -> str:
    """What a value must be; "" for a type that says so itself."""
    if isinstance(kind, click.Choice):
        return f"只能是 {'、'.join(map(str, kind.choices))}"
    if isinstance(kind, click.Path):
        what = "文件夹" if not kind.file_okay else "文件（不是文件夹）" if not kind.dir_okay else "路径"
        return f"应为{'已存在、' if kind.exists else ''}可用的{what}"
    for numbers, what in ((click.IntRange, "整数"), (click.FloatRange, "数值")):
        if isinstance(kind, numbers):
            least = "" if kind.min is None else f"，不小于 {kind.min}"
            return f"应为{what}{least}" + ("" if kind.max is None else f"，不大于 {kind.max}")
    return {"integer": "应为整数", "float": "应为数值", "boolean": "应为 true 或 false"}.get(kind.name, "")


def _meant(possibilities: Sequence[str] | None) -> str:
    return f"，是否指 {'、'.join(sorted(possibilities))}？" if possibilities else ""


def _plain(error: click.UsageError) -> str:
    extra = _EXTRA.match(error.message)
    if extra:
        return f"多余的参数：{extra['rest']}"
    return "缺少命令" if error.message == "Missing command." else error.message


def _unfit(error: exceptions.BadOptionUsage) -> str:
    return f"选项 {error.option_name} {'不带值' if 'does not take' in error.message else '缺少值'}"


_SENTENCES: tuple[tuple[type[click.ClickException], Callable[..., str]], ...] = (
    (exceptions.MissingParameter, _missing),
    (exceptions.NoSuchOption, lambda error: f"没有选项 {error.option_name}{_meant(error.possibilities)}"),
    (exceptions.NoSuchCommand, lambda error: f"没有命令 {error.command_name}{_meant(error.possibilities)}"),
    (exceptions.BadOptionUsage, _unfit),
    (exceptions.BadArgumentUsage, lambda _error: "参数的个数不对"),
    (exceptions.BadParameter, _bad),
    (exceptions.UsageError, _plain),
    (exceptions.FileError, lambda error: f"无法打开文件 {error.ui_filename}"),
)


class _Formatter(click.HelpFormatter):
    """A help text whose frame speaks Chinese too."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        for english, chinese in _PLACEHOLDERS.items():
            args = args.replace(english, chinese)
        super().write_usage(prog, args, "用法：" if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(name, _help(said)) for name, said in rows], col_max, col_spacing)


def _help(said: str) -> str:
    return _HELPS.get(said) or _NOTES.sub(lambda found: f"  [{_notes(found['notes'])}]", said)


def _notes(notes: str) -> str:
    return notes.replace("default: ", "默认：").replace("required", "必填")


class Context(click.Context):
    """The context of a command that explains itself in the person's language."""

    def make_formatter(self) -> click.HelpFormatter:
        """A formatter for the language of this moment."""
        self.formatter_class = _Formatter if language(os.environ) == "zh" else click.HelpFormatter
        return super().make_formatter()


def bilingual(command: click.Command) -> click.Command:
    """The same command: it and all under it explain themselves in the person's language."""
    command.context_class = Context
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            bilingual(inner)
    return command
