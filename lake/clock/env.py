"""What Airflow is told: one environment, from one function.

Promises: everything that Airflow writes lies in `home`; it listens on the loopback address alone; it reads no example
DAGs and reports to nobody; its tasks run at most `parallelism` at once.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from infra.quiet import quiet
from infra.settings import Secret, Settings

HOST = "127.0.0.1"
USER = "admin"


class ClockSettings(Settings, frozen=True):
    """The clock: how many tasks at once, where its page listens, how long to wait for its start."""

    section: ClassVar[str] = "clock"

    parallelism: int = 2
    port: int = 0
    """Port of Airflow's page and API on the loopback address; 0 takes a free one."""
    start_seconds: float = 180.0
    run_seconds: float = 3600.0
    """How long `hub run` waits for all deliveries before it gives up and ends what it started."""
    database: Secret | None = None
    """URL of Airflow's own database, postgresql+psycopg://…; without it SQLite in HUB_HOME/airflow."""


def airflow_environ(
    environ: Mapping[str, str], hub_home: Path, *, port: int, settings: ClockSettings, ticking: bool
) -> dict[str, str]:
    """The environment of Airflow's processes and so of every task.

    Args:
        environ: the caller's, whose `HUB_` variables the tasks need.
        hub_home: the hub's home, absolute; Airflow's is `airflow` in it.
        port: of its API on the loopback address.
        settings: the clock's.
        ticking: DAGs follow their schedules; else they run only when triggered.
    """
    home = hub_home / "airflow"
    kept = {name: value for name, value in environ.items() if not name.startswith(("AIRFLOW_", "AIRFLOW__"))}
    return kept | {
        "AIRFLOW_HOME": str(home),
        "HUB_HOME": str(hub_home),
        "HUB_CLOCK_TICKING": "1" if ticking else "0",
        "TMPDIR": str(home / "tmp"),
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": ",".join(filter(None, [kept.get("NO_PROXY", ""), HOST, "localhost"])),
        "no_proxy": ",".join(filter(None, [kept.get("no_proxy", ""), HOST, "localhost"])),
        **quiet(),
        **{
            f"AIRFLOW__{section.upper()}__{name.upper()}": str(value)
            for section, options in _configuration(home, port, settings).items()
            for name, value in options.items()
        },
    }


def _configuration(home: Path, port: int, settings: ClockSettings) -> dict[str, dict[str, object]]:
    """Airflow's configuration, where it differs from its own: section → option → value."""
    return {
        "core": {
            "dags_folder": dags_folder(),
            "executor": "LocalExecutor",
            "parallelism": settings.parallelism,
            "max_active_tasks_per_dag": settings.parallelism,
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "plugins_folder": home / "plugins",
            "hostname_callable": "socket.gethostname",
            "execution_api_server_url": f"http://{HOST}:{port}/execution/",
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": home / "passwords.json",
            "dagbag_import_timeout": 60,
            "lazy_load_plugins": True,
        },
        "database": _database(home, settings),
        "api": {
            "host": HOST,
            "port": port,
            "base_url": f"http://{HOST}:{port}",
            "workers": 1,
            "enable_swagger_ui": False,
        },
        "scheduler": {"scheduler_idle_sleep_time": 0.2, "enable_health_check": False},
        # One parsing process: one file makes all DAGs. It is parsed again when the register's schedule changed.
        "dag_processor": {"parsing_processes": 1, "min_file_process_interval": 20, "refresh_interval": 60},
        "logging": {"base_log_folder": home / "logs", "colored_console_log": False},
        "metrics": {"statsd_on": False, "otel_on": False},
        "traces": {"otel_on": False},
        "usage_data_collection": {"enabled": False},
    }


def _database(home: Path, settings: ClockSettings) -> dict[str, object]:
    if settings.database is None:
        return {"sql_alchemy_conn": f"sqlite:///{home / 'airflow.db'}"}
    address = settings.database.reveal()
    both = ["sql_alchemy_conn"]
    if address.startswith("postgresql+psycopg:"):
        # For its asynchronous way it would ask for a driver that nobody installed; this one does both.
        both.append("sql_alchemy_conn_async")
    return dict.fromkeys(both, address)


def airflow(*arguments: str) -> list[str]:
    """The command line of one of Airflow's programs, in this very Python."""
    return [sys.executable, "-m", "airflow", *arguments]


def programs() -> dict[str, list[str]]:
    """What must run: tasks speak with the API server, the scheduler starts them, the processor reads the DAG files.

    The scheduler's log server is left out (the page reads the log files themselves), and the triggerer, since no task
    is deferred.
    """
    return {
        "api-server": airflow("api-server"),
        "scheduler": airflow("scheduler", "--skip-serve-logs"),
        "dag-processor": airflow("dag-processor"),
    }


def dags_folder() -> Path:
    """Where the DAG files stand, found without importing them.

    The folder beside this package: in a checkout and in an installed wheel alike.
    """
    return Path(__file__).resolve().parents[2] / "dags"
