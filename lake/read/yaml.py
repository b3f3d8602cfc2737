"""YAML: a list of mappings, the one such list inside a mapping, a mapping alone, or several documents of these.

What one record is: an element of the list, or the mapping; its place is the line where it begins. Scalars are the
texts that stand there: `010` keeps its zero, `yes` is no boolean, a date no date; only a bare `null`, `~` or nothing at
all is no value. Anchors and aliases are followed and `<<` is merged; what all of it unfolds to is limited, as are
nesting and size, so that a file of a few lines cannot grow without end. Read by events, no input can exhaust the stack.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from infra.errors import Place, Refused
from infra.language import Text
from lake.read.encoding import as_utf8
from lake.read.json import Item, laid_out
from lake.read.source import Job, Limits, Source
from lake.read.stream import Doubled, holds_doubled, no_records_there

MOST_BYTES = 32 * 1024 * 1024
_NODE = 16  # what a value weighs beside its characters
_CORE = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_REPAIR = Text("在源系统中改正后重新导出并报送", "correct it in the source system, export it again and deliver it")


def read_yaml(job: Job) -> Source:
    """The source of a YAML file.

    Raises:
        Refused: READ_YAML, READ_YAML_SIZE, READ_DEPTH, READ_RECORD_PATH, READ_RECORD_FAULTY, READ_COLUMN_MISSING,
            READ_NO_RECORDS and the encodings' codes.
    """
    place = Place(file=job.name, dataset=job.contract.id)
    path, encoding = as_utf8(job, place)
    if path.stat().st_size > MOST_BYTES:
        raise _too_large(place, 1)
    text = path.read_text(encoding="utf-8-sig")
    wanted = job.contract.reading.record_path
    found = (
        Item(line, value, holds_doubled(value))
        for document in _documents(text, job.limits, place)
        for line, value in _records(document, wanted.split(".") if wanted else None, place)
    )
    return laid_out(job, found, "yaml", encoding)


class _List(list[Any]):
    """A list that knows the line of each element."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


@dataclass(slots=True)
class _Open:
    """A collection whose end is not reached yet, with the key that waits for its value and what `<<` names."""

    value: Any
    anchor: str | None
    line: int
    weight: int
    key: str | None = None
    merges: bool = False
    merged: list[Any] = field(default_factory=list)
    doubled: bool = False


def _records(document: tuple[int, Any], path: Sequence[str] | None, place: Place) -> Iterator[tuple[int, Any]]:
    """Line and value of each record of a document."""
    line, value = document
    if path is not None:
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if not isinstance(value, _List):
            raise no_records_there(place, "YAML", path=".".join(path))
    elif isinstance(value, dict):
        lists = [one for one in value.values() if isinstance(one, _List) and one and isinstance(one[0], dict)]
        if len(lists) > 1:  # which of them is meant, nobody can tell, and none may get lost
            raise no_records_there(place, "YAML", lists=len(lists))
        value = lists[0] if lists else value
    if isinstance(value, _List):
        yield from zip(value.lines, value, strict=True)
    elif value is not None:
        yield line, value


def _documents(text: str, limits: Limits, place: Place) -> Iterator[tuple[int, Any]]:
    """Line and value of each document."""
    builder = _Builder(limits, place)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
            if isinstance(event, yaml.DocumentEndEvent):
                yield builder.finished()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _wrong(place, mark.line + 1 if mark else builder.line) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _wrong(place, builder.line) from None


class _Builder:
    """Builds one document after another from events.

    Attributes:
        line: that of the last event.
    """

    def __init__(self, limits: Limits, place: Place) -> None:
        self.line = 1
        self._limits, self._place = limits, place
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._root: tuple[int, Any] = (1, None)
        self._weight = 0

    def finished(self) -> tuple[int, Any]:
        """The document that just ended; forgets its anchors."""
        self._anchors.clear()
        return self._root

    def take(self, event: Any) -> None:
        """The next event."""
        self.line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:  # unknown, or what holds this very alias
                raise _wrong(self._place, self.line)
            value, weight = self._anchors[event.anchor]
            self._weigh(weight)
            self._add(value, self.line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            if event.tag not in (None, "!") and not event.tag.startswith(_CORE):
                raise _wrong(self._place, self.line)  # only a program of theirs knows what it stands for
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            else:
                self._begin(event)

    def _weigh(self, more: int) -> None:
        self._weight += more
        if self._weight > self._limits.max_element:
            raise _too_large(self._place, self.line)

    def _scalar(self, event: Any) -> None:
        weight = _NODE + len(event.value)
        self._weigh(weight)
        bare = event.implicit[0] and not event.style
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None and not top.merges:
            if bare and event.value == "<<":
                top.merges = True
            else:
                top.key = event.value
                top.doubled = top.doubled or event.value in top.value
            return
        value = None if bare and event.value in _NULLS else event.value
        if event.anchor:
            self._anchors[event.anchor] = (value, weight)
        self._add(value, self.line)

    def _begin(self, event: Any) -> None:
        if len(self._open) >= self._limits.max_depth:
            said = Text(
                f"第 {self.line} 行附近的 YAML 嵌套过深", f"near line {self.line} the YAML is nested too deeply"
            )
            raise _refused("READ_DEPTH", said, self._place, self.line)
        value: Any = _List() if isinstance(event, yaml.SequenceStartEvent) else {}
        self._open.append(_Open(value, event.anchor, self.line, self._weight))
        self._weigh(_NODE)

    def _end(self) -> None:
        done = self._open.pop()
        for source in done.merged:
            for key, value in source.items():
                done.value.setdefault(key, value)
        made = Doubled(done.value) if done.doubled else done.value
        if done.anchor:
            self._anchors[done.anchor] = (made, self._weight - done.weight)
        self._add(made, done.line)

    def _add(self, value: Any, line: int) -> None:
        if not self._open:
            self._root = (line, value)
            return
        top = self._open[-1]
        if isinstance(top.value, _List):
            top.value.append(value)
            top.value.lines.append(line)
        elif top.merges:
            sources = value if isinstance(value, list) else [value]
            if not all(isinstance(source, dict) for source in sources):
                raise _wrong(self._place, line)
            top.merged += sources
            top.merges = False
        elif top.key is None:  # a key that is no text
            raise _wrong(self._place, line)
        else:
            top.value[top.key] = value
            top.key = None


def _refused(code: str, said: Text, place: Place, line: int) -> Refused:
    return Refused(code, said.zh, said.en, place=replace(place, row=line), remedy=_REPAIR)


def _wrong(place: Place, line: int) -> Refused:
    said = Text(f"第 {line} 行附近不是有效的 YAML", f"near line {line} the file is not valid YAML")
    return _refused("READ_YAML", said, place, line)


def _too_large(place: Place, line: int) -> Refused:
    said = Text(f"YAML 到第 {line} 行展开后超过上限", f"up to line {line} the YAML unfolds to more than is allowed")
    return _refused("READ_YAML_SIZE", said, place, line)
