"""Texts that people give stand on one line: nobody writes a clause of an agreement into another one. Pure."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from infra.errors import Place, Refused
from infra.language import Text

_BREAKING = {"Cc", "Cs", "Zl", "Zp"}  # controls, halves of characters, separators of lines and paragraphs
_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # what comes after is shown in another order


def one_line(given: Mapping[str, object]) -> None:
    """Refuses texts with line breaks, control characters or marks that change the order in which a text is shown.

    Args:
        given: values by name: texts, and lists and mappings of texts; what else they hold is no text and passes.

    Raises:
        Refused: SHARE_TEXT, with every name that holds one.
    """
    wrong = [name for name, value in given.items() if any(map(_breaks, _texts(value)))]
    if not wrong:
        return
    raise Refused(
        "SHARE_TEXT",
        "文字中含有换行或控制字符",
        "a text holds a line break or a control character",
        place=Place(column=wrong[0]),
        reasons=[Text(f"{name}：须为一行普通文字", f"{name} is to be one line of plain text") for name in wrong],
        remedy=Text("改为一行文字后重新提交", "write it on one line and hand it in again"),
    )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, held in value.items():
            yield from (*_texts(name), *_texts(held))
    elif isinstance(value, Iterable):
        for held in value:
            yield from _texts(held)


def _breaks(text: str) -> bool:
    return any(
        unicodedata.category(char) in _BREAKING or unicodedata.bidirectional(char) in _TURNING
        for char in text
        if not char.isascii() or not char.isprintable()
    )
