"""The pipeline that most teams run, as the second baseline: pandas reads and types, Great Expectations checks the
frame, `write_deltalake` writes it. It keeps no raw rows, numbers nothing, and holds everything in memory.

The library for checking has one door in this house; the frame is checked behind it, by `lake.audit.audit.check_frame`.
"""

from pathlib import Path

import pandas as pd

from lake.audit.audit import check_frame
from lake.store.delta import write_frame

_DIRECTIONS = ["东向西", "西向东", "南向北", "北向南"]


def pipeline(source: Path, target: Path) -> int:
    """Read `source`, drop what cannot be typed, check the rules of road flow, write to `target`; the rows written."""
    frame = pd.read_csv(source, dtype={"detector_id": "string", "road_name": "string", "direction": "string"})
    frame["observed_at"] = pd.to_datetime(frame["observed_at"], format="%Y-%m-%d %H:%M:%S").dt.tz_localize(
        "Asia/Shanghai"
    )
    frame["observed_at"] = frame["observed_at"].dt.tz_convert("UTC")
    frame["flow"] = pd.to_numeric(frame["flow"], errors="coerce")
    good = frame[frame["flow"].notna()]
    check_frame(
        good,
        [
            ("expect_column_values_to_not_be_null", {"column": "detector_id"}),
            ("expect_column_values_to_not_be_null", {"column": "observed_at"}),
            ("expect_column_values_to_be_in_set", {"column": "direction", "value_set": _DIRECTIONS}),
            ("expect_column_values_to_be_between", {"column": "flow", "min_value": 0, "max_value": 2000}),
            ("expect_column_values_to_be_between", {"column": "speed", "min_value": 0, "max_value": 150}),
            ("expect_column_values_to_be_between", {"column": "occupancy", "min_value": 0, "max_value": 100}),
            ("expect_column_values_to_be_between", {"column": "lng", "min_value": 112.7, "max_value": 114.3}),
            ("expect_column_values_to_be_between", {"column": "lat", "min_value": 34.2, "max_value": 35.1}),
            ("expect_compound_columns_to_be_unique", {"column_list": ["detector_id", "observed_at"]}),
        ],
    )
    write_frame(target, good)
    return len(good)
