"""The difference of two versions of an entry in an officer's words, in Chinese and English. Pure.

Every field of a resource and of its items is compared; a field that has no word of its own is named by its key, so
that no change goes unsaid. Items are known by their names.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from catalogs.life.labels import ITEM, RESOURCE
from catalogs.values.model import Grade, Item, Resource
from catalogs.values.word import Word
from infra.language import Text

_NOTHING = Text("空", "nothing")


def changes(old: Resource | None, new: Resource | None) -> list[Text]:
    """What changed from `old` to `new`, a sentence each; empty where nothing did. None: there was none."""
    if old is None or new is None:
        if new is None:
            return [] if old is None else [Text("整项撤销", "withdrawn as a whole")]
        names = [item.title for item in new.items]
        said = Text("、".join(name.zh for name in names), ", ".join(name.en for name in names))
        count = len(names)
        return [Text(f"新建目录，共 {count} 个数据项：{said.zh}", f"a new entry with {count} items: {said.en}")]
    return [*_fields(old, new, RESOURCE, Text("", "")), *_items(old, new)]


def values(value: Any) -> Text:
    """A value of an entry in words."""
    if value in (None, (), frozenset(), ""):
        return _NOTHING
    if isinstance(value, Text | Word | Grade):
        return value if isinstance(value, Text) else value.text
    if isinstance(value, bool):
        return Text("是", "yes") if value else Text("否", "no")
    if isinstance(value, tuple | frozenset):
        return _together(sorted(value) if isinstance(value, frozenset) else value, Text("、", ", "))
    if is_dataclass(value):
        return _together([getattr(value, field.name) for field in fields(value)], Text(" ", " "))
    return Text(str(value), str(value))


def _together(parts: Iterable[Any], mark: Text) -> Text:
    said = [values(part) for part in parts]
    return Text(mark.zh.join(part.zh for part in said), mark.en.join(part.en for part in said))


def flat(value: Any, label: Mapping[str, Text]) -> dict[str, Any]:
    """A resource's or an item's fields; those whose parts have words of their own, part by part."""
    found: dict[str, Any] = {}
    for field in fields(value):
        if field.name in ("id", "items", "name"):
            continue
        parts = [key for key in label if key.startswith(f"{field.name}.")]
        inner = getattr(value, field.name)
        if not parts:
            found[field.name] = inner
        for key in parts:
            found[key] = None if inner is None else getattr(inner, key.partition(".")[2])
    return found


def _fields(old: Any, new: Any, label: Mapping[str, Text], about: Text) -> Iterator[Text]:
    before, after = flat(old, label), flat(new, label)
    for key, value in after.items():
        if value == before[key]:
            continue
        name, was, now = label.get(key, Text(key, key)), values(before[key]), values(value)
        if was == now:  # of a kind that has the same words
            was, now = Text(repr(before[key]), repr(before[key])), Text(repr(value), repr(value))
        if was is _NOTHING:
            yield Text(f"{about.zh}新填{name.zh}：{now.zh}", f"{about.en}{name.en} is now given: {now.en}")
        elif now is _NOTHING:
            yield Text(
                f"{about.zh}删去{name.zh}（原为“{was.zh}”）", f"{about.en}{name.en} was taken out (was {was.en})"
            )
        else:
            yield Text(
                f"{about.zh}{name.zh}由“{was.zh}”改为“{now.zh}”",
                f"{about.en}{name.en} changed from {was.en} to {now.en}",
            )


def _items(old: Resource, new: Resource) -> Iterator[Text]:
    before, after = ({item.name: item for item in each.items} for each in (old, new))
    added = [item for name, item in after.items() if name not in before]
    removed = [item for name, item in before.items() if name not in after]
    if added:
        yield Text(f"新增数据项 {_named(added, 'zh')}", f"items added: {_named(added, 'en')}")
    if removed:
        yield Text(f"删去数据项 {_named(removed, 'zh')}", f"items removed: {_named(removed, 'en')}")
    for name, item in after.items():
        if name in before:
            about = Text(f"数据项“{before[name].zh}”({name})的", f"item {name} ({before[name].en}): ")
            yield from _fields(before[name], item, ITEM, about)
    kept = [name for name in before if name in after]
    if kept != [name for name in after if name in before]:
        yield Text("数据项的顺序有调整", "the order of the items changed")


def _named(items: list[Item], lang: str) -> str:
    mark = "、" if lang == "zh" else ", "
    return mark.join(f"{item.title.say(lang)}({item.name}，{item.type.text.zh}，{item.grade.text.zh})" if lang == "zh"
                     else f"{item.title.say(lang)} ({item.name}, {item.type.text.en}, {item.grade.text.en})"
                     for item in items)  # fmt: skip
