"""Rules that no record of the real sets breaks do break: on a few records of the same shape with one thing wrong."""

import io
from pathlib import Path

import duckdb
import openpyxl
import pytest

from contracts.check import load_contracts
from contracts.compile import compile as compiled
from contracts.compile import split_sql
from contracts.suite import table_failure_sql
from infra.ground import sample_city
from lake.read import read

CONTRACTS = {promise.contract.id: promise.contract for promise in load_contracts(sample_city() / "contracts")}
DIVISIONS = "sample.city_management.divisions"
TOWNSHIPS = "code,name,areaCode,provinceCode,cityCode\n"
DAILY = "date,country,countryCode,province,provinceCode,city,cityCode,confirmed,suspected,cured,dead\n"
HENAN = "2020-02-01,中国,CN,河南省,410000,{},{},{},0,0,0\n"
SENSORS = "index,sensor_id,latitude,longitude\n"


def metros(key: str, text: str) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.title = "城市"
    book.active.append(["Key", "Lat", "Lng", "Name", "English", "PinYin", "PY", "Other", "Plan", None, "Json"])
    book.active.append([key, 34.7, 113.6, "郑州", "Zhengzhou", "zhengzhou", "zz", None, 0, None, text])
    book.save(out)
    return out.getvalue()


BROKEN: dict[str, tuple[str, str | bytes, str]] = {
    "a code of three digits": (DIVISIONS, "code,name\n410,河南省\n", "code.pattern"),
    "a township of another county": (DIVISIONS, TOWNSHIPS + '410102001,"林山寨街道",410103,41,4101\n', "parents"),
    "a township with city and county exchanged": (DIVISIONS, TOWNSHIPS + "410102001,a,4101,41,410102\n", "parents"),
    "a county that says no province": (DIVISIONS, "code,name,cityCode\n410102,中原区,4101\n", "parents"),
    "a reading marked as missing": ("sample.traffic.loop_speeds", "773869,767541\n64.5,0\n", "speed.range"),
    "an empty reading": ("sample.traffic.loop_speeds", "773869,767541\n64.5,\n", "speed.required"),
    "a sensor too few": ("sample.traffic.loop_speeds", "773869,767541\n64.5,60\n", "sensors"),
    "a line too many": ("sample.traffic.loop_speeds", "773869,767541\n" + "1,2\n" * 2017, "observed_at.range"),
    "an index twice": ("sample.traffic.loop_sensors", SENSORS + "0,773869,34,-118\n0,767541,34,-118\n", "index_once"),
    "latitude and longitude exchanged": (
        "sample.traffic.loop_sensors", SENSORS + "0,773869,-118,34\n", "in_los_angeles"
    ),
    "a matrix with its header": ("sample.traffic.loop_weights", "773869,767541\n1,0\n0,1\n", "weight.range"),
    "a matrix with a line too few": ("sample.traffic.loop_weights", "1,0\n0,1\n", "rows"),
    "a matrix out of order": ("sample.traffic.loop_weights", "0,1\n1,0\n", "itself"),
    "a city without a province": (
        "sample.health.epidemic_daily", DAILY + "2020-02-01,中国,CN,,,郑州市,410100,1,0,0,0\n", "levels"
    ),
    "a day that is missing": (
        "sample.health.epidemic_daily",
        DAILY + "2020-02-01,中国,CN,,,,,1,0,0,0\n2020-02-03,中国,CN,,,,,1,0,0,0\n",
        "days_missing",
    ),
    "cities that do not come to their province": (
        "sample.health.epidemic_daily",
        DAILY + HENAN.format("", "", 3) + HENAN.format("郑州市", "410100", 1) + HENAN.format("洛阳市", "410300", 1),
        "cities_sum",
    ),
    "a formula not computed again": (
        "sample.traffic.metro_cities", metros("zz", '{ key: "ly", lat: 34.7 },'), "computed"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_the_rule_speaks(case: str, tmp_path: Path) -> None:
    dataset, content, identity = BROKEN[case]
    path = tmp_path / "delivered"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    contract = CONTRACTS[dataset]
    made = compiled(contract)
    source = read(path, made, tmp_path)
    with duckdb.connect() as connection:
        for name, data in source.tables.items():
            connection.register(name, data)
        connection.execute(f"CREATE TABLE typed AS {split_sql(made, source.sql)}", source.parameters)
        if identity in (ids := [rule.id for rule in made.rules]):
            at = ids.index(identity)
            found = connection.execute(f"SELECT 1 FROM typed WHERE (_mask{at // 63} >> {at % 63}) & 1 = 1").fetchall()
        else:
            rule = next(rule for rule in contract.table_rules if rule.id == identity)
            found = connection.execute(table_failure_sql(rule, None).format(batch="typed")).fetchall()
    assert found, identity
