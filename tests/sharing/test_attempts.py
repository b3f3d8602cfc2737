"""Whatever an attempt at an issue left behind, what leaves is what the last one made, measured and certified."""

import time

import pyarrow.parquet as pq
import pytest
import sharing_case
import sqlalchemy as sa

from catalogs import tables as catalog_tables
from infra.database import read, write
from infra.errors import Refused, Unavailable
from infra.tables import LEASE
from lake.store.delta import Commit, DataFile, Tables, curated_key
from sharing import tables
from sharing.extract import certificate, extract, record

ITEMS = ("visited_at", "age", "gender", "diagnosis_group")


class Killed(BaseException):
    """What stands for the end of the process."""


@pytest.fixture
def case(ground, tmp_path):
    sharing_case.publish(ground, tmp_path)
    return sharing_case.signed(ground, items=ITEMS)


def killed_before_the_grant(ground, case, monkeypatch):
    """The table is committed, no grant is written."""

    def end(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(record, "finish", end)
        with pytest.raises(Killed):
            extract.issue(ground, case.id, "operator")
    assert extract.of_case(ground.engine, case.id) is None


def reclassify(ground, name, **changes):
    """The catalogue is mended: the item of this name is another from now on."""
    table = catalog_tables.RESOURCE
    of = table.c.id == sharing_case.VISITS
    with write(ground.engine) as connection:
        body = dict(connection.execute(sa.select(table.c.body).where(of)).scalar_one())
        items = [{**item, **changes} if item["name"] == name else item for item in body["items"]]
        connection.execute(table.update().where(of).values(body={**body, "items": items}))


def delivered(ground, found):
    snapshot = Tables(ground.store).snapshot(found.table_key, version=found.version)
    paths = [ground.store.local(key) for key in snapshot.keys()]  # noqa: SIM118 - a method of ours, no mapping
    return pq.ParquetDataset(paths).read()


@pytest.mark.parametrize(
    ("name", "changes"), [("diagnosis_group", {"identifier": "quasi"}), ("gender", {"type": "json"})]
)
def test_files_of_an_older_plan_do_not_leave_under_a_newer_certificate(ground, case, monkeypatch, name, changes):
    killed_before_the_grant(ground, case, monkeypatch)
    reclassify(ground, name, **changes)
    found = extract.issue(ground, case.id, "operator")
    written, result = delivered(ground, found), found.certificate["result"]
    assert written.column_names == result["columns"]
    assert written.num_rows == found.rows == result["rows"] > 0
    identifying = [column for column in written.column_names[:-2] if column != "diagnosis_group" or name == column]
    assert len({tuple(line.values()) for line in written.select(identifying).to_pylist()}) == result["classes"]
    assert min(written["persons"].to_pylist()) == result["k"]
    assert ("gender" in written.column_names) is (name != "gender")
    (methods,) = [found.certificate["plan"]["methods"]]
    assert [column for method in methods for column in method["columns"]] == written.column_names[:-2]
    extract.check(extract.document(ground, found))


def test_what_a_killed_attempt_left_is_deleted_and_forgotten(ground, case, monkeypatch):
    for _ in range(2):
        killed_before_the_grant(ground, case, monkeypatch)
    left = {one.key.split("/")[1] for one in ground.store.list("extracts")}
    assert len(left) == 1
    found = extract.issue(ground, case.id, "operator")
    assert {one.key.split("/")[1] for one in ground.store.list("extracts")} == {found.id}
    assert found.id not in left
    with read(ground.engine) as connection:
        assert connection.execute(sa.select(tables.extract.c.id)).scalars().all() == [found.id]


def test_every_attempt_takes_the_version_that_the_first_one_pinned(ground, case, monkeypatch, tmp_path):
    killed_before_the_grant(ground, case, monkeypatch)
    lake, key = Tables(ground.store), curated_key(sharing_case.VISITS)
    pinned, path = lake.version(key), tmp_path / "d-1-0.parquet"
    ground.store.put_file(f"{key}/d-2-0.parquet", path)
    file = DataFile("d-2-0.parquet", path.stat().st_size, 3000)
    lake.commit(key, Commit((file,), "append", "d-2", pinned, {}, ground.now()))
    found = extract.issue(ground, case.id, "operator")
    assert found.certificate["source"]["version"] == pinned < lake.version(key)


def test_who_lost_the_lease_issues_nothing(ground, case, monkeypatch):
    build = certificate.build

    def meanwhile(*args):
        with write(ground.engine) as connection:
            connection.execute(LEASE.update().where(LEASE.c.name == f"sharing:{case.id}").values(expires=0.0))
        return build(*args)

    with monkeypatch.context() as patch:
        patch.setattr(certificate, "build", meanwhile)
        with pytest.raises(Unavailable, match="LEASE_LOST"):
            extract.issue(ground, case.id, "operator")
    assert extract.of_case(ground.engine, case.id) is None
    assert extract.issue(ground, case.id, "operator").rows > 0


def test_work_that_takes_longer_than_the_lease_keeps_it(ground, case, monkeypatch):
    monkeypatch.setattr(extract, "_LEASE_SECONDS", 3.0)
    build = certificate.build
    monkeypatch.setattr(certificate, "build", lambda *args: (time.sleep(4), build(*args))[1])
    assert extract.issue(ground, case.id, "operator").rows > 0


def test_another_list_of_files_than_the_one_made_is_refused(ground, case, monkeypatch):
    commit = Tables.commit

    def one_more(self, key, done):
        if not key.startswith("extracts/"):
            return commit(self, key, done)
        more = DataFile("other.parquet", done.files[0].size, done.files[0].rows)
        return commit(self, key, Commit((*done.files, more), done.mode, done.transaction, done.base, {}, done.at))

    monkeypatch.setattr(Tables, "commit", one_more)
    with pytest.raises(Refused, match="SHARE_RECOUNT"):
        extract.issue(ground, case.id, "operator")
    assert extract.of_case(ground.engine, case.id) is None


def test_what_the_rules_forbid_is_not_even_put_in_the_store(ground, case, monkeypatch):
    from sharing.case import policy
    from sharing.case.reasons import Reason, Text

    no = (Reason("issue.level", Text("不", "no")),)
    monkeypatch.setattr(policy, "may_issue", lambda *_: no)
    with pytest.raises(Refused, match="SHARE_NOT_ISSUED"):
        extract.issue(ground, case.id, "operator")
    assert not list(ground.store.list("extracts"))
