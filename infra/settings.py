"""Settings: small frozen structs beside what they configure, read from the environment once, at the edge.

A settings class is a frozen `msgspec.Struct` of at most ten fields with a class variable `section`. Its field `a_b` is
the variable `HUB_<SECTION>_A_B`; with an empty section it is `HUB_A_B`; a field with the section's own name is
`HUB_<SECTION>`. An empty variable counts as unset. Every variable is documented in `infra/env.example`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec

from infra.errors import WrongUse
from infra.language import Text

S = TypeVar("S", bound=msgspec.Struct)


class Secret:
    """A value that never shows itself: not in repr, not in str, not in a log or an error."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself; call it where it is used and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('…')"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))


class Settings(msgspec.Struct, frozen=True):
    """The base of settings classes; `section` names their variables."""

    section: ClassVar[str] = ""


def variable(cls: type[msgspec.Struct], field: str, prefix: str = "HUB_") -> str:
    """The name of the environment variable behind `field` of `cls`."""
    section: str = getattr(cls, "section", "")
    parts = [section] if field == section else [section, field]
    return prefix + "_".join(part for part in parts if part).upper()


def _decode(kind: type, value: Any) -> Any:
    if kind is Secret:
        return Secret(value)
    if issubclass(kind, Path):
        return Path(value).expanduser()
    raise NotImplementedError


def load(cls: type[S], environ: Mapping[str, str], prefix: str = "HUB_") -> S:
    """An instance of `cls` from `environ`.

    Raises:
        WrongUse: `SETTING_MISSING` or `SETTING_WRONG`; the error names the variable and never repeats its value.
    """
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(cls):
        name = variable(cls, field.name, prefix)
        given = environ.get(name, "").strip()
        if given:
            values[field.name] = _convert(name, given, field.type)
        elif field.required:
            raise WrongUse(
                "SETTING_MISSING",
                f"环境变量 {name} 未设置",
                f"the environment variable {name} is not set",
                remedy=Text("参见 infra/env.example", "see infra/env.example"),
            )
    return cls(**values)


def _convert(name: str, given: str, kind: Any) -> Any:
    text: Any = given.lower() if kind is bool else given
    try:
        return msgspec.convert(text, kind, strict=False, dec_hook=_decode)
    except (msgspec.ValidationError, ValueError):
        # "from None": the library's message may repeat the value, and the value may be a secret.
        raise WrongUse(
            "SETTING_WRONG",
            f"环境变量 {name} 的值不符合要求",
            f"the environment variable {name} has a value of the wrong kind",
            remedy=Text("参见 infra/env.example", "see infra/env.example"),
        ) from None


def declared() -> tuple[type[msgspec.Struct], ...]:
    """Every settings class of the modules imported so far: the subclasses of `Settings`, without their base."""
    return tuple(sorted(_below(Settings), key=lambda cls: (cls.__module__, cls.__qualname__)))


def _below(cls: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for child in cls.__subclasses__():
        yield child
        yield from _below(child)
