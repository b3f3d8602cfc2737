"""What `hub doctor` says of the ground's own parts."""

from datetime import timedelta
from pathlib import Path

import pytest

from infra.doctor import PARTS, Finding, State, examine
from infra.ground import Ground, open_ground


def findings(ground: Ground) -> dict[str, Finding]:
    return examine(ground, PARTS)


def test_a_prepared_ground_is_healthy_on_every_backend(city_ground: Ground) -> None:
    found = findings(city_ground)
    assert {name for name, finding in found.items() if finding.state is State.FAILED} == set()
    assert found["store"].state is State.OK
    assert found["database"].state is State.OK
    assert list(city_ground.store.list("doctor")) == [], "the probe leaves nothing"


def test_a_demo_is_called_unfit_for_real_data(ground: Ground) -> None:
    assert findings(ground)["mode"].state is State.WARNING


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
    assert found["ledger"].text.en == "for the same reason as database", "one failure is explained once"
    assert found["settings"].state is State.WARNING
    assert found["settings"].detail["unknown"] == ["HUB_STROE"]
    assert "s3cret" not in repr(found)
    assert found["store"].detail["code"] == "STORE_UNREACHABLE"


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
