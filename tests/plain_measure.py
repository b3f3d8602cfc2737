"""A column measured without a database, of values that are plain texts."""

from collections.abc import Sequence

from contracts.infer.notations import shape_of
from contracts.infer.profile import ABSENT, Measured, Numbers


def measured(header: str, values: Sequence[str]) -> Measured:
    """A column as counting would have it."""
    present = [text.strip() for text in values if text.strip() and text.strip().lower() not in ABSENT]
    whole = [text for text in present if text.lstrip("+-").isdigit()]
    points = [text for text in present if text not in whole and text.lstrip("+-").replace(".", "", 1).isdigit()]
    floats = [float(text) for text in (*whole, *points)]
    numbers = Numbers(
        integers=len(whole),
        padded=sum(len(text) > 1 and text.startswith("0") for text in whole),
        decimals=len(points),
        whole=max((len(text.partition(".")[0]) for text in (*whole, *points)), default=0),
        scale=max((len(text.partition(".")[2]) for text in points), default=0),
        least=min(floats, default=None),
        most=max(floats, default=None),
    )
    runs = sum(one != before for one, before in zip(present, [None, *present], strict=False))
    absent = [text for text in values if text.strip().lower() in ABSENT]
    return Measured(
        header=header,
        filled=len(present),
        absent={text: absent.count(text) for text in dict.fromkeys(absent)},
        distinct=len(set(present)),
        booleans=sum(text.lower() in {"true", "false", "y", "n", "yes", "no", "是", "否"} for text in present),
        numbers=numbers,
        shapes={shape: sum(shape_of(text) == shape for text in present) for shape in map(shape_of, present)},
        top={text: present.count(text) for text in present},
        sample=tuple(dict.fromkeys(present)),
        shortest=min(map(len, present), default=0),
        longest=max(map(len, present), default=0),
        runs=runs,
    )
