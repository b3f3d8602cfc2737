"""`hub doctor`."""

import os
from typing import TYPE_CHECKING, Any

import click

from infra.console import emit, help_text, json_option

if TYPE_CHECKING:
    from infra.doctor import Finding

_NAMES = {
    "versions": "版本",
    "settings": "设置",
    "mode": "模式",
    "home": "主目录",
    "city": "城市",
    "store": "对象存储",
    "database": "数据库",
    "keys": "密钥",
    "ledger": "存证",
}


@click.command(
    help=help_text(
        "检查配置与各服务状态：目录、城市、存储、数据库、密钥、账本、版本。有故障时退出码为 1。",
        "What is configured, reachable and healthy: home, city, store, database, keys, ledger, versions. "
        "Exits 1 when something failed.",
    )
)
@json_option
@click.pass_context
def doctor(context: click.Context) -> None:
    """Examine the ground; exits 1 when something failed."""
    from infra.doctor import State, examine
    from infra.ground import open_ground

    with open_ground(os.environ) as ground:
        findings = examine(ground)
        lang = ground.lang
    healthy = all(finding.state is not State.FAILED for finding in findings)
    value = {
        "healthy": healthy,
        "fit_for_real_data": healthy and not ground.demo,
        "home": str(ground.home),
        "checks": [_plain(finding, lang) for finding in findings],
    }
    emit(context, value, lambda _value: _lines(findings, lang, fit=not ground.demo))
    if not healthy:
        context.exit(1)


def _plain(finding: "Finding", lang: str) -> dict[str, Any]:
    return {
        "name": finding.name,
        "state": finding.state.value,
        "message": finding.text.say(lang),
        "detail": dict(finding.detail),
    }


def _lines(findings: "list[Finding]", lang: str, *, fit: bool) -> list[str]:
    marks = {"ok": "✓", "warning": "!", "failed": "✗"}
    lines = []
    for finding in findings:
        name = f"{_NAMES[finding.name]:\u3000<4}" if lang == "zh" else f"{finding.name:<8}"
        lines.append(f"{marks[finding.state.value]} {name}  {finding.text.say(lang)}")
    if not fit:
        lines.append(help_text("演示模式，不适用于真实数据。", "Demo mode: unfit for real data."))
    return lines
