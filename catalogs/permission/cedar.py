"""The one door to Cedar: policies as text in, decisions with reasons out.

    engine = PolicyEngine.load(folder.glob("reading*.cedar"), schema)
    engine.evaluate(("Person", "li"), "query", ("Item", "a.b.c/d"), context, entities) -> Decision

What holds of every engine, whatever its policies say:

1. Nothing granted means denied. A denial names every requirement that failed: Cedar reports each `forbid` that applies,
   so one evaluation says what evaluating them one by one would (a test compares).
2. Any diagnostic refuses: Cedar skips a policy that errs and goes on, we do not.
3. At loading, each policy has an `@id` of its own and both `@zh` and `@en` (or an entry in `texts`), all validate
   against the schema, and templates are refused; a set that fails any of this is not loaded at all.
4. Ids are passed as values, not as Cedar text, in Unicode NFC, so that no id is misread; the schema is always passed,
   so that a wrong attribute or context is a refusal and not a silent "no".
"""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cedarpy

from infra.errors import Place, Refused
from infra.language import Text

Uid = tuple[str, str]

DEFAULT_DENY = "default-deny"
POLICY_ERROR = "policy-error"

_TEXTS = {
    DEFAULT_DENY: Text("没有任何规则许可此操作", "no rule grants this"),
    POLICY_ERROR: Text("规则求值出错，按拒绝处理", "a policy could not be evaluated; that refuses"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, with the ids and texts of every rule that decided, and what is owed if it is used.

    `rules[n]` has the text `reasons[n]`. `obligations` is filled by whoever asked, e.g. `{"mask": [...]}`.
    """

    allowed: bool
    rules: tuple[str, ...]
    reasons: tuple[Text, ...]
    obligations: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of a request: attributes as JSON values (frozensets and tuples become Cedar sets)."""

    uid: Uid
    attrs: Mapping[str, Any] = field(default_factory=dict)
    parents: Sequence[Uid] = ()


class PolicyEngine:
    """A validated set of policies. Immutable; threads may share it.

    Args:
        policies: Cedar text.
        schema: Cedar schema text.
        texts: sentences by policy id, for policies that carry none as annotations.

    Raises:
        Refused: POLICY_INVALID, with every fault, when the set may not be used.
    """

    def __init__(self, policies: str, schema: str, texts: Mapping[str, Text] | None = None) -> None:
        try:
            self._schema = cedarpy.Schema.from_str(schema)
            found = json.loads(cedarpy.policies_to_json_str(policies))
            self._policies = cedarpy.PolicySet.from_str(policies)
        except ValueError as error:
            raise _invalid([_flat(str(error))]) from error
        faults = [str(error) for error in cedarpy.validate_policies(policies, self._schema).errors]
        if found.get("templates"):
            faults.append("templates are not allowed")
        self.texts, named = _named(found.get("staticPolicies", {}), texts or {})
        faults.extend(named)
        if faults:
            raise _invalid(faults)
        self._order = {rule: place for place, rule in enumerate(self.texts)}

    @classmethod
    def load(cls, files: Iterable[Path], schema: str, texts: Mapping[str, Text] | None = None) -> "PolicyEngine":
        """The engine of several policy files together, in the order of their names.

        Raises:
            Refused: POLICY_INVALID, also when a file cannot be read.
        """
        try:
            read = [path.read_text(encoding="utf-8") for path in sorted(files)]
        except (OSError, UnicodeDecodeError) as error:
            raise _invalid([f"a policy file cannot be read: {type(error).__name__}"]) from error
        return cls("\n".join(read), schema, texts)

    def entities(self, entities: Iterable[Entity]) -> cedarpy.Entities:
        """Entities parsed once, to be used in several evaluations.

        Raises:
            ValueError: they do not fit the schema.
        """
        return cedarpy.Entities.from_json_str(json.dumps([_entity(entity) for entity in entities]), self._schema)

    def evaluate(
        self,
        principal: Uid,
        action: str,
        resource: Uid,
        context: Mapping[str, Any],
        entities: Iterable[Entity] | cedarpy.Entities,
    ) -> Decision:
        """The decision on one request. Pass the slice of entities that it concerns, not the world. Never raises."""
        return self.evaluate_many(principal, action, [resource], context, entities)[0]

    def evaluate_many(
        self,
        principal: Uid,
        action: str,
        resources: Sequence[Uid],
        context: Mapping[str, Any],
        entities: Iterable[Entity] | cedarpy.Entities,
    ) -> list[Decision]:
        """The decisions on the same act upon several resources, in order. Never raises."""
        try:
            slice_ = entities if isinstance(entities, cedarpy.Entities) else self.entities(entities)
            head = {"principal": _uid(principal), "action": _uid(("Action", action)), "context": json.dumps(context)}
            requests = [{**head, "resource": _uid(resource)} for resource in resources]
            results = cedarpy.is_authorized_batch(requests, self._policies, slice_, self._schema)
        except (ValueError, TypeError):
            return [self._decision(False, [POLICY_ERROR])] * len(resources)
        return [self._of(result) for result in results]

    def _of(self, result: cedarpy.AuthzResult) -> Decision:
        said = result.diagnostics
        rules = sorted(
            {said.id_annotations_by_reason.get(reason, POLICY_ERROR) for reason in said.reasons},
            key=lambda rule: self._order.get(rule, -1),
        )
        if said.errors:
            # Cedar skipped the policy that erred; reasons of a permit then mean nothing.
            kept = rules if result.decision is cedarpy.Decision.Deny else []
            return self._decision(False, [POLICY_ERROR, *kept])
        if result.allowed and rules:
            return self._decision(True, rules)
        return self._decision(False, rules or [DEFAULT_DENY])

    def _decision(self, allowed: bool, rules: Sequence[str]) -> Decision:
        return Decision(allowed, tuple(rules), tuple(self.texts.get(rule) or _TEXTS[rule] for rule in rules))


def policy_files(city: Path, about: str) -> tuple[tuple[Path, int], ...]:
    """A city's own policy files, `policies/<about>*.cedar`, in their order, each with its time of modification.

    What cannot be looked at is named too: who loads it finds that it cannot be read, and refuses.
    """
    folder = city / "policies"
    try:
        files = sorted(path for path in folder.iterdir() if path.match(f"{about}*.cedar"))
    except FileNotFoundError:
        return ()
    except OSError:
        files = [folder / f"{about}.cedar"]
    return tuple((path, _modified(path)) for path in files)


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _named(policies: Mapping[str, Any], texts: Mapping[str, Text]) -> tuple[dict[str, Text], list[str]]:
    """Texts by policy id in the order of the file, and what is wrong with the ids."""
    found: dict[str, Text] = {}
    faults: list[str] = []
    for key in sorted(policies, key=lambda name: int(name.removeprefix("policy"))):
        annotations = policies[key].get("annotations", {})
        rule = annotations.get("id")
        if not rule:
            faults.append(f"{key} has no @id")
        elif rule in found or rule in _TEXTS:
            faults.append(f"@id {rule} stands twice")
        else:
            text = Text(annotations.get("zh") or "", annotations.get("en") or "")
            text = text if text.zh and text.en else texts.get(rule, text)
            if not (text.zh and text.en):
                faults.append(f"{rule} has no text in both languages (@zh and @en)")
            found[rule] = text
    return found, faults


def _uid(uid: Uid) -> dict[str, str]:
    return {"type": uid[0], "id": unicodedata.normalize("NFC", uid[1])}


def _entity(entity: Entity) -> dict[str, Any]:
    attrs = {name: _plain(value) for name, value in entity.attrs.items()}
    return {"uid": _uid(entity.uid), "attrs": attrs, "parents": [_uid(parent) for parent in entity.parents]}


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset | set | tuple | list):
        return [_plain(each) for each in value]
    return value


def _flat(said: str) -> str:
    return " ".join(said.split())[:300]


def _invalid(faults: Sequence[str]) -> Refused:
    return Refused(
        "POLICY_INVALID",
        "规则文件有误，未启用任何规则",
        "the policies are faulty; none of them is in force",
        place=Place(file="policies"),
        reasons=[Text(_flat(said), _flat(said)) for said in faults],
        remedy=Text("按所列改正 policies 中的规则", "mend the policies as listed"),
    )
