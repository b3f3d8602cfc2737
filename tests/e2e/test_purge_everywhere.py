"""After a purge the values are found nowhere: not below the home, not in the bucket, not in the database.

Words are planted in every part of the deliveries that are purged: published, quarantined, duplicate, torn and blocked
records, headers, file names, names inside an archive. The same search finds them before, in each kind of place.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import canaries
import duckdb
import planted
import pytest
import sharing_case
from canaries import WORDS, everywhere
from front_door import Ran, run_hub
from lake_city import deliveries, stock
from planted import CASES
from sharing_case import VISITS

from infra.ground import Ground, open_ground
from infra.storage import RESERVED
from lake.store.delta import Tables, curated_key
from sharing.extract.extract import certificate_key, of_case

EN, ZH = WORDS


@pytest.fixture
def environ(bare_environ: dict[str, str], tmp_path: Path, backend: str) -> dict[str, str]:
    # Unsealed on a folder, so that the search sees landed bytes too; sealed on S3, as it is by default.
    more = {"HUB_LANDING_SEAL": "false"} if backend == "folder" else {}
    return {**bare_environ, "HUB_CITY_DIR": str(planted.city(tmp_path / "city")), **more}


def hub(environ: dict[str, str], *arguments: object) -> Ran:
    return run_hub(environ, *arguments)


def canary(number: int, **changes: str) -> dict[str, str]:
    """A record in which every text carries a planted word."""
    words = {f"note_{n}": f"{EN}-{n}-{number}" for n in range(1, 5)}
    words |= {"person_name": f"{ZH}{number}", "id_card": f"4101{EN}{number}", "diagnosis": f"{ZH}病{number}"}
    return planted.record(CASES, number, **{"record_no": f"{EN}{number}", **words, **changes})


def ingest(environ: dict[str, str], path: Path, content: bytes, dataset: str = CASES) -> dict[str, Any]:
    path.write_bytes(content)
    ran = hub(environ, "ingest", dataset, path, "--json")
    done: dict[str, Any] = ran.document
    return done


def zipped(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def purged(environ: dict[str, str], delivery: str) -> Any:
    reason = ("--basis", "illegal_collection", "--reason", "2026-17", "--json")
    proposed = hub(environ, "purge", delivery, *reason, "--as", "engineer_li")
    assert proposed.status == 0, proposed.said
    one = proposed.document["purge"]["id"]
    assert canaries.within(hub(environ, "purge", "show", one, "--as", "auditor_zhao").said) == set()
    approved = hub(environ, "purge", "approve", one, "--json", "--as", "reviewer_authority")
    assert approved.status == 0, approved.said
    assert canaries.within(approved.said) == set()
    return approved.document


@pytest.mark.timeout(280)
def test_after_a_purge_the_values_are_found_nowhere(environ: dict[str, str], tmp_path: Path) -> None:
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        stock(ground)
        kept = ingest(environ, tmp_path / "a.csv", planted.table(CASES, [planted.record(CASES, n) for n in range(8)]))
        doomed = _doomed(environ, tmp_path)
        assert hub(environ, "lake", "compact", CASES).status == 0
        later = [planted.record(CASES, n, "later") for n in range(100, 104)]
        ingest(environ, tmp_path / "b.csv", planted.table(CASES, later))
        asked = "SELECT * FROM huiji.health_cases"
        assert EN in hub(environ, "query", asked, "--as", "officer_huiji").said
        assert hub(environ, "query", asked, "--out", ground.home / "out.csv").status == 2
        assert EN in hub(environ, "quarantine", "show", CASES, "--as", "officer_huiji").said
        receipts = _proofs(ground, tmp_path / "before.zip")
        _found_before(ground, doomed)
        with ground.scratch() as scratch:  # a process that is killed leaves its folder and what it was putting
            (scratch / "left").write_text(EN)
            (scratch / ".held").unlink()  # nobody holds it any more
            _half_put(ground)
            for one in doomed:
                done = purged(environ, one["delivery"])
                assert [look["found"] for look in done["proof"]["searched"]] == [0] * len(done["proof"]["searched"])
        assert everywhere(ground) == {}
        _others_stand(environ, ground, kept)
        _proven_still(environ, ground, receipts, tmp_path)
        for one in doomed:  # the same bytes are known again, and leave nothing behind
            path = tmp_path / one["file"]
            assert hub(environ, "ingest", CASES, path, "--json").document["error"]["code"] == "DELIVERY_PURGED"
        assert everywhere(ground) == {}


def _doomed(environ: dict[str, str], tmp_path: Path) -> list[dict[str, Any]]:
    """A delivery of every fate, all with the words in them; each with the name of its file."""
    rows: list[Any] = [canary(n) for n in range(10, 20)]
    rows += [canary(10), canary(11, note_2=f"{EN}conflict")]  # a duplicate, a conflict of the same key
    rows += [canary(20, note_1=EN * 9), canary(21, day_3=f"{EN}day"), f"{EN},{ZH},torn"]
    published = planted.table(CASES, rows, extra=f"{ZH}{EN}")
    blocked = planted.table(CASES, [canary(30), canary(31, number_3="9999999999")])
    members = {f"{EN}成员{ZH}{n}.csv": planted.table(CASES, [canary(n), canary(n + 1)]) for n in (40, 42)}
    unread = f"{ZH}{EN}\r\n1\r\n".encode("gb18030")
    files = {
        f"{ZH}{EN}名册.csv": published,
        f"{EN}blocked.csv": blocked,
        f"{ZH}.zip": zipped(members),
        f"{EN}unread.csv": unread,
    }
    done = [{**ingest(environ, tmp_path / name, content), "file": name} for name, content in files.items()]
    assert [one["state"] for one in done] == ["finished", "blocked", "finished", "refused"], done
    assert done[0]["quarantined"] >= 4
    assert done[0]["duplicates"] == 1
    return done


def _found_before(ground: Ground, doomed: list[dict[str, Any]]) -> None:
    """The search can find: in each kind of place that the words stand in."""
    before = everywhere(ground)
    assert set().union(*before.values()) == set(WORDS)
    kinds = {"curated/", "quarantine/", "database:lake_delivery", "database:lake_part"}
    if ground.store.local("x") is not None:
        kinds |= {"landing/", "hub.db"}
    for kind in kinds:
        assert any(kind in place for place in before), (kind, sorted(before))


def _half_put(ground: Ground) -> None:
    """What a kill in the middle of a put leaves beside the table's files."""
    folder = ground.store.local(curated_key(CASES))
    if folder is not None:
        (folder / f"{RESERVED}x.part").write_text(EN)


def _proofs(ground: Ground, bundle: Path) -> list[dict[str, Any]]:
    """A receipt of every entry so far, and a bundle."""
    ground.ledger.export(bundle)
    numbers = [entry.number for entry in ground.ledger.entries(count=1000)]
    return [ground.ledger.prove(number).as_dict() for number in numbers]


def _others_stand(environ: dict[str, str], ground: Ground, kept: dict[str, Any]) -> None:
    """What was not purged is there, in the newest version and in those that held nothing else."""
    counted = "SELECT count(*) AS n FROM huiji.health_cases"
    asked = ("query", counted, "--json", "--as", "officer_huiji")
    assert hub(environ, *asked).document["rows"] == [[12]]
    assert hub(environ, *asked, "--as-of", kept["version"]).document["rows"] == [[8]]
    rows = {row["id"]: row for row in deliveries(ground)}
    newest = Tables(ground.store).version(curated_key(CASES))
    refused = [
        ran.document["error"]
        for version in range(kept["version"] + 1, newest)
        if (ran := hub(environ, *asked, "--as-of", version)).status == 1
    ]
    assert {error["code"] for error in refused} == {"LAKE_VERSION_PURGED"}
    assert rows[kept["delivery"]]["state"] == "finished"


def _proven_still(environ: dict[str, str], ground: Ground, receipts: list[dict[str, Any]], tmp_path: Path) -> None:
    assert ground.ledger.verify().ok
    assert ground.ledger.verify().erased > 0
    key = str(ground.ledger.verifiers()[0])
    old, new = tmp_path / "before.zip", tmp_path / "after.zip"
    assert hub(environ, "ledger", "export", new).status == 0
    for bundle in (old, new):
        assert hub(environ, "ledger", "verify", "--bundle", bundle, "--key", key).status == 0
    with zipfile.ZipFile(new) as archive:
        assert canaries.within(b"".join(archive.read(name) for name in archive.namelist())) == set()
    from infra.ledger import Receipt

    for receipt in receipts:
        Receipt.from_dict(receipt).verify(key)
        ground.ledger.prove(receipt["number"]).verify(key)
    assert len(receipts) > 20


@pytest.mark.timeout(200)
def test_extracts_made_from_it_are_revoked_and_erased(environ: dict[str, str], tmp_path: Path) -> None:
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        stock(ground)
        done = ingest(environ, tmp_path / "v.csv", planted.visits(1500), VISITS)
        case = sharing_case.signed(ground)
        assert hub(environ, "share", "issue", case.id, "--profile", tmp_path / "f.share", "--json").status == 0
        made = of_case(ground.engine, case.id)
        assert made is not None
        assert list(ground.store.list(made.table_key))
        told = purged(environ, done["delivery"])
        assert told["proof"]["erased"]["extracts"] == [made.id]
        assert not list(ground.store.list(made.table_key))
        shown = hub(environ, "share", "show", case.id, "--json").document
        assert shown["case"]["state"] == "revoked"
        with ground.store.open(certificate_key(made.id)) as stream:
            document = json.loads(stream.read())
        (tmp_path / "certificate.json").write_text(json.dumps(document))
        key = str(ground.ledger.verifiers()[0])
        assert hub(environ, "share", "verify", tmp_path / "certificate.json", "--key", key).status == 0
        assert hub(environ, "share", "issue", case.id).status == 1
        acts = [json.loads(entry.body)["act"] for entry in ground.ledger.entries(count=1000)]
        assert {"sharing:grant:revoked", "sharing:extract:erased"} <= set(acts)
        assert hub(environ, "lake", "describe").status == 0
        with duckdb.connect(str(ground.home / "datahub" / "lite.duckdb"), read_only=True) as lite:
            status = "SELECT metadata::VARCHAR FROM metadata_aspect_v2 WHERE aspect_name = 'status' AND version = 0"
            told = lite.execute(f"{status} AND urn LIKE '%{made.id}%'").fetchall()
        assert [json.loads(one[0])["removed"] for one in told] == [True]
        assert ground.ledger.verify().ok
