"""`hub catalog withdraw`: stands here because lake and sharing know what a withdrawal would cut off."""

import click

from catalogs.as_dataset import dataset_argument
from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option
from infra.language import Text


@click.command(help=help_text("撤销数据资源（说明理由）。", "Withdraw a resource, with a reason."))
@dataset_argument
@click.option("--why", required=True, help=help_text("事由", "why"))
@click.option("--despite", help=help_text("仍有数据或许可时，为何仍予撤销", "why, in spite of data or grants"))
@as_option
@json_option
def withdraw(dataset: str, why: str, despite: str | None, as_: str | None) -> None:
    """Withdraw, unless data or grants are in the way."""
    from catalogs.life.withdraw import withdraw as take
    from catalogs.people.people import current
    from infra.ground import open_ground
    from sharing.ending.withdrawing import CHECKS

    with open_ground() as ground:
        ground.prepare()
        done = take(ground, dataset, current(ground, as_), why=why, checks=CHECKS, despite=despite)
        said = Text(f"已撤销 {done.resource}：{done.why}", f"withdrew {done.resource}: {done.why}")
        value = {"resource": done.resource, "state": done.state, "why": done.why, "at": done.at}
        emit(ground, value, lambda _: said.say(ground.lang))
