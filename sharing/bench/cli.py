"""`hub bench`: each package's benchmark, which ships with what it measures, so that a user can size a machine."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import click

from infra.console import Step, emit, help_text, json_option, progress
from infra.language import Text, language

# Figures carry their names in English, for programs; people read these words in Chinese.
CHINESE = {
    "access": "访问判定",
    "airflow": "经 Airflow",
    "append_seconds": "写入秒数",
    "baseline": "最简基线",
    "baseline_cpu_us": "基线每条 CPU 微秒",
    "baseline_p50_ms": "基线中位毫秒",
    "baseline_p95_ms": "基线第 95 百分位毫秒",
    "baseline_per_second": "基线每秒条数",
    "bytes": "字节数",
    "check": "检查",
    "classes": "等价类数",
    "cold": "冷启动命令",
    "cpu": "CPU 秒",
    "cpu_ratio": "CPU 倍数",
    "cpu_seconds": "CPU 秒",
    "dags": "DAG 数",
    "data": "准备数据",
    "database_bytes": "数据库字节数",
    "decisions": "判定次数",
    "deliveries": "批次数",
    "due": "到期批次数",
    "due_seconds": "查找到期秒数",
    "entries": "记录数",
    "fixed_seconds": "冷启动固定秒数",
    "fsync_ms": "落盘毫秒",
    "gate": "入口判定",
    "governed": "受控交付",
    "grants": "使用许可数",
    "item": "单个数据项",
    "k": "k（按人计）",
    "kept": "保留比例",
    "l": "l（敏感值种数）",
    "list": "列出",
    "load": "登记入库",
    "load_ms": "规则载入毫秒",
    "measured": "评估方案数",
    "methods": "去标识方法",
    "milliseconds_each": "每批毫秒",
    "one_process": "单进程",
    "ours_cpu_us": "每条 CPU 微秒",
    "ours_per_second": "每秒条数",
    "p50_ms": "中位毫秒",
    "p95_ms": "第 95 百分位毫秒",
    "p99_ms": "第 99 百分位毫秒",
    "pairs": "对数",
    "pandas": "pandas 流程",
    "peak_mib": "峰值内存 MiB",
    "policies": "规则数",
    "postgres": "PostgreSQL",
    "proof": "证明",
    "prove_and_verify_cpu_ms": "证明并核验 CPU 毫秒",
    "prove_ms": "证明中位毫秒",
    "prove_p99_ms": "证明第 99 百分位毫秒",
    "queries": "查询数",
    "ratio": "倍数",
    "reach": "目标",
    "readers": "读者数",
    "reading": "内部读取判定",
    "register": "目录",
    "resource": "整项资源",
    "resources": "资源数",
    "risk": "重标识风险",
    "rows": "行数",
    "schedule_seconds": "编制调度秒数",
    "sealed": "热启动、封存",
    "search": "方案搜索",
    "seconds": "秒",
    "sequence_seconds": "编入秒数",
    "sqlite": "SQLite",
    "start_seconds": "启动秒数",
    "threads": "写入线程数",
    "wall": "历时秒",
    "wall_ratio": "历时倍数",
    "wall_seconds": "历时秒",
    "warm": "热启动",
    "what": "做法",
}


@click.group(
    help=help_text(
        "基准测试：与同一次运行中的最简基线对比，取多对交错测量的中位数。",
        "Benchmarks: ratios to a bare baseline in the same run, medians of interleaved pairs.",
    )
)
def bench() -> None:
    """Hold the benchmarks together."""


_ROWS = click.option(
    "--rows", default=10_000_000, show_default=True, type=click.IntRange(1_000), help=help_text("行数", "how many rows")
)
_PAIRS = click.option(
    "--pairs",
    default=5,
    show_default=True,
    type=click.IntRange(1, 50),
    help=help_text("交错测量的对数", "interleaved pairs"),
)


@contextlib.contextmanager
def _showing() -> Iterator[Step]:
    """Show which measurement runs, and which round of it."""
    lang = language(os.environ)
    with progress(help_text("准备", "preparing")) as say:

        def tell(what: str, number: int, of: int) -> None:
            said = Text(f"第 {number}/{of} 轮  {_word(what, 'zh')}", f"round {number} of {of}: {_word(what, 'en')}")
            say(said.say(lang) if of > 1 else _word(what, lang))

        yield tell


def _word(name: str, lang: str) -> str:
    return CHINESE.get(name, name) if lang == "zh" else name.replace("_", " ")


def figures(found: dict[str, Any], lang: str, indent: str = "") -> list[str]:
    """Figures for a person, one a line, those that belong together under their name."""
    from rich.cells import cell_len

    lines = []
    for name, value in found.items():
        word = _word(name, lang)
        if isinstance(value, dict):
            lines += [f"{indent}{word}", *figures(value, lang, indent + "  ")]
        else:
            lines.append(f"{indent}{word}{' ' * max(1, 28 - cell_len(indent + word))}{_figure(value)}")
    return lines


def _figure(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_figure, value))
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _emit(found: dict[str, Any]) -> None:
    emit(None, found, lambda _: figures(found, language(os.environ)))


@bench.command(help=help_text("归集全程与复制加转换的基线", "governed ingest against copy, digest and COPY"))
@_ROWS
@_PAIRS
@click.option(
    "--against",
    type=click.Choice(["pandas"]),
    help=help_text("另与 pandas + Great Expectations + write_deltalake 对比", "and against that pipeline of pandas"),
)
@json_option
def ingest(rows: int, pairs: int, against: str | None) -> None:
    """Measure the way of the data."""
    from lake.bench.ingest import run

    with _showing() as say:
        found = run(rows=rows, pairs=pairs, against=against, say=say)
    _emit(found)


@bench.command(
    help=help_text(
        "每批一千行的小批次：单进程、经 Airflow，以及在满额目录中查找到期批次",
        "deliveries of 1,000 rows: in one process, through Airflow; what is due in a full register",
    )
)
@click.option("--count", default=1_000, show_default=True, help=help_text("单进程的批次数", "through one process"))
@click.option("--airflow", default=3_000, show_default=True, help=help_text("经 Airflow 的批次数", "through Airflow"))
@click.option("--resources", default=50_000, show_default=True, help=help_text("目录的资源数", "resources registered"))
@json_option
def deliveries(count: int, airflow: int, resources: int) -> None:
    """Measure a day of small deliveries."""
    from lake.bench.deliveries import run

    with _showing() as say:
        found = run(count=count, airflow=airflow, resources=resources, say=say)
    _emit(found)


@bench.command(help=help_text("受控交付与直接 COPY", "governed extract against a bare COPY"))
@_ROWS
@_PAIRS
@json_option
def extract(rows: int, pairs: int) -> None:
    """Measure the way out."""
    from sharing.bench.extract import run

    with _showing() as say:
        found = run(rows=rows, pairs=pairs, say=say)
    _emit(found)


@bench.command(help=help_text("存证写入与证明", "durable appends and proofs of the ledger"))
@click.option("--entries", default=1_000_000, show_default=True, help=help_text("证明所用规模", "log size for proofs"))
@click.option("--postgres", help=help_text("同时测量此空库", "measure this empty database too"))
@_PAIRS
@json_option
def ledger(entries: int, postgres: str | None, pairs: int) -> None:
    """Measure the ledger."""
    from infra.ledger.bench import run

    with _showing() as say:
        found = run(entries=entries, postgres=postgres, pairs=pairs, say=say)
    _emit(found)


@bench.command(help=help_text("存有一万项使用许可时的单次判定", "one decision with ten thousand grants known"))
@click.option(
    "--grants", default=10_000, show_default=True, type=click.IntRange(1), help=help_text("使用许可数", "grants known")
)
@json_option
def policy(grants: int) -> None:
    """Measure the decision."""
    from sharing.bench.policy import run

    with _showing() as say:
        found = run(grants=grants, say=say)
    _emit(found)


@bench.command(help=help_text("满额目录的检查、登记、查找", "check, register and search a city at full size"))
@click.option(
    "--resources", default=50_000, show_default=True, type=click.IntRange(100), help=help_text("资源数", "resources")
)
@json_option
def catalog(resources: int) -> None:
    """Measure the register."""
    from catalogs.find.bench import run

    with _showing() as say:
        found = run(resources=resources, say=say)
    _emit(found)
