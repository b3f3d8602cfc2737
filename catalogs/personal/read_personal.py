"""The rules of personal information out of `policies/personal.yaml`, and the edition that a city chose.

A city's `personal.yaml` holds one key, `edition`; without the file the edition holds that the rules name as default.
"""

import re
from datetime import date
from pathlib import Path

from catalogs.folder.fields import Fields
from catalogs.folder.yamltree import Mapping, read_bytes, read_file
from catalogs.personal.personal import EditionHead, Evidence, PersonalRule, PersonalRules, Ruled, Standing, house_rules
from catalogs.rules.faults import Fault, refusal
from catalogs.values.model import Content, Edition, IdentifierRole, PersonalKind
from infra.text import fold

FILE = "personal.yaml"
HOUSE = Path(__file__).parents[1] / "policies" / FILE
_VERSION, _VERSION_SAID = re.compile(r"[1-9][0-9]{0,5}"), ("正整数", "a whole number above zero")
_ID, _ID_SAID = re.compile(r"[a-z][a-z0-9_]{0,62}"), ("小写字母、数字、下划线", "lower-case letters, digits and _")


def read_house() -> PersonalRules:
    """The rules of the house, with the edition in force that they name; `house_rules` keeps them.

    Raises:
        Refused: CATALOG_FAULTY, the file that comes with the package is broken.
    """
    found, faults = read_rules(HOUSE.read_bytes())
    if found is None:
        raise refusal(faults)
    return found


def personal_rules(city: Path) -> PersonalRules:
    """The rules, with the edition in force that the city of the folder chose.

    Raises:
        Refused: CATALOG_FAULTY with every fault of the city's personal.yaml.
    """
    found, faults = read_personal(city)
    if faults:
        raise refusal(faults)
    return found


def read_personal(city: Path) -> tuple[PersonalRules, list[Fault]]:
    """The rules, and every fault of the city's file."""
    rules = house_rules()
    if not (city / FILE).exists():
        return rules, []
    node, faults = read_file(city / FILE, FILE)
    fields = Fields(node if isinstance(node, Mapping) else Mapping(1), FILE, "", faults)
    if faults:
        return rules, faults
    edition = fields.word("edition", Edition)
    fields.finish()
    return (rules if edition is None else rules.under(edition)), faults


def read_rules(data: bytes) -> tuple[PersonalRules | None, list[Fault]]:
    """A rule set and every fault of it; None where it has one. Each class has a rule, by each edition."""
    node, faults = read_bytes(data, f"policies/{FILE}")
    fields = Fields(node if isinstance(node, Mapping) else Mapping(1), f"policies/{FILE}", "", faults)
    version = fields.form("version", _VERSION, _VERSION_SAID)
    default = fields.word("default", Edition)
    editions = dict(_head(inner) for inner in fields.children("editions"))
    rules = tuple(_rule(inner) for inner in fields.children("rules"))
    fields.finish()
    plain = {rule.kind for rule in rules if rule is not None and rule.says is None and rule.content is None}
    for kind in PersonalKind:
        if kind not in plain:
            fields.note("CATALOG_FIELD_MISSING", f"{kind} 没有规则", f"there is no rule for {kind}", key="rules")
    if faults or version is None or default is None:
        return None, faults
    heads = {edition: head for edition, head in editions.items() if edition is not None and head is not None}
    return PersonalRules(int(version), default, heads, tuple(rule for rule in rules if rule is not None)), faults


def _head(fields: Fields) -> tuple[Edition | None, EditionHead | None]:
    edition, name, since = fields.word("id", Edition), fields.both("name"), fields.date("from")
    fields.finish()
    if since is None:
        fields.missing("from")
    return edition, EditionHead(name, since) if name and isinstance(since, date) else None


def _rule(fields: Fields) -> PersonalRule | None:
    identity, name = fields.form("id", _ID, _ID_SAID), fields.both("name")
    content = fields.word("content", Content, required=False)
    kind = fields.word("class", PersonalKind, required=content is None)
    pattern = fields.text("says", required=False)
    exact = frozenset(fold(word) for word in fields.texts("exact"))
    evidence = fields.word("of", Evidence, required=False)
    role = fields.word("identifier", IdentifierRole, required=False) or IdentifierRole.NONE
    grade, adds = fields.grade("grade", required=False), fields.word("adds", Content, required=False)
    inner = fields.child("in")
    editions = {} if inner is None else {edition: _ruled(inner, edition) for edition in Edition}
    if inner is not None:
        inner.finish()
    fields.finish()
    says = _pattern(fields, pattern)
    held = {edition: ruled for edition, ruled in editions.items() if ruled is not None}
    if identity is None or name is None:
        return None
    return PersonalRule(identity, kind, name, held, says, exact, evidence, content, role, grade, adds)


def _pattern(fields: Fields, text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        fields.note("CATALOG_FIELD_KIND", f"says 不是正则表达式：{error}", f"says is no pattern: {error}", key="says")
        return None


def _ruled(fields: Fields, edition: Edition) -> Ruled | None:
    inner = fields.child(str(edition))
    if inner is None:
        return None
    standing, basis = inner.word("is", Standing), inner.both("basis")
    inner.finish()
    return Ruled(standing, basis) if standing and basis else None
