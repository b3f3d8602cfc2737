import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.cli import doctor
from infra.doctor import Finding, State, examine
from infra.ground import Ground, open_ground


def findings(ground: Ground) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(ground)}


def test_a_prepared_ground_is_healthy_on_every_backend(city_ground: Ground) -> None:
    found = findings(city_ground)
    assert {name for name, finding in found.items() if finding.state is State.FAILED} == set()
    assert found["store"].state is State.OK
    assert found["database"].state is State.OK
    assert list(city_ground.store.list("doctor")) == [], "the probe leaves nothing"


def test_a_demo_is_called_unfit_for_real_data(ground: Ground) -> None:
    assert findings(ground)["mode"].state is State.WARNING
    told = CliRunner().invoke(doctor, ["--json"], env={"HUB_HOME": str(ground.home), "HUB_LANG": "en"})
    assert told.exit_code == 0
    value = json.loads(told.output)
    assert (value["healthy"], value["fit_for_real_data"], value["home"]) == (True, False, str(ground.home))


def test_a_fresh_machine_is_not_a_failure(tmp_path: Path) -> None:
    found = findings(open_ground({}, tmp_path))
    assert {name for name, finding in found.items() if finding.state is State.FAILED} == set()
    assert found["home"].state is State.WARNING
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_found_and_no_secret_is_said(tmp_path: Path) -> None:
    environ = {
        "HUB_DATABASE": "postgresql+psycopg://hub:s3cretword@127.0.0.1:1/hub",
        "HUB_STORE": "s3://bucket/x",
        "HUB_STORE_ENDPOINT": "http://127.0.0.1:1",
        "HUB_STORE_ACCESS_KEY": "s3cretkey",
        "HUB_STORE_SECRET_KEY": "s3cretword",
        "HUB_STORE_TIMEOUT_SECONDS": "1",
        "HUB_API_KEY": "s3cretapi",
        "HUB_STROE": "typo",
        "HUB_CITY_DIR": str(tmp_path),
    }
    ground = open_ground(environ, tmp_path, create=True)
    found = findings(ground)
    failed = {name for name, finding in found.items() if finding.state is State.FAILED}
    assert failed == {"city", "store", "database", "ledger"}
    assert found["settings"].state is State.WARNING
    assert found["settings"].detail["unknown"] == ["HUB_STROE"]
    assert "s3cret" not in repr(found)
    told = CliRunner().invoke(doctor, [], env={**environ, "HUB_HOME": str(ground.home), "HUB_LANG": "zh"})
    assert told.exit_code == 1
    assert "s3cret" not in told.output
    assert "STORE_UNREACHABLE" in told.output


def test_keys_open_to_others_or_near_their_end_are_found(ground: Ground) -> None:
    ground.keys.current("seal", life=timedelta(days=10))
    assert findings(ground)["keys"].state is State.WARNING
    ground.keys.rotate("seal")
    assert findings(ground)["keys"].state is State.OK
    next((ground.home / "keys").iterdir()).chmod(0o644)
    assert findings(ground)["keys"].state is State.FAILED


def test_a_check_that_breaks_is_a_finding(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: object) -> None:
        raise RuntimeError("s3cretword")

    monkeypatch.setattr("infra.storage_folder.FolderStore.put_bytes", lambda *_: broken(None))
    found = findings(ground)["store"]
    assert found.state is State.FAILED
    assert "s3cretword" not in repr(found)


def test_the_command_runs_where_nothing_is(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from infra.cli import doctor; doctor()"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "LANG": "zh_CN.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert told.returncode == 0, told.stderr
    assert "尚未建立" in told.stdout
    assert list(tmp_path.iterdir()) == []
