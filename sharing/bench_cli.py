"""`hub bench`: each package's benchmark, which ships with what it measures, so that a user can size a machine."""

from typing import Any

import click

from infra.console import emit, help_text, json_option


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


def _shown(value: Any, indent: str = "") -> str:
    if not isinstance(value, dict):
        return str(value)
    lines = []
    for name, inner in value.items():
        said = _shown(inner, indent + "  ")
        lines.append(f"{indent}{name}:\n{said}" if isinstance(inner, dict) else f"{indent}{name:<24} {said}")
    return "\n".join(lines)


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
    from lake.bench import run

    emit(None, run(rows=rows, pairs=pairs, against=against), _shown)


@bench.command(help=help_text("受控交付与直接 COPY", "governed extract against a bare COPY"))
@_ROWS
@_PAIRS
@json_option
def extract(rows: int, pairs: int) -> None:
    """Measure the way out."""
    from sharing.bench import run

    emit(None, run(rows=rows, pairs=pairs), _shown)


@bench.command(help=help_text("存证写入与证明", "durable appends and proofs of the ledger"))
@click.option("--entries", default=1_000_000, show_default=True, help=help_text("证明所用规模", "log size for proofs"))
@click.option("--postgres", help=help_text("同时测量此空库", "measure this empty database too"))
@_PAIRS
@json_option
def ledger(entries: int, postgres: str | None, pairs: int) -> None:
    """Measure the ledger."""
    from infra.ledger.bench import run

    emit(None, run(entries=entries, postgres=postgres, pairs=pairs), _shown)


@bench.command(help=help_text("已有一万项使用许可时的单次判定", "one decision with ten thousand grants known"))
@click.option(
    "--grants", default=10_000, show_default=True, type=click.IntRange(1), help=help_text("使用许可数", "how many grants")
)
@json_option
def policy(grants: int) -> None:
    """Measure the decision."""
    from sharing.bench_policy import run

    emit(None, run(grants=grants), _shown)
