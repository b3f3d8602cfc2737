"""The delivery that the benchmark takes in: road flow of the sample city, invented, of any number of rows.

DuckDB writes the file in one query, so that making it takes little longer than the baseline's copying it: about 90
bytes a row, one row in a hundred breaks a rule (a text where a number belongs), no two records share the key.
"""

from pathlib import Path

from lake.store.duck import Duck, LakeSettings

DATASET = "jinshui.traffic.road_flow"


def write(path: Path, rows: int, scratch: Path, *, first: int = 0) -> None:
    """A delivery of `rows` records as CSV (UTF-8); record `i` is wrong where `i` ends on 37; keys begin at `first`."""
    query = f"""
        SELECT 'JS' || lpad(((i + {first}) % 5000)::VARCHAR, 5, '0') AS detector_id,
               '金水路' || (hash(i + 1) % 300) || '号段' AS road_name,
               ['东向西', '西向东', '南向北', '北向南'][1 + (hash(i + 2) % 4)::INT] AS direction,
               strftime(TIMESTAMP '2026-01-01' + to_seconds(60 * ((i + {first}) // 5000)), '%Y-%m-%d %H:%M:%S')
                   AS observed_at,
               CASE WHEN i % 100 = 37 THEN 'NaN?' ELSE (1 + hash(i + 3) % 1900)::VARCHAR END AS flow,
               round((hash(i + 4) % 12000) / 100.0, 2) AS speed,
               round((hash(i + 5) % 10000) / 100.0, 1) AS occupancy,
               round(113.4 + (hash(i + 6) % 400000) / 1e6, 6) AS lng,
               round(34.6 + (hash(i + 7) % 200000) / 1e6, 6) AS lat
        FROM range({rows}) AS t(i)
    """  # noqa: S608 - numbers of ours
    with Duck(scratch, LakeSettings()) as duck, duck.cursor() as connection:
        connection.execute(f"COPY ({query}) TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT csv, HEADER)")
