"""`hub bench catalog`: a city at full size, checked, registered, searched and listed.

Each beside the least that must be done in the same run: reading the same YAML and looking at nothing; inserting the
same rows bare, without ledger, digests, versions and index; a scan with LIKE over titles and items.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from catalogs.enter import enter_city
from catalogs.find.big_city import ITEMS, SUBJECTS, big_city, write_big_city
from catalogs.find.fold import sound
from catalogs.find.search import search
from catalogs.folder.city import check_city, load_city
from catalogs.lookup import listing
from catalogs.tables import DEPARTMENT, ITEM, RESOURCE, UNIT
from infra.database import read, write
from infra.errors import Unavailable
from infra.ground import Ground, open_ground, sample_city

if TYPE_CHECKING:
    from infra.console import Step

T = TypeVar("T")
QUERIES = 240


def run(
    *,
    resources: int = 50_000,
    folder: Path | None = None,
    say: "Step" = lambda _what, _number, _of: None,
) -> dict[str, Any]:
    """Times the work on a drawn city of so many resources, ten items each; `say` is told what is measured next.

    Returns:
        `resources`; seconds of `check`, `load` and `list`, milliseconds of `search`, each with its `baseline`.

    Raises:
        Unavailable: CATALOG_BENCH when the drawn city is found faulty: nothing would have been measured.
    """
    with tempfile.TemporaryDirectory(prefix=".hub-bench-", dir=folder or Path.cwd()) as name:
        place = Path(name)
        say("data", 1, 1)
        city = big_city(load_city(sample_city()), resources)
        (place / "city").mkdir()
        write_big_city(city, place / "city")
        say("check", 1, 1)
        faults, checked = _timed(lambda: check_city(place / "city"))
        if faults:
            raise Unavailable("CATALOG_BENCH", "基准城市有错误", "the drawn city is faulty")
        _, parsed = _timed(lambda: _parsed(place / "city"))
        with open_ground({"HUB_HOME": str(place / "home"), "HUB_DEMO": "1"}, create=True) as ground:
            ground.prepare()
            say("load", 1, 1)
            _, loaded = _timed(lambda: enter_city(ground, city, "bench", sample=False))
            say("list", 1, 1)
            _, listed = _timed(lambda: listing(ground.engine))
            bare = _bare(ground, place)
            say("search", 1, 1)
            found = _searches(ground)
    return {
        "resources": resources,
        "check": {"seconds": round(checked, 2), "baseline": round(parsed, 2), "reach": 20},
        "load": {"seconds": round(loaded, 2), "baseline": round(bare, 2)},
        "list": {"seconds": round(listed, 3)},
        "search": found,
    }


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    found = work()
    return found, time.perf_counter() - began


def _parsed(folder: Path) -> None:
    import yaml  # noqa: PLC0415 - for the baseline alone

    for path in sorted((folder / "catalogues").glob("*.yaml")):
        for _ in yaml.parse(path.read_text("utf-8"), Loader=yaml.CSafeLoader):
            pass


def _bare(ground: Ground, place: Path) -> float:
    """Seconds to insert the same units, departments, resources and items as rows, and nothing else."""
    with read(ground.engine) as connection:
        tables = (UNIT, DEPARTMENT, RESOURCE, ITEM)
        kept = {table: [row._asdict() for row in connection.execute(sa.select(table))] for table in tables}
    with open_ground({"HUB_HOME": str(place / "bare"), "HUB_DEMO": "1"}, create=True) as other:
        other.prepare()

        def insert() -> None:
            with write(other.engine) as connection:
                for table, rows in kept.items():
                    connection.execute(sa.insert(table), rows)

        return _timed(insert)[1]


def queries(count: int = QUERIES, seed: int = 11) -> list[str]:
    """What people type: words, parts and single characters of titles and items, two words, pinyin, initials, slips."""
    draw = random.Random(seed)  # noqa: S311 - a sample
    words = [zh for subjects in SUBJECTS.values() for zh, _ in subjects] + [item[1] for item in ITEMS]
    places = ("金水区", "中牟", "登封市", "高新")

    def part(word: str, length: int) -> str:
        start = draw.randrange(max(1, len(word) - length + 1))
        return word[start : start + length]

    kinds: Sequence[Callable[[str], str]] = (
        lambda word: word,
        lambda word: part(word, 2),
        lambda word: part(word, 1),
        lambda word: part(word, 3),
        lambda word: f"{draw.choice(places)} {part(word, 2)}",
        lambda word: draw.choice(places) + word,
        lambda word: "".join(sound(part(word, 3))),
        lambda word: "".join(syllable[:1] for syllable in sound(word)),
        lambda _: draw.choice([en for subjects in SUBJECTS.values() for _, en in subjects]),
        lambda word: word[:-1] + "厂",
    )
    return [kinds[number % len(kinds)](draw.choice(words)) for number in range(count)]


def _searches(ground: Ground) -> dict[str, float]:
    asked = queries()
    search(ground.engine, "停车tingche")  # the dictionaries of sounds and characters are read once a process
    ours = [_timed(lambda query=query: search(ground.engine, query))[1] * 1000 for query in asked]  # type: ignore[misc]
    bare = [_timed(lambda query=query: _like(ground, query))[1] * 1000 for query in asked[::12]]  # type: ignore[misc]
    return {
        "queries": len(asked),
        "p50_ms": round(statistics.median(ours), 1),
        "p95_ms": round(sorted(ours)[int(len(ours) * 0.95)], 1),
        "baseline_p50_ms": round(statistics.median(bare), 1),
        "baseline_p95_ms": round(sorted(bare)[int(len(bare) * 0.95)], 1),
        "reach": 50,
    }


def _like(ground: Ground, query: str) -> int:
    held = sa.select(ITEM.c.resource).where(ITEM.c.zh.contains(query, autoescape=True))
    titled = RESOURCE.c.title_zh.contains(query, autoescape=True)
    with read(ground.engine) as connection:
        return len(connection.execute(sa.select(RESOURCE.c.id).where(titled | RESOURCE.c.id.in_(held))).all())
