"""`hub catalog serve`: the register's API until it is interrupted."""

import click

from infra.console import emit, help_text, json_option
from infra.language import Text


@click.command(help=help_text("启动目录的 REST API，按 Ctrl-C 结束。", "Serve the register's REST API until Ctrl-C."))
@json_option
def serve() -> None:
    """Say where it is, and serve."""
    from catalogs.rest import serving
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        address = serving.address(ground)
        said = [f"REST  {address}  ({address}/openapi.json)", Text("按 Ctrl-C 结束", "Ctrl-C ends").say(ground.lang)]
        serving.serve(ground, lambda: emit(ground, {"rest": address}, lambda _: said))
