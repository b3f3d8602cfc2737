"""`hub ledger`: what a person and a program get, and the exit status."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from infra.console import command_errors
from infra.errors import HubError
from infra.ground import Ground
from infra.ledger import Act, NewEntry
from infra.ledger.cli import ledger


@pytest.fixture
def home(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    for number in range(3):
        ground.ledger.append([NewEntry(Act.DELIVERY_LANDED, "zhang.wei", f"d-{number}", {"who": "张三"})])
    monkeypatch.setenv("HUB_HOME", str(ground.home))
    monkeypatch.setenv("HUB_LANG", "en")
    return ground


def hub(*arguments: object) -> Result:
    return CliRunner().invoke(ledger, [str(each) for each in arguments], standalone_mode=False)


def data(*arguments: object) -> tuple[dict[str, object], int | None]:
    done = hub(*arguments, "--json")
    if done.exception:
        raise done.exception
    return json.loads(done.output), done.return_value


def test_show_prints_no_content_unless_asked_and_then_records_it(home: Ground) -> None:
    shown = hub("show").output
    assert "lake:delivery:landed" in shown
    assert "张三" not in shown
    assert "zhang.wei" not in shown
    with_content = hub("show", 2, "--content").output
    assert "张三" in with_content
    assert "do not pass on" in with_content
    newest, _ = data("show", "--count", 1)
    assert newest["entries"][0]["act"] == "infra:ledger:content_read"  # type: ignore[index]


def test_verify_exits_by_what_it_finds(home: Ground) -> None:
    home.ledger.sequence()
    report, status = data("verify")
    assert (report["ok"], report["witnesses"], status) == (True, 0, 0)
    assert report["unwitnessed_since"]
    assert "no outside witness since" in hub("verify").output
    with home.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE infra_ledger_entry SET body = replace(body, 'd-1', 'd-9')")
    report, status = data("verify")
    assert (report["ok"], status) == (False, 1)
    assert "entry_changed" in hub("verify").output


def test_receipts_and_bundles_verify_offline(home: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hub("prove", 2, "--out", tmp_path / "r.json").exception is None
    written, _ = data("export", tmp_path / "b.zip")
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "nowhere"))
    key = str(written["key"])
    for arguments in (("--receipt", tmp_path / "r.json"), ("--bundle", tmp_path / "b.zip")):
        assert data("verify", *arguments)[0]["trusted"] is None
        value, status = data("verify", *arguments, "--key", key)
        assert (value["ok"], value["trusted"], status) == (True, True, 0)
        assert "not confirmed" in hub("verify", *arguments).output
        assert "not confirmed" not in hub("verify", *arguments, "--key", key).output
    assert "content" not in json.loads((tmp_path / "r.json").read_text())
    assert not (tmp_path / "nowhere").exists()


def test_no_log_is_made_by_looking_for_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "nowhere"))
    for command in (["verify"], ["show"], ["prove", "1"], ["export", tmp_path / "x.zip"]):
        error = hub(*command).exception
        assert isinstance(error, HubError)
        assert error.code == "HOME_MISSING"
    assert list(tmp_path.iterdir()) == []


def test_both_languages(home: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_LANG", "zh")
    assert "没有外部见证" in hub("verify").output
    assert "待编入" in hub("show").output


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (["prove", "99"], "LEDGER_UNKNOWN_ENTRY", 1),
        (["show", "99"], "LEDGER_UNKNOWN_ENTRY", 1),
        (["verify", "--key", "nonsense"], "LEDGER_KEY", 2),
        (["verify", "--bundle", "missing.zip"], "LEDGER_BUNDLE_READ", 1),
        (["verify", "--bundle", "a", "--receipt", "b"], "USAGE", 2),
        (["verify", "--receipt", __file__], "LEDGER_RECEIPT", 1),
        (["verify", "--bundle", __file__], "LEDGER_BUNDLE", 1),
    ],
)
def test_bad_input_is_one_sentence(
    home: Ground, arguments: list[str], code: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    got = command_errors(lambda: ledger.main(arguments, "hub ledger", standalone_mode=False), arguments, {})
    said = capsys.readouterr().err
    assert got == status
    assert said.startswith(f"{code}: ")
    assert "Traceback" not in said
