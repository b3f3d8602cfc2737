"""The door's questions, asked of Cedar: may they apply, may this item leave, may it be issued, may it be opened now.

Promises:

- the questions are pure: values in, a decision with rule ids, articles and sentences in both languages out;
- the rules stand in ``sharing/policies/door.cedar`` and a city's ``policies/door*.cedar``, each requirement a
  ``forbid`` of its own, so that a denial names everything that is missing at once (一次性告知);
- nothing granted means denied; an unreadable rule refuses everything;
- the same rules are asked at application, at issue and at each access (well below a millisecond).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from catalogs.permission.cedar import Decision, PolicyEngine, Uid, policy_files
from catalogs.rules.rules import highest as highest_grade
from catalogs.values.model import Content, Grade, IdentifierRole, Item, Openness, Resource, SharingAttribute
from infra.errors import HubError, Refused
from infra.language import Text
from sharing.case import uscc
from sharing.case.cases import Case, Channel, Request
from sharing.case.declared import COMMITMENTS, Applicant
from sharing.case.reasons import Reason, sentences
from sharing.plan.plan import Draft, Measure, Terms

_POLICIES = Path(__file__).parents[1] / "policies"
_ARTICLE = re.compile(r'@id\("([^"]+)"\)\s*@article\("([^"]+)"\)')
_UNKNOWN_ITEM = "item.registered"
SECURITY = ("protection_grade", "storage_place", "officer")


class GrantTimes(Protocol):
    """What decides whether an access is open: the grant's and the token's times."""

    @property
    def starts_at(self) -> datetime: ...  # noqa: D102
    @property
    def ends_at(self) -> datetime: ...  # noqa: D102
    @property
    def revoked_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def token_expires_at(self) -> datetime: ...  # noqa: D102
    @property
    def token_revoked_at(self) -> datetime | None: ...  # noqa: D102


class Rules:
    """The door's rules in force, with the article of each."""

    def __init__(self, engine: PolicyEngine, articles: Mapping[str, str], digest: str) -> None:
        self.engine = engine
        self.articles = articles
        self.digest = digest
        self._none = engine.entities(())

    def ask(self, principal: Uid, action: str, resource: Uid, context: Mapping[str, Any]) -> Decision:
        """One decision. Never raises."""
        return self.engine.evaluate(principal, action, resource, context, self._none)

    def reasons(self, decision: Decision) -> tuple[Reason, ...]:
        """Why it was denied; empty when it was allowed."""
        if decision.allowed:
            return ()
        said = zip(decision.rules, decision.reasons, strict=True)
        return tuple(Reason(rule, text, self.articles.get(rule, "")) for rule, text in said)


def rules(city: Path) -> Rules:
    """The rules of the house and those of the city together.

    Raises:
        Refused: POLICY_INVALID when the city's are faulty: then nothing is decided.
    """
    return _loaded(policy_files(city, "door"))


@lru_cache(maxsize=8)
def _loaded(files: tuple[tuple[Path, int], ...]) -> Rules:
    # Policies are files that do not change under one modification time: parsing them again would say the same.
    from infra.crypto import sha256_hex  # noqa: PLC0415 - loaded with the rules

    paths = [_POLICIES / "door.cedar", *(path for path, _ in files)]
    engine = PolicyEngine.load(paths, (_POLICIES / "door.cedarschema").read_text(encoding="utf-8"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(paths))
    return Rules(engine, dict(_ARTICLE.findall(text)), sha256_hex(text.encode()))


def precheck(
    known: Rules, applicant: Applicant, case: Case, resource: Resource, *, published: bool
) -> tuple[Reason, ...]:
    """Everything that stands against the application, all at once; empty when it may go to the reviewers."""
    who = ("Applicant", applicant.id)
    found = list(
        known.reasons(known.ask(who, "apply", ("Dataset", resource.id), _apply(applicant, case, resource, published)))
    )
    if case.channel is Channel.CONDITIONAL:
        for name in case.request.items:
            item = resource.item(name)
            context = receive_context(applicant.kind, item, case.request, resource)
            against = known.reasons(known.ask(who, "receive", ("Item", f"{resource.id}/{name}"), context))
            if item is None:  # judged as the worst that it could be, and told as what it is
                against = tuple(reason for reason in against if reason.rule == _UNKNOWN_ITEM) or against
            found += [
                Reason(reason.rule, Text(f"{name}：{reason.text.zh}", f"{name}: {reason.text.en}"), reason.article)
                for reason in against
            ]
    return tuple(found)


def _apply(applicant: Applicant, case: Case, resource: Resource, published: bool) -> dict[str, Any]:
    request = case.request
    return {
        "channel": case.channel.value,
        "kind": applicant.kind,
        "uscc_valid": uscc.valid(applicant.uscc),
        "overseas": applicant.overseas,
        "listed": bool(applicant.lists),
        "commitments_complete": set(COMMITMENTS) <= set(applicant.commitments),
        "security_declared": all(str(applicant.security.get(name, "")).strip() for name in SECURITY),
        "openness": resource.openness.value,
        "not_shared": resource.sharing_attribute is SharingAttribute.NOT_SHARED,
        "purpose_given": bool(request.purpose.strip()),
        "scene_given": bool(request.scene.strip()),
        "days": request.days,
        "items": len(request.items),
        "personal": personal(resource),
        "subject_declared": resource.subject is not None,
        "published": published,
    }


def receive_context(kind: str, item: Item | None, request: Request, resource: Resource) -> dict[str, Any]:
    """The facts about one item that decide whether it leaves, in the form in which it really would."""
    content = item.content if item else frozenset()
    return {
        "kind": kind,
        "registered": item is not None,
        "grade": int(_grade(resource, [item] if item else [])),
        "personal": item is None or item.personal is not None,
        "identifier": (item.identifier if item else IdentifierRole.DIRECT).value,
        "patient": Content.PATIENT in content,
        "minor": Content.MINOR in content,
        "plate": Content.PLATE in content,
        "camera": Content.CAMERA in content,
        "form": leaving(resource, request.form),
        "legal_basis": bool((request.legal_basis or "").strip()),
        "not_shared": item is None or item.sharing_attribute is SharingAttribute.NOT_SHARED,
        "openness": ((item.openness or resource.openness) if item else Openness.CLOSED).value,
    }


def may_issue(
    known: Rules, case: Case, draft: Draft, measured: Measure, level: int, grade: Grade
) -> tuple[Reason, ...]:
    """Everything that stands against the issue, asked again of what was measured; empty when it may be issued.

    Args:
        known: the rules in force.
        case: with its approvals and its agreement.
        draft: the form, the columns and the thresholds of what leaves.
        measured: what was counted on it.
        level: of GB/T 42460.
        grade: the highest of what leaves (`highest`).
    """
    awaited = case.awaited
    context = {
        "channel": case.channel.value,
        "providers_awaited": sum(side == "provider" for side, _ in awaited),
        "authority_approved": all(side != "authority" for side, _ in awaited),
        "agreement_signed": case.digest is not None,
        "form": draft.form,
        "level": level,
        "grade": int(grade),
        "risk_holds": draft.form != "rows" or (measured.risk is not None and measured.risk < draft.terms.risk),
        "persons": _persons(draft, measured),
        "threshold": _threshold(draft.terms, draft),
        "personal": draft.form != "plain",
        "legal_basis": bool((case.request.legal_basis or "").strip()),
    }
    return known.reasons(known.ask(("Applicant", case.applicant), "issue", ("Dataset", case.dataset), context))


def _persons(draft: Draft, measured: Measure) -> int:
    return 0 if draft.form == "plain" else measured.smallest or 0


def _threshold(terms: Terms, draft: Draft) -> int:
    return 0 if draft.form == "plain" else terms.k


def may_access(known: Rules, grant: str, applicant: str, times: GrantTimes, now: datetime) -> tuple[Reason, ...]:
    """Why the grant does not open now; empty when it does."""
    context = {
        "started": times.starts_at <= now,
        "ended": times.ends_at <= now,
        "revoked": times.revoked_at is not None,
        "token_ended": times.token_expires_at <= now,
        "token_revoked": times.token_revoked_at is not None,
    }
    return known.reasons(known.ask(("Applicant", applicant), "access", ("Grant", grant), context))


def closed(known: Rules, grant: str, applicant: str, times: GrantTimes, now: datetime) -> HubError | None:
    """The refusal that the gate answers with, None when the grant is open."""
    why = may_access(known, grant, applicant, times, now)
    if not why:
        return None
    rule = {reason.rule for reason in why}
    if "access.revoked" in rule:
        return Refused("SHARE_REVOKED", "使用许可已撤销", "the grant was revoked", reasons=sentences(why))
    if "access.ended" in rule:
        return Refused("SHARE_EXPIRED", "使用许可已到期", "the term of the grant is over", reasons=sentences(why))
    return Refused("SHARE_CLOSED", "使用许可不可用", "the grant is not open", reasons=sentences(why))


def personal(resource: Resource) -> bool:
    """Whether any item is personal information or identifies somebody."""
    return any(item.personal is not None or item.identifier is not IdentifierRole.NONE for item in resource.items)


def leaving(resource: Resource, asked: str) -> str:
    """The form in which the data would leave: without personal items as they are, whatever was asked for.

    Only persons are counted into classes: there is no aggregate of data that are nobody's, and none may be promised.
    """
    return asked if personal(resource) else "plain"


def highest(resource: Resource, names: Iterable[str]) -> Grade:
    """The highest grade of the items `names`: that of the whole resource where one of them is unknown."""
    found = [resource.item(name) for name in names]
    known = [item for item in found if item is not None]
    return _grade(resource, known if len(known) == len(found) else [])


def _grade(resource: Resource, items: Sequence[Item]) -> Grade:
    """Of some items; a resource that was graded above all of its items is so as a whole."""
    if not items or resource.grade > highest_grade(resource.items):
        return resource.grade
    return highest_grade(tuple(items))


def raise_for(code: str, zh: str, en: str, why: Sequence[Reason]) -> None:
    """Refuses with all of `why`, when there is any.

    Raises:
        Refused: `code`.
    """
    if why:
        raise Refused(code, zh, en, reasons=sentences(why))
