"""UTF-16 without a byte order mark, told by its content. Pure: the first bytes of a text in, its byte order out.

Either of two signs is enough:

- much ASCII: a fifth of the characters have a zero byte on one side, next to none on the other;
- little ASCII, as in a table of Chinese names: read in one byte order all but a few characters are those that Chinese
  texts are made of, lines end and no control character stands between them; the other order does not give that; and
  without its zero bytes the text is none in UTF-8 or GB18030, for those with a NUL inside are damaged, not wide.

Every table in UTF-16 has a zero byte, that of its line end, and no undamaged text in UTF-8 or GB18030 has one.
"""

import re

SAMPLE = 64 * 1024
_ORDERS = ("utf-16-le", "utf-16-be")
_USUAL = re.compile(
    r"[\t\r\n -~\u00b0-\u00b3\u00b7\u00d7\u2010-\u203f\u2100-\u214f\u2460-\u249b"
    r"\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NARROW_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_END = re.compile(r"[\r\n]")
_MOST = 0.95
_LONGEST = 4  # bytes of a character


def byte_order(head: bytes) -> str | None:
    """`utf-16-le` or `utf-16-be`, None for what is neither; `head` is a text's beginning, without a byte order mark."""
    sample = head[: min(len(head), SAMPLE) & ~1]
    if b"\0" not in sample:
        return None
    found = _by_zeros(sample)
    if found is not None:
        return found
    fitting = [order for order in _ORDERS if _is_chinese_text(sample, order)]
    return fitting[0] if len(fitting) == 1 and not _is_narrow(sample) else None


def _by_zeros(sample: bytes) -> str | None:
    zeros_even, zeros_odd = sample[0::2].count(0), sample[1::2].count(0)
    enough = max(3, len(sample) // 10)
    if zeros_odd > enough and zeros_even * 50 < zeros_odd:
        return "utf-16-le"
    if zeros_even > enough and zeros_odd * 50 < zeros_even:
        return "utf-16-be"
    return None


def _is_chinese_text(sample: bytes, order: str) -> bool:
    text = _decoded(sample, order)
    if text is None or not _LINE_END.search(text) or _CONTROL.search(text):
        return False
    return len(_USUAL.findall(text)) >= _MOST * len(text)


def _is_narrow(sample: bytes) -> bool:
    rest = sample.replace(b"\0", b"")
    return not _NARROW_CONTROL.search(rest) and any(_decoded(rest, name) is not None for name in ("utf-8", "gb18030"))


def _decoded(sample: bytes, encoding: str) -> str | None:
    """The text, of which the last character may be cut; None where it is none in this encoding."""
    try:
        return sample.decode(encoding)
    except UnicodeDecodeError as error:
        return sample[: error.start].decode(encoding) if error.start > len(sample) - _LONGEST else None
