"""The audit: Great Expectations judges exactly the files that are about to be published. The one door to the library.

Promises:

- it reads the staged files themselves, and nothing that the split left in memory: a row that went wrong after the split
  is found here alone;
- an expectation that could not be evaluated counts as broken, never as kept;
- a verdict holds rule ids, counts and sentences, never a value of the data; the library is asked for none, and what it
  writes into exceptions and logs is dropped;
- nothing is sent to anybody and nothing is written to the home folder: an ephemeral context, analytics off.

One `Auditor` keeps one context and one DuckDB for as many deliveries as it is asked about. Importing the library takes
seconds: `preload` does it beside the reading.
"""

import logging
import os
import threading
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from contracts.suite import Expectation
from infra.errors import Unavailable
from lake.duck import Duck, file_list

_RESULT = {"result_format": "BASIC", "exclude_unexpected_values": True, "include_unexpected_rows": False}
_TABLE = "batch"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one expectation came to.

    Attributes:
        expectation: its type in Great Expectations.
        rule: the contract's rule behind it.
        kept: whether it holds.
        count: records (or groups) that break it; None where the library gives none.
        error: it could not be evaluated.
    """

    rule: str
    expectation: str
    severity: str
    kept: bool
    count: int | None
    error: bool
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings on one delivery's files."""

    findings: tuple[Finding, ...]
    library: str

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What forbids publication."""
        return tuple(found for found in self.findings if not found.kept and found.severity != "warn")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is published and shown."""
        return tuple(found for found in self.findings if not found.kept and found.severity == "warn")

    def summary(self) -> dict[str, Any]:
        """Plain values for the delivery's record: counts, and in full what did not hold."""
        return {
            "passed": not self.blocking,
            "expectations": len(self.findings),
            "failed": [asdict(found) for found in self.blocking],
            "warnings": [asdict(found) for found in self.warnings],
            "library": self.library,
        }


def _library() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    for package in ("great_expectations", "duckdb_engine", "marshmallow"):
        warnings.filterwarnings("ignore", module=package)  # what it warns of is its own business
    import great_expectations  # noqa: PLC0415 - seconds to import: only where something is audited

    return great_expectations


def preload() -> threading.Thread:
    """Import the library in a thread, while something else is done."""
    thread = threading.Thread(target=_library, name="preload", daemon=True)
    thread.start()
    return thread


class Auditor:
    """One Great Expectations context over a DuckDB; not for several threads at once."""

    def __init__(self, duck: Duck) -> None:
        self._library = _library()
        from great_expectations.data_context.types.base import (  # noqa: PLC0415
            DataContextConfig,
            InMemoryStoreBackendDefaults,
            ProgressBarsConfig,
        )

        from lake import audit_dialect  # noqa: PLC0415

        config = DataContextConfig(
            # Without this the context makes a folder for its pages in the machine's own temporary folder.
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        )
        context = self._library.get_context(mode="ephemeral", project_config=config)
        datasource = context.data_sources.add_sql(
            "staged",
            connection_string=audit_dialect.URL + duck.address,
            create_temp_table=False,
            kwargs={"connect_args": {"config": duck.config}, "hide_parameters": True},
        )
        engine = datasource.get_execution_engine()
        audit_dialect.prepare(engine.engine)
        engine.dialect_module = audit_dialect.TYPES
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

        Raises:
            Unavailable: `AUDIT_FAILED`, the library gave no verdict at all.
        """
        version = f"great_expectations {self._library.__version__}"
        try:
            self._show(f"SELECT * FROM read_parquet({file_list(list(files))})")  # noqa: S608 - paths of ours, quoted
            suite = self._library.ExpectationSuite(
                name="contract",
                expectations=[self._expectation(at, expected) for at, expected in enumerate(expectations)],
            )
            result = self._batch.get_batch().validate(suite, result_format=_RESULT)
        except Exception as wrong:
            # Its text may quote the data: the kind of the error is all that leaves.
            raise _failed(type(wrong).__name__) from None
        found = {one.expectation_config.meta["at"]: _finding(expectations, one) for one in result.results}
        if len(found) != len(expectations):
            raise _failed("incomplete")
        return Verdict(tuple(found[at] for at in range(len(expectations))), version)

    def _expectation(self, at: int, expected: Expectation) -> Any:
        from great_expectations.expectations.registry import get_expectation_impl  # noqa: PLC0415

        return get_expectation_impl(expected.type)(**expected.kwargs, meta={"at": at})


def _finding(expectations: Sequence[Expectation], result: Any) -> Finding:
    expected = expectations[result.expectation_config.meta["at"]]
    details = result.result or {}
    count = details.get("unexpected_count")
    if count is None and expected.type == "unexpected_rows_expectation":
        count = details.get("observed_value")
    return Finding(
        rule=expected.rule_id,
        expectation=expected.type,
        severity=expected.severity,
        kept=bool(result.success),
        count=count if isinstance(count, int) else None,
        error=not details,
        zh=_without_line(expected.sentence.zh),
        en=_without_line(expected.sentence.en),
    )


def _without_line(sentence: str) -> str:
    """The sentence about records in general: an expectation knows no line."""
    plain = (
        sentence.replace("第{line}行", "有记录的")
        .replace("Line {line}:", "Some records:")
        .replace("Line {line}", "A record")
    )
    return plain.replace("{line}", "?")


def _failed(kind: str) -> Unavailable:
    return Unavailable("AUDIT_FAILED", f"审核未能完成（{kind}）", f"the audit could not be completed ({kind})")
