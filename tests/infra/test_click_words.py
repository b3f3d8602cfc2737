import re

import click
import pytest
from click.testing import CliRunner

from infra.click_words import bilingual, wrong_use
from infra.console import command_errors

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option("1", prog_name="hub")
def root() -> None:
    """根"""


@root.command()
@click.argument("dataset")
@click.argument("pair", nargs=2, required=False)
@click.option("--side", type=click.Choice(["north", "south"]), required=True, help="方向")
@click.option("--rows", type=click.IntRange(1, 9), default=5, show_default=True, help="行数")
@click.option("--least", type=click.FloatRange(min=0.5))
@click.option("--count", type=int)
@click.option("--share", type=float)
@click.option("--folder", type=click.Path(exists=True, file_okay=False))
@click.option("--file", type=click.Path(exists=True, dir_okay=False))
@click.option("--flag", is_flag=True)
def probe(**_: object) -> None:
    """探"""


bilingual(root)
GIVEN = ["probe", "ds", "--side", "north"]


def told(arguments: list[str], lang: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = command_errors(
        lambda: root.main(arguments, "hub", standalone_mode=False), arguments, {"HUB_LANG": lang, "LANG": "C"}
    )
    return status, capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "zh", "en"),
    [
        (["nonsense"], "没有命令 nonsense", "No such command 'nonsense'."),
        (["prob"], "没有命令 prob，是否指 probe？", "Did you mean 'probe'?"),
        (["probe"], "缺少参数 'DATASET'", "Missing argument 'DATASET'."),
        (["probe", "ds"], "缺少选项 '--side'，可选：north、south", "Missing option '--side'."),
        ([*GIVEN, "--coun"], "没有选项 --coun，是否指 --count？", "Did you mean '--count'?"),
        ([*GIVEN, "--flag=1"], "选项 --flag 不带值", "does not take a value"),
        ([*GIVEN, "--rows"], "选项 --rows 缺少值", "requires an argument"),
        ([*GIVEN, "a", "b", "c"], "多余的参数：c", "unexpected extra argument"),
        ([*GIVEN, "a"], "参数的个数不对", "takes 2 values"),
        ([*GIVEN, "--side", "west"], "'--side' 的值不对：只能是 north、south", "'west' is not one of"),
        ([*GIVEN, "--rows", "10"], "'--rows' 的值不对：应为整数，不小于 1，不大于 9", "not in the range"),
        ([*GIVEN, "--rows", "x"], "'--rows' 的值不对：应为整数，不小于 1，不大于 9", "not a valid integer"),
        ([*GIVEN, "--least", "0"], "'--least' 的值不对：应为数值，不小于 0.5", "not in the range"),
        ([*GIVEN, "--count", "x"], "'--count' 的值不对：应为整数", "not a valid integer"),
        ([*GIVEN, "--share", "x"], "'--share' 的值不对：应为数值", "not a valid float"),
        ([*GIVEN, "--folder", "/no/where"], "'--folder' 的值不对：应为已存在、可用的文件夹", "does not exist"),
        ([*GIVEN, "--file", "/"], "'--file' 的值不对：应为已存在、可用的文件（不是文件夹）", "is a directory"),
    ],
)
def test_wrong_use_is_said_in_both_languages(
    arguments: list[str], zh: str, en: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = told(arguments, "zh", capsys)
    assert (status, said.splitlines()[0]) == (2, f"USAGE: {zh}")
    assert re.match(r"  处理办法：参见 hub( probe)? --help$", said.splitlines()[1])
    status, said = told(arguments, "en", capsys)
    assert status == 2
    assert en in said
    assert len(said.splitlines()) == 2, "one sentence, and what to do"
    assert CHINESE.search(said) is None


@pytest.mark.parametrize(
    ("error", "zh", "en"),
    [
        (click.FileError("x.csv", "gone"), "无法打开文件 x.csv", "Could not open file 'x.csv': gone"),
        (click.BadParameter("坏"), "参数的值不对：坏", "Invalid value: 坏"),
        (click.UsageError("我们自己的话"), "我们自己的话", "我们自己的话"),
        (click.MissingParameter(param_type="argument"), "缺少参数", "Missing argument."),
    ],
)
def test_what_is_raised_without_its_place_is_said_too(error: click.ClickException, zh: str, en: str) -> None:
    said = wrong_use(error)
    assert (said.zh, said.en) == (zh, en)


def test_every_error_of_click_has_its_sentence() -> None:
    """A newer click may bring a class of its own: then it wants its words here."""
    known = {
        "ClickException", "UsageError", "BadParameter", "MissingParameter", "NoSuchOption", "NoSuchCommand",
        "BadOptionUsage", "BadArgumentUsage", "NoArgsIsHelpError", "FileError",
    }  # fmt: skip
    classes = {name for name, value in vars(click.exceptions).items() if isinstance(value, type)}
    errors = {name for name in classes if issubclass(getattr(click.exceptions, name), click.ClickException)}
    assert errors == known


@pytest.mark.parametrize("arguments", [[], ["--help"], ["probe", "--help"]])
def test_a_help_text_speaks_one_language(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_LANG", "zh")
    said = CliRunner().invoke(root, arguments).output
    assert said.startswith("用法：root ")
    for word in ("Usage", "Options", "Commands", "Show", "default", "required", "ARGS"):
        assert word not in said
    monkeypatch.setenv("HUB_LANG", "en")
    said = CliRunner().invoke(root, arguments).output
    assert said.startswith("Usage: root ")
    assert "选项" not in said


def test_defaults_bounds_and_duties_stand_behind_the_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_LANG", "zh")
    said = CliRunner().invoke(root, ["probe", "--help"]).output
    assert "行数  [默认：5; 1<=x<=9]" in said
    assert "方向  [必填]" in said


def test_a_group_that_is_given_nothing_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    status, said = told([], "zh", capsys)
    assert status == 2
    assert "probe" in said
    assert "USAGE" not in said
