import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import HubError, Refused, WrongUse
from sharing.access import protocol

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["limitHint", "version", "timestamp", "maxFiles", "pageToken", "predicateHints", "startingVersion"]
)


@given(st.dictionaries(FIELDS | st.text(max_size=5), JSON, max_size=6))
def test_any_query_body_is_understood_or_refused_in_our_words(body: dict[str, object]) -> None:
    try:
        asked = protocol.parse_query(body)
    except HubError as error:
        assert error.code in {"SHARE_QUERY_FIELD", "SHARE_QUERY_UNSUPPORTED"}
    else:
        assert asked.limit == body.get("limitHint")
        assert asked.max_files is None or asked.max_files >= 1


@given(st.lists(st.tuples(st.text(max_size=3), st.integers(0, 9), st.integers(0, 9))), st.none() | st.integers(0, 60))
def test_a_limit_takes_the_fewest_leading_files_that_hold_it(
    files: list[tuple[str, int, int]], limit: int | None
) -> None:
    taken = protocol.take(files, limit)
    assert taken == files[: len(taken)]
    if limit is None:
        assert taken == files
    else:
        assert sum(rows for *_, rows in taken) >= min(limit, sum(rows for *_, rows in files))
        assert sum(rows for *_, rows in taken[:-1]) < limit or not taken


@given(st.integers(0, 30), st.none() | st.integers(0, 40))
def test_pages_together_are_the_list(count: int, size: int | None) -> None:
    items = [{"name": str(i)} for i in range(count)]
    seen: list[object] = []
    start: int | None = 0
    for _ in range(count + 1):
        shown, start = protocol.page(items, size, start or 0)
        seen += shown
        if start is None or size == 0:
            break
    assert seen == (items if size != 0 else [])


@given(st.binary(max_size=300), st.integers(-5, 320), st.integers(-5, 320))
def test_a_range_never_reaches_beyond_the_file(content: bytes, first: int, last: int) -> None:
    header = f"bytes={first if first >= 0 else ''}-{last if last >= 0 else ''}"
    try:
        found = protocol.byte_range(header, len(content))
    except Refused as error:
        assert error.code == "SHARE_RANGE"
        return
    if found:
        start, length = found
        assert 0 <= start < start + length <= len(content)
        if first >= 0:
            assert start == first
            assert length == (min(last, len(content) - 1) if last >= 0 else len(content) - 1) - first + 1
        else:
            assert content[start:] == content[-last:]


@pytest.mark.parametrize("header", [None, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-2,4-5", "lines=1-2"])
def test_a_range_that_is_none_means_the_whole_file(header: str | None) -> None:
    assert protocol.byte_range(header, 10) is None


def test_statistics_hold_the_row_count_alone() -> None:
    (line,) = protocol.file_lines([protocol.SharedFile("http://x/files/1?X-Amz-Signature=s", "1", 10, 3, 99)])
    described = json.loads(line)["file"]
    assert json.loads(described["stats"]) == {"numRecords": 3}
    assert described["partitionValues"] == {}


def test_what_would_change_the_answer_is_refused_by_name() -> None:
    with pytest.raises(WrongUse, match="startingVersion") as caught:
        protocol.parse_query({"startingVersion": 1})
    assert "startingVersion" in caught.value.text.zh
