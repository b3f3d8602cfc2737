"""What the ledger's commands say to a person."""

from infra.ledger.act_words import ACT_ZH
from infra.ledger.acts import Act
from infra.ledger.shown import entry_lines


def test_every_act_has_a_chinese_name_of_its_own_beside_its_code() -> None:
    assert set(ACT_ZH) == set(Act)
    assert len(set(ACT_ZH.values())) == len(Act)
    entry = {"number": 7, "leaf_index": 6, "act": str(Act.TABLE_RESTORED), "subject": "a.b.c", "actor": "x:0123"}
    (said,) = entry_lines([entry], "zh")
    assert "还原数据集" in said
    assert "lake:table:restored" in said
    (english,) = entry_lines([entry], "en")
    assert "lake:table:restored" in english
    assert "还原" not in english
