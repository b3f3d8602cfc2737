"""An applicant's unified social credit code: `catalogs.values.uscc` judges it, this refuses. Pure."""

from catalogs.values.uscc import ALPHABET, check_character, fault, normal, sample, uscc_fits, valid
from infra.errors import Place, Refused
from infra.language import Text

__all__ = ["ALPHABET", "check_character", "checked", "fault", "normal", "sample", "uscc_fits", "valid"]


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
