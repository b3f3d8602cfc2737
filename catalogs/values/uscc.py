"""The 18-character unified social credit code (统一社会信用代码) of GB 32100-2015. Pure.

- `fault` says what is wrong with a code in both languages, or None when its form and its check character hold;
- a well-formed code is not an existing body: only a register knows that, and none is asked here;
- `sample` makes codes that pass every check of form and that no register issues.

The standard: one character for the registering organ, one for the kind of body, six digits for the division of the
register (GB/T 2260), nine for the body, one to check. The alphabet has 31 characters (no I, O, S, V, Z). Character
`i` (from 1) has weight `3^(i-1) mod 31`; the weighted sum of all 18 values is a multiple of 31 (ISO 7064). The
standard's own example is 91350100M000100Y43.

Sample codes carry the division 990000. GB/T 2260 assigns no division that begins with 99, so no register has that
code in its own name: the firms of the demo are nobody's, whatever is registered later.
"""

import unicodedata

from infra.language import Text

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH = 18
SAMPLE_DIVISION = "990000"
_MODULUS = len(ALPHABET)
_WEIGHTS = tuple(pow(3, position, _MODULUS) for position in range(LENGTH - 1))
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def uscc_fits(code: str) -> bool:
    """Whether the code has the right length, characters and check digit; not whether anybody holds it.

    >>> uscc_fits("X9419900990000017J"), uscc_fits("X94199009900000170")
    (True, False)
    """
    if len(code) != LENGTH or any(char not in _VALUES for char in code):
        return False
    return check_character(code[:17]) == code[17]


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
            return Text(
                f"第 {position} 位“{character}”不在代码字符集中（不用 I、O、S、V、Z）",
                f"character {position}, {character!r}, is not in the code's alphabet (no I, O, S, V, Z)",
            )
    for position, character in enumerate(code[2:8], start=3):
        if not character.isdigit():
            return Text(
                f"第 {position} 位“{character}”应为数字：第 3 至 8 位是登记管理机关行政区划码",
                f"character {position}, {character!r}, must be a digit: characters 3 to 8 are the division",
            )
    if not uscc_fits(code):
        return Text(
            f"第 18 位校验码“{code[17]}”不符：按前 17 位应为“{check_character(code[:17])}”，其中有一位抄错",
            f"the check character (the 18th), {code[17]!r}, does not match: the first 17 give "
            f"{check_character(code[:17])!r}, so one of the 18 is wrong",
        )
    return None


def valid(code: str) -> bool:
    """Whether the form and the check character hold."""
    return fault(normal(code)) is None


def sample(serial: int) -> str:
    """The `serial`-th code that passes all checks and that no register issues (0 to 99,999,999)."""
    if not 0 <= serial < 10**8:
        raise ValueError("a sample serial has at most eight digits")
    first17 = f"91{SAMPLE_DIVISION}{serial:08d}0"
    return first17 + check_character(first17)
