import pickle

import pytest

from infra.errors import HubError, Place, Refused, Unavailable, WrongUse
from infra.language import Text, language

ERROR = Refused(
    "READ_RAGGED",
    "该行列数不符",
    "the row has another number of columns",
    place=Place(file="车流.csv", row=12, column="车牌", dataset="jinshui.traffic.road_flow"),
    remedy=Text("补齐该行", "complete the row"),
    reasons=[Text("应有 3 列", "3 columns are wanted"), Text("实有 2 列", "2 are there")],
)


def test_a_sentence_for_a_person_in_both_languages() -> None:
    assert ERROR.sentence("zh").splitlines() == [
        "READ_RAGGED: 该行列数不符（文件 车流.csv，第 12 行，列 车牌，数据集 jinshui.traffic.road_flow）",
        "  - 应有 3 列",
        "  - 实有 2 列",
        "  处理办法：补齐该行",
    ]
    assert ERROR.sentence("en").splitlines() == [
        (
            "READ_RAGGED: the row has another number of columns "
            "(file 车流.csv, row 12, column 车牌, dataset jinshui.traffic.road_flow)"
        ),
        "  - 3 columns are wanted",
        "  - 2 are there",
        "  what to do: complete the row",
    ]
    assert str(ERROR) == ERROR.sentence("en")


def test_one_shape_for_programs() -> None:
    assert ERROR.as_dict("en") == {
        "code": "READ_RAGGED",
        "message": "the row has another number of columns",
        "place": {"file": "车流.csv", "row": 12, "column": "车牌", "dataset": "jinshui.traffic.road_flow"},
        "remedy": "complete the row",
        "reasons": ["3 columns are wanted", "2 are there"],
    }
    assert Unavailable("X", "无", "none").as_dict("zh") == {
        "code": "X",
        "message": "无",
        "place": None,
        "remedy": None,
        "reasons": [],
    }


@pytest.mark.parametrize(("kind", "status"), [(Refused, 1), (WrongUse, 2), (Unavailable, 1)])
def test_exit_status_by_kind(kind: type[HubError], status: int) -> None:
    assert kind("X", "无", "none").exit_status == status


def test_an_error_survives_a_process_border() -> None:
    again = pickle.loads(pickle.dumps(ERROR))  # noqa: S301 - our own bytes
    assert type(again) is Refused
    assert again.as_dict("zh") == ERROR.as_dict("zh")


def test_an_empty_place_says_nothing() -> None:
    assert Refused("X", "无", "none", place=Place()).sentence("en") == "X: none"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"HUB_LANG": "zh", "LANG": "en_US.UTF-8"}, "zh"),
        ({"HUB_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"HUB_LANG": " ", "LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "en_US"}, "zh"),
        ({"HUB_LANG": "fr"}, "en"),
    ],
)
def test_the_language_of_the_person(environ: dict[str, str], expected: str) -> None:
    assert language(environ) == expected
