"""Reading deliveries: detection by content, one source of texts per format. See README.md for what one record is."""

from lake.read.reading import read
from lake.read.source import FAULTS, Limits, Note, Source

__all__ = ["FAULTS", "Limits", "Note", "Source", "read"]
