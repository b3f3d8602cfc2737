"""The elements of a JSON document one by one, in memory that does not grow with the file.

Numbers at the top of a record keep their literal text (`1.10`, twenty digits); `NaN` and `Infinity`, which JSON does
not know and scripts write all the same, become texts; an object that holds a key twice is told apart, not silently
merged.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TextIO

from infra.errors import Place, Refused
from infra.language import Text
from lake.read.source import Limits

_BLANK = re.compile(r"[ \t\r\n]*")
_BLOCK = 1 << 20
_REPAIR = Text("用源系统重新导出完整的 JSON", "export complete JSON from the source system again")


class Literal(float):
    """A number with the text it was written as."""

    text: str

    def __new__(cls, text: str) -> "Literal":
        """From its text."""
        number = super().__new__(cls, text)
        number.text = text
        return number


class Doubled(dict[str, Any]):
    """An object that holds a key twice; the later value stands."""


def holds_doubled(value: Any) -> bool:
    """Whether `value` is an object with a key twice, or holds one."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Doubled):
            return True
        if isinstance(one, dict | list):
            waiting += one.values() if isinstance(one, dict) else one
    return False


class Decoder:
    """Decodes values; `doubled` says whether one of its objects since the last `reset` held a key twice."""

    def __init__(self) -> None:
        self.doubled = False
        self._json = json.JSONDecoder(object_pairs_hook=self._object, parse_float=Literal, parse_constant=str)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        self.doubled = True
        return Doubled(found)

    def reset(self) -> None:
        """Forgets what was seen."""
        self.doubled = False

    def decode(self, text: str, position: int = 0) -> tuple[Any, int]:
        """The value that begins at `position`, and where it ends.

        Raises:
            ValueError: it is no JSON value, or not all of one.
            RecursionError: it is nested deeper than the interpreter goes.
        """
        return self._json.raw_decode(text, position)


def not_json(place: Place, line: int, why: str) -> Refused:
    """The refusal of text that is not JSON."""
    return Refused(
        "READ_JSON",
        f"第 {line} 行附近不是有效的 JSON",
        f"near line {line} the file is not valid JSON ({why})",
        place=replace(place, row=line),
        remedy=_REPAIR,
    )


def too_deep(place: Place, line: int) -> Refused:
    """The refusal of a document nested too deeply."""
    return Refused(
        "READ_DEPTH",
        f"第 {line} 行附近的 JSON 嵌套过深",
        f"near line {line} the JSON is nested too deeply",
        place=replace(place, row=line),
        remedy=_REPAIR,
    )


def no_records_there(place: Place, kind: str = "JSON", *, path: str | None = None, lists: int = 0) -> Refused:
    """The refusal of a document without a list of records at the path, or with several, or one too large to look."""
    said = Text(
        f"{kind} 的列表里没有对象，没有可作为记录的内容", f"the list of the {kind} holds no object, and no record"
    )
    if lists > 1:
        at = Text(f"路径“{path}”处", f" at “{path}”") if path else Text("", "")
        said = Text(
            f"{kind} 中{at.zh}有 {lists} 个列表，无法判断哪个是记录",
            f"the {kind} has {lists} lists{at.en}, and which of them holds the records cannot be told",
        )
    elif lists:
        said = Text(
            f"{kind} 很大，不整个读入就找不到记录列表", f"the {kind} is too large to look for its list of records"
        )
    elif path is not None:
        said = Text(f"{kind} 中路径“{path}”处没有列表", f"the {kind} has no list at “{path}”")
    return Refused(
        "READ_RECORD_PATH",
        said.zh,
        said.en,
        place=place,
        remedy=Text(
            "写明记录列表的路径（如 data.list）：接入时用 --record-path，已有契约在 cityhub.reading 的 record_path",
            "name the path to the list of records (such as data.list): with --record-path where a file is adopted, "
            "as record_path of cityhub.reading in a contract",
        ),
    )


class Document:
    """A JSON document read from a text stream.

    Attributes:
        members: the members of the top object that are not the records, as far as they were read.
        line: the physical line reached.
    """

    def __init__(self, file: TextIO, limits: Limits, place: Place) -> None:
        self.members: dict[str, Any] = {}
        self.decoder = Decoder()
        self._file = file
        self._limits = limits
        self._place = place
        self._text = ""
        self._at = 0
        self._passed = 1
        self._end = False

    @property
    def line(self) -> int:
        """Where reading stands, from 1."""
        return self._passed + self._text.count("\n", 0, self._at)

    def peek(self) -> str:
        """The next character that is not blank, empty at the end."""
        while True:
            match = _BLANK.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._end:
                return ""
            self._more(_BLOCK)

    def _more(self, size: int) -> None:
        block = self._file.read(size)
        self._passed += self._text.count("\n", 0, self._at)
        self._text = self._text[self._at :] + block
        self._at = 0
        self._end = not block

    def _take(self, mark: str) -> None:
        if self.peek() != mark:
            raise not_json(self._place, self.line, f"{mark} expected")
        self._at += 1

    def value(self) -> Any:
        """The next value.

        Raises:
            Refused: READ_JSON, READ_DEPTH, READ_ELEMENT_TOO_LONG.
        """
        self.peek()
        while True:
            try:
                found, end = self.decoder.decode(self._text, self._at)
            except RecursionError:
                raise too_deep(self._place, self.line) from None
            except ValueError as error:
                if self._end:
                    where = self._passed + self._text.count("\n", 0, getattr(error, "pos", self._at))
                    raise not_json(self._place, where, getattr(error, "msg", "number too long")) from None
            else:
                # A number that touches the end of the text read so far may go on.
                if end < len(self._text) or self._end:
                    self._at = end
                    return found
            waiting = len(self._text) - self._at
            if waiting > self._limits.max_element:
                raise Refused(
                    "READ_ELEMENT_TOO_LONG",
                    f"第 {self.line} 行起的一个 JSON 元素超过 {self._limits.max_element} 个字符",
                    f"a JSON element from line {self.line} on is longer than {self._limits.max_element} characters",
                    place=replace(self._place, row=self.line),
                    remedy=_REPAIR,
                )
            self._more(max(_BLOCK, waiting))

    def walk(self) -> Iterator[str]:
        """The keys of the object that begins here; whoever iterates reads each value before going on."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            key = self.value() if self.peek() == '"' else None
            if not isinstance(key, str):
                raise not_json(self._place, self.line, "a key expected")
            self._take(":")
            yield key
            if self.peek() != ",":
                break
            self._at += 1
        self._take("}")

    def elements(self) -> Iterator[Any]:
        """The elements of the array that begins here."""
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            self.decoder.reset()
            yield self.value()
            if self.peek() != ",":
                break
            self._at += 1
        self._take("]")

    def records(self, path: Sequence[str], depth: int = 0) -> Iterator[Any]:
        """The elements of the array at `path`; what stands beside it is read too, so that the whole is checked."""
        told = ".".join(path)
        if self.peek() != ("[" if depth == len(path) else "{"):
            raise no_records_there(self._place, path=told)
        if depth == len(path):
            yield from self.elements()
            return
        found = False
        for key in self.walk():
            if key == path[depth]:
                if found:  # which of two lists is meant, nobody can tell, and none may get lost
                    raise no_records_there(self._place, path=told, lists=2)
                found = True
                yield from self.records(path, depth + 1)
            else:
                value = self.value()
                if depth == 0:
                    self.members[key] = value
        if not found:
            raise no_records_there(self._place, path=told)

    def finish(self) -> None:
        """Refuses anything behind the document."""
        if self.peek():
            raise not_json(self._place, self.line, "text after the end")
