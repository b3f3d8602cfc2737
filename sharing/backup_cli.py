"""`hub backup make|check|restore`. It stands at the door, for what is restored is purged again, extracts included."""

import os
import sys
from pathlib import Path

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, progress
from infra.language import Text
from infra.local_time import local_time


@click.group(help=help_text("备份与恢复", "Back up and restore."))
def backup() -> None:
    """Hold the commands of backups together."""


_FOLDER = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


def _passphrase(*, twice: bool) -> str:
    """From HUB_BACKUP_PASSPHRASE, else from the terminal; never an argument, which every process list shows."""
    from infra.errors import WrongUse
    from infra.settings import load
    from lake.backup.backup import BackupSettings

    given = load(BackupSettings, os.environ).passphrase
    if given is not None:
        return given.reveal()
    if not sys.stdin.isatty():
        raise WrongUse(
            "BACKUP_PASSPHRASE",
            "没有备份口令",
            "there is no passphrase",
            remedy=Text("设置 HUB_BACKUP_PASSPHRASE，或在终端输入", "set HUB_BACKUP_PASSPHRASE, or use a terminal"),
        )
    asked: str = click.prompt(
        help_text("备份口令", "passphrase of the backup"), hide_input=True, confirmation_prompt=twice, err=True
    )
    return asked


@backup.command(
    help=help_text(
        "备份到 FOLDER：数据库、存储、密钥（以口令封存）、城市配置。对同一目录再次运行只复制新增的文件。"
        "没有 manifest.json 的目录是未完成的备份。",
        "Back up into FOLDER: database, store, keys (sealed under a passphrase), city. Again into the same folder it "
        "copies what is new. A folder without manifest.json is an unfinished backup.",
    )
)
@_FOLDER
@as_option
@json_option
def make(folder: Path, as_: str | None) -> None:
    """Make the folder a backup of this moment."""
    from catalogs.people.people import current, require
    from catalogs.values.model import Role
    from infra.ground import open_ground
    from lake.backup import backup as backups

    with open_ground(os.environ) as ground, progress(help_text("备份", "backing up")) as say:
        someone = current(ground, as_)
        require(someone, Role.ENGINEER, Role.OPERATOR)
        phrase = _passphrase(twice=True)
        done = backups.make(ground, folder, someone.id, phrase, lambda step: say(step.say(ground.lang)))
        said = Text(
            f"备份完成  {local_time(done.at)}  文件 {done.objects} 个（新复制 {done.copied} 个）  {done.size} 字节",
            f"backed up  {local_time(done.at)}  {done.objects} objects ({done.copied} copied now)  {done.size} bytes",
        )
        kept = Text("清单摘要（另存，供核对）", "digest of the manifest, to keep apart:")
        emit(ground, done, lambda _: [said.say(ground.lang), f"  {kept.say(ground.lang)} {done.digest}"])


@backup.command(help=help_text("逐个文件核对备份是否完整。", "Check every file of a backup against its manifest."))
@_FOLDER
@json_option
def check(folder: Path) -> None:
    """Read all of it."""
    from lake.backup.restore import checked

    with progress(help_text("核对", "checking")):
        digest, objects = checked(folder)
    said = Text(f"备份完整：文件 {objects} 个", f"the backup is whole: {objects} objects")
    emit(None, {"manifest": digest, "objects": objects}, lambda _: [help_text(said.zh, said.en), f"  {digest}"])


@backup.command(
    help=help_text(
        "恢复到空目录 HOME（数据库和存储按 HUB_DATABASE、HUB_STORE，均须为空）。"
        "备份之后办理的清除由 --tombstones 补办。",
        "Restore into the empty folder HOME (database and store as HUB_DATABASE and HUB_STORE name them, empty too). "
        "What was purged after the backup is purged again, by --tombstones.",
    )
)
@_FOLDER
@click.option(
    "--home", required=True, type=click.Path(path_type=Path), help=help_text("新的 HUB_HOME", "the new HUB_HOME")
)
@click.option(
    "--tombstones",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=help_text("hub purge export 导出的清除名单", "the list that `hub purge export` wrote"),
)
@click.option(
    "--no-tombstones",
    is_flag=True,
    help=help_text("确认备份之后没有办理过清除", "nothing was purged after the backup was made"),
)
@json_option
def restore(folder: Path, home: Path, tombstones: Path | None, no_tombstones: bool) -> None:
    """Bring a backup back."""
    from infra.errors import WrongUse
    from infra.language import language
    from lake.backup.restore import Asked
    from lake.backup.restore import restore as bring_back
    from lake.purge.replayed import read_tombstones
    from sharing.ending.purging import Extracts

    if (tombstones is None) != no_tombstones:
        raise WrongUse(
            "BACKUP_TOMBSTONES",
            "须说明备份之后的清除：--tombstones 给出名单，或 --no-tombstones 确认没有",
            "say what was purged after the backup: --tombstones with the list, or --no-tombstones if nothing was",
        )
    told = read_tombstones(tombstones) if tombstones else None
    lang = language(os.environ)
    with progress(help_text("恢复", "restoring")) as say:
        asked = Asked(folder, home.absolute(), _passphrase(twice=False), told)
        done = bring_back(os.environ, asked, Extracts(), lambda step: say(step.say(lang)))
    said = [
        Text(f"已恢复到 {done.home}  文件 {done.objects} 个", f"restored into {done.home}  {done.objects} objects"),
        Text(f"  补办清除：{', '.join(done.purges) or '无'}", f"  purged again: {', '.join(done.purges) or 'nothing'}"),
        Text(
            f"  城市配置在 {done.home / 'city'}（HUB_CITY_DIR）",
            f"  the city's folder is {done.home / 'city'} (HUB_CITY_DIR)",
        ),
        Text(
            "  hub lake describe 重新登记元数据，hub ledger verify 验证账本",
            "  `hub lake describe` tells the catalogue anew, `hub ledger verify` verifies the ledger",
        ),
    ]
    emit(None, done, lambda _: [line.say(lang) for line in said])
