"""Modules that a library imports at its start and we never need: loaded when somebody touches them, if ever.

Python's own `importlib.util.LazyLoader` does not do: in 3.11 a second `import` of such a module already loads it.
"""

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands in for a module until one of its names is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def load_later(*names: str) -> None:
    """Let `import` of these modules cost nothing until one of their names is used. Those loaded already stay."""
    for name in names:
        if name not in sys.modules and importlib.util.find_spec(name) is not None:
            sys.modules[name] = _Later(name)
