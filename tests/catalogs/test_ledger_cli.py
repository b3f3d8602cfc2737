"""`hub ledger`: what a person and a program get, who may have contents, and the exit status."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalogs.ledger_cli import ledger
from catalogs.people.people import issue_key
from catalogs.register import register_city
from infra.console import command_errors
from infra.errors import HubError, Refused
from infra.ground import Ground, open_ground, sample_city
from infra.ledger import Act, NewEntry

COUNT = 3  # deliveries, the first entries of the log


def fill(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    for number in range(COUNT):
        ground.ledger.append([NewEntry(Act.DELIVERY_LANDED, "zhang.wei", f"d-{number}", {"who": "张三"})])
    register_city(ground, sample_city(), "tester")
    monkeypatch.setenv("HUB_HOME", str(ground.home))
    monkeypatch.setenv("HUB_LANG", "en")
    return ground


@pytest.fixture
def home(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    return fill(ground, monkeypatch)


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """A home that is no demo's, with people and nobody's key at hand."""
    with open_ground({"HUB_HOME": str(tmp_path / "real")}, create=True) as opened:
        opened.prepare()
        yield fill(opened, monkeypatch)


def hub(*arguments: object) -> Result:
    return CliRunner().invoke(ledger, [str(each) for each in arguments], standalone_mode=False)


def data(*arguments: object) -> tuple[dict[str, object], int | None]:
    done = hub(*arguments, "--json")
    if done.exception:
        raise done.exception
    return json.loads(done.output), done.return_value


def test_show_prints_no_content_unless_asked_and_then_records_it(home: Ground) -> None:
    shown = hub("show", "--before", COUNT + 1).output
    assert "lake:delivery:landed" in shown
    assert "张三" not in shown
    assert "zhang.wei" not in shown
    with_content = hub("show", 2, "--content").output
    assert "张三" in with_content
    assert "do not pass on" in with_content
    newest, _ = data("show", "--count", 1)
    assert newest["entries"][0]["act"] == "infra:ledger:content_read"  # type: ignore[index]


WITH_CONTENTS = [
    ["show", "--content", "--before", COUNT + 1],
    ["show", 2, "--content"],
    ["prove", 2, "--content"],
    ["export"],
]


def _asked(arguments: list[object], tmp_path: Path) -> list[object]:
    return [*arguments, tmp_path / "bundle.zip"] if arguments == ["export"] else arguments


def _refusal(arguments: list[object], tmp_path: Path) -> Refused:
    done = hub(*_asked(arguments, tmp_path))
    assert isinstance(done.exception, Refused)
    assert done.output == ""
    assert not (tmp_path / "bundle.zip").exists()
    return done.exception


@pytest.mark.parametrize("arguments", WITH_CONTENTS)
def test_no_content_without_a_person_who_may_have_it(
    real: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[object]
) -> None:
    assert _refusal(arguments, tmp_path).code == "PERSON_UNKNOWN"
    monkeypatch.setenv("HUB_API_KEY", issue_key(real, "engineer_li", "tester"))
    before = real.ledger.entries(count=1)
    denied = _refusal(arguments, tmp_path)
    assert denied.code == "RECORDS_DENIED"
    assert "审计员" in denied.sentence("zh")
    assert "auditor" in denied.sentence("en")
    assert real.ledger.entries(count=1) == before, "what was not shown is not entered"


@pytest.mark.parametrize("person", ["auditor_zhao", "reviewer_authority"])
@pytest.mark.parametrize("arguments", WITH_CONTENTS)
def test_auditor_and_authority_have_contents_and_are_the_actors_of_it(
    real: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[object], person: str
) -> None:
    monkeypatch.setenv("HUB_API_KEY", issue_key(real, person, "tester"))
    done = hub(*_asked(arguments, tmp_path))
    assert done.exception is None
    exported = arguments == ["export"]
    assert (tmp_path / "bundle.zip").exists() if exported else "张三" in done.output
    act = Act.LEDGER_EXPORTED if exported else Act.LEDGER_CONTENT_READ
    [entry] = [body for row in real.ledger.entries() if (body := json.loads(row.body))["act"] == act]
    assert entry["actor"] == real.ledger.pseudonym(person)


def test_who_holds_the_machine_may_see_entries_and_prove_and_verify_them(real: Ground, tmp_path: Path) -> None:
    assert len(data("show")[0]["entries"]) > COUNT  # type: ignore[arg-type]
    assert "content" not in data("prove", 2)[0]
    assert hub("prove", 2, "--out", tmp_path / "r.json").exception is None
    assert data("verify")[0]["ok"]
    assert data("verify", "--receipt", tmp_path / "r.json")[0]["ok"]


def test_a_content_that_is_not_there_is_not_recorded_as_read(home: Ground) -> None:
    before = home.ledger.entries(count=1)
    for command in ("show", "prove"):
        error = hub(command, 999, "--content").exception
        assert isinstance(error, Refused)
        assert error.code == "LEDGER_UNKNOWN_ENTRY"
    assert home.ledger.entries(count=1) == before


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


def test_a_consistency_proof_verifies_offline(home: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = home.ledger.sequence()
    home.ledger.append([NewEntry(Act.DELIVERY_LANDED, "zhang.wei", "d-9", {})])
    proof, key = tmp_path / "growth.json", str(home.ledger.verifiers()[-1])
    assert hub("prove", "--from", old.size, "--out", proof).exception is None
    assert data("prove", "--from", 1, "--to", old.size)[0]["new"]["checkpoint"] == old.note  # type: ignore[index]
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "nowhere"))
    monkeypatch.delenv("HUB_API_KEY", raising=False)
    assert data("verify", "--consistency", proof)[0]["trusted"] is None
    assert "not confirmed" in hub("verify", "--consistency", proof).output
    value, status = data("verify", "--consistency", proof, "--key", key)
    assert (value["ok"], value["trusted"], status) == (True, True, 0)
    assert value["old"] == {"size": old.size, "root": old.root.hex(), "signed": True, "key": key}
    said = hub("verify", "--consistency", proof, "--key", key).output
    assert f"root at {old.size}: {old.root.hex()}" in said
    assert "not confirmed" not in said
    proof.write_text(proof.read_text().replace(f'"size": {old.size}', f'"size": {old.size - 1}', 1))
    error = hub("verify", "--consistency", proof, "--key", key).exception
    assert isinstance(error, Refused)
    assert error.code == "LEDGER_CONSISTENCY"


def test_no_log_is_made_by_looking_for_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "nowhere"))
    for command in (["verify"], ["show"], ["show", "--content"], ["prove", "1"], ["export", tmp_path / "x.zip"]):
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
        (["prove", "999"], "LEDGER_UNKNOWN_ENTRY", 1),
        (["show", "999"], "LEDGER_UNKNOWN_ENTRY", 1),
        (["verify", "--key", "nonsense"], "LEDGER_KEY", 2),
        (["verify", "--bundle", "missing.zip"], "LEDGER_BUNDLE_READ", 1),
        (["verify", "--bundle", "a", "--receipt", "b"], "USAGE", 2),
        (["verify", "--bundle", "a", "--consistency", "b"], "USAGE", 2),
        (["verify", "--consistency", __file__], "LEDGER_CONSISTENCY", 1),
        (["verify", "--consistency", "missing.json"], "LEDGER_CONSISTENCY_READ", 1),
        (["prove"], "USAGE", 2),
        (["prove", "1", "--from", "1"], "USAGE", 2),
        (["prove", "1", "--to", "1"], "USAGE", 2),
        (["prove", "--from", "1", "--content"], "USAGE", 2),
        (["prove", "--from", "999999"], "LEDGER_SIZE", 1),
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
