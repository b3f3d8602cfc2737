"""The audit: Great Expectations judges exactly the files that are about to be published. The one door to the library.

Promises:

- it reads the staged files themselves, and nothing that the split left in memory: a row that went wrong after the split
  is found here alone;
- an expectation that could not be evaluated counts as broken, never as kept;
- a verdict holds rule ids, counts and sentences, never a value of the data; the library is asked for none, and what it
  writes into exceptions and logs is dropped;
- nothing is sent to anybody and nothing is written to the home folder: an ephemeral context, analytics off.

One `Auditor` keeps one context and one DuckDB for as many deliveries as it is asked about. Importing the library takes
seconds: `preload` makes one beside the reading.
"""

import logging
import os
import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import Any

from contracts.suite import Expectation
from infra.errors import HubError, Unavailable
from lake.audit.later import load_later
from lake.audit.verdict import ROWS, Finding, Verdict, finding, parts
from lake.store.duck import Duck, file_list

_RESULT = {"result_format": "BASIC", "exclude_unexpected_values": True, "include_unexpected_rows": False}
_TABLE = "batch"


def _library() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    for package in ("great_expectations", "duckdb_engine", "marshmallow"):
        warnings.filterwarnings("ignore", module=package)  # what it warns of is its own business
    load_later("altair", "scipy.stats")  # charts and distribution tests: two fifths of its start, and no suite of ours
    import great_expectations  # noqa: PLC0415 - seconds to import: only where something is audited

    return great_expectations


class Auditor:
    """One Great Expectations context over a DuckDB; not for several threads at once."""

    def __init__(self, duck: Duck) -> None:
        self._library = _library()
        from great_expectations.data_context.types.base import (  # noqa: PLC0415
            DataContextConfig,
            InMemoryStoreBackendDefaults,
            ProgressBarsConfig,
        )

        from lake.audit import dialect  # noqa: PLC0415

        config = DataContextConfig(
            # Without this the context makes a folder for its pages in the machine's own temporary folder.
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        )
        context = self._library.get_context(mode="ephemeral", project_config=config)
        datasource = context.data_sources.add_sql(
            "staged",
            connection_string=dialect.URL + duck.address,
            create_temp_table=False,
            kwargs={"connect_args": {"config": duck.config}, "hide_parameters": True},
        )
        engine = datasource.get_execution_engine()
        dialect.prepare(engine.engine)
        engine.dialect_module = dialect.TYPES
        self._engine = engine.engine
        self._show("SELECT 1 AS nothing")
        asset = datasource.add_table_asset(_TABLE, table_name=_TABLE)
        self._batch = asset.add_batch_definition_whole_table(_TABLE)

    def close(self) -> None:
        """Give back its connections."""
        self._engine.dispose()

    def __enter__(self) -> "Auditor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _show(self, select: str) -> None:
        with self._engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE OR REPLACE VIEW {_TABLE} AS {select}")

    def audit(self, expectations: Sequence[Expectation], files: Sequence[Path]) -> Verdict:
        """The verdict on `files`, at least one of them, as one table.

        First the suite is asked in few parts; what a broken part covers is then asked one by one.

        Raises:
            Unavailable: `AUDIT_FAILED`, the library gave no verdict at all.
        """
        version = f"great_expectations {self._library.__version__}"
        try:
            self._show(f"SELECT * FROM read_parquet({file_list(list(files))})")  # noqa: S608 - paths of ours, quoted
            found: dict[int, Finding] = {}
            whole = parts(expectations)
            for part, (kept, _, _) in zip(whole, self._ask([part.expectation for part in whole]), strict=True):
                if kept:
                    found |= {at: finding(expectations[at], kept=True, count=0) for at in part.covers}
            open_ = [at for at in range(len(expectations)) if at not in found]
            for at, (kept, count, error) in zip(open_, self._ask([expectations[at] for at in open_]), strict=True):
                found[at] = finding(expectations[at], kept=kept, count=count, error=error)
        except HubError:
            raise
        except Exception as wrong:
            # Its text may quote the data: the kind of the error is all that leaves.
            raise _failed(type(wrong).__name__) from None
        return Verdict(tuple(found[at] for at in range(len(expectations))), version)

    def _ask(self, expectations: Sequence[Expectation]) -> list[tuple[bool, int | None, bool]]:
        """For each expectation: whether it holds, how many break it, whether it could not be evaluated."""
        if not expectations:
            return []
        kinds = _kinds()
        suite = self._library.ExpectationSuite(
            name="contract",
            expectations=[
                kinds(expected.type)(**expected.kwargs, meta={"at": at}) for at, expected in enumerate(expectations)
            ],
        )
        result = self._batch.get_batch().validate(suite, result_format=_RESULT)
        told = {one.expectation_config.meta["at"]: one for one in result.results}
        if len(told) != len(expectations):
            raise _failed("incomplete")
        return [_told(expected, told[at]) for at, expected in enumerate(expectations)]


def preload(duck: Duck) -> Future[Auditor]:
    """An auditor, made in a thread while something else is done: importing the library alone takes seconds."""
    made: Future[Auditor] = Future()

    def make() -> None:
        try:
            made.set_result(Auditor(duck))
        except BaseException as error:  # handed to who asks for it
            made.set_exception(error)

    threading.Thread(target=make, name="preload", daemon=True).start()
    return made


def _told(expected: Expectation, result: Any) -> tuple[bool, int | None, bool]:
    details = result.result or {}
    count = details.get("unexpected_count")
    if count is None and expected.type == ROWS:
        count = details.get("observed_value")
    return bool(result.success), count if isinstance(count, int) else None, not details


@cache
def _kinds() -> Callable[[str], Any]:
    """The library's expectations by type; for queries a leaner one, which counts and does not also fetch rows."""
    from great_expectations.expectations.core.unexpected_rows_expectation import (  # noqa: PLC0415
        UnexpectedRowsExpectation,
    )
    from great_expectations.expectations.registry import get_expectation_impl  # noqa: PLC0415

    counted = "unexpected_rows_query.row_count"

    class ExpectNoRows(UnexpectedRowsExpectation):
        metric_dependencies = (counted,)

        def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
            return {"success": metrics[counted] == 0, "result": {"observed_value": metrics[counted]}}

    return lambda kind: ExpectNoRows if kind == ROWS else get_expectation_impl(kind)


def check_frame(frame: Any, expectations: Sequence[tuple[str, dict[str, Any]]]) -> bool:
    """Whether a pandas frame keeps the expectations, the way most teams ask: for the benchmark's second baseline."""
    library, kinds = _library(), _kinds()
    context = library.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
    suite = library.ExpectationSuite(
        name="frame", expectations=[kinds(kind)(**kwargs) for kind, kwargs in expectations]
    )
    return bool(batch.validate(suite).success)


def _failed(kind: str) -> Unavailable:
    return Unavailable("AUDIT_FAILED", f"审核未能完成（{kind}）", f"the audit could not be completed ({kind})")
