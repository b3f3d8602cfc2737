"""What was probably meant, when the words as typed find little: the other character that sounds alike, a slip of a key.

Asked only then. What is offered stands in the register; words are compared with those of a small vocabulary, Chinese
with the texts of the documents that share most of its characters.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.find.fold import sound
from catalogs.find.postings import Postings
from catalogs.find.query import Term, syllable_tokens
from catalogs.find.tables import DOCUMENT
from catalogs.find.tokens import In, fields, parts

VOCABULARY = 20_000
NEAR = 60  # documents whose texts are compared
ALIKE_WORDS, ALIKE_CHINESE = 72.0, 65.0
_NAMED = (In.TITLE, In.ALIAS, In.ITEM)
_IN_NAMES = np.uint8(In.TITLE | In.ALIAS | In.ITEM)


def meant(connection: Connection, asked: Sequence[Term], postings: Postings) -> str | None:
    """The query with a word replaced by one that sounds alike or is a slip of a key away; None where none is."""
    return _replaced(asked, lambda term: _alike(connection, term, postings))


def near(connection: Connection, asked: Sequence[Term], postings: Postings) -> str | None:
    """The query with Chinese words replaced by what of the register shares most of their characters; None: nothing."""
    return _replaced(asked, lambda term: _near(connection, term.text, postings) if _chinese(term) else None)


def _replaced(asked: Sequence[Term], other: Callable[[Term], str | None]) -> str | None:
    found = [(term.text, other(term)) for term in asked]
    return " ".join(new or old for old, new in found) if any(new for _, new in found) else None


def _chinese(term: Term) -> bool:
    return len(term.parts) == 1 and term.parts[0].han and len(term.text) > 1


def _alike(connection: Connection, term: Term, postings: Postings) -> str | None:
    if _chinese(term):
        return _homophone(connection, term.text, postings)
    return _word(term.text, postings) if len(term.parts) == 1 and not term.parts[0].han else None


def _word(word: str, postings: Postings) -> str | None:
    if len(word) < 4 or postings.beginning(f"w:{word}", 1):
        return None
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only when little is found

    known = [token[2:] for token in postings.beginning(f"w:{word[0]}", VOCABULARY)]
    best = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=ALIKE_WORDS)
    return str(best[0]) if best else None


def _homophone(connection: Connection, run: str, postings: Postings) -> str | None:
    """What sounds like the run and is written otherwise: what an input method offers first."""
    said = sound(run)
    if len(said) != len(run) or not all(said):
        return None
    row = np.bitwise_and.reduce([postings.of(token) for token in syllable_tokens(said)])
    seen: Counter[str] = Counter()
    for text in _texts(connection, np.flatnonzero(row & _IN_NAMES)[:NEAR].tolist()):
        for part in parts(text):
            heard = sound(part.text) if part.han else ()
            for at in range(len(heard) - len(said) + 1):
                if heard[at : at + len(said)] == said:
                    seen[part.text[at : at + len(said)]] += 1
    del seen[run]
    return max(sorted(seen), key=seen.__getitem__) if seen else None


def _near(connection: Connection, run: str, postings: Postings) -> str | None:
    """The part of a title, alias or item that is most like the run, where more than half of its characters agree."""
    from rapidfuzz import fuzz  # noqa: PLC0415 - only when little is found

    shared = np.zeros(postings.size, np.int16)
    wanted = {*run, *(run[at : at + 2] for at in range(len(run) - 1))}
    for token in wanted:
        shared += (postings.of(token) & _IN_NAMES) != 0
    order = np.argsort(-shared, kind="stable")[:NEAR]
    best: tuple[float, str] | None = None
    for text in _texts(connection, [int(number) for number in order if shared[number] > 1]):
        for part in parts(text):
            if not part.han or len(part.text) < len(run) - 1:
                continue
            found = fuzz.partial_ratio_alignment(run, part.text, score_cutoff=ALIKE_CHINESE)
            if found is None:
                continue
            piece = part.text[found.dest_start : found.dest_end]
            if piece != run and len(piece) >= max(2, len(run) - 1) and (best is None or found.score > best[0]):
                best = (found.score, piece)
    return best[1] if best else None


def _texts(connection: Connection, numbers: Sequence[int]) -> Iterator[str]:
    query = sa.select(DOCUMENT.c.written).where(DOCUMENT.c.number.in_(numbers)).order_by(DOCUMENT.c.number)
    for kept in connection.execute(query).scalars():
        found = fields(kept)
        for field in _NAMED:
            yield from found[field]
