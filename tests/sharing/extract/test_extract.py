"""From an approved case to an extract, certificate and receipt; nothing above the matrix leaves."""

import json
from collections import Counter, defaultdict
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
import sharing_case
import sqlalchemy as sa

from catalogs import tables as catalog_tables
from infra.database import read, write
from infra.errors import Refused, WrongUse
from infra.ledger import Receipt
from lake import tables as lake_tables
from lake.store.delta import Tables
from sharing import tables
from sharing.access import grants
from sharing.case import casebook
from sharing.case.cases import State
from sharing.extract import extract, record


@pytest.fixture
def issued(ground, tmp_path):
    sharing_case.publish(ground, tmp_path)
    case = sharing_case.signed(ground)
    return case, extract.issue(ground, case.id, "operator")


def files(ground, found):
    snapshot = Tables(ground.store).snapshot(found.table_key, version=found.version)
    return [ground.store.local(key) for key in snapshot.keys()]  # noqa: SIM118 - a method of ours, no mapping


def test_the_extract_holds_what_its_certificate_says(ground, issued):
    case, found = issued
    result = found.certificate["result"]
    (path,) = files(ground, found)
    table = pq.read_table(path)
    assert table.column_names == result["columns"]
    declared = Tables(ground.store).snapshot(found.table_key, version=found.version).schema
    assert [(field.name, field.type) for field in table.schema] == [(field.name, field.type) for field in declared]
    assert table.num_rows == found.rows == result["rows"] > 0
    assert result["level"] == 4
    assert result["k"] > 5
    assert min(table["persons"].to_pylist()) == result["k"]
    assert casebook.case(ground.engine, case.id).state is State.ISSUED


def test_every_cell_counts_persons_of_the_source(ground, issued):
    """Persons and records of each cell, counted again from the source by labels of this test's own."""
    _, found = issued
    assert found.certificate["plan"]["counted_by"] == "person_key"
    (path,) = files(ground, found)
    table = pq.read_table(path)
    names = ["visited_at_month", "age_band", "gender", "diagnosis_group"]
    assert table.column_names == [*names, "persons", "records"], "the plan of this source is another: label it here"
    persons, records = defaultdict(set), Counter()
    for number in range(3000):
        visit = sharing_case.visit(number)
        local = visit["visited_at"] + timedelta(hours=8)
        low = visit["age"] // 5 * 5
        cell = (local.date().replace(day=1), f"{low}-{low + 4}", visit["gender"], visit["diagnosis_group"])
        persons[cell].add(visit["person_key"])
        records[cell] += 1
    written = {tuple(row[name] for name in names): (row["persons"], row["records"]) for row in table.to_pylist()}
    assert len(written) == table.num_rows > 50
    assert written == {cell: (len(persons[cell]), records[cell]) for cell in written}
    assert min(count for count, _ in written.values()) >= 6
    left_out = [cell for cell in persons if cell not in written]
    assert all(len(persons[cell]) < 6 for cell in left_out)


def test_the_receipt_proves_the_certificate_offline(ground, issued):
    _, found = issued
    with ground.store.open(extract.certificate_key(found.id)) as file:
        document = json.loads(file.read())
    extract.check(document)
    receipt = Receipt.from_dict(document["receipt"])
    assert receipt.entry["act"] == "sharing:extract:issued"
    document["certificate"]["result"]["k"] += 1
    with pytest.raises(Refused):
        extract.check(document)


def test_no_canary_in_files_log_statistics_database_or_certificate(ground, issued):
    _, found = issued
    canary = sharing_case.CANARY.encode()
    folder = ground.store.local(found.table_key + "/x").parent
    for path in [file for file in folder.rglob("*") if file.is_file()]:
        assert canary not in path.read_bytes()
    for path in files(ground, found):
        shown = pq.read_table(path)
        assert sharing_case.CANARY not in str(shown.to_pylist())
        assert "77123" not in str(shown.to_pylist())
        metadata = pq.read_metadata(path)
        groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
        assert sharing_case.CANARY not in str([g.column(c).statistics for g in groups for c in range(g.num_columns)])
        assert not {"_delivery", "_line", "person_key", "visit_id", "cost"} & set(shown.column_names)
    assert sharing_case.CANARY not in json.dumps(found.certificate, ensure_ascii=False)
    with read(ground.engine) as connection:
        for table in [*tables.metadata.sorted_tables, lake_tables.outbox]:
            assert sharing_case.CANARY not in str(connection.execute(table.select()).all())


def test_issuing_again_changes_nothing(ground, issued):
    case, found = issued
    again = extract.issue(ground, case.id, "operator")
    assert again == found
    assert Tables(ground.store).version(found.table_key) == found.version
    assert ground.ledger.verify().ok


@pytest.mark.parametrize("killed_after", ["put", "commit", "record"])
def test_a_kill_leaves_nothing_half_issued(ground, tmp_path, monkeypatch, killed_after):
    sharing_case.publish(ground, tmp_path)
    case = sharing_case.signed(ground)

    class Killed(BaseException):
        pass

    def after(target, name):
        real = getattr(target, name)

        def act(*args, **kwargs):
            real(*args, **kwargs)
            raise Killed

        return act

    with monkeypatch.context() as patch:
        if killed_after == "put":
            patch.setattr(type(ground.store), "put_file", after(type(ground.store), "put_file"))
        elif killed_after == "commit":
            patch.setattr(Tables, "commit", after(Tables, "commit"))
        else:
            patch.setattr(record, "finish", after(record, "finish"))
        with pytest.raises(Killed):
            extract.issue(ground, case.id, "operator")
    if killed_after != "record":
        assert extract.of_case(ground.engine, case.id) is None
        with pytest.raises(Refused):
            grants.of_case(ground.engine, case.id)
    found = extract.issue(ground, case.id, "operator")
    (path,) = files(ground, found)
    assert pq.read_metadata(path).num_rows == found.rows
    extract.check(extract.document(ground, found))


@pytest.mark.parametrize("skip", ["precheck", "provider", "authority", "sign"])
def test_no_issue_before_its_time(ground, tmp_path, skip):
    from catalogs.people import people

    sharing_case.publish(ground, tmp_path)
    case = sharing_case.applied(ground)
    if skip != "precheck":
        casebook.precheck(ground, case.id, "clerk")
        if skip != "provider":
            casebook.approve(ground, case.id, "provider", people.person(ground.engine, "reviewer_zhongyuan"), "")
            if skip != "authority":
                casebook.approve(ground, case.id, "authority", people.person(ground.engine, "reviewer_authority"), "")
    with pytest.raises(Refused) as caught:
        extract.issue(ground, case.id, "operator")
    assert caught.value.code == "SHARE_CASE_STATE"
    assert not Tables(ground.store).exists("extracts/x")


def test_too_few_persons_are_refused_and_leave_no_file(ground, tmp_path):
    sharing_case.publish(ground, tmp_path, rows=4)
    case = sharing_case.signed(ground)
    with pytest.raises(Refused) as caught:
        extract.issue(ground, case.id, "operator")
    assert caught.value.code == "SHARE_PLAN_MISSED"
    assert not list(ground.store.list("extracts"))


def test_the_same_on_a_folder_and_on_s3_with_postgresql(city_ground, tmp_path):
    sharing_case.publish(city_ground, tmp_path, rows=1500)
    case = sharing_case.signed(city_ground)
    found = extract.issue(city_ground, case.id, "operator")
    extract.check(extract.document(city_ground, found))
    (key,) = Tables(city_ground.store).snapshot(found.table_key, version=found.version).keys()
    city_ground.store.get_file(key, tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").num_rows == found.rows > 0
    assert grants.revoke(city_ground, case.id, "reviewer_authority", "misuse").revoked_at is not None


@pytest.mark.parametrize(
    ("table", "name", "value", "rule"),
    [
        (catalog_tables.RESOURCE, "openness", "closed", "dataset.openness"),
        (catalog_tables.RESOURCE, "sharing_attribute", "not_shared", "dataset.not_shared"),
        (tables.applicant, "overseas", True, "applicant.overseas"),
    ],
)
def test_what_changed_since_the_approval_is_asked_again_at_issue(ground, tmp_path, table, name, value, rule):
    sharing_case.publish(ground, tmp_path)
    case = sharing_case.signed(ground)
    with write(ground.engine) as connection:
        if table is catalog_tables.RESOURCE:
            of = table.c.id == sharing_case.VISITS
            body = {**connection.execute(sa.select(table.c.body).where(of)).scalar_one(), name: value}
            connection.execute(table.update().where(of).values(body=body))
        else:
            connection.execute(table.update().values({name: value}))
    with pytest.raises(Refused) as caught:
        extract.issue(ground, case.id, "operator")
    assert caught.value.code == "SHARE_NOT_ISSUED"
    assert any(f"({rule}" in reason.en for reason in caught.value.reasons)
    assert extract.of_case(ground.engine, case.id) is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1.firm.invalid/",
        "http://localhost.firm.invalid/",
        "http://localhost@firm.invalid/",
        "http://firm.invalid/",
        "https://",
        "http://[::1",
    ],
)
def test_a_token_is_written_for_no_address_where_others_read_it_on_the_way(ground, issued, endpoint):
    case, _ = issued
    with pytest.raises(WrongUse, match="SHARE_ENDPOINT"):
        grants.profile(ground, case.id, endpoint, "operator")
