"""Asking a person on a terminal about each suggestion: taken, left, or taken with other words.

Asked is only what would change the entry. `sure` takes what is no personal class without asking; a class of personal
information is a person's decision each time.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import click

from catalogs.values.model import Edition, Grade, IdentifierRole, Item, PersonalClass, PersonalKind, Resource
from catalogs.values.word import Word
from infra.language import Text
from lake.adopt.suggest import Suggestion

W = TypeVar("W", bound=Word)
_HOW = Text(
    "y 采纳  n 不采纳  e 改后采纳  q 到此为止（已答的照办）",
    "y take it, n leave it, e take it with other words, q stop here (what was answered holds)",
)


def open_questions(known: Resource, found: Sequence[Suggestion]) -> list[Suggestion]:
    """The suggestions that would change an item of the entry. Nothing is asked."""
    items = {item.name: item for item in known.items}
    return [one for one in found if one.item in items and one.onto(items[one.item]) != items[one.item]]


def ask(
    known: Resource, found: Sequence[Suggestion], lang: str, edition: Edition, *, sure: bool
) -> dict[str, Suggestion]:
    """The suggestions that the person takes, by item, as they want them; a class of their own is of `edition`."""
    taken: dict[str, Suggestion] = {}
    waiting = open_questions(known, found)
    asked = [one for one in waiting if not (sure and one.personal is None)]
    taken |= {one.item: one for one in waiting if one not in asked}
    if asked:
        click.echo(_HOW.say(lang))
    for number, one in enumerate(asked, 1):
        item = known.item(one.item)
        assert item is not None  # noqa: S101 - an open question is about an item
        click.echo(f"[{number}/{len(asked)}] {_sentence(one, item, lang)}")
        said = click.prompt("?", type=click.Choice(["y", "n", "e", "q"]), default="n", show_choices=True)
        if said == "q":
            break
        if said != "n":
            taken[one.item] = _edited(one, item, lang, edition) if said == "e" else one
    return taken


def _sentence(one: Suggestion, item: Item, lang: str) -> str:
    """What changes, how sure that is and what shows it."""
    new = one.onto(item)
    parts = []
    if new.personal != item.personal and new.personal is not None:
        sensitive = Text("（敏感）", " (sensitive)") if new.personal.sensitive else Text("", "")
        parts.append(Text(f"个人信息 {new.personal.kind.text.zh}{sensitive.zh}，{new.personal.edition}",
                          f"personal: {new.personal.kind.text.en}{sensitive.en}, {new.personal.edition}"))  # fmt: skip
    if new.identifier != item.identifier:
        parts.append(Text(f"标识角色 {new.identifier.text.zh}", f"role: {new.identifier.text.en}"))
    if new.grade != item.grade:
        parts.append(Text(f"{item.grade.text.zh} → {new.grade.text.zh}", f"{item.grade.text.en} → {new.grade.text.en}"))
    if new.content != item.content:
        words = sorted(new.content - item.content)
        parts.append(Text("内容 " + "、".join(word.text.zh for word in words),
                          "content: " + ", ".join(word.text.en for word in words)))  # fmt: skip
    sure = Text(f"把握 {one.confidence:.2f}；{one.evidence.zh}", f"sure {one.confidence:.2f}; {one.evidence.en}")
    changes = Text("；", "; ").say(lang).join(part.say(lang) for part in parts)
    return f"{item.title.say(lang)} ({item.name}): {changes} [{sure.say(lang)}]"


def _edited(one: Suggestion, item: Item, lang: str, edition: Edition) -> Suggestion:
    """The suggestion with the words that the person gives; a grade below the item's own is not taken."""
    kind = _choice(PersonalKind, one.personal.kind if one.personal else None, Text("个人信息类别", "class"), lang)
    personal = None
    if kind is not None:
        sensitive = click.confirm(
            Text("敏感个人信息？", "sensitive?").say(lang), bool(one.personal and one.personal.sensitive)
        )
        personal = PersonalClass(kind, sensitive, one.personal.edition if one.personal else edition)
    role = _choice(IdentifierRole, one.identifier, Text("标识角色", "role"), lang) or IdentifierRole.NONE
    grades = [grade.id for grade in Grade if grade >= item.grade]
    start = max(one.grade, item.grade).id
    grade = click.prompt(Text("级别", "grade").say(lang), type=click.Choice(grades), default=start)
    return replace(one, personal=personal, identifier=role, grade=Grade[grade.upper()])


def _choice(words: type[W], start: W | None, what: Text, lang: str) -> W | None:
    """One of a list of words by its id, or none."""
    ids = [str(word) for word in words]
    if "none" not in ids:
        ids.append("none")
    said = click.prompt(what.say(lang), type=click.Choice(ids), default=str(start) if start is not None else "none")
    return next((word for word in words if str(word) == said), None)
