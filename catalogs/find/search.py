"""Search over the register: hits in order, counts by facet, and what was probably meant when little is found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogs.find.facets import FACETS, Facets
from catalogs.find.index import names_of
from catalogs.find.mark import Marked, marked
from catalogs.find.postings import Postings
from catalogs.find.query import Term, terms
from catalogs.find.rank import APART, APART_IN_TITLE, LOOSE, Match, Points, loosely, points, weigh
from catalogs.find.suggest import meant, near
from catalogs.find.tables import DOCUMENT, STATE
from catalogs.find.tokens import VERSION, Names, texts
from catalogs.tables import RESOURCE
from catalogs.values.model import Grade, Resource
from infra.database import read
from infra.errors import Refused, WrongUse
from infra.language import Text

WEIGHED = 200  # hits whose whole texts are weighed
MOST = 200  # hits in one answer
FEW = 3  # fewer hits than these make the search look for what was meant
FURTHEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Hit:
    """A resource that was found; `matched` is the text that holds the first term, None where its pieces stand apart."""

    id: str
    title: Text
    unit: str
    domain: str
    provider: str
    data_format: str
    update_frequency: str
    sharing_attribute: str
    openness: str
    grade: str
    item_count: int
    example: bool
    points: int
    matched: Marked | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    `total` counts all hits, of which `hits` are a page; `facets` holds counts by facet, each without its own filter.
    `meant` is what was probably meant where little was found; `instead`: the hits are those of `meant`, because
    nothing was found for the words as typed. `some`: no resource has all the words as typed, the hits have some
    of them, or their characters.
    """

    query: str
    total: int
    hits: tuple[Hit, ...]
    facets: dict[str, list[tuple[str, int]]]
    meant: str | None = None
    instead: bool = False
    some: bool = False


def search(
    engine: Engine,
    query: str,
    *,
    filters: Mapping[str, str | Iterable[str]] | None = None,
    limit: int = 20,
    offset: int = 0,
) -> Found:
    """The registered resources that hold all words of `query`, best first; without words, all, shortest title first.

    Args:
        engine: the governance database.
        query: words as a person types them; untrusted.
        filters: wanted values by facet (`facets.FACETS`).
        limit: hits in the answer, 200 at most.
        offset: hits before the first in the answer.

    Raises:
        WrongUse: CATALOG_QUERY_LONG, CATALOG_QUERY_FACET, CATALOG_QUERY_PAGE.
        Refused: CATALOG_INDEX_STALE when the index is of another version or was never made.
        Unavailable: DATABASE_….
    """
    asked, wanted = terms(query), _filters(filters or {})
    if not 0 < limit <= MOST or not 0 <= offset <= FURTHEST:
        raise WrongUse("CATALOG_QUERY_PAGE", f"一次最多列出 {MOST} 项", f"one answer lists {MOST} hits at most")
    with read(engine) as connection:
        _fresh(connection)
        facets = Facets(connection)
        postings = Postings(connection, facets.blocks)
        lengths = facets.lengths()
        each = _each(asked, postings)
        scores = _together(each, lengths)
        said, some = None, False
        if asked and np.count_nonzero(scores) < FEW:
            said = meant(connection, asked, postings)
        if asked and not scores.any():
            asked, said, some = _otherwise(connection, asked, said, postings)
            each = _each(asked, postings, loose=some)
            scores = np.sum(each, axis=0, dtype=np.int32) if some else _together(each, lengths)
        instead = said is not None and not some and asked != terms(query)
        conditions = {facet: facets.having(facet, values) for facet, values in wanted.items()}
        counts = _counts(facets, scores > 0, conditions)
        for condition in conditions.values():
            scores = np.where(condition, scores, 0)
        ordered = _ordered(scores, lengths)
        hits = _page(_Asked(connection, asked, each, scores, lengths), ordered, offset, limit)
        return Found(query, len(ordered), _told(connection, hits), counts, said, instead, some)


def _filters(given: Mapping[str, str | Iterable[str]]) -> dict[str, frozenset[str]]:
    unknown = sorted(given.keys() - set(FACETS))
    if unknown:
        known = "、".join(FACETS)
        raise WrongUse(
            "CATALOG_QUERY_FACET",
            f"没有分面 {unknown[0][:40]}，可用：{known}",
            f"there is no facet {unknown[0][:40]}; there are: {', '.join(FACETS)}",
        )
    return {facet: frozenset([values] if isinstance(values, str) else values) for facet, values in given.items()}


def _fresh(connection: Connection) -> None:
    """Refuses to answer from an index that does not know the register."""
    version = connection.execute(sa.select(STATE.c.tokens)).scalar()
    if version == VERSION:
        return
    if version is None and connection.execute(sa.select(RESOURCE.c.id).limit(1)).first() is None:
        return
    raise Refused(
        "CATALOG_INDEX_STALE",
        "检索索引尚未建立或已过时",
        "the index of the register is not made yet, or is of another version",
        remedy=Text("运行 hub catalog reindex", "run `hub catalog reindex`"),
    )


def _otherwise(
    connection: Connection, asked: list[Term], said: str | None, postings: Postings
) -> tuple[list[Term], str | None, bool]:
    """What to look for when the words as typed find nothing: what was meant, else parts of them, else what is near."""
    if said is not None and np.logical_and.reduce(_each(terms(said), postings)).any():
        return terms(said), said, False
    if np.any(_each(asked, postings, loose=True)):
        return asked, said, True
    said = near(connection, asked, postings)
    return (terms(said), said, False) if said is not None else (asked, None, False)


def _each(asked: Sequence[Term], postings: Postings, *, loose: bool = False) -> list[Points]:
    """The points of every document, for each term; `loose`: a term that finds nothing is taken loosely."""
    postings.load(token for term in asked for token in term.tokens())
    found = [points(term, postings) for term in asked]
    if loose:
        found = [own if own.any() else loosely(term, postings) for term, own in zip(asked, found, strict=True)]
    return found


def _together(each: Sequence[Points], lengths: npt.NDArray[np.uint16]) -> Points:
    """The points of each document that all terms find; without terms, one point for every document."""
    found: Points = (lengths > 0).astype(np.int32)
    for number, own in enumerate(each):
        found = own if number == 0 else np.where((found > 0) & (own > 0), found + own, 0).astype(np.int32)
    return found


def _counts(
    facets: Facets, found: npt.NDArray[np.bool_], conditions: Mapping[str, npt.NDArray[np.bool_]]
) -> dict[str, list[tuple[str, int]]]:
    """Counts by facet among what all other facets' filters leave."""
    counts = {}
    for facet in FACETS:
        among = found
        for other, condition in conditions.items():
            if other != facet:
                among = among & condition
        counts[facet] = facets.count(facet, among)
    return counts


def _ordered(scores: Points, lengths: npt.NDArray[np.uint16]) -> npt.NDArray[np.intp]:
    """The numbers of the hits: most points, shortest title, lowest number first."""
    hits = np.flatnonzero(scores)
    return hits[np.lexsort((hits, lengths[hits], -scores[hits]))]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a page is made of: the terms, the points of each of them, of all together, the lengths of titles."""

    connection: Connection
    terms: Sequence[Term]
    each: Sequence[Points]
    scores: Points
    lengths: npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class _Weighed:
    id: str
    points: int
    length: int
    digest: str
    match: Match | None


def _page(asked: _Asked, ordered: npt.NDArray[np.intp], offset: int, limit: int) -> list[_Weighed]:
    """One page of the ordered documents; those within the first 200 are put in order by their whole texts."""
    page: list[_Weighed] = []
    if offset < WEIGHED:
        first = _weighed(asked, ordered[:WEIGHED].tolist())
        first.sort(key=lambda one: (-one.points, one.length, one.id))
        page = first[offset : offset + limit]
    behind = max(offset, WEIGHED)
    return page + _weighed(asked, ordered[behind : max(behind, offset + limit)].tolist())


def _weighed(asked: _Asked, numbers: Sequence[int]) -> list[_Weighed]:
    query = sa.select(DOCUMENT).where(DOCUMENT.c.number.in_(numbers))
    rows = {row.number: row for row in asked.connection.execute(query)}
    found = []
    for number in numbers:
        row = rows[number]
        matches = [weigh(term, row.written) for term in asked.terms]
        known = [int(own[number]) for own in asked.each]
        sum_ = sum(
            match.points if match else (own if own in (APART_IN_TITLE, LOOSE, 0) else APART)
            for match, own in zip(matches, known, strict=True)
        )
        first = next((match for match in matches if match), None)
        found.append(_Weighed(row.resource, sum_, int(asked.lengths[number]), row.digest, first))
    return found


def _told(connection: Connection, page: Sequence[_Weighed]) -> tuple[Hit, ...]:
    query = sa.select(RESOURCE).where(RESOURCE.c.id.in_([each.id for each in page]))
    rows = {row.id: row for row in connection.execute(query)}
    names = names_of(connection) if any(each.match for each in page) else Names({}, {})
    return tuple(_hit(each, rows[each.id], names) for each in page if each.id in rows)


def _hit(found: _Weighed, row: Any, names: Names) -> Hit:
    shown = None
    if found.match is not None:
        shown = marked(found.match, texts(msgspec.convert(row.body, Resource), names)[found.match.field])
    same = (name for name in Hit.__slots__ if name not in ("title", "grade", "points", "matched", "stale"))
    return Hit(
        title=Text(row.title_zh, row.title_en),
        grade=Grade(row.grade).id,
        points=found.points,
        matched=shown,
        stale=row.digest != found.digest,
        **{name: getattr(row, name) for name in same},
    )
