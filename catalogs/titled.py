"""The entry that a title means, as officers name it: among what is registered and what is in draft."""

from catalogs.life.drafts import Draft, drafts
from catalogs.lookup import named
from catalogs.people.asking import sees
from catalogs.people.people import current
from catalogs.rules.names import squeezed
from catalogs.sheet.likeness import likeness
from infra.errors import Refused, WrongUse
from infra.ground import Ground, open_ground
from infra.language import Text


def id_of(title: str) -> str:
    """The id of the one entry with a title, compared as a person reads it.

    Raises:
        Refused, WrongUse: as `Named`.
    """
    with open_ground() as ground:
        ground.prepare()
        titles = {one.resource: one.body.title.zh for one in _seen(ground)}
        titles |= {one.id: one.title.zh for one in named(ground.engine)}
    found = sorted(identity for identity, one in titles.items() if squeezed(one) == squeezed(title))
    if len(found) == 1:
        return found[0]
    raise _none(title, set(titles.values())) if not found else _several(title, found)


def _seen(ground: Ground) -> list[Draft]:
    """The drafts that who asks may see; none for who is nobody of the city's."""
    try:
        who = current(ground)
    except Refused:
        return []
    return [one for one in drafts(ground.engine) if sees(ground, who, one.ref)]


def _none(title: str, known: set[str]) -> Exception:
    near = likeness(title, sorted(known), 60)
    hint = Text(f"是不是“{near[0]}”？", f"did you mean {near[0]}? ") if near else Text("", "")
    return Refused(
        "CATALOG_UNKNOWN_RESOURCE",
        f"没有叫“{title[:40]}”的目录，也没有这样的草稿",
        f"no entry is called {title[:40]!r}, nor any draft",
        remedy=Text(
            f"{hint.zh}用 hub catalog search 查找，或用 hub catalog drafts 查看草稿",
            f"{hint.en}find it with `hub catalog search`, or see `hub catalog drafts`",
        ),
    )


def _several(title: str, found: list[str]) -> Exception:
    return WrongUse(
        "DATASET_WHICH",
        f"有 {len(found)} 项目录都叫“{title[:40]}”",
        f"{len(found)} entries are called {title[:40]!r}",
        remedy=Text(f"写出是哪一项：{'、'.join(found[:9])}", f"say which: {', '.join(found[:9])}"),
    )
