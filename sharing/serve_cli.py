"""`hub up`, `hub share serve` and `hub catalog serve`: the house as a service, until it is interrupted.

When it can be reached it says where, for a person or with `--json` as one document, and nothing more after that.
"""

from typing import TYPE_CHECKING

import click

from infra.console import emit, help_text, json_option, progress
from infra.language import Text

if TYPE_CHECKING:
    from infra.ground import Ground
    from lake.clock.clock import Airflow


@click.command(
    "serve",
    help=help_text("启动 Delta Sharing 服务，按 Ctrl-C 结束。", "Serve the extracts by Delta Sharing until Ctrl-C."),
)
@json_option
def serve() -> None:
    """Serve until interrupted."""
    from infra.ground import open_ground
    from sharing.access import serving

    with open_ground() as ground:
        ground.prepare()
        serving.serve(ground, lambda: _ready(ground, None))


@click.command(
    help=help_text(
        "启动 Airflow（含页面）、Delta Sharing 服务、推送渠道与目录接口，按 Ctrl-C 结束并清理全部进程。",
        "Serve Airflow with its pages, Delta Sharing, the push door and the register's API; Ctrl-C ends everything "
        "that it started.",
    )
)
@json_option
def up() -> None:
    """Serve until interrupted."""
    from catalogs.rest import serving as rest
    from infra.ground import open_ground
    from lake.arrival.push_serving import serve_in_thread
    from lake.clock.clock import start_airflow
    from lake.clock.run import Keeper
    from sharing.access import serving
    from sharing.rest import PARTS

    with open_ground() as ground:
        ground.prepare()
        with progress("Airflow") as say:
            airflow = start_airflow(ground, ui=True, progress=lambda said: say(said.say(ground.lang)))
        with airflow, serve_in_thread(ground), rest.serve_in_thread(ground, PARTS):
            keeper = Keeper(ground)
            keeper.start()
            try:
                serving.serve(ground, lambda: _ready(ground, airflow))
            finally:
                keeper.stop()


@click.command(help=help_text("启动目录的 REST API，按 Ctrl-C 结束。", "Serve the register's REST API until Ctrl-C."))
@json_option
def register() -> None:
    """Say where it is, and serve, with what lake and sharing add to it."""
    from catalogs.rest import serving
    from infra.ground import open_ground
    from sharing.rest import PARTS

    with open_ground() as ground:
        ground.prepare()
        address = serving.address(ground)
        said = [f"REST  {address}  ({address}/openapi.json)", Text("按 Ctrl-C 结束", "Ctrl-C ends").say(ground.lang)]
        serving.serve(ground, lambda: emit(ground, {"rest": address}, lambda _: said), PARTS)


def _ready(ground: "Ground", airflow: "Airflow | None") -> None:
    """Say where everything is."""
    from catalogs.rest import serving as rest
    from lake.arrival import push_serving
    from sharing.access.serving import endpoint

    address = endpoint(ground)
    value: dict[str, object] = {"delta_sharing": address}
    said = [f"Delta Sharing  {address}", Text("按 Ctrl-C 结束", "Ctrl-C ends").say(ground.lang)]
    if airflow is not None:
        file = str(airflow.password_file)
        value = {"airflow": {"address": airflow.address, "user": "admin", "password_file": file}, **value}
        password = Text(f"用户 admin，口令见 {file}", f"user admin, password in {file}").say(ground.lang)
        push = push_serving.address(ground)
        value["push"] = push
        value["rest"] = rest.address(ground)
        said.insert(1, f"{Text('推送渠道', 'Pushes').say(ground.lang):<14} {push}")
        said.insert(2, f"{Text('目录接口', 'Register').say(ground.lang):<14} {value['rest']}")
        said.insert(0, f"Airflow        {airflow.address}  ({password})")
    emit(ground, value, lambda _: said)
