"""The main job on a sample city, start to end: from a district's file to an extract in a firm's hands.

Everything here is done by the functions that the commands call, on real parts: Airflow drives the deliveries, the lake
is Delta, the firm reads with the stock client in an environment of its own. Only the city's people, its deliveries and
the firm are invented, and only one local user plays every role: a demo home is unfit for real data, and says so.
"""

import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from catalogs.lookup import resource
from catalogs.own_city import own_city
from catalogs.people.people import current, person
from catalogs.permission.decide import city_policy, decide
from catalogs.register import register_city
from contracts.register import register_contracts
from infra.database import read
from infra.errors import Refused, Unavailable, WrongUse
from infra.ground import Ground, open_ground
from infra.language import Text
from lake import sample, tables
from lake.arrival import folder as arrival
from lake.clock.run import run_due
from lake.describe import outbox
from lake.sample import RealFile
from sharing.access import grants
from sharing.access.serving import Serving, serve_in_thread
from sharing.case import applicants, casebook, declared, uscc
from sharing.case.cases import Channel, Request
from sharing.extract import extract

READ_SECONDS = 180.0
Say = Callable[[str], None]

VISITS = "zhongyuan.health.visits"
AIR = "sample.environment.aqi_hourly"
_ASKED = {
    VISITS: ("gender", "age", "lng", "lat", "visited_at", "diagnosis_group"),
    AIR: ("city", "station", "observed_at", "aqi", "level", "pm2_5", "pm10", "co", "no2", "o3_1h", "so2"),
}
_REVIEWERS = {VISITS: "reviewer_zhongyuan", AIR: "reviewer_sample"}


@dataclass
class Story:
    """What happened, in the order of the way; `as_dict` is the demo's JSON document."""

    home: Path
    registered: dict[str, int] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    airflow_seconds: float = 0.0
    described: dict[str, int] = field(default_factory=dict)
    case: str = ""
    extract: dict[str, Any] = field(default_factory=dict)
    firm: dict[str, Any] = field(default_factory=dict)
    looks: dict[str, str] = field(default_factory=dict)
    ledger: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values; the extract's certificate stands on top, beside `deliveries`."""
        told = {**asdict(self), "home": str(self.home)}
        return {**told, **told.pop("extract")}


@contextmanager
def fresh(environ: dict[str, str]) -> Iterator[Ground]:
    """A new demo home; an older demo's home is replaced, any other is left alone.

    Raises:
        WrongUse: DEMO_HOME when the home folder exists and is no demo's.
    """
    home = open_ground({**environ, "HUB_DEMO": ""}).home
    if home.exists() and any(home.iterdir()):
        if not open_ground({**environ, "HUB_DEMO": "", "HUB_HOME": str(home)}).demo:
            raise WrongUse(
                "DEMO_HOME",
                f"{home} 已存在且不是演示目录，演示不会动它",
                f"{home} exists and is not a demo's: the demo leaves it alone",
                remedy=Text("换一个目录，或用 HUB_HOME 指明", "go to another folder, or name one in HUB_HOME"),
            )
        shutil.rmtree(home)
    with open_ground({**environ, "HUB_DEMO": "1", "HUB_HOME": str(home)}, create=True) as ground:
        ground.prepare()
        yield ground


def tell(ground: Ground, *, data: Path | None, seed: int, rows: int, say: Say) -> Story:
    """Do the main job; `say` is told what is being done. Returns what happened.

    Raises:
        Refused, Unavailable: whatever a step refuses; what was done before stands.
    """
    began = time.monotonic()
    story = Story(ground.home)
    say(Text("登记目录与契约", "registering catalogue and contracts").say(ground.lang))
    story.registered = _register(ground)
    story.files = _arrive(ground, data, seed, rows)
    story.deliveries, story.airflow_seconds = _run(ground, say)
    say(Text("办理申请", "taking the case through").say(ground.lang))
    dataset = VISITS if data is None else AIR
    story.case = _case(ground, dataset)
    issued = extract.issue(ground, story.case, _REVIEWERS[dataset])
    with serve_in_thread(ground) as serving:
        profile = _profile(ground, story.case, serving)
        story.extract = {**extract.document(ground, issued), "profile": str(profile)}
        extract.check(story.extract)
        say(Text("企业读取数据", "the firm reads").say(ground.lang))
        story.firm = _read(ground, profile, grants.of_case(ground.engine, story.case))
    say(Text("登记元数据", "describing").say(ground.lang))
    story.described = _describe(ground)
    story.looks = _looks(ground, story.deliveries)
    checkpoint, report = ground.ledger.sequence(), ground.ledger.verify()
    story.ledger = {"entries": checkpoint.size, "origin": ground.ledger.origin, "faults": len(report.faults)}
    story.seconds = round(time.monotonic() - began, 1)
    return story


def _register(ground: Ground) -> dict[str, int]:
    city = register_city(ground, ground.city, "local")
    contracts = register_contracts(ground, ground.city / "contracts", "local")
    held = (*contracts.added, *contracts.changed, *contracts.unchanged)
    return {"units": city.units, "resources": city.resources, "people": city.people, "contracts": len(held)}


def _arrive(ground: Ground, data: Path | None, seed: int, rows: int) -> list[dict[str, Any]]:
    """Put the deliveries where the districts would; every file that is no data is named with its reason."""
    waiting = ground.home / arrival.FOLDER
    if data is None:
        made = sample.deliveries(seed, waiting, rows=rows)
        return [
            {"dataset": one.dataset, "file": one.path.name, "data": True, "delivered": one.path.name, "reason": None}
            for one in made
        ]
    found = [file for dataset in sample.REAL_DATASETS for file in sample.real_set_files(data, dataset)]
    for file in found:
        if file.data:
            _deliver(waiting, file)
    return [
        {
            "dataset": file.dataset,
            "file": str(file.path.relative_to(data)),
            "data": file.data,
            "delivered": (file.together or file.path.name) if file.data else None,
            "reason": None if file.reason is None else file.reason.say(ground.lang),
        }
        for file in found
    ]


def _deliver(waiting: Path, file: RealFile) -> None:
    folder = waiting / file.address
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{file.path.name}.part"
    shutil.copyfile(file.path, unfinished)
    unfinished.replace(folder / file.path.name)


def _run(ground: Ground, say: Say) -> tuple[list[dict[str, Any]], float]:
    """Let Airflow take all that has arrived; the deliveries as they then stand."""
    report = run_due(ground, progress=lambda said: say(said.say(ground.lang)))
    with read(ground.engine) as connection:
        rows = connection.execute(sa.select(tables.delivery).order_by(tables.delivery.c.number)).mappings().all()
    names = {row["id"]: row["file_name"] for row in rows}
    told = [{**one.as_dict(ground.lang), "file": names[one.delivery]} for one in report.deliveries]
    return told, report.start_seconds or 0.0


def _describe(ground: Ground) -> dict[str, int]:
    """Send what the run did not, the extract above all; deliveries and extracts that the catalogue now knows."""
    outbox.drain_quietly(ground)
    sent = tables.outbox.c.sent_at.is_not(None)
    with read(ground.engine) as connection:
        rows = connection.execute(sa.select(tables.outbox.c.kind, sent)).all()
    kinds = Counter(kind if done else "waiting" for kind, done in rows)
    return {name: kinds[name] for name in ("delivery", "extract", "waiting")}


def _looks(ground: Ground, deliveries: Sequence[dict[str, Any]]) -> dict[str, str]:
    """For each act of reading the first dataset that holds something and hides nothing from the demo's reader."""
    reader, policy = current(ground), city_policy(own_city(ground))
    found: dict[str, str] = {}
    for act, count in (("query", "published"), ("read_quarantine", "quarantined")):
        for dataset in dict.fromkeys(one["dataset"] for one in deliveries if one["dataset"] and one[count]):
            decision = decide(reader, act, resource(ground.engine, dataset), policy=policy)
            if decision.allowed and not decision.obligations:
                found[act] = dataset
                break
    return found


def _case(ground: Ground, dataset: str) -> str:
    """A firm's case on the channel of conditional opening: applied, checked, approved by two, signed."""
    firm = applicants.register(
        ground,
        declared.Registration(
            uscc=uscc.sample(1),
            name="样例智能科技有限公司(虚构)",
            contact="data@firm.invalid",
            security={"protection_grade": "等保三级", "storage_place": "郑州", "officer": "安全负责人(虚构)"},
            commitments=tuple(declared.COMMITMENTS),
        ),
        "operator_sun",
        ground.now(),
    )
    request = Request(
        items=_ASKED[dataset],
        purpose="训练门诊需求预测模型" if dataset == VISITS else "训练空气质量预测模型",
        scene="模型训练",
        days=180,
    )
    case = casebook.apply(ground, firm.id, Channel.CONDITIONAL, dataset, request, "local")
    case, findings = casebook.precheck(ground, case.id, "operator_sun")
    if findings:
        raise Refused("DEMO_CASE", "样例申请未通过预审", "the sample case was refused at its pre-check")
    casebook.approve(ground, case.id, "provider", person(ground.engine, _REVIEWERS[dataset]), "同意")
    casebook.approve(ground, case.id, "authority", person(ground.engine, "reviewer_authority"), "同意")
    casebook.sign(ground, case.id, casebook.terms(ground, case.id).digest, "local")
    return case.id


def _profile(ground: Ground, case: str, serving: Serving) -> Path:
    path = ground.home / f"{case}.share"
    grants.write_profile(path, grants.profile(ground, case, serving.endpoint, "local"))
    return path


_FIRM = """
import json, sys
import delta_sharing
frame = delta_sharing.load_as_pandas(sys.argv[1] + "#" + sys.argv[2])
print(json.dumps({"client": delta_sharing.__version__, "rows": len(frame), "columns": list(frame.columns),
                  "head": frame.head(3).astype(str).values.tolist()}))
"""


def _read(ground: Ground, profile: Path, grant: grants.Grant) -> dict[str, Any]:
    """Read the extract as the firm does: its own Python with the stock client and nothing of ours."""
    python = ground.environ.get("HUB_FIRM_PYTHON")
    if not python:
        return {"client": None}
    command: Sequence[str] = [python, "-c", _FIRM, str(profile), grant.address]
    bare = {"PATH": ground.environ.get("PATH", ""), "HOME": str(ground.home)}
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=READ_SECONDS, env=bare, check=False)
        return dict(json.loads(ran.stdout.splitlines()[-1]))
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise Unavailable(
            "DEMO_FIRM",
            "企业端的 delta-sharing 客户端未能读取",
            "the firm's delta-sharing client could not read",
            remedy=Text(
                "用 infra/setup.py 安装，或检查 HUB_FIRM_PYTHON",
                "install with infra/setup.py, or check HUB_FIRM_PYTHON",
            ),
        ) from error
