"""One act upon several entries by one command: each for itself, so that one that is refused keeps no other waiting."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from infra.console import emit
from infra.errors import Refused
from infra.language import Text

if TYPE_CHECKING:
    from catalogs.life.papers import Recorded
    from infra.ground import Ground

T = TypeVar("T")


def each(
    ground: "Ground",
    datasets: Sequence[str],
    act: Callable[[str], T],
    value: Callable[[T], Any],
    lines: Callable[[T], Iterable[str]],
) -> None:
    """Do `act` for each of `datasets` and print what came of it; of one alone as if it were asked for by itself.

    Of several, `--json` gives {"done": […], "refused": [{"dataset", "error"}]}, and the exit status is 1 when any was.

    Raises:
        Refused: what `act` raises, of one alone.
    """
    wanted = tuple(dict.fromkeys(datasets))
    if len(wanted) == 1:
        done = act(wanted[0])
        emit(ground, value(done), lambda _: lines(done))
        return
    kept: list[T] = []
    refused: list[tuple[str, Refused]] = []
    for dataset in wanted:
        try:
            kept.append(act(dataset))
        except Refused as error:
            refused.append((dataset, error))
    emit(
        ground,
        {"done": [value(one) for one in kept], "refused": [{"dataset": name, "error": why} for name, why in refused]},
        lambda _: [*(line for one in kept for line in lines(one)), *_refusals(refused, len(wanted), ground.lang)],
    )
    if refused:
        click.get_current_context().exit(1)


def told(ground: "Ground", datasets: Sequence[str], act: "Callable[[str], Recorded]") -> None:
    """`each`, of an act that records a paper.

    Raises:
        Refused: as `each`.
    """
    from catalogs.life.machine import Paper
    from catalogs.values.word import find

    def lines(done: "tuple[str, Recorded]") -> list[str]:
        dataset, kept = done
        kind = find(Paper, kept.kind)
        name = kind.text if kind is not None else Text("材料", "paper")
        digest = f"，SHA-256 {kept.sha256}" if kept.sha256 else ""
        said = Text(
            f"已登记{name.zh}（第 {kept.number} 号）：{kept.result}{digest}",
            f"recorded: {name.en} (number {kept.number}): {kept.result}{digest}",
        )
        return [f"{dataset}  {said.say(ground.lang)}" if len(datasets) > 1 else said.say(ground.lang)]

    each(ground, datasets, lambda one: (one, act(one)), lambda done: done[1], lines)


def _refusals(refused: Sequence[tuple[str, Refused]], count: int, lang: str) -> list[str]:
    if not refused:
        return []
    done = count - len(refused)
    zh = f"共 {count} 项：已办理 {done} 项，未办理 {len(refused)} 项，原因如下"
    en = f"{done} of {count} done, {len(refused)} refused:"
    return [Text(zh, en).say(lang), *(f"  {name}  {why.sentence(lang)}" for name, why in refused)]
