"""Airflow's API on the loopback address, as far as the clock needs it: plain HTTP, no proxy, bounded waits."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from infra.errors import Unavailable
from infra.language import Text
from infra.settings import Secret

# A proxy named in the environment must not see, nor break, what stays on this machine.
_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
_PAGE = 100
DONE = frozenset({"success", "failed"})


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a DAG: its state in Airflow's words, and how many of its task instances are in each state."""

    dag: str
    run: str
    state: str
    tasks: Mapping[str, int]

    @property
    def done(self) -> bool:
        """Whether it will change no more."""
        return self.state in DONE


class Api:
    """A client for one Airflow; `address` is its base URL."""

    def __init__(self, address: str, user: str, password: Secret, *, seconds: float = 20.0) -> None:
        self.address = address
        self._user, self._password, self._seconds = user, password, seconds
        self._token: Secret | None = None

    def healthy(self) -> bool:
        """Whether the API answers and both scheduler and DAG processor are alive."""
        try:
            health = self._ask("GET", "/api/v2/monitor/health", signed=False)
        except Unavailable:
            return False
        return all((health.get(part) or {}).get("status") == "healthy" for part in ("scheduler", "dag_processor"))

    def dags(self) -> dict[str, bool]:
        """Every DAG's id, and whether it is paused."""
        return {dag["dag_id"]: dag["is_paused"] for dag in self._pages("/api/v2/dags", "dags")}

    def import_errors(self) -> list[str]:
        """What kept a DAG file from being read, one text each."""
        return [error["stack_trace"] for error in self._pages("/api/v2/importErrors", "import_errors")]

    def pause(self, dag: str, paused: bool) -> None:
        """Pause or unpause a DAG; a paused DAG's runs wait."""
        self._ask("PATCH", f"/api/v2/dags/{quote(dag)}", {"is_paused": paused})

    def trigger(self, dag: str, conf: Mapping[str, Any]) -> str:
        """Start a run; gives its id."""
        started = self._ask("POST", f"/api/v2/dags/{quote(dag)}/dagRuns", {"logical_date": None, "conf": dict(conf)})
        return str(started["dag_run_id"])

    def run(self, dag: str, run: str) -> Run:
        """How a run stands."""
        path = f"/api/v2/dags/{quote(dag)}/dagRuns/{quote(run)}"
        state = self._ask("GET", path)["state"]
        tasks: dict[str, int] = {}
        for task in self._pages(f"{path}/taskInstances", "task_instances"):
            tasks[task["state"] or "none"] = tasks.get(task["state"] or "none", 0) + 1
        return Run(dag, run, state, tasks)

    def give_up(self, dags: Collection[str]) -> int:
        """End the runs of `dags` that an earlier Airflow left unfinished; how many there were."""
        left = [
            run
            for state in ("running", "queued")
            for run in self._pages("/api/v2/dags/~/dagRuns", "dag_runs", f"&state={state}")
            if run["dag_id"] in dags
        ]
        for run in left:
            path = f"/api/v2/dags/{quote(run['dag_id'])}/dagRuns/{quote(run['dag_run_id'])}"
            self._ask("PATCH", path, {"state": "failed"})
        return len(left)

    def _pages(self, path: str, name: str, where: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self._ask("GET", f"{path}?limit={_PAGE}&offset={len(found)}{where}")
            found += page[name]
            if len(found) >= page["total_entries"] or not page[name]:
                return found

    def _ask(self, method: str, path: str, body: Any = None, *, signed: bool = True) -> Any:
        for attempt in range(3):
            try:
                return self._once(method, path, body, signed)
            except urllib.error.HTTPError as error:
                if error.code == 401 and signed:
                    self._token = None
                elif error.code < 500 and error.code != 429:
                    raise _answered(method, path, error.code) from None
            except (OSError, ValueError):
                pass
            if method == "POST":
                break  # not repeated: a second trigger would be a second run
            time.sleep(0.3 * (attempt + 1))
        raise Unavailable(
            "CLOCK_SILENT",
            "Airflow 接口没有应答",
            "Airflow's API does not answer",
            remedy=Text(
                "机器繁忙时稍后再试；仍无应答，用 hub doctor 检查并查看 HUB_HOME 中 airflow 的日志",
                "try again when the machine is less busy; else see `hub doctor` and Airflow's log in HUB_HOME",
            ),
        )

    def _once(self, method: str, path: str, body: Any, signed: bool) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if signed:
            headers["Authorization"] = f"Bearer {self._signed_in().reveal()}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers, method=method)  # noqa: S310 - our own address
        with _OPEN(request, timeout=self._seconds) as answer:
            return json.load(answer)

    def _signed_in(self) -> Secret:
        if self._token is None:
            body = {"username": self._user, "password": self._password.reveal()}
            self._token = Secret(self._once("POST", "/auth/token", body, signed=False)["access_token"])
        return self._token


def _answered(method: str, path: str, status: int) -> Unavailable:
    return Unavailable(
        "CLOCK_REFUSED", f"Airflow 拒绝请求 {method} {path}（{status}）", f"Airflow refused {method} {path} ({status})"
    )
