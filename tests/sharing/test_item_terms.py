"""An item that is stricter than its resource stays so on the way out: at the pre-check, and again at the issue."""

import shutil

import pytest
import sharing_case

from catalogs.enter import register_city
from infra.errors import Refused
from infra.ground import sample_city
from sharing.case import casebook
from sharing.extract import extract

NOT_SHARED = "sharing_attribute: not_shared, not_shared_reason: 统计法第二十八条"
STRICTER = [(NOT_SHARED, "item.not_shared"), ("openness: closed", "item.openness")]


def tighten(ground, tmp_path, terms):
    """Registers the city anew, with `terms` of its own for the sex of the patients."""
    city = tmp_path / "own" / sample_city().name
    shutil.copytree(sample_city(), city)
    page = city / "catalogues/zhongyuan.yaml"
    before = page.read_text(encoding="utf-8")
    after = before.replace("{name: gender, zh: 性别,", f"{{name: gender, {terms}, zh: 性别,", 1)
    assert after != before
    page.write_text(after, encoding="utf-8")
    register_city(ground, city, "tester")
    ground.city = city


@pytest.mark.parametrize(("terms", "rule"), STRICTER)
def test_an_item_stricter_than_its_resource_is_refused_and_the_others_are_not(ground, tmp_path, terms, rule):
    sharing_case.publish(ground, tmp_path)
    tighten(ground, tmp_path, terms)
    refused, findings = casebook.precheck(ground, sharing_case.applied(ground).id, "clerk")
    assert refused.state.value == "refused"
    assert [reason.rule for reason in findings] == [rule]
    assert findings[0].text.zh.startswith("gender")
    assert findings[0].article
    others = tuple(name for name in sharing_case.ITEMS if name != "gender")
    case = sharing_case.signed(ground, items=others)
    issued = extract.issue(ground, case.id, "operator")
    assert "gender" not in issued.certificate["result"]["columns"]


@pytest.mark.parametrize(("terms", "rule"), STRICTER)
def test_an_item_that_became_stricter_after_the_agreement_is_not_issued(ground, tmp_path, terms, rule):
    sharing_case.publish(ground, tmp_path)
    case = sharing_case.signed(ground)
    tighten(ground, tmp_path, terms)
    with pytest.raises(Refused, match="SHARE_NOT_ISSUED") as caught:
        extract.issue(ground, case.id, "operator")
    assert rule in caught.value.reasons[0].en
    assert extract.of_case(ground.engine, case.id) is None
