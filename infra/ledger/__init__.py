"""The ledger: an append-only Merkle log of the acts of the house, provable offline. See `README.md` beside this file.

The names most callers need are offered here and loaded on first use, so that a command line stays quick to start.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.ledger.acts import Act
    from infra.ledger.bundle_check import verify_bundle
    from infra.ledger.checkpoint import Checkpoint
    from infra.ledger.entry import EntryRef, NewEntry
    from infra.ledger.log import Ledger
    from infra.ledger.receipt import Receipt
    from infra.ledger.report import Fault, Report

__all__ = ["Act", "Checkpoint", "EntryRef", "Fault", "Ledger", "NewEntry", "Receipt", "Report", "verify_bundle"]

_HOMES = {
    "Act": "acts",
    "Checkpoint": "checkpoint",
    "EntryRef": "entry",
    "Fault": "report",
    "Ledger": "log",
    "NewEntry": "entry",
    "Receipt": "receipt",
    "Report": "report",
    "verify_bundle": "bundle_check",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
