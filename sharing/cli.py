"""`hub share`: applicants, cases, approvals, agreement, issue, profiles, revocation. One command a step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from infra.console import emit, help_text, json_option, progress
from infra.language import Text
from sharing.choices import COMMITMENTS, KINDS, LISTS
from sharing.serve_cli import serve

if TYPE_CHECKING:
    from catalogs.values.model import Person
    from infra.ground import Ground

F = TypeVar("F", bound=Callable[..., Any])


@click.group(help=help_text("数据如何离开：申请、审批、交付、撤销。", "How data leave: apply, approve, issue, revoke."))
def share() -> None:
    """Hold the commands of the door."""


def _command(name: str, zh: str, en: str) -> Callable[[F], Any]:
    """A command of the group with `--as` and `--json`."""

    def wrap(function: F) -> Any:
        named = click.option("--as", "as_", metavar="PERSON", help=help_text("演示模式：以此人身份", "demo: act as"))
        return share.command(name, help=help_text(zh, en))(named(json_option(function)))

    return wrap


@contextmanager
def _acting(as_: str | None) -> "Iterator[tuple[Ground, Person]]":
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        yield ground, current(ground, as_)


def _may(person: "Person", *roles: str) -> None:
    """Refuse a person without one of `roles`."""
    from catalogs.values.model import Role
    from infra.errors import Refused

    if not {role.value for role in person.roles} & set(roles):
        named = [known.text for known in Role if known.value in roles]
        zh, en = "、".join(role.zh for role in named), ", ".join(role.en for role in named)
        remedy = Text(f"请有该角色的人操作：{zh}", f"ask somebody who is one of: {en}")
        raise Refused("SHARE_ROLE", "此人没有执行该步骤的角色", "this person has no role for this step", remedy=remedy)


share.add_command(serve)
_CASE = click.argument("case")
_DESK = ("operator", "engineer", "authority_reviewer")  # who files and moves a firm's case on its behalf


@_command("applicant", "登记申请主体（企业、研究机构）。", "Register an applicant: a firm or an institute.")
@click.option("--uscc", required=True, help=help_text("统一社会信用代码", "unified social credit code"))
@click.option("--name", required=True, help=help_text("单位名称", "name"))
@click.option("--contact", required=True, help=help_text("联系人", "contact"))
@click.option("--kind", default="firm", show_default=True, help=KINDS)
@click.option("--overseas", is_flag=True, help=help_text("境外接收方", "a receiver abroad"))
@click.option("--protection-grade", default="", help=help_text("等级保护级别", "grade of protection (等保)"))
@click.option("--storage-place", default="", help=help_text("存储地点", "where the data will be kept"))
@click.option("--officer", default="", help=help_text("数据安全负责人", "who answers for security"))
@click.option("--listed", multiple=True, help=LISTS)
@click.option("--commit", multiple=True, help=COMMITMENTS)
def applicant(as_: str | None, **given: Any) -> None:
    """Register and print it."""
    from sharing.case import applicants, declared

    security = {name: given[name] for name in ("protection_grade", "storage_place", "officer")}
    commitments = tuple(declared.COMMITMENTS) if "all" in given["commit"] else given["commit"]
    fixed = {name: given[name] for name in ("uscc", "name", "contact", "kind", "overseas")}
    asked = declared.Registration(**fixed, security=security, lists=given["listed"], commitments=commitments)
    with _acting(as_) as (ground, person):
        _may(person, *_DESK)
        done = applicants.register(ground, asked, person.id, ground.now())
        emit(ground, done, lambda a: f"{a.id}  {a.uscc}  {a.name}")


@_command("apply", "提出申请。", "Apply for a dataset.")
@click.argument("dataset")
@click.option("--applicant", required=True, help=help_text("申请主体的代码或编号", "the applicant's code or id"))
@click.option("--items", required=True, help=help_text("数据项，逗号分隔", "items, separated by commas"))
@click.option("--purpose", default="", help=help_text("用途", "purpose"))
@click.option("--scene", default="", help=help_text("应用场景", "scene of use"))
@click.option("--days", default=180, show_default=True, help=help_text("使用期限（天）", "term in days"))
@click.option("--channel", default="conditional_open", show_default=True, help=help_text("渠道", "channel"))
@click.option(
    "--form",
    default="aggregate",
    show_default=True,
    type=click.Choice(["aggregate", "rows"]),
    help=help_text("交付形式：分组汇总或逐人一行", "what is delivered: classes with counts, or one row a person"),
)
@click.option("--legal-basis", default=None, help=help_text("个人信息的合法性基础", "legal basis for personal data"))
def apply(as_: str | None, dataset: str, **given: Any) -> None:
    """Open a case and print it."""
    from sharing.case import casebook, cases

    items = tuple(name.strip() for name in given["items"].replace("，", ",").split(",") if name.strip())
    fixed = {name: given[name] for name in ("purpose", "scene", "days", "form", "legal_basis")}
    with _acting(as_) as (ground, person):
        _may(person, *_DESK)
        asked = cases.Request(items=items, **fixed)
        channel = cases.channel(given["channel"])
        _emit_case(ground, casebook.apply(ground, given["applicant"], channel, dataset, asked, person.id))


@_command("precheck", "预审：一次列出全部理由。", "Pre-check: all reasons at once.")
@_CASE
@click.pass_context
def precheck(context: click.Context, as_: str | None, case: str) -> None:
    """Print the findings; exit 1 when there is one."""
    from sharing import telling
    from sharing.case import casebook

    with _acting(as_) as (ground, person):
        _may(person, *_DESK, "provider_reviewer")
        done, findings = casebook.precheck(ground, case, person.id)
        value = {"case": done.id, "state": done.state.value, "reasons": [reason.as_dict() for reason in findings]}
        said = [f"  - {reason.sentence().say(ground.lang)}" for reason in findings]
        said += telling.turn(ground, done)
        emit(ground, value, lambda _: [f"{done.id}: {done.state.text.say(ground.lang)}", *said])
    if findings:
        context.exit(1)


@_command("approve", "批准（提供部门或主管部门）。", "Approve, for the provider or the authority.")
@_CASE
@click.option(
    "--side",
    type=click.Choice(["provider", "authority"]),
    required=True,
    help=help_text("代表提供单位或主管部门", "for the providing department or the authority"),
)
@click.option("--opinion", default="", help=help_text("意见", "opinion"))
def approve(as_: str | None, case: str, side: Any, opinion: str) -> None:
    """Record one approval."""
    from sharing.case import casebook

    with _acting(as_) as (ground, person):
        _emit_case(ground, casebook.approve(ground, case, side, person, opinion))


@_command("refuse", "拒绝，并说明理由。", "Refuse, with reasons.")
@_CASE
@click.option("--reason", multiple=True, help=help_text("理由，可多次", "a reason; may be repeated"))
def refuse(as_: str | None, case: str, reason: tuple[str, ...]) -> None:
    """Record a refusal."""
    from sharing.case import casebook

    with _acting(as_) as (ground, person):
        _emit_case(ground, casebook.refuse(ground, case, person, reason))


@_command("agreement", "查看利用协议文本与摘要。", "Print the agreement and its digest.")
@_CASE
def agreement(as_: str | None, case: str) -> None:
    """Print text and digest."""
    from sharing.case import casebook

    with _acting(as_) as (ground, _):
        text = casebook.terms(ground, case)
        then = help_text("确认：", "to confirm: ") + f"hub share sign {case} --digest {text.digest}"
        emit(ground, {"case": case, "text": text.text, "digest": text.digest}, lambda _: [text.text, then])


@_command("sign", "记录申请主体对协议摘要的确认（摘要不是签名）。", "Record the sign-off of the agreement's digest.")
@_CASE
@click.option("--digest", required=True, help=help_text("所确认文本的摘要", "digest of the text signed off"))
def sign(as_: str | None, case: str, digest: str) -> None:
    """Record the sign-off."""
    from sharing.case import casebook
    from sharing.case.agreement import NO_SIGNATURE

    with _acting(as_) as (ground, person):
        _may(person, *_DESK)
        done = casebook.sign(ground, case, digest, person.id)
        _emit_case(ground, done, NO_SIGNATURE)


@_command("issue", "交付：生成数据集、证书、回执和凭据文件。", "Issue the extract, certificate, receipt and profile.")
@_CASE
@click.option("--profile", type=click.Path(path_type=Path, dir_okay=False), help=help_text("凭据文件", "profile file"))
@click.option("--endpoint", help=help_text("共享服务地址", "address of the sharing server"))
def issue(as_: str | None, case: str, profile: Path | None, endpoint: str | None) -> None:
    """Issue and print the certificate."""
    from sharing import telling
    from sharing.access.profiles import ensure
    from sharing.extract import certificate, extract

    with _acting(as_) as (ground, person):
        _may(person, "engineer", "authority_reviewer")
        with progress(Text("生成交付数据集", "making the extract").say(ground.lang)):
            found = extract.issue(ground, case, person.id)
        opened, said = telling.reading(ground, case, ensure(ground, case, profile, endpoint, person.id))
        value = extract.document(ground, found) | opened
        emit(ground, value, lambda _: [*certificate.lines(found.certificate, ground.lang), *said])


@_command("profile", "签发新的凭据文件。", "Write a new profile file with a new token.")
@_CASE
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--endpoint", help=help_text("共享服务地址", "address of the sharing server"))
def profile(as_: str | None, case: str, file: Path, endpoint: str | None) -> None:
    """Write the file."""
    from sharing import telling
    from sharing.access import profiles

    with _acting(as_) as (ground, person):
        _may(person, "engineer", "authority_reviewer")
        profiles.make(ground, case, file, endpoint, person.id)
        opened, said = telling.reading(ground, case, file)
        emit(ground, opened, lambda _: said)


@_command("revoke", "撤销使用许可，数秒内生效。", "Revoke the grant; it holds within seconds.")
@_CASE
@click.option("--reason", required=True, help=help_text("理由", "why"))
def revoke(as_: str | None, case: str, reason: str) -> None:
    """Revoke and print the grant."""
    from sharing import telling
    from sharing.access import grants
    from sharing.case import casebook

    with _acting(as_) as (ground, person):
        casebook.may_revoke(ground, case, person)
        done = grants.revoke(ground, case, person.id, reason)
        emit(ground, done, lambda grant: telling.revoked(grant, ground.lang))


@_command("expire", "登记已到期的使用许可。", "Write down the grants whose term is over.")
def expire(as_: str | None) -> None:
    """Record expiries."""
    from sharing.access import grants

    with _acting(as_) as (ground, person):
        done = grants.expire(ground, person.id)
        emit(ground, {"expired": done}, lambda _: done or Text("没有到期的许可", "none").say(ground.lang))


@_command("list", "列出案件。", "List the cases.")
def list_(as_: str | None) -> None:
    """Print one line a case."""
    from sharing import telling
    from sharing.case import casebook

    with _acting(as_) as (ground, _):
        rows = casebook.listing(ground.engine)
        emit(ground, {"cases": rows}, lambda _: telling.listed(rows, ground.lang))


@_command("show", "查看案件、理由、证书与回执。", "Show a case with its reasons, certificate and receipt.")
@_CASE
def show(as_: str | None, case: str) -> None:
    """Print a case."""
    from sharing import telling
    from sharing.case import casebook
    from sharing.extract import certificate, extract

    with _acting(as_) as (ground, _):
        found, events = casebook.case(ground.engine, case), casebook.events(ground.engine, case)
        issued = extract.of_case(ground.engine, case)
        value = {"case": found, "events": events, "extract": extract.document(ground, issued) if issued else None}
        said = telling.history(found, events, ground.lang)
        said += certificate.lines(issued.certificate, ground.lang) if issued else telling.turn(ground, found)
        emit(ground, value, lambda _: said)


@_command("verify", "离线验证证书文件。", "Verify a certificate file offline.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", help=help_text("存证公钥（C2SP 格式）", "the ledger's public key as C2SP writes it"))
@click.pass_context
def verify(context: click.Context, as_: str | None, file: Path, key: str | None) -> None:  # noqa: ARG001 - all take --as
    """Check digest, receipt and signer; exit 1 when the signer is unknown."""
    from sharing.extract.checking import check_file

    found = check_file(file, key)
    emit(None, found.as_dict(), lambda _: help_text(found.said().zh, found.said().en))
    context.exit(0 if found.trusted else 1)


def _emit_case(ground: "Ground", done: Any, note: Text | None = None) -> None:
    from sharing import telling

    value = {"case": done, "awaits": [{"side": side, "department": who} for side, who in done.awaited]}
    lines = [f"{done.id}: {done.state.text.say(ground.lang)}"] + ([note.say(ground.lang)] if note else [])
    lines += telling.turn(ground, done)
    emit(ground, value, lambda _: lines)
