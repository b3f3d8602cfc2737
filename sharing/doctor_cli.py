"""`hub doctor`: the parts of every package, examined by one command."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from infra.console import emit, help_text, json_option

if TYPE_CHECKING:
    from infra.doctor import Finding, Part


@click.command(
    help=help_text(
        "检查配置与各服务状态：目录、城市、存储、数据库、密钥、账本、版本、目录接口与检索、元数据目录、渠道、调度、共享服务。"
        "有故障时退出码为 1；没有运行的服务不是故障。",
        "What is configured, reachable and healthy: home, city, store, database, keys, ledger, versions, the API and "
        "the search of the register, the metadata catalogue, doors, Airflow, the sharing server. Exits 1 when one "
        "failed; a service that is not running did not.",
    )
)
@json_option
@click.pass_context
def doctor(context: click.Context) -> None:
    """Examine every part; exits 1 when one failed."""
    from catalogs import doctor as register_parts
    from infra import doctor as ground_parts
    from infra.doctor import State, examine
    from infra.ground import open_ground
    from lake import doctor as lake_parts
    from sharing import doctor as sharing_parts

    parts = (*ground_parts.PARTS, *register_parts.PARTS, *lake_parts.PARTS, *sharing_parts.PARTS)
    with open_ground(os.environ) as ground:
        findings = examine(ground, parts)
        lang = ground.lang
    healthy = all(finding.state is not State.FAILED for finding in findings.values())
    value = {
        "healthy": healthy,
        "fit_for_real_data": healthy and not ground.demo,
        "home": str(ground.home),
        "checks": [_plain(name, finding, lang) for name, finding in findings.items()],
    }
    emit(context, value, lambda _value: _lines(parts, findings, lang, fit=not ground.demo))
    if not healthy:
        context.exit(1)


def _plain(name: str, finding: "Finding", lang: str) -> dict[str, Any]:
    return {
        "name": name,
        "state": finding.state.value,
        "message": finding.text.say(lang),
        "detail": dict(finding.detail),
    }


def _lines(parts: "Sequence[Part]", findings: "dict[str, Finding]", lang: str, *, fit: bool) -> list[str]:
    marks = {"ok": "✓", "warning": "!", "failed": "✗"}
    lines = []
    for part in parts:
        finding = findings[part.name]
        name = f"{part.zh:\u3000<5}" if lang == "zh" else f"{part.name:<8}"
        lines.append(f"{marks[finding.state.value]} {name}  {finding.text.say(lang)}")
    if not fit:
        lines.append(help_text("演示模式，不适用于真实数据。", "Demo mode: unfit for real data."))
    return lines
