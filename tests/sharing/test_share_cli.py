"""`hub share`, step by step, as a person types it."""

import json

import pytest
import sharing_case
from click.testing import CliRunner

from sharing.case import uscc
from sharing.cli import share


@pytest.fixture
def hub(ground, tmp_path):
    sharing_case.publish(ground, tmp_path)
    ground.close()

    def run(*arguments, fails=None):
        environ = {"HUB_HOME": str(ground.home), "HUB_DEMO": "1", "HUB_LANG": "en"}
        result = CliRunner().invoke(share, [*arguments, "--json"], env=environ)
        if fails is not None:
            assert getattr(result.exception, "code", result.exit_code) == fails, result.output
            return None
        assert result.exit_code == 0, (result.output, result.exception)
        return json.loads(result.output)

    return run


def apply(hub, **changes):
    firm = hub(
        *("applicant", "--uscc", uscc.sample(7), "--name", "样例", "--contact", "乙", "--commit", "all"),
        *("--protection-grade", "三级", "--storage-place", "郑州", "--officer", "甲"),
    )
    asked = {"--items": ",".join(sharing_case.ITEMS), "--purpose": "p", "--scene": "s", "--days": "30", **changes}
    flat = [part for pair in asked.items() for part in pair]
    return hub("apply", sharing_case.VISITS, "--applicant", firm["uscc"], *flat)["case"]["id"]


def test_the_whole_way_by_command(hub, tmp_path):
    case = apply(hub)
    assert hub("precheck", case)["state"] == "prechecked"
    hub("approve", case, "--side", "authority", fails="SHARE_OWN_CASE")
    hub("approve", case, "--side", "provider", "--as", "reviewer_jinshui", fails="SHARE_NOT_REVIEWER")
    hub("approve", case, "--side", "provider", "--as", "reviewer_zhongyuan")
    assert hub("approve", case, "--side", "authority", "--as", "reviewer_authority")["case"]["state"] == "approved"
    hub("issue", case, fails="SHARE_CASE_STATE")
    hub("sign", case, "--digest", "0" * 64, fails="SHARE_DIGEST")
    text = hub("agreement", case)
    assert "no signature" in text["text"]
    hub("sign", case, "--digest", text["digest"], "--as", "reviewer_authority", fails="SHARE_OTHER_PARTY")
    hub("sign", case, "--digest", text["digest"], "--as", "auditor_zhao", fails="SHARE_ROLE")
    hub("sign", case, "--digest", text["digest"])
    profile = tmp_path / "firm.share"
    issued = hub("issue", case, "--profile", str(profile))
    assert issued["certificate"]["result"]["level"] == 4
    assert issued["profile"] == str(profile)
    assert issued["table"] == f"{case}.zhongyuan.health_visits"
    written = json.loads(profile.read_text())
    assert profile.stat().st_mode & 0o777 == 0o600
    assert len(written["bearerToken"]) >= 43
    assert written["shareCredentialsVersion"] == 1
    assert written["bearerToken"] not in json.dumps(issued)
    shown = hub("show", case)
    assert written["bearerToken"] not in json.dumps(shown)
    document = tmp_path / "certificate.json"
    document.write_text(json.dumps(shown["extract"]))
    assert hub("verify", str(document))["valid"]
    document.write_text(json.dumps(shown), encoding="utf-8")
    assert hub("verify", str(document))["valid"], "as `show --json` prints it, too"
    hub("profile", case, str(profile), fails="SHARE_PROFILE")
    hub("revoke", case, "--reason", " ", fails="SHARE_REASON_MISSING")
    hub("revoke", case, "--reason", "misuse", "--as", "reviewer_jinshui", fails="SHARE_NOT_REVIEWER")
    hub("revoke", case, "--reason", "misuse", "--as", "engineer_li", fails="SHARE_NOT_REVIEWER")
    assert hub("revoke", case, "--reason", "misuse", "--as", "reviewer_zhongyuan")["revoked_at"]
    assert hub("revoke", case, "--reason", "misuse")["revoked_at"]
    hub("profile", case, str(tmp_path / "b.share"), fails="SHARE_REVOKED")
    hub("issue", case, "--profile", str(profile), fails="SHARE_REVOKED")
    assert [event["after"] for event in hub("show", case)["events"]][-1] == "revoked"
    assert hub("list")["cases"][0]["state"] == "revoked"


def test_a_failed_precheck_prints_every_reason_and_refuses(hub):
    case = apply(hub, **{"--items": "visit_id,age", "--channel": "政务共享"})
    hub("precheck", case, fails=1)
    rules = {reason["rule"] for event in hub("show", case)["events"] for reason in event["reasons"]}
    assert "channel.government" in rules
    hub("approve", case, "--side", "provider", "--as", "reviewer_zhongyuan", fails="SHARE_CASE_STATE")


def test_a_case_says_whose_turn_it_is_in_the_readers_language(hub, ground):
    case = apply(hub)
    hub("precheck", case)
    environ = {"HUB_HOME": str(ground.home), "HUB_DEMO": "1", "HUB_LANG": "zh"}
    shown = CliRunner().invoke(share, ["show", case], env=environ).output
    assert "等待批准" in shown
    assert "提供单位  中原区" in shown
    listed = CliRunner().invoke(share, ["list"], env=environ).output
    assert "预审通过" in listed
    assert "prechecked" not in listed


def test_who_issues_is_told_the_line_that_reads_it_and_who_revokes_that_it_ended(hub, ground, tmp_path):
    case = apply(hub)
    environ = {"HUB_HOME": str(ground.home), "HUB_DEMO": "1", "HUB_LANG": "en"}

    def said(*arguments):
        ran = CliRunner().invoke(share, arguments, env=environ)
        assert ran.exit_code == 0, ran.output
        return ran.output

    hub("precheck", case)
    for side, who in (("provider", "reviewer_zhongyuan"), ("authority", "reviewer_authority")):
        assert f"hub share approve {case} --side {side}" in said("show", case), "what to type next"
        hub("approve", case, "--side", side, "--as", who)
    sign = said("agreement", case).splitlines()[-1].partition("hub share ")[2]
    said(*sign.split())
    assert f'load_as_pandas("a.share#{case}.zhongyuan.health_visits")' in said(
        "issue", case, "--profile", str(tmp_path / "a.share")
    )
    assert f"b.share#{case}." in said("profile", case, str(tmp_path / "b.share"))
    assert said("revoke", case, "--reason", "misuse").startswith(f"{case}: revoked")
