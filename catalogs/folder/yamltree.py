"""YAML as a tree in which every value knows its line, read without trust.

What a city's files may hold is less than YAML: mappings, sequences and scalars. Refused, each with its line: anchors
and aliases (a "billion laughs" file needs them), tags, keys that stand twice, keys that are no text, several documents,
nesting deeper than `DEPTH`, more than `NODES` values, files larger than `BYTES`, text that is not UTF-8. The reading is
driven by events, so that no input can exhaust the stack. Scalars stay the text that was written: `0123` keeps its zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

from catalogs.rules.faults import Fault, fault
from infra.errors import Place

BYTES = 32 * 1024 * 1024
NODES = 2_000_000
DEPTH = 32
SCALAR = 20_000

NULLS = frozenset({"", "~", "null", "Null", "NULL"})

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Scalar(msgspec.Struct, gc=False):
    """A text as written; `plain` when it stood without quotes."""

    text: str
    plain: bool
    line: int

    @property
    def missing(self) -> bool:
        """Whether it says that there is no value."""
        return self.plain and self.text.strip() in NULLS


@dataclass(slots=True)
class Sequence:
    """Values in order."""

    line: int
    values: list["Node"] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """Values by key, with the line of each key."""

    line: int
    values: dict[str, "Node"] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


Node = Scalar | Sequence | Mapping


class _Stop(Exception):
    """Reading on would not be safe or make sense."""

    def __init__(self, found: Fault) -> None:
        super().__init__(found.code)
        self.found = found


def read_file(path: Path, name: str) -> tuple[Node | None, list[Fault]]:
    """The tree of one file and every fault found while reading; the tree is None when there is none to check.

    Args:
        path: the file.
        name: the name under which faults speak of it.
    """
    place = Place(file=name)
    try:
        size = path.stat().st_size
        if size > BYTES:
            return None, [_too_large(place, f"{BYTES // 1024 // 1024} MiB")]
        data = path.read_bytes()
    except OSError as error:
        said = error.strerror or type(error).__name__
        return None, [
            fault("CATALOG_FILE_UNREADABLE", f"文件不能读取：{said}", f"the file cannot be read: {said}", place=place)
        ]
    return read_bytes(data, name)


def read_bytes(data: bytes, name: str) -> tuple[Node | None, list[Fault]]:
    """As `read_file`, of bytes."""
    place = Place(file=name)
    if len(data) > BYTES:
        return None, [_too_large(place, f"{BYTES // 1024 // 1024} MiB")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, [
            fault(
                "CATALOG_ENCODING",
                "文件不是 UTF-8 编码",
                "the file is not UTF-8",
                place=Place(file=name, row=line),
                remedy=("用 UTF-8 重新保存", "save it again as UTF-8"),
            )
        ]
    builder = _Builder(name)
    try:
        root = builder.build(yaml.parse(text, Loader=_LOADER))
    except _Stop as stop:
        return None, [*builder.faults, stop.found]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [*builder.faults, _syntax(name, mark.line + 1 if mark else None, error.problem or "")]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # A reader error may quote the file: only its kind is told, and the line, counted to the byte that it names.
        at = error.position if isinstance(error, yaml.reader.ReaderError) else None
        where = None if at is None else text.encode()[:at].count(b"\n") + 1
        return None, [*builder.faults, _syntax(name, where, type(error).__name__)]
    return root, builder.faults


def _too_large(place: Place, limit: str) -> Fault:
    return fault(
        "CATALOG_YAML_TOO_LARGE",
        f"文件超过上限 {limit}",
        f"the file is larger than {limit}",
        place=place,
        remedy=("拆成几个文件", "split it into several files"),
    )


def _syntax(name: str, line: int | None, problem: str) -> Fault:
    said = " ".join(problem.split())[:200]
    return fault(
        "CATALOG_YAML_SYNTAX",
        "YAML 语法错误",
        f"the YAML syntax is broken: {said}",
        place=Place(file=name, row=line),
        remedy=("改正该行的缩进、引号或冒号", "mend indentation, quotes or colons near this line"),
    )


_PLAIN = (None, "")


def _simple(event: Any) -> bool:
    return event.anchor is None and event.tag is None and len(event.value) <= SCALAR


class _Builder:
    """Builds the tree from events; what is refused but can be skipped is a fault, what cannot be skipped stops."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults: list[Fault] = []
        self._stack: list[tuple[Sequence | Mapping, list[Scalar | None]]] = []
        self._nodes = 0
        self._root: Node | None = None
        self._documents = 0

    def build(self, events: Iterator[Any]) -> Node | None:
        stack = self._stack
        for event in events:
            # Nearly all are plain keys and values of a mapping: they are laid down here, with no call for each.
            if type(event) is not yaml.ScalarEvent or not stack or not _simple(event):
                self._take(event)
                continue
            parent, pending = stack[-1]
            line: int = event.start_mark.line + 1  # type: ignore[union-attr]  # libyaml marks every event
            key = pending[0]
            if type(parent) is not Mapping or self._nodes >= NODES or (key is not None and key.text in parent.values):
                self._take(event)
                continue
            self._nodes += 1
            said = Scalar(event.value, event.implicit[0] and event.style in _PLAIN, line)
            if key is None:
                pending[0] = said
                continue
            pending[0] = None
            parent.values[key.text] = said
            parent.lines[key.text] = key.line
        return self._root

    def _take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if type(event) is yaml.ScalarEvent:  # nearly all are
            self._open(event, line)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._stop("CATALOG_YAML_DOCUMENTS", line, "文件含多个文档", "the file holds several documents")
        elif isinstance(event, yaml.AliasEvent):
            self._stop("CATALOG_YAML_ALIAS", line, "不允许别名(*)", "aliases (*) are not allowed")
        elif isinstance(event, yaml.NodeEvent):
            self._open(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._stack.pop()

    def _open(self, event: Any, line: int) -> None:
        self._nodes += 1
        if self._nodes > NODES:
            self._stop("CATALOG_YAML_TOO_LARGE", line, f"值超过 {NODES} 个", f"more than {NODES} values")
        if event.anchor is not None:
            self._stop("CATALOG_YAML_ALIAS", line, "不允许锚点(&)", "anchors (&) are not allowed")
        if event.tag is not None and event.tag != "!":
            self._stop("CATALOG_YAML_TAG", line, "不允许类型标签(!)", "tags (!) are not allowed")
        if isinstance(event, yaml.ScalarEvent):
            if len(event.value) > SCALAR:
                self._stop(
                    "CATALOG_YAML_TOO_LARGE", line, f"文本超过 {SCALAR} 字", f"a text longer than {SCALAR} characters"
                )
            self._add(Scalar(event.value, bool(event.implicit[0]) and event.style in (None, ""), line))
            return
        node: Sequence | Mapping = Sequence(line) if isinstance(event, yaml.SequenceStartEvent) else Mapping(line)
        self._add(node)
        self._stack.append((node, [None]))
        if len(self._stack) > DEPTH:
            self._stop("CATALOG_YAML_DEPTH", line, f"嵌套超过 {DEPTH} 层", f"nested deeper than {DEPTH}")

    def _add(self, node: Node) -> None:
        if not self._stack:
            self._root = node
            return
        parent, pending = self._stack[-1]
        if isinstance(parent, Sequence):
            parent.values.append(node)
            return
        key, pending[0] = pending[0], None
        if key is None:
            if not isinstance(node, Scalar):
                self._stop("CATALOG_YAML_KEY", node.line, "键不是文本", "a key is no text")
            else:
                pending[0] = node
        elif key.text in parent.values:
            self.faults.append(
                fault(
                    "CATALOG_YAML_DUPLICATE_KEY",
                    f"键“{key.text}”重复，首次在第 {parent.lines[key.text]} 行",
                    f"the key {key.text!r} stands twice, first at line {parent.lines[key.text]}",
                    place=Place(file=self.name, row=key.line),
                    field=key.text,
                    remedy=("只留一个", "keep one of them"),
                )
            )
        else:
            parent.values[key.text] = node
            parent.lines[key.text] = key.line

    def _stop(self, code: str, line: int, zh: str, en: str) -> None:
        raise _Stop(fault(code, zh, en, place=Place(file=self.name, row=line)))


class Dumper(yaml.SafeDumper):
    """Writes what this reader reads back as it was: no anchors, and quotes around a text with blanks at its ends.

    PyYAML knows of the blanks of ASCII alone, and leaves a full-width or a non-breaking one bare.
    """

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        """Never point at an earlier value: the reader refuses what points."""
        return True


def _text(dumper: Dumper, text: str) -> yaml.ScalarNode:
    style = "'" if text != text.strip() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Dumper.add_representer(str, _text)
