"""The words of the field, in one place and in one meaning."""

import re
from pathlib import Path

from catalogs.values.words import DeliveryState
from lake import tables

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("infra", "catalogs", "contracts", "lake", "sharing", "dags")


def test_every_state_of_a_delivery_has_its_word() -> None:
    assert {state.value for state in DeliveryState} == {tables.LANDED, tables.AUDITED, *tables.FINAL}
    for words in ({state.text.zh for state in DeliveryState}, {state.text.en for state in DeliveryState}):
        assert len(words) == len(DeliveryState)


def test_authorised_operation_alone_is_called_so() -> None:
    """授权 is 授权运营, or what a law authorises: a grant is 使用许可, a clearance 可阅级别."""
    sources = [
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".py", ".md", ".cedar", ".yaml", ".example"} and path.is_file()
    ]
    sources += [ROOT / "hub.py", ROOT / "README.md", ROOT / "README.zh-CN.md"]
    assert len(sources) > 100
    lawful = re.compile("授权运营|法律法规授权")
    wrong = [path.name for path in sources if "授权" in lawful.sub("", path.read_text(encoding="utf-8"))]
    assert wrong == []
