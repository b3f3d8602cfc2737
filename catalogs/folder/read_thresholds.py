"""A city's own thresholds of triggers, out of `<city>/grading.yaml`.

Without the file those of `catalogs.rules.grading` hold.

records, personal, sensitive, vehicle_persons   from how many records on
linkage                                         from how many quasi-identifiers beside a subject key on
words                                           {precision: […], trade: […], survey: […], object: […], …}
"""

import re
from dataclasses import replace
from pathlib import Path

from catalogs.folder.fields import Fields
from catalogs.folder.yamltree import Mapping, read_file
from catalogs.rules.faults import Fault, refusal
from catalogs.rules.grading import WORDS, Thresholds

FILE = "grading.yaml"
_COUNT, _COUNT_SAID = re.compile(r"[1-9][0-9]{0,11}"), ("正整数", "a whole number above zero")


def thresholds(city: Path) -> Thresholds:
    """The thresholds of the city's folder.

    Raises:
        Refused: CATALOG_FAULTY with every fault of grading.yaml.
    """
    found, faults = read_thresholds(city)
    if faults:
        raise refusal(faults)
    return found


def read_thresholds(city: Path) -> tuple[Thresholds, list[Fault]]:
    """The thresholds, and every fault of the file."""
    found = Thresholds()
    if not (city / FILE).exists():
        return found, []
    node, faults = read_file(city / FILE, FILE)
    fields = Fields(node if isinstance(node, Mapping) else Mapping(1), FILE, "", faults)
    if faults:
        return found, faults
    numbers = {}
    for key in ("records", "personal", "sensitive", "vehicle_persons", "linkage"):
        text = fields.form(key, _COUNT, _COUNT_SAID, required=False)
        if text is not None and _COUNT.fullmatch(text):
            numbers[key] = int(text)
    inner = fields.child("words", required=False)
    words = {} if inner is None else {kind: inner.texts(kind) for kind in WORDS if kind in inner.node.values}
    if inner is not None:
        inner.finish()
    fields.finish()
    return replace(found, **numbers, words=words), faults
