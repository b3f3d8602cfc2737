"""The delivery that benchmarks take in: vehicle passages at road sensors, invented, of any number of rows.

DuckDB writes the file in one query, so that making it costs no more than the baseline's copying it: about 92 bytes a
row, one row in a hundred breaks a rule. No two records share the key.
"""

from pathlib import Path

from contracts.model import Column, Contract, Duplicates, Field, RowRule, Step, TableRule
from contracts.rules import row_rule
from infra.language import Text
from lake.duck import Duck, LakeSettings

DATASET = "jinshui.traffic.passages"
_TYPES = {"integer": "int64", "number": "float64", "string": "string", "timestamp": "timestamp[us, UTC]"}


def _column(name: str, kind: str, zh: str, **more: object) -> Column:
    return Column(name, (name, zh), kind, _TYPES[kind], title=Text(zh, name), fields=(name,), **more)  # type: ignore[arg-type]


def contract() -> Contract:
    """The contract of the invented passages: ten columns, two of them personal, fifteen row rules, a key."""
    instant = (Step("formats", ["%Y-%m-%d %H:%M:%S"]), Step("timezone", "Asia/Shanghai"))
    columns = (
        _column("passage_id", "integer", "过车编号", required=True),
        _column("sensor", "string", "设备编号", required=True),
        _column("road", "string", "道路名称"),
        _column("passed_at", "timestamp", "过车时间", required=True, steps=instant),
        _column("lane", "integer", "车道"),
        _column("speed", "number", "车速"),
        _column("plate", "string", "号牌", personal=True),
        _column("kind", "string", "车辆类型"),
        _column("longitude", "number", "经度"),
        _column("latitude", "number", "纬度"),
    )
    by_name = {column.name: column for column in columns}

    def rule(column: str, kind: str, **args: object) -> RowRule:
        return row_rule(f"{column}.{kind}", kind, args, column=by_name[column], severity="quarantine", sentence=None)

    rules = [rule(column.name, "type") for column in columns if column.type != "string"]
    rules += [rule(column.name, "required") for column in columns if column.required]
    rules += [
        rule("lane", "range", min=1, max=8),
        rule("speed", "range", min=0, max=200),
        rule("kind", "enumeration", values=["car", "bus", "truck", "other"]),
        rule("longitude", "range", min=112.7, max=114.3),
        rule("latitude", "range", min=34.2, max=35.0),
    ]
    return Contract(
        id=DATASET,
        version="1.0.0",
        columns=columns,
        fields=tuple(Field(column.name, column.names, column.required) for column in columns),
        row_rules=tuple(rules),
        table_rules=(
            TableRule("rows", "row_count", {"min": 1}, "block", Text("批次没有记录。", "The delivery has no records.")),
        ),
        mode="append",
        key=("passage_id",),
        duplicates=Duplicates(key=("passage_id",)),
        title=Text("过车记录", "vehicle passages"),
    )


def write(path: Path, rows: int, scratch: Path, *, first: int = 0) -> None:
    """The delivery of `rows` records as CSV; their keys begin at `first`. Row `i` is wrong where `i` ends on 37."""
    query = f"""
        SELECT {first} + i AS passage_id,
               'S' || lpad((hash(i) % 4000)::VARCHAR, 5, '0') AS sensor,
               '金水路' || (hash(i + 1) % 300) || '号段' AS road,
               strftime(TIMESTAMP '2026-01-01' + to_seconds(i // 8), '%Y-%m-%d %H:%M:%S') AS passed_at,
               1 + hash(i + 2) % 8 AS lane,
               CASE WHEN i % 100 = 37 THEN 'NaN?' ELSE round((hash(i + 3) % 12000) / 100.0, 2)::VARCHAR END AS speed,
               '豫A' || lpad((hash(i + 4) % 100000)::VARCHAR, 5, 'D') AS plate,
               ['car', 'bus', 'truck', 'other'][1 + (hash(i + 5) % 4)::INT] AS kind,
               round(113.4 + (hash(i + 6) % 400000) / 1e6, 6) AS longitude,
               round(34.6 + (hash(i + 7) % 200000) / 1e6, 6) AS latitude
        FROM range({rows}) AS t(i)
    """  # noqa: S608 - numbers of ours
    with Duck(scratch, LakeSettings()) as duck, duck.cursor() as connection:
        connection.execute(f"COPY ({query}) TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT csv, HEADER)")
