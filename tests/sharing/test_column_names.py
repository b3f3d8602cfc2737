"""A column of an extract has a name of its own, and what a source calls its columns changes nothing that is counted."""

from collections import Counter
from dataclasses import replace
from itertools import permutations

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sharing_case
import sqlalchemy as sa

from catalogs import tables as catalog_tables
from catalogs.register import load_city
from infra.database import write
from infra.errors import Refused
from infra.ground import sample_city
from sharing.case import casebook, classes
from sharing.case.cases import Request
from sharing.extract import produce
from sharing.plan.methods import Dimension
from sharing.plan.plan import Draft


def visits(**names):
    """The visits, with items renamed."""
    (resource,) = [one for one in load_city(sample_city()).resources if one.id == sharing_case.VISITS]
    items = tuple(replace(item, name=names.get(item.name, item.name)) for item in resource.items)
    return replace(resource, items=items)


@pytest.mark.parametrize(
    ("form", "names", "items", "twice"),
    [
        ("aggregate", {"gender": "persons"}, ("persons", "age"), ["persons"]),
        ("aggregate", {"gender": "records", "street": "persons"}, ("records", "persons"), ["persons", "records"]),
        ("aggregate", {"gender": "age_band"}, ("age", "age_band"), ["age_band"]),
        ("rows", {"gender": "age_band"}, ("age", "age_band"), ["age_band"]),
        ("rows", {"gender": "visited_at_month"}, ("visited_at", "visited_at_month"), ["visited_at_month"]),
        ("aggregate", {"gender": "lng_grid"}, ("lng", "lat", "lng_grid"), ["lng_grid"]),
    ],
)
def test_two_columns_of_one_name_are_refused_by_name(form, names, items, twice):
    with pytest.raises(Refused, match="SHARE_COLUMNS") as caught:
        classes.draft(visits(**names), Request(items, "p", "s", 9, form))
    assert caught.value.text.en.endswith(", ".join(twice))


@pytest.mark.parametrize(
    ("form", "names", "items"),
    [
        ("rows", {"gender": "persons"}, ("persons", "age")),
        ("aggregate", {"gender": "age_band"}, ("street", "age_band")),
        ("aggregate", {"age": "persons"}, ("persons", "gender")),  # a number never keeps its name
    ],
)
def test_names_that_meet_nowhere_are_kept(form, names, items):
    assert classes.unfit(visits(**names), Request(items, "p", "s", 9, form)) == ()


def test_the_precheck_says_it_before_anybody_approves(ground, tmp_path):
    sharing_case.publish(ground, tmp_path)
    table = catalog_tables.RESOURCE
    of = table.c.id == sharing_case.VISITS
    with write(ground.engine) as connection:
        body = dict(connection.execute(sa.select(table.c.body).where(of)).scalar_one())
        items = [{**item, "name": "persons"} if item["name"] == "gender" else item for item in body["items"]]
        connection.execute(table.update().where(of).values(body={**body, "items": items}))
    case = sharing_case.applied(ground, items=("persons", "age"))
    after, findings = casebook.precheck(ground, case.id, "clerk")
    assert after.state.value == "refused"
    assert [reason.rule for reason in findings] == ["request.columns"]
    assert "persons" in findings[0].text.zh


@pytest.mark.parametrize("form", ["rows", "aggregate"])
@pytest.mark.parametrize(
    "names", [*permutations(("held", "c1", "c0"), 3), ("n", "size", "kinds"), ("rows", "who2", "c2")]
)
def test_a_source_may_call_its_columns_as_we_call_ours(tmp_path, form, names):
    values = [("xyz"[n % 3], "uv"[n % 2], "abcd"[n * 7 % 4]) for n in range(600)]
    columns = dict(zip(names, map(list, zip(*values, strict=True)), strict=True))
    pq.write_table(pa.table({"who": [f"p{n}" for n in range(600)], **columns}), tmp_path / "s.parquet")
    first, second, last = (Dimension(name, "category", (name,)) for name in names)
    draft = Draft(form, "who", (first, second, replace(last, sensitive=True)))
    source = produce.source([tmp_path / "s.parquet"])
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET threads = 1")
        chosen = produce.plan(connection, source, draft, 7, "d")
        produce.write(connection, source, chosen, 7, (tmp_path, "out"))
    written = Counter()
    for line in pq.read_table(tmp_path / "out-0.parquet").to_pylist():
        written[tuple(line[name] for name in names)] += line["persons"] if form == "aggregate" else 1
    assert written == Counter(values)
