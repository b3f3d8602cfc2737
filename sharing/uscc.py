"""The 18-character unified social credit code (统一社会信用代码) of GB 32100-2015.

Promises:

- ``fault`` says what is wrong with a code in both languages, or None when its form and its check character hold;
- a well-formed code is not an existing firm: only a register knows that, and none is asked here;
- ``sample`` makes codes that pass every check of form and that no register issues.

The standard: one character for the registering organ, one for the kind of body, six digits for the division of the
register (GB/T 2260), nine for the body, one to check. The alphabet has 31 characters (no I, O, S, V, Z). Character
``i`` (from 1) has weight ``3^(i-1) mod 31``; the weighted sum of all 18 values is a multiple of 31. The standard's own
example is 91350100M000100Y43.

Sample codes carry the division ``990000``. GB/T 2260 assigns no division that begins with 99, so no register has that
code in its own name: the firms of the demo are nobody's, whatever is registered later.
"""

import unicodedata

from catalogs.uscc import ALPHABET, uscc_fits
from infra.errors import Place, Refused
from infra.language import Text

LENGTH = 18
SAMPLE_DIVISION = "990000"
_MODULUS = len(ALPHABET)
_WEIGHTS = tuple(pow(3, position, _MODULUS) for position in range(LENGTH - 1))
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def check_character(first17: str) -> str:
    """The 18th character of a code, from its first 17.

    Raises:
        KeyError: a character outside the alphabet.
    """
    total = sum(_VALUES[character] * weight for character, weight in zip(first17, _WEIGHTS, strict=True))
    return ALPHABET[-total % _MODULUS]


def normal(code: str) -> str:
    """The code as the standard writes it: half-width, capitals, no blanks."""
    return "".join(unicodedata.normalize("NFKC", code).split()).upper()


def fault(code: str) -> Text | None:
    """What is wrong with `code` (already `normal`), or None."""
    if len(code) != LENGTH:
        return Text(f"应为 18 位，实为 {len(code)} 位", f"it has {len(code)} characters, not 18")
    for position, character in enumerate(code, start=1):
        if character not in _VALUES:
            return Text(f"第 {position} 位不在代码字符集中", f"character {position} is not in the code's alphabet")
    if not code[2:8].isdigit():
        return Text("第 3 至 8 位应为登记管理机关行政区划码（数字）", "characters 3 to 8, the division, must be digits")
    if not uscc_fits(code):
        return Text("第 18 位校验码不符", "the check character (the 18th) does not match")
    return None


def valid(code: str) -> bool:
    """Whether the form and the check character hold."""
    return fault(normal(code)) is None


def checked(code: str) -> str:
    """The normal form of a valid code.

    Raises:
        Refused: SHARE_USCC, naming what is wrong.
    """
    written = normal(code)
    wrong = fault(written)
    if wrong is not None:
        raise Refused(
            "SHARE_USCC",
            "统一社会信用代码不正确",
            "the unified social credit code is not valid",
            place=Place(column="uscc"),
            reasons=[wrong],
            remedy=Text("请对照营业执照核对 18 位代码", "compare the 18 characters with the business licence"),
        )
    return written


def sample(serial: int) -> str:
    """The `serial`-th code that passes all checks and that no register issues (0 to 99,999,999)."""
    if not 0 <= serial < 10**8:
        raise ValueError("a sample serial has at most eight digits")
    first17 = f"91{SAMPLE_DIVISION}{serial:08d}0"
    return first17 + check_character(first17)
