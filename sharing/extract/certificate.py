"""The certificate of an extract: what was done, what was measured, what is allowed, and where it came from. Pure.

Its digest is in the ledger before a byte can leave; the receipt (entry, inclusion proof, signed checkpoint) stands
beside it in the same file and proves that. It holds counts, methods, ids and digests; no value of the data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from infra.crypto import sha256_hex
from infra.ledger.entry import canonical
from infra.local_time import CITY_TIME
from sharing.case.agreement import NO_SIGNATURE, TERMS
from sharing.case.cases import Case
from sharing.case.declared import Applicant
from sharing.plan.plan import canonical as plain_plan

if TYPE_CHECKING:
    from sharing.extract.produce import Produced

FORMAT = "cityhub-certificate/1"
NOT_FINGERPRINTED = {
    "marked": False,
    "zh": "未加指纹：本版本不按接收方选择样本或抑制，数值一律保持原样",
    "en": "not fingerprinted: no choice of sample or suppression depends on the receiver yet, and no value is changed",
}
_LEVELS = {
    4: ("不含标识符（汇总或非个人数据）", "no identifiers (aggregate or not personal)"),
    3: ("已消除直接标识符，重标识风险低于阈值", "direct identifiers removed, risk below the threshold"),
    2: ("已消除直接标识符，重标识风险未低于阈值", "direct identifiers removed, risk not below the threshold"),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the data came from: the pinned version, its contract and the deliveries in it."""

    dataset: str
    table: str
    version: int
    contract: str | None
    deliveries: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """One file of the extract as it lies in the store."""

    path: str
    sha256: str
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class Issue:
    """The act of issuing: ids, times, the policy that decided."""

    extract: str
    grant: str
    at: datetime
    ends_at: datetime
    policy: str
    level: int
    demo: bool


def build(
    case: Case, applicant: Applicant, produced: "Produced", origin: Origin, files: Sequence[Stored], issue: Issue
) -> dict[str, Any]:
    """The certificate as plain values."""
    measured, chosen = produced.measured, produced.plan
    zh, en = _LEVELS[issue.level]
    people = produced.found
    return {
        "format": FORMAT,
        "demo": issue.demo,
        "extract": issue.extract,
        "case": case.id,
        "grant": issue.grant,
        "issued_at": issue.at.isoformat(),
        "ends_at": issue.ends_at.isoformat(),
        "receiver": {"name": applicant.name, "uscc": applicant.uscc, "kind": applicant.kind},
        "purpose": case.request.purpose,
        "scene": case.request.scene,
        "legal_basis": case.request.legal_basis,
        "channel": case.channel.value,
        "approved_by": [{"side": given.side, "department": given.department} for given in case.approvals],
        "agreement": {"digest": case.digest, "terms": TERMS, "note": NO_SIGNATURE.en, "note_zh": NO_SIGNATURE.zh},
        "policy": issue.policy,
        "source": {"dataset": origin.dataset, "table": origin.table, "version": origin.version},
        "contract_version": origin.contract,
        "plan": plain_plan(chosen),
        "result": {
            "rows": produced.rows,
            "columns": list(chosen.columns),
            "k": measured.smallest,
            "l": measured.diversity,
            "classes": measured.classes,
            # Exact totals of the source, less what left, would give the suppressed classes away.
            "suppressed_at_most": None if people is None else chosen.draft.terms.suppressed,
            "level": issue.level,
            "level_zh": zh,
            "level_en": en,
            "risk": None if measured.risk is None else round(measured.risk, 6),
            "standard": "GB/T 42460-2023",
        },
        "fingerprint": NOT_FINGERPRINTED,
        "files": [{"path": f.path, "sha256": f.sha256, "bytes": f.size, "rows": f.rows} for f in files],
        "lineage": {
            "from": [dict(delivery) for delivery in origin.deliveries],
            "through": f"{origin.table}@{origin.version}",
            "to": f"extracts/{issue.extract}",
        },
        "provenance": {
            "zh": "由公共数据按有条件开放程序产生，经去标识化处理，仅供所载目的使用",
            "en": "made from public data by conditional opening, de-identified, for the purpose stated alone",
        },
    }


def digest(certificate: Mapping[str, Any]) -> str:
    """SHA-256 of the certificate's canonical JSON (RFC 8785)."""
    return sha256_hex(canonical(dict(certificate)))


def lines(text: Mapping[str, Any], lang: str) -> list[str]:
    """The certificate for a person, a line a fact; times as the city's clocks show them."""
    result, plan, source = text["result"], text["plan"], text["source"]
    zh = lang == "zh"
    say = "zh" if zh else "en"
    rows = f"{result['rows']} {'行' if zh else 'rows'}"
    origin = (
        f"取自 {source['dataset']} 第 {source['version']} 版"
        if zh
        else f"of {source['dataset']} version {source['version']}"
    )
    found = {"k": result["k"], "l": result["l"], "R": result["risk"]}
    measured = [f"{name}={value}" for name, value in found.items() if value is not None]
    level = f"GB/T 42460 {'等级' if zh else 'level'} {result['level']}: {result['level_' + say]}"
    gone: dict[str, list[str]] = {}
    for drop in plan["removed"]:
        gone.setdefault(drop[say], []).append(drop["item"])
    methods = [
        f"{'方法' if zh else 'method'}  {', '.join(m['items'])} → {', '.join(m['columns']) or '∅'}: {m[say]}"
        for m in plan["methods"]
    ]
    removed = [f"{'未交付' if zh else 'left out'}  {', '.join(items)}: {why}" for why, items in gone.items()]
    ends = datetime.fromisoformat(text["ends_at"]).astimezone(CITY_TIME)
    return [
        f"{text['extract']}  {origin}  {rows}",
        "  ".join([*measured, level]),
        *methods,
        *removed,
        text["fingerprint"][say],
        f"{'许可到期' if zh else 'granted until'}  {ends:%Y-%m-%d %H:%M}",
    ]
