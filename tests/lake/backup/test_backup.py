"""A backup and what is restored from it: all of one moment, verified, without what was purged since."""

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import canaries
import lake_city as city
import pytest
from front_door import Ran, run_hub
from kill_points import PASSPHRASE
from lake_city import FLOW

from infra.ground import Ground, open_ground
from lake.ingest import ingest
from lake.landing.landing import find, open_landed

HEADER = city.HEADER.split(",")


@pytest.fixture
def elsewhere(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of an empty place to restore into, on the same kind of servers."""
    environ = {"HUB_HOME": str(tmp_path / "new"), "HUB_LANG": "en", "HUB_BACKUP_PASSPHRASE": PASSPHRASE}
    if backend == "folder":
        yield environ
        return
    name = f"t{uuid.uuid4().hex[:16]}"
    with request.getfixturevalue("postgres").database(name, "template1") as url:
        yield {**environ, **request.getfixturevalue("s3").environ(name), "HUB_DATABASE": url}


def hub(environ: dict[str, str], *arguments: object) -> Ran:
    return run_hub({**environ, "HUB_BACKUP_PASSPHRASE": PASSPHRASE}, *arguments)


def take(ground: Ground, tmp_path: Path, name: str, lines: list[str]) -> Any:
    return ingest(ground, FLOW, city.flow_file(tmp_path / f"{name}.csv", lines), actor="test")


def state(ground: Ground) -> dict[str, Any]:
    rows = [dict(row) for row in city.deliveries(ground)]
    return {"curated": city.curated(ground), "aside": city.quarantined(ground), "deliveries": rows}


def test_a_restored_home_holds_what_was_backed_up_and_goes_on(
    city_ground: Ground, city_environ: dict[str, str], elsewhere: dict[str, str], tmp_path: Path
) -> None:
    ground, folder = city.stock(city_ground), tmp_path / "backup"
    first = take(ground, tmp_path, "a", [city.line(n) for n in range(10)] + [city.line(90, flow="x")])
    ran = hub({**city_environ, "HUB_DEBUG": "1"}, "backup", "make", folder, "--json")
    assert ran.status == 0, ran.said
    assert ran.document["copied"] > 5
    take(ground, tmp_path, "b", [city.line(n) for n in range(20, 25)])
    again = hub(city_environ, "backup", "make", folder, "--json").document
    assert again["copied"] < again["objects"], "what was there already is not copied again"
    before = state(ground)
    assert hub(city_environ, "backup", "check", folder).status == 0
    restored = hub(elsewhere, "backup", "restore", folder, "--home", elsewhere["HUB_HOME"], "--no-tombstones", "--json")
    assert restored.status == 0, restored.said
    with open_ground(elsewhere) as new:
        assert new.demo
        assert state(new) == before
        assert new.ledger.verify().ok
        with new.scratch() as scratch:
            assert (
                open_landed(new, find(new, first.delivery), scratch).read_bytes() == (tmp_path / "a.csv").read_bytes()
            )
        done = take(new, tmp_path, "c", [city.line(n) for n in range(40, 43)])
        assert (done.state, len(city.curated(new))) == ("finished", 18)
        city.balanced(new)
        assert new.ledger.verify().ok
        acts = city.acts(new)
        assert ("lake:backup:restored", "backup") in acts
    assert ("lake:backup:made", "backup") in city.acts(ground)


def test_what_was_purged_since_does_not_come_back(
    city_ground: Ground, city_environ: dict[str, str], elsewhere: dict[str, str], tmp_path: Path
) -> None:
    ground, folder = city.stock(city_ground), tmp_path / "backup"
    word = canaries.WORDS[0]
    take(ground, tmp_path, "a", [city.line(n) for n in range(10)])
    doomed = take(ground, tmp_path, word, [city.line(n, detector=word) for n in range(5)])
    later = [city.line(n, detector=word) for n in range(7)]
    assert hub(city_environ, "backup", "make", folder).status == 0
    held = {path for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()}
    assert held, "the backup holds the words in plain sight before"
    after = take(ground, tmp_path, "after", later)
    for one in (doomed, after):
        proposed = hub(
            city_environ, "purge", "propose", one.delivery, "--basis", "illegal_collection", "--reason", "17"
        )
        assert proposed.status == 0, proposed.said
    for number in (1, 2):
        purge = f"purge-{ground.now().year}-{number:04d}"
        assert hub(city_environ, "purge", "approve", purge, "--as", "reviewer_authority").status == 0
    tombstones = tmp_path / "tombstones.json"
    assert hub(city_environ, "purge", "export", tombstones).status == 0
    assert canaries.within(tombstones.read_bytes()) == set()
    call = ("backup", "restore", folder, "--home", elsewhere["HUB_HOME"], "--json")
    assert hub(elsewhere, *call).document["error"]["code"] == "BACKUP_TOMBSTONES"
    forged = json.loads(tombstones.read_text())
    kept = city.deliveries(ground)[0]
    forged["tombstones"][0]["deliveries"] = [{"id": kept["id"], "number": kept["number"]}]
    for spoilt, code in ((json.dumps(forged), "BACKUP_TOMBSTONE_UNPROVEN"), ("[1]", "BACKUP_TOMBSTONES")):
        (tmp_path / "forged.json").write_text(spoilt)
        ran = hub(elsewhere, *call, "--tombstones", tmp_path / "forged.json")
        assert ran.document["error"]["code"] == code
    restored = hub(elsewhere, *call, "--tombstones", tombstones)
    assert restored.status == 0, restored.said
    assert len(restored.document["purges"]) == 2
    with open_ground(elsewhere) as new:
        assert canaries.everywhere(new) == {}
        assert len(city.curated(new)) == 10
        assert new.ledger.verify().ok
        assert hub(elsewhere, "ingest", FLOW, tmp_path / f"{word}.csv", "--json").document["error"]["code"] == (
            "DELIVERY_PURGED"
        )
    shutil.rmtree(tmp_path / "new")
    assert hub(city_environ, "backup", "make", folder).status == 0  # the next backup has it no more
    assert not [path for path in folder.rglob("*") if path.is_file() and canaries.within(path.read_bytes())]


@pytest.fixture
def made(ground: Ground, tmp_path: Path) -> Path:
    take(city.stock(ground), tmp_path, "a", [city.line(n) for n in range(10)])
    assert hub(ground.environ, "backup", "make", tmp_path / "backup").status == 0
    return tmp_path / "backup"


def restored(tmp_path: Path, folder: Path, **environ: str) -> str:
    """The code of a restore that is refused; it leaves no home."""
    call = ("backup", "restore", folder, "--home", tmp_path / "new", "--no-tombstones", "--json")
    ran = run_hub({"HUB_LANG": "en", "HUB_BACKUP_PASSPHRASE": PASSPHRASE, **environ}, *call)
    assert ran.status in (1, 2), ran.said
    assert not (tmp_path / "new" / "hub.db").exists()
    return str(ran.document["error"]["code"])


def test_a_backup_that_is_not_whole_is_refused(made: Path, tmp_path: Path) -> None:
    manifest = made / "manifest.json"
    whole = manifest.read_bytes()
    manifest.rename(made / "manifest.previous.json")
    assert restored(tmp_path, made) == "BACKUP_INCOMPLETE"
    for spoilt in (b"", b"[]", b"{}", whole.replace(b'"salt"', b'"salz"'), whole[:-3]):
        manifest.write_bytes(spoilt)
        assert restored(tmp_path, made) == "BACKUP_DAMAGED"
    manifest.write_bytes(whole)
    parquet = next((made / "objects" / "curated").rglob("*.parquet"))
    for path in (parquet, made / "database.sqlite", made / "keys.sealed", next((made / "city").rglob("*.yaml"))):
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        assert restored(tmp_path, made) == "BACKUP_DAMAGED", path
        assert run_hub({"HUB_LANG": "en"}, "backup", "check", made).status == 1
        path.unlink()
        assert restored(tmp_path, made) == "BACKUP_DAMAGED", path
        path.symlink_to("/etc/hostname")
        assert restored(tmp_path, made) == "BACKUP_DAMAGED", path
        path.unlink()
        path.write_bytes(content)
    told = json.loads(whole)
    told["objects"]["../../out"] = {"size": 1, "etag": "", "sha256": "0" * 64}
    manifest.write_text(json.dumps(told))
    assert restored(tmp_path, made) == "BACKUP_DAMAGED"
    assert not (tmp_path / "out").exists()


def test_the_passphrase_opens_the_keys_and_nothing_else_does(made: Path, tmp_path: Path, ground: Ground) -> None:
    assert restored(tmp_path, made, HUB_BACKUP_PASSPHRASE="another horse battery") == "BACKUP_PASSPHRASE"
    secrets = [json.loads(path.read_text())["secret"] for path in (ground.home / "keys").glob("*.json")]
    content = b"".join(path.read_bytes() for path in made.rglob("*") if path.is_file())
    assert secrets
    assert not [secret for secret in secrets if secret.encode() in content]
    short = run_hub({**ground.environ, "HUB_BACKUP_PASSPHRASE": "short"}, "backup", "make", made, "--json")
    assert short.document["error"]["code"] == "BACKUP_PASSPHRASE"
    none = run_hub(ground.environ, "backup", "make", made, "--json")
    assert none.document["error"]["code"] == "BACKUP_PASSPHRASE"


def test_nothing_is_restored_over_anything_and_nothing_backed_up_into_it(
    made: Path, tmp_path: Path, ground: Ground
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "note").write_text("mine")
    assert restored(tmp_path, made) == "BACKUP_PLACE_USED"
    (tmp_path / "new" / "note").unlink()
    store = tmp_path / "store"
    (store / "x").mkdir(parents=True)
    (store / "x" / "y").write_text("mine")
    assert restored(tmp_path, made, HUB_STORE=f"file:{store}") == "BACKUP_PLACE_USED"
    for folder in (tmp_path / "store", ground.home / "backup"):
        ran = hub(ground.environ, "backup", "make", folder, "--json")
        assert ran.document["error"]["code"] == "BACKUP_FOLDER"
    assert restored(tmp_path, made, HUB_DATABASE="postgresql+psycopg://a:b@127.0.0.1:1/x") == "BACKUP_DATABASE_OTHER"
