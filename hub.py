"""The front door: the `hub` command. It mounts each package's `cli.py` and nothing else.

A command's module is imported when the command is used, so `hub --help` stays fast; the one-line helps stand here for
that reason (a test compares the table with the commands themselves).
"""

import importlib
import os
import sys
from collections.abc import Sequence

import click

from infra.click_words import Context, bilingual
from infra.console import command_errors, help_text, leave

COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("sharing.demo_cli:demo", "样例城市从头到尾演示一遍主流程", "The main job on a sample city, start to end."),
    "up": (
        "sharing.serve_cli:up",
        "启动 Airflow、Delta Sharing 服务、推送渠道与目录接口",
        "Airflow, Delta Sharing, the push door, the register's API.",
    ),
    "catalog": ("catalogs.cli:catalog", "政务数据目录：检查、登记、查看", "The register: check, register, list, show."),
    "people": ("catalogs.people.cli:people", "人员、角色与接口密钥", "People, roles and API keys."),
    "contract": (
        "contracts.cli:contract",
        "数据契约：检查、登记、查看、比较、检验套件、由文件推断、试用",
        "Data contracts: check, register, show, diff, infer, try.",
    ),
    "adopt": (
        "lake.adopt.cli:adopt",
        "接入文件：推断、确认、登记、归集",
        "A file and nothing else: infer, show, ask, register, ingest.",
    ),
    "ingest": (
        "lake.ingest_cli:ingest",
        "归集：接收、读取、分流、检验、发布",
        "Land, read, split, audit and publish files.",
    ),
    "arrival": (
        "lake.arrival.cli:arrival",
        "报送：到达、等待、立即接收",
        "What came, what waits, and why.",
    ),
    "run": (
        "lake.clock.cli:run_due",
        "由 Airflow 处理所有到达的批次",
        "The same for all that has arrived, through Airflow.",
    ),
    "quarantine": ("lake.cli:quarantine", "问题数据区", "Rows that failed a rule, and why."),
    "ticket": (
        "lake.tickets.cli:ticket",
        "质量问题单：列出、再次处理、办结、通知",
        "Quality tickets: list, run again, close, tell.",
    ),
    "query": ("lake.query.cli:query", "受控查询（只读 SELECT）", "One guarded SELECT over the lake."),
    "lake": ("lake.cli:lake", "版本历史、压缩、保留与登记元数据", "History, compaction, retention, describing."),
    "subject": (
        "lake.purge.subject_cli:subject",
        "办理个人的查阅、复制、更正、删除请求",
        "For a person's request on data about them.",
    ),
    "purge": (
        "sharing.ending.purge_cli:purge",
        "依法清除一个归集批次（两人办理）",
        "Erase a delivery everywhere, by two people.",
    ),
    "backup": (
        "sharing.backup_cli:backup",
        "备份与恢复（数据库、存储、密钥、城市配置）",
        "Back up database, store, keys and city; restore.",
    ),
    "share": ("sharing.cli:share", "申请、审批、交付、撤销", "Apply, approve, issue, revoke."),
    "ledger": (
        "catalogs.ledger_cli:ledger",
        "存证账本：查看、验证、证明、导出",
        "The ledger: show, verify, prove, export.",
    ),
    "bench": ("sharing.bench.cli:bench", "基准测试（与最简基线同场对比）", "Figures as ratios to a bare baseline."),
    "doctor": ("sharing.doctor_cli:doctor", "检查配置与各服务状态", "What is configured, reachable, healthy."),
}


# Commands of a group that stand in a module of their own, or in a package to the right of the group's.
_LIFE, _TASK = "catalogs.life.cli", "catalogs.life.task_cli"
BESIDE: dict[str, dict[str, str]] = {
    "contract": {"infer": "lake.adopt.cli:infer", "try": "lake.adopt.try_cli:try_"},
    "catalog": {
        "personal": "catalogs.personal.cli:personal",
        "regrade": "catalogs.regrade.cli:regrade",
        "compare": "lake.compare.cli:compare",
        "component": "catalogs.component_cli:component",
        "suggest": "lake.adopt.suggest_cli:suggest",
        "dossier": "catalogs.exchange.dcat_cli:dossier",
        "export-dcat": "catalogs.exchange.dcat_cli:export_dcat",
        "harvest": "catalogs.exchange.harvest_cli:harvest",
        "draft-from": "catalogs.exchange.harvest_cli:draft_from",
        "harvested": "catalogs.exchange.harvest_cli:harvested",
        "receive": "catalogs.exchange.kit_cli:receive",
        "reindex": "catalogs.find.cli:reindex",
        "search": "catalogs.find.cli:search",
        "send": "catalogs.exchange.kit_cli:send",
        "serve": "sharing.serve_cli:register",
        "template": "catalogs.sheet.sheet_cli:template",
        "import-excel": "catalogs.sheet.sheet_cli:import_excel",
        "export-excel": "catalogs.sheet.sheet_cli:export_excel",
        **{name: f"{_LIFE}:{name}" for name in ("draft", "drafts", "save", "assess", "approve", "sheet", "paper")},
        **{name: f"{_LIFE}:{name}" for name in ("submit", "recall", "review", "publish", "discard")},
        "approve-paper": f"{_LIFE}:approve_paper",
        "return": f"{_LIFE}:return_",
        "send-records": "sharing.passing.cli:send_records",
        "receive-records": "sharing.passing.cli:receive_records",
        "withdraw": "sharing.ending.withdraw_cli:withdraw",
        **{name: f"{_TASK}:{name}" for name in ("diff", "history", "tasks", "extend", "correct", "answer", "report")},
        **{name: f"catalogs.life.lead_cli:{name}" for name in ("disputes", "lead")},
        "run-clock": "catalogs.life.lead_cli:run_clock",
        "change-event": f"{_TASK}:change_event",
    },
    "share": {"use": "sharing.passing.cli:use"},
    "people": {"hand-over": f"{_TASK}:hand_over"},
}


class FrontDoor(click.Group):
    """Import a command's module when it is called for."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in the order of a day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command, imported now; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = _imported(COMMANDS[cmd_name][0])
        for name, place in BESIDE.get(cmd_name, {}).items():
            assert isinstance(command, click.Group)  # noqa: S101 - the table above names only groups
            command.add_command(_imported(place), name)
        return bilingual(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the one-line helps from the table, importing nothing."""
        with formatter.section(help_text("命令", "Commands")):
            formatter.write_dl([(name, help_text(zh, en)) for name, (_, zh, en) in COMMANDS.items()])


def _imported(place: str) -> click.Command:
    module, _, attribute = place.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)  # noqa: S101 - the tables above name only commands
    return command


@click.command(
    cls=FrontDoor,
    help=help_text("cityhub：城市“一网统管”的数据枢纽与目录。", "cityhub: the data hub and catalogue of a city."),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="cityhub", prog_name="cityhub")
def hub() -> None:
    """Hold the commands together."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line: exits 0 done, 1 refused by data or policy, 2 wrong use; an error is one sentence."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    status = command_errors(lambda: hub.main(given, "hub", standalone_mode=False), given, os.environ)
    if arguments is None:
        leave(status)
    sys.exit(status)


if __name__ == "__main__":
    main()
