"""A case brought through the whole door, on a table of invented visits, for the tests of the door."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalogs.enter import register_city
from catalogs.people import people
from infra.ground import Ground, sample_city
from lake.store.delta import Commit, DataFile, Tables, curated_key
from sharing.case import applicants, casebook, uscc
from sharing.case.cases import Case, Channel, Request
from sharing.case.declared import COMMITMENTS, Applicant, Registration

VISITS = "zhongyuan.health.visits"
ITEMS = ("visited_at", "lng", "lat", "age", "gender", "diagnosis_group")
SECURITY = {"protection_grade": "三级", "storage_place": "郑州", "officer": "甲"}
CANARY = "CANARY-7f3a"
START = datetime(2026, 3, 1, tzinfo=UTC)

SCHEMA = pa.schema(
    [
        pa.field("visit_id", pa.string()),
        pa.field("person_key", pa.string()),
        pa.field("visited_at", pa.timestamp("us", "UTC")),
        pa.field("hospital", pa.string()),
        pa.field("lng", pa.float64()),
        pa.field("lat", pa.float64()),
        pa.field("street", pa.string()),
        pa.field("age", pa.int64()),
        pa.field("gender", pa.string()),
        pa.field("diagnosis_group", pa.string()),
        pa.field("cost", pa.float64()),
        pa.field("_delivery", pa.int64()),
        pa.field("_line", pa.int64()),
    ]
)


def visit(number: int) -> dict[str, object]:
    """One invented visit; every value that may not leave carries the canary."""
    person = number % 900
    return {
        "visit_id": f"{CANARY}-visit-{number}",
        "person_key": f"{CANARY}-person-{person}",
        "visited_at": START + timedelta(hours=(number * 7) % (24 * 28)),
        "hospital": f"{CANARY}-hospital-{person % 5}",
        "lng": 113.55 + (person % 7) * 0.012,
        "lat": 34.74 + (person % 5) * 0.011,
        "street": f"{CANARY}-street-{person % 9}",
        "age": 3 + (person * 13) % 88,
        "gender": "男" if person % 2 else "女",
        "diagnosis_group": ["呼吸系统", "循环系统", "消化系统"][number % 3],
        "cost": 77123.25 + number / 100,
        "_delivery": 1,
        "_line": number + 2,
    }


def publish(ground: Ground, tmp_path: Path, rows: int = 3000) -> int:
    """Registers the sample city and publishes the visits; the version."""
    register_city(ground, sample_city(), "tester")
    tables, key, name = Tables(ground.store), curated_key(VISITS), "d-1-0.parquet"
    pq.write_table(pa.Table.from_pylist([visit(n) for n in range(rows)], SCHEMA), tmp_path / name)
    base = tables.ensure(key, SCHEMA, VISITS)
    ground.store.put_file(f"{key}/{name}", tmp_path / name)
    file = DataFile(name, (tmp_path / name).stat().st_size, rows)
    return tables.commit(key, Commit((file,), "append", "d-1", base, {}, ground.now()))


def registered(ground: Ground, **changes: object) -> Applicant:
    """A firm that nothing stands against, unless changed."""
    given = {
        "uscc": uscc.sample(1),
        "name": "样例智能科技有限公司",
        "contact": "乙",
        "security": SECURITY,
        "commitments": tuple(COMMITMENTS),
        **changes,
    }
    return applicants.register(ground, Registration(**given), "clerk", ground.now())  # type: ignore[arg-type]


def applied(ground: Ground, *, channel: Channel = Channel.CONDITIONAL, **changes: object) -> Case:
    """The firm's case on the visits."""
    firm = registered(ground)
    asked = {"items": ITEMS, "purpose": "就医需求预测", "scene": "模型训练", "days": 90, **changes}
    return casebook.apply(ground, firm.id, channel, VISITS, Request(**asked), "clerk")  # type: ignore[arg-type]


def signed(ground: Ground, **changes: object) -> Case:
    """The same, pre-checked, approved on both sides, agreement signed off."""
    case = applied(ground, **changes)
    _, findings = casebook.precheck(ground, case.id, "clerk")
    assert not findings, findings
    casebook.approve(ground, case.id, "provider", people.person(ground.engine, "reviewer_zhongyuan"), "同意")
    casebook.approve(ground, case.id, "authority", people.person(ground.engine, "reviewer_authority"), "同意")
    return casebook.sign(ground, case.id, casebook.terms(ground, case.id).digest, "clerk")
