"""统一社会信用代码 (GB 32100-2015): 18 characters, the last of which checks the others (ISO 7064, modulus 31)."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc_fits(code: str) -> bool:
    """Whether the code has the right length, characters and check digit; not whether anybody holds it.

    >>> uscc_fits("X9419900990000017J"), uscc_fits("X94199009900000170")
    (True, False)
    """
    if len(code) != 18 or any(char not in ALPHABET for char in code):
        return False
    total = sum(ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(code[:17]))
    return ALPHABET[-total % 31] == code[17]
