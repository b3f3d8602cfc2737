"""No reader below a value's grade sees it anywhere: words planted in every grade, and looked for wherever bytes are.

One city, one run of the whole way on real parts; each test then looks at one door. `planted.found` names the grades of
the words that a text holds. A provider's own officer, who may see them, is asked too: a search that finds nothing in
what he is shown would prove nothing.
"""

import http.client
import http.server
import json
import logging
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import planted
import pyarrow.parquet as pq
import pytest
import sharing_case
import sqlalchemy as sa
from front_door import Ran, run_hub
from lake_city import deliveries, stock
from planted import ALL, CASES, found
from sharing_case import VISITS

from catalogs.lookup import resources
from catalogs.people.people import issue_key, person
from catalogs.values.words import Grade
from infra.database import write
from infra.errors import HubError
from infra.ground import Ground, open_ground
from lake import tables
from lake.arrival.push_serving import serve_in_thread as push_in_thread
from lake.clock import schedule
from lake.describe import outbox
from lake.ingest import process
from lake.query.query import Asked, query
from lake.store.delta import Tables
from sharing.access.serving import serve_in_thread

READERS = {
    "engineer_li": {"g1", "g2"},
    "officer_jinshui": {"g1", "g2"},
    "auditor_zhao": {"g1", "g2"},
    "operator_sun": {"g1"},
    "officer_huiji": {"g1", "g2", "g3", "g4", "gp"},
}
"""Reader → the grades that may be shown; the last is the provider's own officer."""
BELOW = [reader for reader in READERS if reader != "officer_huiji"]


class Heard(logging.Handler):
    """Everything that any library logs, with its arguments and exceptions."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        formatter = logging.Formatter("%(name)s %(message)s")
        self.said.append(formatter.format(record) + repr(record.args))


@dataclass
class Planted:
    """The city after the run: what was said on the way, and what it stands on."""

    environ: dict[str, str]
    ground: Ground
    case: str = ""
    profile: Path = Path()
    said: list[Ran] = field(default_factory=list)
    xcom: list[Any] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    heard: Heard = field(default_factory=Heard)

    def hub(self, *arguments: object, lang: str = "en", **more: str) -> Ran:
        ran = run_hub({**self.environ, "HUB_LANG": lang, **more}, *arguments)
        self.said.append(ran)
        return ran


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("planted")
    city = planted.city(folder / "city")
    environ = {"HUB_HOME": str(folder / "home"), "HUB_CITY_DIR": str(city), "HUB_DEMO": "1"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        here = Planted(environ, stock(ground))
        root = logging.getLogger()
        level = root.level
        root.addHandler(here.heard)
        root.setLevel(logging.DEBUG)
        try:
            _deliver(here, folder)
            _schedule(here)
            _push(here)
            _tell(here)
            _share(here, folder)
        finally:
            root.removeHandler(here.heard)
            root.setLevel(level)
        yield here


def _deliver(here: Planted, folder: Path) -> None:
    """Good, failing, torn, duplicate and blocked records, and files that cannot be read, for both datasets."""
    for dataset in (ALL, CASES):
        one = planted.record
        rows: list[Any] = [one(dataset, n) for n in range(1, 9)]
        rows += [one(dataset, 1), one(dataset, 2, "dup", record_no="R2")]  # a duplicate; a conflict of the same key
        rows += [one(dataset, 20, note_1="QZVg1Q" + "x" * 70), one(dataset, 21, day_3="QZVg3Qday")]
        rows += ["R30,QZVgrQtorn,4101239912345678", f'R31,"QZVgrQ" quote,{"," * len(planted.items(dataset))}']
        path = folder / "QZVgfQ柒玖测病历.csv"
        path.write_bytes(planted.table(dataset, rows, extra="QZVghQ柒玖测"))
        assert here.hub("ingest", dataset, path, "--json").document["quarantined"] >= 5
        blocked = [one(dataset, 50), one(dataset, 51, number_3="9999999999"), one(dataset, 52, number_3="QZVg3Qn")]
        path.write_bytes(planted.table(dataset, blocked))
        assert here.hub("ingest", dataset, path, lang="zh").status == 1
        headless = planted.table(dataset, [one(dataset, 60), one(dataset, 61)]).split(b"\r\n", 1)[1]
        head = ",".join(planted.items(dataset)).replace("record_no", "QZVghQ柒玖测")
        for content in (
            headless,
            planted.table(dataset, rows).replace(b"QZVg2Q1", b"QZV\0Q"),
            f"{head}\r\n1\r\n".encode(),
        ):
            path.write_bytes(content)
            assert here.hub("ingest", dataset, path, "--json").document["state"] == "refused"
    path = folder / "QZVgfQunknown.csv"
    path.write_bytes(planted.table(ALL, [planted.record(ALL, 70)]))
    assert here.hub("ingest", "huiji.nowhere.QZVgfQ", path).status == 1


def _schedule(here: Planted) -> None:
    """The same through the bodies of the Airflow tasks; what they return is what XCom keeps."""
    folder = here.ground.home / "arrivals" / "huiji"
    folder.mkdir(parents=True)
    content = planted.table(CASES, [planted.record(CASES, n, "air") for n in range(100, 104)])
    (folder / "health.cases-QZVgfQ柒玖测.csv").write_bytes(content)
    (folder / "QZVgfQnobody.csv").write_bytes(content.replace(b"air", b"wat"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in here.environ.items():
            patch.setenv(name, value)
        here.xcom.append(schedule.arrive_task("huiji"))
        batches = schedule.due_task("huiji", "daily")
        assert batches
        here.xcom += [batches, *(schedule.process_task(ids) for ids in batches), schedule.describe_task()]


def _push(here: Planted) -> None:
    """The same through the push door: what is taken and then refused, and what is refused at once."""
    with open_ground({**here.environ, "HUB_PUSH_PORT": "0"}) as ground, push_in_thread(ground) as port:
        key = issue_key(ground, "officer_huiji", "test")
        here.secrets.append(key)
        head = {"Authorization": f"Bearer {key}", "Idempotency-Key": "QZVgfQ"}
        torn = planted.table(CASES, [planted.record(CASES, 1)]).split(b"\r\n", 1)[1]
        name = quote("QZVgfQ柒玖测病历.csv")
        wrong = "sha-256=:" + "A" * 43 + "=:"
        for to, content, more in (
            (f"{CASES}/{name}", torn, {}),
            (f"{CASES}/{name}", torn + b"QZVgrQ", {}),
            (f"{CASES}/{name}", torn, {"Repr-Digest": wrong}),
            (f"{CASES}/{name}%00", torn, {}),
            (f"huiji.nowhere.{name}/{name}", torn, {}),
            (f"{ALL}/{name}", torn, {"Authorization": f"Bearer {key[:-9]}QZVg4Q"}),
            (f"{ALL}/{name}", torn, {"Content-Encoding": "QZVg4Q"}),
            (f"{ALL}/{name}", b"", {"Idempotency-Key": "other"}),
        ):
            here.answers.append(_sent(port, "PUT", to, content, head | more))
        delivery = json.loads(here.answers[0][1])["delivery"]
        process(ground, delivery)
        here.answers.append(_sent(port, "GET", delivery, b"", head))


def _sent(port: int, method: str, to: str, content: bytes, head: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, f"/arrivals/{to}", content, head)
    answer = connection.getresponse()
    told = answer.status, answer.read().decode()
    connection.close()
    return told


def _tell(here: Planted) -> None:
    """The tickets of all this, told to a desk that keeps what it is told."""

    class Desk(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            here.notices.append(f"{self.path} {self.headers} {body}")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    (Path(here.environ["HUB_CITY_DIR"]) / "notices.yaml").write_text(
        "notices: [{name: desk, webhook: DESK}]\n", "utf-8"
    )
    here.secrets.append("a-key-of-the-desk")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Desk) as desk:
        threading.Thread(target=desk.serve_forever, daemon=True).start()
        more = {"HUB_NOTICE_DESK_URL": f"http://127.0.0.1:{desk.server_port}/", "HUB_NOTICE_DESK_KEY": here.secrets[-1]}
        ran = here.hub("ticket", "tell", "--json", **more)
        assert ran.status == 0, ran.said
        desk.shutdown()


def _share(here: Planted, folder: Path) -> None:
    """The firm's case on the set of visits, up to its extract."""
    path = folder / "visits.csv"
    path.write_bytes(planted.visits(1500))
    assert here.hub("ingest", VISITS, path, "--json").document["published"] > 1400
    case = sharing_case.signed(here.ground)
    here.case, here.profile = case.id, folder / "firm.share"
    ran = here.hub("share", "issue", case.id, "--profile", here.profile, "--json")
    assert ran.status == 0, ran.said


def texts(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def clean(said: object, allowed: set[str], where: object) -> None:
    seen = found(said) - allowed
    assert not seen, f"{sorted(seen)} in {where}"


PROBES = [
    "SELECT * FROM T",
    "SELECT T FROM T AS T",
    "SELECT t.* FROM T AS t ORDER BY number_3, note_4",
    "SELECT COLUMNS('note.*') FROM T",
    "SELECT max(note_3), min(note_4), max(number_3), sum(amount_4), max(day_3), max(id_card), max(note_6) FROM T",
    "SELECT string_agg(note_4), list(phone), histogram(plate), first(diagnosis), arg_max(note_3, note_4) FROM T",
    "SELECT note_1, note_2, rank() OVER (ORDER BY note_4), lag(note_5) OVER () FROM T",
    "SELECT CAST(note_4 AS INTEGER) FROM T",
    "SELECT CAST(note_2 AS INTEGER) FROM T",
    "SELECT CAST(note_3 || note_5 AS DATE) FROM T",
    "SELECT TRY_CAST(id_card AS HUGEINT), TRY_CAST(number_3 AS VARCHAR) FROM T",
    "SELECT error(note_4 || phone) FROM T",
    "SELECT CASE WHEN number_3 > 0 THEN error(note_1 || note_6) END FROM T",
    "SELECT strptime(note_4, '%Y'), json(note_4), json_extract(note_3, '$') FROM T",
    "SELECT 1 / (CASE WHEN note_4 LIKE 'QZV%' THEN 0 ELSE 1 END)::INT FROM T",
    "SUMMARIZE SELECT * FROM T",
    "SUMMARIZE T",
    "DESCRIBE T",
    "EXPLAIN SELECT * FROM T WHERE note_4 = 'x'",
    "EXPLAIN ANALYZE SELECT * FROM T",
    "PIVOT T ON note_4 USING count(*)",
    "UNPIVOT (SELECT note_3, note_4 FROM T) ON note_3, note_4",
    "SELECT * FROM duckdb_views()",
    "SELECT * FROM duckdb_tables()",
    "SELECT * FROM duckdb_columns()",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_views",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM pragma_table_info('T')",
    "SELECT * FROM pragma_storage_info('T')",
    "PRAGMA show_tables_expanded",
    "SHOW ALL TABLES",
    "SELECT * FROM duckdb_settings()",
    "SELECT current_setting('allowed_paths')",
    "SELECT * FROM read_parquet('CURATED')",
    "SELECT * FROM 'CURATED'",
    "SELECT * FROM parquet_metadata('CURATED')",
    "SELECT * FROM parquet_bloom_probe('CURATED', 'note_4', 'x')",
    "SELECT * FROM glob('STORE/**')",
    "SELECT content FROM read_text('STORE/../hub.db')",
    "SELECT filename FROM T",
    "SELECT file_row_number, rowid FROM T",
    "SELECT stats(note_4) FROM T",
    "SELECT * FROM query('SELECT * FROM T')",
    "SELECT * FROM query_table('T')",
    "WITH T2 AS (SELECT * FROM T) SELECT * FROM T2 UNION ALL SELECT * FROM T",
    "SELECT * FROM T AS OF VERSION 1",
    "SELECT * FROM city.DOMAIN_NAME",
    "SELECT * FROM quarantine.huiji_NAME",
    "SELECT * FROM huiji.quarantine_NAME",
    "COPY T TO 'OUT'",
    "SELECT note_4 FROM T LIMIT (SELECT count(note_4) FROM T)",
    "SELECT a.note_1, b.note_4 FROM T a JOIN T b ON a.note_4 = b.note_4",
    "SELECT * FROM T a NATURAL JOIN T b",
]


def _asked(here: Planted, sql: str, dataset: str) -> str:
    unit, domain, name = dataset.split(".")
    store = here.ground.home / "store"
    file = next((store / "curated" / unit / domain / name).glob("*.parquet"))
    for word, real in (
        ("DOMAIN_NAME", f"{domain}_{name}"), ("CURATED", file), ("STORE", store), ("OUT", here.ground.home / "out.csv"),
    ):  # fmt: skip
        sql = sql.replace(word, str(real))
    table = f"{unit}.{domain}_{name}"
    return " ".join(table if part.strip("(),;'") == "T" and "AS T" not in sql else part for part in sql.split(" "))


@pytest.mark.parametrize("reader", READERS)
def test_no_query_shows_or_probes_what_is_above_the_reader(run: Planted, reader: str) -> None:
    someone = person(run.ground.engine, reader)
    shown: set[str] = set()
    for dataset in (ALL, CASES) if reader in ("engineer_li", "officer_huiji") else (ALL,):
        for sql in PROBES:
            try:
                result = query(run.ground, someone, Asked(_asked(run, sql, dataset)))
                said = repr(result.rows.to_pylist()) + repr(result.columns) + repr(result.notes)
            except HubError as error:
                told = (str(error), repr(error), error.sentence("zh"), error.sentence("en"), error.as_dict("zh"))
                said = repr(told)
                assert error.__cause__ is None, sql
                clean(said, set(), (reader, sql))  # an error holds no value at all, not even one that may be seen
            clean(said, READERS[reader], (reader, sql))
            assert str(run.ground.home) not in said, sql
            shown |= found(said)
    assert shown == READERS[reader], "the search would find what is shown"
    assert not (run.ground.home / "out.csv").exists()


@pytest.mark.parametrize("reader", BELOW)
def test_no_condition_tells_a_hidden_value(run: Planted, reader: str) -> None:
    someone = person(run.ground.engine, reader)
    table = "huiji.city_management_everything"
    for condition in ("note_4 LIKE 'QZV%'", "number_3 = 7719283746", "phone = '19900771234'", "note_6 IS NOT NULL"):
        result = query(run.ground, someone, f"SELECT count(*) FROM {table} WHERE {condition}")
        assert result.rows.to_pylist() == [{"count_star()": 0}], condition
    ordered = query(run.ground, someone, f"SELECT record_no FROM {table} ORDER BY note_4 DESC, number_3").rows
    assert ordered == query(run.ground, someone, f"SELECT record_no FROM {table}").rows


@pytest.mark.parametrize("reader", READERS)
def test_every_form_of_an_answer_and_every_command_keeps_to_the_clearance(
    run: Planted, reader: str, tmp_path: Path
) -> None:
    sql = "SELECT * FROM huiji.city_management_everything"
    allowed = READERS[reader]
    for kind in ("table", "json", "csv", "parquet", "arrow"):
        out = tmp_path / f"out.{kind}"
        ran = run.hub("query", sql, "--format", kind, "--out", out, "--as", reader)
        clean(ran.said, allowed, kind)
        if out.exists():
            assert stat.S_IMODE(out.stat().st_mode) == 0o600
            said = pq.read_table(out).to_pylist() if kind == "parquet" else out.read_bytes()
            clean(said, allowed, kind)
    clean(run.hub("query", sql, "--json", "--as", reader, lang="zh").said, allowed, "query --json")
    clean(run.hub("query", sql, "--as-of", "1", "--as", reader).said, allowed, "as of")
    for dataset in (ALL, CASES):
        for more in ([], ["--json"], ["--rule", "record.ragged"], ["--purpose", "quality"]):
            ran = run.hub("quarantine", "show", dataset, "--as", reader, *more)
            clean(ran.said, allowed if reader == "officer_huiji" else set(), (dataset, more))
    if reader == "officer_huiji":
        assert found(run.hub("quarantine", "show", CASES, "--as", reader).said) >= {"g4", "gp"}


def test_commands_that_ask_for_no_clearance_tell_no_value(run: Planted, tmp_path: Path) -> None:
    commands: list[list[object]] = [
        ["quarantine", "list"], ["lake", "history", ALL], ["catalog", "list"], ["catalog", "show", ALL],
        ["contract", "show", ALL], ["contract", "suite", ALL], ["ledger", "show", "--count", "500"],
        ["ledger", "show", "--count", "500", "--content"], ["ledger", "verify"], ["share", "list"],
        ["share", "show", run.case], ["doctor"], ["people", "list"], ["lake", "compact", ALL],
    ]  # fmt: skip
    for command in commands:
        for lang, more in (("en", []), ("zh", ["--json"])):
            ran = run.hub(*command, *more, lang=lang)
            assert ran.status == 0, (command, ran.said)
            clean(ran.said, set(), command)
    bundle = tmp_path / "bundle.zip"
    assert run.hub("ledger", "export", bundle).status == 0
    import zipfile

    with zipfile.ZipFile(bundle) as archive:
        for name in archive.namelist():
            clean(archive.read(name), set(), name)


def test_what_the_deliverer_is_told_holds_no_value_and_a_file_name_at_most(run: Planted) -> None:
    for ran in run.said:
        if "officer_huiji" not in ran.said:
            clean(ran.err, {"gf", "gp"} if "QZVgfQ" in ran.err else set(), ran.err)
    with sa.create_engine(f"sqlite:///{run.ground.home / 'hub.db'}").connect() as connection:
        rows = [dict(row) for row in connection.execute(sa.select(tables.delivery)).mappings()]
    assert rows, "nothing was delivered"
    for row in rows:
        row.pop("file_name")
        message = [
            str(row.pop(name) or "").replace("QZVgfQ柒玖测病历.csv", "") for name in ("message_zh", "message_en")
        ]
        clean(repr(row) + repr(message).replace("QZVgfQ", ""), set(), row["id"])


def test_the_push_door_tells_a_sender_no_more_than_the_name_of_the_file(run: Planted) -> None:
    taken, *refused, state = run.answers
    assert (taken[0], state[0], json.loads(state[1])["state"]) == (201, 200, "refused")
    assert [status for status, _ in refused] == [422, 400, 400, 403, 401, 415, 400]
    clean(taken[1] + state[1], {"gf", "gp"}, "the receipt")
    for _, said in refused:
        clean(said, set(), said)
        assert str(run.ground.home) not in said


def test_tickets_and_notices_hold_no_value_and_no_name_of_a_file(run: Planted) -> None:
    assert len(run.notices) == 1
    assert '"cause": "READ_HEADER_NOT_FOUND"' in run.notices[0]
    clean(run.notices, set(), run.notices)
    for command in (
        ["list", "--all"],
        ["list", "--all", "--json"],
        ["tell", "--dry-run"],
        ["again", "--unit", "huiji", "--dry-run"],
    ):
        ran = run.hub("ticket", *command)
        assert ran.status == 0, ran.said
        clean(ran.said, set(), command)
    for secret in run.secrets:
        assert not [said for said in (*run.heard.said, *run.notices, *(one.said for one in run.said)) if secret in said]


def test_how_a_file_is_called_is_told_to_who_may_see_its_raw_records(run: Planted) -> None:
    for reader, lang in (("auditor_zhao", "en"), ("officer_jinshui", "zh"), ("reviewer_authority", "en")):
        for more in ([], ["--json"]):
            ran = run.hub("arrival", "list", "--as", reader, *more, lang=lang)
            assert (ran.status, "huiji" in ran.said) == (0, True)
            clean(ran.said, set(), (reader, ran.said))
    mine = run.hub("arrival", "list", "--as", "officer_huiji", "--json")
    assert found(mine.said) == {"gf", "gp"}, "the name that they gave it"
    nobodys = {
        one["file"] is None
        for one in run.hub("arrival", "list", "--as", "engineer_li", "--json").document["deliveries"]
    }
    assert nobodys == {True, False}, "an engineer is told of what nobody registered, and of no person's"


def test_airflow_keeps_ids_and_counts(run: Planted) -> None:
    assert run.xcom, "no task returned anything"
    clean(json.dumps(run.xcom), set(), "xcom")
    for path, content in texts(run.ground.home / "airflow"):
        clean(content, set(), path)


def test_nothing_is_logged(run: Planted) -> None:
    assert len(run.heard.said) > 10, "nothing was heard at all"
    for said in run.heard.said:
        clean(said, set(), said[:80])


def test_a_process_of_its_own_says_nothing_more(run: Planted, tmp_path: Path) -> None:
    """Streams of the real process, libraries' own prints at its end included."""
    (tmp_path / "a.csv").write_bytes(planted.table(ALL, [planted.record(ALL, 80, number_3="9999999999")]))
    environ = {**os.environ, **run.environ, "HUB_LANG": "en", "HUB_DEBUG": "1"}
    command = [sys.executable, "-X", "dev", "-m", "hub", "ingest", ALL, str(tmp_path / "a.csv"), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environ)
    assert ran.returncode == 1
    clean(ran.stdout + ran.stderr, set(), ran.stderr[-500:])
    assert json.loads(ran.stdout)["state"] == "blocked"


def test_the_metadata_catalogue_is_told_no_value(run: Planted, tmp_path: Path) -> None:
    with duckdb.connect(str(run.ground.home / "datahub" / "lite.duckdb"), read_only=True) as lite:
        names = [row[0] for row in lite.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        told = [repr(lite.execute(f'SELECT * FROM "{name}"').fetchall()) for name in names]
    assert any(ALL in said for said in told)
    for said in told:
        clean(said, set(), "lite")
    with write(run.ground.engine) as connection:
        connection.execute(tables.outbox.update().values(sent_at=None, attempts=0))
    environ = {**run.environ, "HUB_DATAHUB_SINK": f"file:{tmp_path / 'all.json'}"}
    with open_ground(environ) as ground:
        assert outbox.drain(ground).failed == 0
    said = (tmp_path / "all.json").read_bytes()
    assert ALL.encode() in said
    assert b"extracts." in said
    clean(said, set(), "file sink")


def test_landing_is_sealed_and_pages_and_logs_hold_no_value(run: Planted) -> None:
    store = run.ground.home / "store"
    landed = list(texts(store / "landing"))
    assert len(landed) >= 10
    for path, content in landed:
        clean(str(path), set(), "a path")
        clean(content, set(), path)
    for path, content in texts(store / "docs"):
        clean(str(path), set(), "a path")
        clean(content, set(), path)
    logs = [path for path in store.rglob("*") if path.is_file() and "_delta_log" in path.parts]
    assert logs
    for path in logs:
        clean(pq.read_table(path).to_pylist() if path.suffix == ".parquet" else path.read_bytes(), set(), path)
    clean([str(path) for path in store.rglob("*")], set(), "paths")


def test_parquet_footers_and_the_delta_log_tell_values_of_plain_columns_alone(run: Planted) -> None:
    """Whoever holds a file reads its footer: of grade 3 upwards, of persons and of raw records it tells no value."""
    assert run.hub("lake", "compact", ALL, "--as", "engineer_li").status == 0  # what is written once more is judged too
    weighty = {
        resource.id: {item.name for item in resource.items if item.grade > Grade.GENERAL_2 or item.personal}
        for resource in resources(run.ground.engine)
    }
    assert weighty[ALL] == set(planted.items(ALL)) - {"record_no", "note_1", "note_2"}
    persons = {*planted.PERSONAL, "visit_id", "person_key", "street", "raw", "sentence_zh", "sentence_en", "rules"}
    told: dict[str, set[str]] = {}
    looked_at: dict[str, set[str]] = {}
    for path, column in _column_chunks(run.ground.home / "store"):
        zone, *names = path.relative_to(run.ground.home / "store").parent.parts
        name, dataset = column.path_in_schema.split(".")[0], ".".join(names)
        barred = persons | (weighty[dataset] if zone == "curated" else set())
        looked_at.setdefault(f"{zone} {dataset}", set()).add(name)
        if column.statistics is not None and column.statistics.has_min_max:
            assert name not in barred, path
            clean(f"{column.statistics.min} {column.statistics.max}", {"g1", "g2"}, path)
            told.setdefault(f"{zone} {dataset}", set()).add(name)
        assert not getattr(column, "has_column_index", False) or name not in barred, path
    for dataset in (ALL, CASES):
        assert weighty[dataset] < looked_at[f"curated {dataset}"]
        assert told[f"curated {dataset}"] == {"record_no", "note_1", "note_2", "_delivery", "_line"}
    assert {"visit_id", "person_key", "street"} <= weighty[VISITS] & looked_at[f"curated {VISITS}"]
    logs = [path for path in (run.ground.home / "store").rglob("*.json") if path.parent.name == "_delta_log"]
    added = [json.loads(line)["add"] for path in logs for line in path.read_text().splitlines() if '"add"' in line]
    assert len(added) > 10
    assert {name for one in added for name in json.loads(one["stats"])} == {"numRecords"}


def _column_chunks(store: Path) -> Iterator[tuple[Path, Any]]:
    for path in store.rglob("*.parquet"):
        if "_delta_log" not in path.parts:
            meta = pq.read_metadata(path)
            clean(repr(meta.metadata), set(), path)
            groups = [meta.row_group(number) for number in range(meta.num_row_groups)]
            yield from ((path, group.column(at)) for group in groups for at in range(meta.num_columns))


def test_the_firm_gets_nothing_that_was_to_stay(run: Planted) -> None:
    import http.client
    from urllib.parse import urlsplit

    from sharing.extract import extract

    done = extract.of_case(run.ground.engine, run.case)
    assert done is not None
    clean(json.dumps(done.certificate, ensure_ascii=False), set(), "certificate")
    lake = Tables(run.ground.store)
    for key in lake.snapshot(done.table_key).keys():  # noqa: SIM118 - object keys
        path = run.ground.store.local(key)
        assert path is not None
        clean(pq.read_table(path).to_pylist(), set(), key)
        clean(path.read_bytes(), set(), key)
    token = json.loads(run.profile.read_text())["bearerToken"]
    base = f"/delta-sharing/shares/{run.case}/schemas/zhongyuan/tables/health_visits"
    with serve_in_thread(run.ground) as serving:

        def ask(path: str, body: Any = None, bearer: str | None = token) -> bytes:
            connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=20)
            headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
            payload = None if body is None else json.dumps(body)
            connection.request("GET" if body is None else "POST", path, payload, headers)
            answer = connection.getresponse()
            said = answer.read() + str(answer.getheaders()).encode()
            connection.close()
            clean(said, set(), path)
            return said

        for path in ("/delta-sharing/shares", f"{base}/metadata", f"{base}/version", base.replace("visits", "x")):
            ask(path)
        answer = ask(f"{base}/query", {"predicateHints": ["person_key = 'CANARY'"], "limitHint": 5})
        files = [json.loads(line) for line in answer.splitlines() if line.startswith(b'{"file"')]
        assert files
        for one in files:
            url = urlsplit(one["file"]["url"])
            assert ask(f"{url.path}?{url.query}", bearer=None).startswith(b"PAR1")
        ask(f"/delta-sharing/shares/{run.case}/schemas/huiji/tables/city_management_everything/query", {})
    assert stat.S_IMODE(run.profile.stat().st_mode) == 0o600


def test_nothing_plain_is_left_behind_and_the_home_is_its_owners(run: Planted) -> None:
    home = run.ground.home
    assert list((home / "tmp").iterdir()) == []
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for path in home.glob("hub.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path  # also in a home that somebody made for all to read
    for path in home.rglob("*"):
        if "keys" in path.parts and path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    values = {"curated", "quarantine", "tmp"}
    for path, content in texts(home):
        inside = path.relative_to(home).parts
        if inside[0] == "store" and inside[1] in values and path.suffix == ".parquet":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        elif inside[0] == "hub.db" or inside[0].startswith("hub.db-"):
            clean(content.replace("柒玖测".encode(), b""), {"gf"}, path)  # file names, which a person may have chosen
        else:
            clean(content, set(), path)


def test_every_delivery_is_accounted_for(run: Planted) -> None:
    rows = deliveries(run.ground)
    assert {"finished", "blocked", "refused"} <= {row["state"] for row in rows}
    assert sum(row["quarantined"] or 0 for row in rows) > 10
