"""The judge `pycanon`, in an environment of its own, counts k and l of what leaves: the figures are those we claim.

It is given records, one a person and class, and which columns identify; nothing of ours.
"""

import json
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sharing_case
from life_city import looked_at
from measure_data import DIMENSIONS, stored

from catalogs.people import people
from catalogs.register import resource
from infra.errors import Refused
from lake.store.delta import Commit, DataFile, Tables, curated_key
from sharing.case import casebook
from sharing.case.cases import Channel, Request
from sharing.extract import extract, produce
from sharing.plan.plan import Draft, Terms

PYCANON = Path(__file__).resolve().parents[2] / ".judges/pycanon/bin/python"
GPS = "guancheng.traffic.bus_gps"
JUDGE = """
import json, sys
import pandas as pd
from pycanon import anonymity
told = []
for records, identifying, sensitive in json.load(sys.stdin):
    frame = pd.DataFrame(records)
    k = anonymity.k_anonymity(frame, identifying)
    told.append([int(k), int(anonymity.l_diversity(frame, identifying, sensitive)) if sensitive else None])
print(json.dumps(told))
"""

pytestmark = [
    pytest.mark.judge,
    pytest.mark.skipif(not PYCANON.exists(), reason="the judge's environment is made by `infra/setup.py test`"),
]


def judged(tables, home):
    """k and l of each of `tables`: (records, identifying columns, sensitive columns)."""
    asked = [
        ([{name: str(value) for name, value in row.items()} for row in records], identifying, sensitive)
        for records, identifying, sensitive in tables
    ]
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    ran = subprocess.run(
        [PYCANON, "-c", JUDGE], input=json.dumps(asked), capture_output=True, text=True, timeout=200, env=environ,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    return [tuple(one) for one in json.loads(ran.stdout.splitlines()[-1])]


def test_the_judge_tells_a_table_that_holds_from_one_that_does_not(tmp_path):
    even = [{"a": n % 2, "b": "x", "s": n % 3} for n in range(12)]
    odd = [*even, {"a": 2, "b": "x", "s": 0}]
    assert judged([(even, ["a", "b"], ["s"]), (odd, ["a", "b"], ["s"])], tmp_path) == [(6, 3), (1, 1)]


def published_positions(ground, folder, vehicles=900):
    """Positions of buses, three of each: the subject is the vehicle."""
    random = Random(20260601)
    rows = [
        {
            "vehicle_id": f"v{number % vehicles}",
            "line": f"{number % vehicles % 6}路",
            "positioned_at": sharing_case.START + timedelta(minutes=random.randrange(600)),
            "lng": 113.60 + random.randrange(60) / 1000,
            "lat": 34.72 + random.randrange(60) / 1000,
        }
        for number in range(vehicles * 3)
    ]
    schema = pa.schema(
        [(name, pa.string()) for name in ("vehicle_id", "line")]
        + [("positioned_at", pa.timestamp("us", "UTC")), ("lng", pa.float64()), ("lat", pa.float64())]
    )
    lake, key, name = Tables(ground.store), curated_key(GPS), "d-1-0.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / name)
    base = lake.ensure(key, schema, GPS)
    ground.store.put_file(f"{key}/{name}", folder / name)
    file = DataFile(name, (folder / name).stat().st_size, len(rows))
    lake.commit(key, Commit((file,), "append", "d-1", base, {}, ground.now()))


def test_a_firm_s_extract_of_rows_has_the_k_of_its_certificate(ground, tmp_path):
    sharing_case.publish(ground, tmp_path, rows=10)  # registers the city
    published_positions(ground, tmp_path)
    looked_at(ground, resource(ground.engine, GPS))
    firm = sharing_case.registered(ground)
    asked = Request(("line", "positioned_at", "lng", "lat"), "公交线网优化", "模型训练", 90, "rows", "同意 2026-1 号")
    case = casebook.apply(ground, firm.id, Channel.CONDITIONAL, GPS, asked, "clerk")
    _, findings = casebook.precheck(ground, case.id, "clerk")
    assert not findings, findings
    provider = replace(
        people.person(ground.engine, "reviewer_zhongyuan"), unit="guancheng", department="guancheng_transport"
    )
    casebook.approve(ground, case.id, "provider", provider, "同意")
    casebook.approve(ground, case.id, "authority", people.person(ground.engine, "reviewer_authority"), "同意")
    casebook.sign(ground, case.id, casebook.terms(ground, case.id).digest, "clerk")
    found = extract.issue(ground, case.id, "operator")
    keys = Tables(ground.store).snapshot(found.table_key, version=found.version).keys()
    shown = pa.concat_tables([pq.read_table(ground.store.local(key)) for key in keys])
    result = found.certificate["result"]
    assert (found.certificate["plan"]["form"], shown.num_rows, result["l"]) == ("rows", result["rows"], None)
    assert shown.num_columns >= 2
    assert judged([(shown.to_pylist(), shown.column_names, [])], tmp_path) == [(result["k"], None)]
    assert result["k"] >= 5


def test_an_aggregate_s_cells_have_the_k_and_l_of_its_certificate(ground, tmp_path):
    """The persons of each cell, taken from the source by labels of this test's own, as records for the judge."""
    sharing_case.publish(ground, tmp_path)
    found = extract.issue(ground, sharing_case.signed(ground).id, "operator")
    (key,) = Tables(ground.store).snapshot(found.table_key, version=found.version).keys()
    shown = pq.read_table(ground.store.local(key)).drop_columns(["persons", "records"])
    identifying, sensitive = ["visited_at_month", "age_band", "gender"], ["diagnosis_group"]
    assert shown.column_names == identifying + sensitive, "the plan of this source is another: label it here"
    cells = {tuple(row.values()) for row in shown.to_pylist()}
    counted = set()
    for visit in map(sharing_case.visit, range(3000)):
        month = (visit["visited_at"] + timedelta(hours=8)).date().replace(day=1)
        low = visit["age"] // 5 * 5
        cell = (month, f"{low}-{low + 4}", visit["gender"], visit["diagnosis_group"])
        if cell in cells:
            counted.add((visit["person_key"], *cell))
    records = [dict(zip(shown.column_names, cell, strict=True)) for _, *cell in counted]
    cell_k, diverse = judged([(records, shown.column_names, []), (records, identifying, sensitive)], tmp_path)
    result = found.certificate["result"]
    assert (cell_k[0], diverse[1]) == (result["k"], result["l"])
    assert (cell_k[0] >= 6, diverse[1] >= 2) == (True, True)


def test_tables_of_persons_of_every_kind_have_the_k_and_l_that_we_measured(tmp_path):
    """Rows of extracts from a seeded crowd of sources, plans and thresholds, as they were written."""
    random = Random(20260602)
    tables, ours = [], []
    for number in range(20):
        size, crowd = random.randrange(40, 400), random.randrange(10, 300)
        places, ages = random.randrange(1, 12), random.randrange(5, 90)
        rows = [
            (
                random.randrange(crowd), random.randrange(24 * 40), random.randrange(places),
                random.choice([None, random.randrange(ages)]), random.choice(["男", "女", None]),
                random.choice(["a", "b", "c", None]),
            )
            for _ in range(size)
        ]  # fmt: skip
        terms = Terms(k=random.randrange(2, 7), l=random.randrange(1, 3), suppressed=0.4, risk=2.0)
        folder = tmp_path / str(number)
        folder.mkdir()
        draft = Draft("rows", "person_key", DIMENSIONS, terms=terms)
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'; SET threads = 1")
            source = stored(folder, rows)
            try:
                chosen = produce.plan(connection, source, draft, 7, "d")
            except Refused:
                continue
            made = produce.write(connection, source, chosen, 7, (folder, "out"))
        shown = pq.read_table(folder / "out-0.parquet")
        sensitive = [name for name in shown.column_names if name == "diagnosis"]
        identifying = [name for name in shown.column_names if name not in sensitive]
        # A missing value is no value: a class is not more diverse by it, so it is not told to the judge as one.
        known = [row for row in shown.to_pylist() if not sensitive or row["diagnosis"] is not None]
        if not identifying:
            continue
        tables += [(shown.to_pylist(), identifying, []), (known, identifying, sensitive)]
        ours.append((made.measured.smallest, made.measured.diversity))
        assert made.measured.smallest >= terms.k
    told = judged(tables, tmp_path)
    assert [(whole[0], known[1]) for whole, known in zip(told[::2], told[1::2], strict=True)] == ours
    assert len(ours) >= 15
    assert len(set(ours)) >= 6
