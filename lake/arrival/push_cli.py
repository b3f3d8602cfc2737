"""`hub arrival serve`: the push door, until it is interrupted."""

import click

from infra.console import emit, help_text, json_option
from infra.language import Text


@click.command(
    "serve",
    help=help_text("启动 HTTP 推送渠道，按 Ctrl-C 结束。", "Take pushes over HTTP, each with a receipt, until Ctrl-C."),
)
@json_option
def serve() -> None:
    """Serve until interrupted."""
    from infra.ground import open_ground
    from lake.arrival import push_serving

    with open_ground() as ground:
        ground.prepare()
        place = push_serving.address(ground)
        where = Text(f"推送渠道  {place}/<数据集>/<文件名>", f"pushes  {place}/<dataset>/<file>")
        said = [one.say(ground.lang) for one in (where, Text("按 Ctrl-C 结束", "Ctrl-C ends"))]
        push_serving.serve(ground, lambda: emit(ground, {"push": place}, lambda _: said))
