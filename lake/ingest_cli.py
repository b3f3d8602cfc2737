"""`hub ingest`: files into a dataset, or a dry run of them; a thin command over the store."""

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalogs.people.as_option import as_option
from catalogs.values.words import DeliveryState
from infra.console import emit, help_text, json_option, progress
from infra.errors import Place, Refused, Unavailable
from infra.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.records.record import Outcome
    from lake.rehearse import Rehearsal

_STAGES = {
    "split": Text("读取与分流 {} 条", "reading and splitting, {} records"),
    "audit": Text("检验 {} 条", "auditing {} records"),
    "store": Text("写入数据湖 {} 条", "storing {} records"),
}


@click.command(
    help=help_text(
        "归集文件：接收、读取、分流、检验、发布到数据集。目录作为一个批次。未受理或整批未发布时退出码为 1。",
        "Take FILES into DATASET: land, read, split, audit, publish. A folder is one delivery. Exits 1 when one is "
        "refused or blocked.",
    )
)
@click.argument("dataset")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--together", is_flag=True, help=help_text("所有文件作为一个批次", "all files are one delivery"))
@click.option(
    "--dry-run",
    is_flag=True,
    help=help_text("试运行：只看结果，什么都不留下", "show what would come of it; nothing is kept"),
)
@click.option(
    "--contract",
    "draft",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=help_text("试运行所用的契约草稿", "a draft contract for the dry run"),
)
@as_option
@json_option
def ingest(
    dataset: str, files: tuple[Path, ...], together: bool, dry_run: bool, draft: Path | None, as_: str | None
) -> int:
    """Ingest each file or folder, or all files as one; one that fails does not stop the others."""
    if draft is not None and not dry_run:
        raise click.UsageError(help_text("--contract 只用于 --dry-run", "--contract goes with --dry-run"))
    if dry_run:
        return _rehearse(dataset, [files] if together else files, draft, as_)
    from catalogs.people.asking import deliverer
    from infra.ground import open_ground
    from lake.describe.describe import preloaded
    from lake.describe.outbox import drain_quietly
    from lake.ingest import Session
    from lake.ingest import ingest as take
    from lake.landing.groups import datasets

    with open_ground(os.environ) as ground, progress(help_text("归集", "ingesting")) as say:
        lang = ground.lang
        fed = datasets(ground, dataset)
        actors = [deliverer(ground, one, as_).id for one in fed]
        _all_there(files)

        def tell(stage: str, rows: int) -> None:
            say(_STAGES[stage].say(lang).format(f"{rows:,}"))

        with Session(ground, tell) as session, preloaded(ground, session.auditing):
            taken = [files] if together else files
            outcomes = [
                take(ground, to, one, actor=actor, session=session)
                for one in taken
                for to, actor in zip(fed, actors, strict=True)
            ]
        shapes = [outcome.as_dict(lang) for outcome in outcomes]
        emit(ground, shapes[0] if len(shapes) == 1 else {"deliveries": shapes}, lambda _: report(outcomes, lang))
        # The verdict stands and is shown; describing it can neither change nor fail it.
        say(Text("登记元数据", "describing").say(lang))
        drain_quietly(ground)
        with contextlib.suppress(Unavailable):  # another process is signing: its checkpoint covers ours
            ground.ledger.sequence()
    return 0 if all(outcome.state in ("finished", "repeated") for outcome in outcomes) else 1


def _rehearse(dataset: str, taken: "Sequence[Path | tuple[Path, ...]]", draft: Path | None, as_: str | None) -> int:
    from catalogs.people.asking import deliverer
    from contracts.compare import read_contract
    from infra.ground import open_ground
    from lake.ingest import Session
    from lake.rehearse import BLOCK, rehearse

    with open_ground(os.environ) as ground, progress(help_text("试运行", "dry run")):
        deliverer(ground, dataset, as_)
        _all_there(tuple(path for one in taken for path in ([one] if isinstance(one, Path) else one)))
        contract = None if draft is None else read_contract(draft)
        with Session(ground) as session:
            found = [rehearse(session, dataset, one, contract) for one in taken]
        shapes = [one.as_dict(ground.lang) for one in found]
        value = shapes[0] if len(shapes) == 1 else {"deliveries": shapes}
        emit(ground, value, lambda _: [line for one in found for line in _rehearsal(one, ground.lang)])
    return 1 if any(one.state == BLOCK for one in found) else 0


def _rehearsal(one: "Rehearsal", lang: str) -> list[str]:
    from lake.rehearse import SAID

    read, published, aside, twice = (one.counts[name] for name in ("read", "published", "quarantined", "duplicates"))
    state = SAID[one.state]
    told = Text(
        f"试运行 {one.file}：{state.zh}（契约 {one.contract}）；"
        f"读取 {read} = 发布 {published} + 问题 {aside} + 重复 {twice}",
        f"dry run of {one.file}: {state.en} (contract {one.contract}); "
        f"read {read} = published {published} + quarantined {aside} + duplicates {twice}",
    )
    said = [told.say(lang), *(f"  {note.say(lang)}" for note in one.notes)]
    for broken in one.broken:
        places = Text("、", ", ").say(lang).join(place.say(lang) for place in broken.places)
        more = f"  {places}{' …' if broken.count > len(broken.places) else ''}" if places else ""
        said.append(f"  {broken.rule} ({broken.severity}) {broken.count}: {broken.said.say(lang)}{more}")
    return [*said, Text("什么都没有留下。", "Nothing was kept.").say(lang)]


def _all_there(files: tuple[Path, ...]) -> None:
    """Before the first is taken: a name typed wrongly leaves nothing half told."""
    for path in files:
        if not path.exists():
            raise Refused(
                "LANDING_NOT_A_FILE",
                "没有这个文件，什么都没有接收",
                "there is no such file; nothing was taken",
                place=Place(file=path.name),
                remedy=Text("核对文件的路径", "check the path"),
            )


def report(outcomes: "list[Outcome]", lang: str) -> list[str]:
    """What became of deliveries, for a person."""
    said = []
    for one in outcomes:
        state = DeliveryState.said(one.state).say(lang)
        if one.state == "repeated":
            said.append(f"{one.dataset} {one.delivery}: {state} {one.repeated}")
            continue
        if one.read is None:
            said.append(f"{one.dataset or '?'} {one.delivery}: {state}")
        else:
            version = "" if one.version is None else Text(f"，版本 {one.version}", f", version {one.version}").say(lang)
            seconds = Text("秒", "s").say(lang)
            counts = Text(
                f"读取 {one.read} = 发布 {one.published} + 问题 {one.quarantined} + 重复 {one.duplicates}",
                f"read {one.read} = published {one.published} + quarantined {one.quarantined}"
                f" + duplicates {one.duplicates}",
            )
            said.append(
                f"{one.dataset} {one.delivery}: {state}{version}; {counts.say(lang)}; {one.seconds:.1f} {seconds}"
            )
        if one.replaced:
            said.append(
                Text(f"  更新了已发布的 {one.replaced} 行", f"  {one.replaced} published rows replaced").say(lang)
            )
        if one.code:
            said.append(f"  {one.code}: {one.message.say(lang) if one.message else ''}")
        said += [f"  {note[lang]}" for note in one.notes if note["code"].startswith("parts")]
        said += [f"  {found['rule']}: {found[lang]}" for found in (one.audit or {}).get("warnings", ())]
        if one.quarantined and one.dataset:
            see = f"hub quarantine show {one.dataset} --delivery {one.delivery}"
            said.append(Text(f"  逐行原因：{see}", f"  line by line: {see}").say(lang))
    return said
