"""A JSON object as one record: nested objects flattened, keys matched with the contract's fields."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.text import fold
from lake.read.names import Wanted, spellings
from lake.read.spool import extra_json
from lake.read.stream import Literal

_UNKNOWN = -1
_ABSENT: Any = object()
_BOOLEANS = {True: "true", False: "false"}
_PROPERTIES = "properties."


@dataclass(frozen=True, slots=True)
class Laid:
    """A record laid out: values in the fields' order, what is left as JSON text, or its fault."""

    values: list[str | None]
    extra: str | None
    fault: str | None = None


class _Fault(Exception):
    """The record cannot be laid out."""


def plain_json(value: Any) -> str:
    """A value as compact JSON text; numbers keep their value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text_of(value: Any) -> str | None:
    """A value as the text of a field, None when it is no value."""
    if isinstance(value, str):
        if "\0" in value:
            raise _Fault("nul")
        if not value.isascii():
            value.encode("utf-8")  # raises on a lone surrogate
        return value or None
    if isinstance(value, Literal):
        return value.text
    if value is None or isinstance(value, bool):
        return None if value is None else _BOOLEANS[value]
    return str(value) if isinstance(value, int) else plain_json(value)


class Layout:
    """Lays records out.

    Attributes:
        others: keys that the contract does not know.
    """

    def __init__(self, fields: Sequence[Wanted], *, flatten: bool, max_depth: int, max_keys: int) -> None:
        self.names = [field.name for field in fields]
        self._unseen = set(range(len(self.names)))
        self.others: dict[str, None] = {}
        self._flatten = flatten
        self._max_depth = max_depth
        self._max_keys = max_keys
        index = {name: at for at, name in enumerate(self.names)}
        known = {spelling: index[name] for spelling, name in spellings(fields).items()}
        stripped = {
            spelling.removeprefix(_PROPERTIES): at for spelling, at in known.items() if spelling.startswith(_PROPERTIES)
        }
        self._known = {**stripped, **known}
        self._targets: dict[str, int] = {}

    @property
    def unseen(self) -> list[str]:
        """The fields that no record had."""
        return [self.names[at] for at in sorted(self._unseen)]

    @property
    def too_many(self) -> bool:
        """Whether the records have more different keys than a table may have columns."""
        return len(self._targets) > self._max_keys

    def lay(self, record: Any, *, doubled: bool) -> Laid:
        """One record; `doubled` when one of its objects holds a key twice."""
        fault = "duplicate_key" if doubled else None
        if not isinstance(record, dict):
            fault = "not_object"
        elif is_feature(record):
            record = _feature(record)
        if fault is None:
            values: list[Any] = [_ABSENT] * len(self.names)
            extra: dict[str, Any] = {}
            try:
                self._walk("", record, 1, (values, extra))
                laid = [None if value is _ABSENT else value for value in values]
                return Laid(laid, extra_json(extra) if extra else None)
            except _Fault as error:
                fault = str(error)
            except RecursionError:
                fault = "too_deep"
            except UnicodeEncodeError:
                fault = "json"
        return Laid([], _whole(record), fault)

    def _walk(self, prefix: str, record: dict[str, Any], depth: int, into: tuple[list[Any], dict[str, Any]]) -> None:
        if depth > self._max_depth:
            raise _Fault("too_deep")
        values, extra = into
        for key, value in record.items():
            path = prefix + key
            target = self._targets.get(path)
            if target is None:
                target = self._known.get(fold(path), _UNKNOWN)
                if not self.too_many:
                    self._targets[path] = target
            if target >= 0:
                if values[target] is not _ABSENT:
                    raise _Fault("duplicate_key")
                if target in self._unseen:
                    self._unseen.discard(target)
                values[target] = text_of(value)
            elif isinstance(value, dict) and value and self._flatten:
                self._walk(path + ".", value, depth + 1, into)
            else:
                self.others.setdefault(path)
                extra[path] = value
                text_of(value)  # refuses what no text can hold


def is_feature(record: dict[str, Any]) -> bool:
    """Whether it is a GeoJSON feature."""
    return record.get("type") == "Feature" and "geometry" in record


def _feature(record: dict[str, Any]) -> dict[str, Any]:
    """A feature as a record: its properties at the top, its geometry, its id where the properties have none."""
    properties = record.get("properties") or {}
    if not isinstance(properties, dict):
        return record
    rest = {key: value for key, value in record.items() if key not in {"type", "properties", "id"}}
    if "id" in record and "id" not in properties:
        rest["id"] = record["id"]
    return {**properties, **{(f"feature.{key}" if key in properties else key): value for key, value in rest.items()}}


def _whole(record: Any) -> str:
    try:
        text = plain_json(record)
    except RecursionError:
        text = '"…"'
    # Lone surrogates and NULs cannot stand in a table; the raw bytes stay landed.
    return extra_json({"_text": text.encode("utf-8", "replace").decode("utf-8")})
