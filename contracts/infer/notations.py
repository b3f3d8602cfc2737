"""How dates and times are written: shapes of texts and the notations that read them. Pure.

A shape has a 9 for every digit. Where day and month cannot be told by their places (`03/04/2020`), the values decide,
and where they do not either, the text stays text: nothing is guessed.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

_DATES = (
    (re.compile(r"9{4}-9{1,2}-9{1,2}"), "%Y-%m-%d"),
    (re.compile(r"9{4}/9{1,2}/9{1,2}"), "%Y/%m/%d"),
    (re.compile(r"9{4}\.9{1,2}\.9{1,2}"), "%Y.%m.%d"),
    (re.compile(r"9{4}年9{1,2}月9{1,2}日"), "%Y年%m月%d日"),
    (re.compile(r"9{8}"), "%Y%m%d"),
)
_TIMES = (
    (re.compile(r"9{1,2}:9{2}:9{2}\.9{1,6}"), "%H:%M:%S.%f"),
    (re.compile(r"9{1,2}:9{2}:9{2}"), "%H:%M:%S"),
    (re.compile(r"9{1,2}:9{2}"), "%H:%M"),
    (re.compile(r"9{1,2}时9{1,2}分9{1,2}秒"), "%H时%M分%S秒"),
    (re.compile(r"9{1,2}时9{1,2}分"), "%H时%M分"),
)
_OFFSET = re.compile(r"(Z|a|[+-]9{2}:?9{2})$")
_ZONE_WORDS = re.compile(r" ?[+]9999 aaa$")
_EITHER = re.compile(r"9{1,2}([/.-])9{1,2}\1(?:9{4})")
_SPAN = re.compile(r"9{1,2}:9{2}(:9{2})?\s*[-–—~～至到]+\s*9{1,2}:9{2}(:9{2})?")
_YEARS = (1800, 2200)


def notation(shape: str) -> str | None:
    """The strptime notation of a date's or an instant's shape, None for another text.

    An offset at the end is not part of it: the casts read it by themselves.

    >>> notation("9999/9/9 99:99"), notation("9999-99-99T99:99:99a")
    ('%Y/%m/%d %H:%M', '%Y-%m-%dT%H:%M:%S')
    """
    if shape == "9" * 14:
        return "%Y%m%d%H%M%S"
    for pattern, day in _DATES:
        found = pattern.match(shape)
        if found is None:
            continue
        rest = shape[found.end() :]
        if not rest:
            return day
        for glue in ("T", "a", " ") if rest[:1] in ("T", "a", " ") else ("",):
            time = rest.removeprefix(glue)
            plain = _OFFSET.sub("", time)
            clock = next((form for form_of, form in _TIMES if form_of.fullmatch(plain)), None)
            if clock is not None and (glue or "时" in plain):
                return f"{day}{'T' if glue == 'a' else glue}{clock}"
    return None


def shape_of(text: str) -> str:
    """The shape of a text: a digit is 9, a Latin letter a."""
    return re.sub(r"[A-Za-z]", "a", re.sub(r"[0-9]", "9", text))


def without_offset(text: str) -> str:
    """An instant's text as its notation reads it: T where a letter glues, no offset at its end."""
    plain = re.sub(r"(?<=[0-9])(Z|z|[+-][0-9]{2}:?[0-9]{2})$", "", text) if ":" in text else text
    return re.sub(r"(?<=[0-9])[Tt](?=[0-9])", "T", plain)


def has_offset(shape: str) -> bool:
    """Whether an instant's shape ends in an offset or Z."""
    return len(shape) > 12 and _OFFSET.search(shape) is not None


def zone_words(shape: str) -> bool:
    """Whether it ends in an offset and a zone's name, `+0000 UTC`."""
    return _ZONE_WORDS.search(shape) is not None


def either(values: Iterable[str]) -> str | None:
    """The notation of `99/99/9999`, when the values tell whether days or months come first."""
    first, second, mark = 0, 0, ""
    for value in values:
        shape = re.sub(r"[0-9]", "9", value)
        found = _EITHER.fullmatch(shape)
        if found is None:
            return None
        mark = found[1]
        one, two, _ = value.split(mark)
        first, second = max(first, int(one)), max(second, int(two))
    if not mark or (first > 12) == (second > 12) or max(first, second) > 31:
        return None
    return mark.join(("%d", "%m", "%Y") if first > 12 else ("%m", "%d", "%Y"))


def valid(values: Iterable[str], form: str) -> bool:
    """Whether all values of the notation's shape are days of the calendar, of a year that a record may speak of."""
    seen = 0
    for value in values:
        try:
            made = datetime.strptime(value, form)  # noqa: DTZ007 - a calendar day has no zone
        except ValueError:
            return False
        if not _YEARS[0] <= made.year < _YEARS[1]:
            return False
        seen += 1
    return seen > 0


def notations(shapes: Mapping[str, int]) -> dict[str, int]:
    """The notations that the shapes are of, with how many values each reads."""
    found: dict[str, int] = {}
    for shape, count in shapes.items():
        form = notation(shape)
        if form is not None:
            found[form] = found.get(form, 0) + count
    return found


def spans(shapes: Mapping[str, int]) -> bool:
    """Whether most values run from one time of the day to another: `06:00-22:30`, which is no moment.

    >>> spans({"99:99-99:99": 9, "a": 1}), spans({"99:99": 9})
    (True, False)
    """
    return sum(n for shape, n in shapes.items() if _SPAN.fullmatch(shape)) * 2 > sum(shapes.values())
