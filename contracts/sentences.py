"""A rule's sentence is written for one record, `{line}`; here it is said of records in general. Pure.

An expectation, a blocked delivery and a metadata catalogue know no record, and a sentence with a hole in it tells
nobody anything. Whatever counts the records (行, 条, 个; line, row, record, feature), nothing is left unfilled.
"""

import re

from infra.language import Text

LINE = "{line}"
_CHINESE = re.compile(r"第\{line\}(?:条记录|个要素|行|条|个|项)")
_ENGLISH = re.compile(r"\b(?P<what>line|row|record|feature|item|entry) \{line\}(?P<colon>:?)", re.IGNORECASE)


def general(sentence: Text) -> Text:
    """`sentence` about records in general."""
    zh = _CHINESE.sub(_of_some, sentence.zh)
    en = _ENGLISH.sub(_some, sentence.en)
    return Text(zh.replace(LINE, "n"), en.replace(LINE, "n"))


def _of_some(place: re.Match[str]) -> str:
    quoted = place.string.startswith("“", place.end())
    return "部分记录的" if quoted else "部分记录"


def _some(place: re.Match[str]) -> str:
    said = "Some records:" if place["colon"] else "A record"
    return said if place["what"][0].isupper() else said.lower()
