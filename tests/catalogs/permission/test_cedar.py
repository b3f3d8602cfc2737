"""The engine behind every decision: deny by default, all reasons, no error overlooked, no faulty set loaded."""

from pathlib import Path

import pytest

from catalogs.permission.cedar import DEFAULT_DENY, POLICY_ERROR, Entity, PolicyEngine
from infra.errors import Refused
from infra.language import Text

SCHEMA = """
entity Person = { level: Long, tags: Set<String> };
entity Thing = { level: Long };
action look, touch appliesTo { principal: [Person], resource: [Thing], context: { why?: String } };
"""


def rule(name: str, body: str) -> str:
    return f'@id("{name}") @zh("{name}的中文") @en("{name} in English") {body}\n'


PERMIT = rule("allow", 'permit (principal, action == Action::"look", resource);')
FORBIDS = [
    rule("level", "forbid (principal, action, resource) unless { principal.level >= resource.level };"),
    rule("why", "forbid (principal, action, resource) unless { context has why };"),
    rule("tag", 'forbid (principal, action, resource) unless { principal.tags.contains("ok") };'),
]
OVERFLOW = rule("overflow", "forbid (principal, action, resource) when { resource.level * 9223372036854775807 > 0 };")


def entities(level: int = 1, thing: int = 1, tags: tuple[str, ...] = ("ok",)) -> list[Entity]:
    return [
        Entity(("Person", "p"), {"level": level, "tags": frozenset(tags)}),
        Entity(("Thing", "t"), {"level": thing}),
    ]


def ask(engine: PolicyEngine, act: str = "look", context: dict[str, object] | None = None, **what: object):  # type: ignore[no-untyped-def]
    asked = {"why": "x"} if context is None else context
    return engine.evaluate(("Person", "p"), act, ("Thing", "t"), asked, entities(**what))  # type: ignore[arg-type]


def test_allowed_says_which_rule_permits() -> None:
    decision = ask(PolicyEngine(PERMIT + "".join(FORBIDS), SCHEMA))
    assert (decision.allowed, decision.rules) == (True, ("allow",))
    assert decision.reasons == (Text("allow的中文", "allow in English"),)


def test_nothing_granted_is_denied() -> None:
    for engine in (PolicyEngine("", SCHEMA), PolicyEngine("".join(FORBIDS), SCHEMA), PolicyEngine(PERMIT, SCHEMA)):
        decision = ask(engine, "touch")
        assert (decision.allowed, decision.rules) == (False, (DEFAULT_DENY,))
        assert decision.reasons[0].zh


@pytest.mark.parametrize("tags", [(), ("ok",)])
@pytest.mark.parametrize("context", [{}, {"why": "x"}])
@pytest.mark.parametrize("level", [0, 1])
def test_one_evaluation_names_what_each_rule_alone_would(
    level: int, context: dict[str, object], tags: tuple[str, ...]
) -> None:
    whole = ask(PolicyEngine(PERMIT + "".join(FORBIDS), SCHEMA), context=context, level=level, tags=tags)
    alone = [ask(PolicyEngine(PERMIT + forbid, SCHEMA), context=context, level=level, tags=tags) for forbid in FORBIDS]
    failed = tuple(decision.rules[0] for decision in alone if not decision.allowed)
    assert whole.allowed == (not failed)
    assert whole.rules == (failed or ("allow",))


def test_a_rule_that_errs_refuses_though_cedar_skips_it() -> None:
    engine = PolicyEngine(PERMIT + OVERFLOW, SCHEMA)
    decision = ask(engine, thing=3, level=5)
    assert (decision.allowed, decision.rules) == (False, (POLICY_ERROR,))
    both = ask(PolicyEngine(PERMIT + OVERFLOW + FORBIDS[0], SCHEMA), thing=3, level=2)
    assert both.rules == (POLICY_ERROR, "level")


@pytest.mark.parametrize(
    ("act", "context"),
    [("dance", {"why": "x"}), ("look", {"why": 3}), ("look", {"other": "x"}), ("look", {"why": {"a", "b"}})],
)
def test_a_request_outside_the_schema_refuses(act: str, context: dict[str, object]) -> None:
    assert ask(PolicyEngine(PERMIT, SCHEMA), act, context).rules == (POLICY_ERROR,)


def test_unknown_entities_refuse() -> None:
    engine = PolicyEngine(PERMIT + FORBIDS[0], SCHEMA)
    person = entities()[:1]
    assert engine.evaluate(("Person", "p"), "look", ("Thing", "t"), {}, person).rules == (POLICY_ERROR,)
    wrong = [Entity(("Person", "p"), {"level": "high", "tags": ()}), entities()[1]]
    assert engine.evaluate(("Person", "p"), "look", ("Thing", "t"), {}, wrong).rules == (POLICY_ERROR,)
    alien = [*entities(), Entity(("Alien", "a"), {})]
    assert engine.evaluate(("Person", "p"), "look", ("Thing", "t"), {}, alien).rules == (POLICY_ERROR,)


@pytest.mark.parametrize("name", ['a"b', "a\nb", "路/段", "a\\u{0}", 'Thing::"t"', "e\u0301"])
def test_ids_are_values_and_not_text(name: str) -> None:
    engine = PolicyEngine(PERMIT + FORBIDS[0], SCHEMA)
    slice_ = [entities()[0], Entity(("Thing", name), {"level": 1})]
    assert engine.evaluate(("Person", "p"), "look", ("Thing", name), {}, slice_).allowed
    assert engine.evaluate(("Person", "p"), "look", ("Thing", "\u00e9"), {}, slice_).allowed == (name == "e\u0301")


def test_texts_may_come_apart_from_the_rules() -> None:
    engine = PolicyEngine('@id("allow") permit (principal, action, resource);', SCHEMA, {"allow": Text("可", "may")})
    assert ask(engine).reasons == (Text("可", "may"),)


@pytest.mark.parametrize(
    "policies",
    [
        "permit (principal, action, resource);",
        '@id("a") permit (principal, action, resource);',
        '@id("a") @zh("甲") permit (principal, action, resource);',
        PERMIT + PERMIT,
        rule(POLICY_ERROR, "permit (principal, action, resource);"),
        rule("a", "permit (principal, action, resource) when { resource.colour == 1 };"),
        rule("a", 'permit (principal, action == Action::"fly", resource);'),
        rule("a", "permit (principal == ?principal, action, resource);"),
        rule("a", "permit (principal, action, resource) when { "),
        "not cedar at all",
    ],
)
def test_a_faulty_set_is_not_loaded_at_all(policies: str) -> None:
    with pytest.raises(Refused, match="POLICY_INVALID"):
        PolicyEngine(PERMIT.replace('"allow"', '"first"') + policies, SCHEMA)


def test_a_faulty_schema_or_file_is_not_loaded(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="POLICY_INVALID"):
        PolicyEngine(PERMIT, "entity")
    with pytest.raises(Refused, match="POLICY_INVALID"):
        PolicyEngine.load([tmp_path / "none.cedar"], SCHEMA)


def test_a_prepared_slice_serves_many_requests() -> None:
    engine = PolicyEngine(PERMIT + FORBIDS[0], SCHEMA)
    things = [Entity(("Thing", str(level)), {"level": level}) for level in range(4)]
    handle = engine.entities([entities(level=2)[0], *things])
    decisions = engine.evaluate_many(("Person", "p"), "look", [thing.uid for thing in things], {}, handle)
    assert [decision.allowed for decision in decisions] == [True, True, True, False]
