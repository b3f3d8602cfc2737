"""Workbooks (.xlsx, .xls, .et) opened, and what is said of one that cannot be."""

from pathlib import Path
from typing import Any

from infra.errors import Place, Refused
from infra.language import Text


def open_workbook(path: Path, place: Place) -> Any:
    """The workbook.

    Raises:
        Refused: READ_ENCRYPTED, READ_DAMAGED.
    """
    import python_calamine as calamine  # noqa: PLC0415 - detection speaks of passwords and opens nothing

    try:
        return calamine.CalamineWorkbook.from_path(path)
    except calamine.PasswordError:
        raise encrypted(place) from None
    except (calamine.CalamineError, OSError, ValueError):
        raise damaged(place) from None


def damaged(place: Place) -> Refused:
    """The refusal of a workbook that cannot be opened."""
    return Refused(
        "READ_DAMAGED",
        "工作簿已损坏，不能打开",
        "the workbook is damaged and cannot be opened",
        place=place,
        remedy=Text(
            "用 Excel 或 WPS 打开后另存为 .xlsx 再报送", "open it in Excel or WPS, save it as .xlsx and deliver that"
        ),
    )


def encrypted(place: Place) -> Refused:
    """The refusal of a workbook with a password."""
    return Refused(
        "READ_ENCRYPTED",
        "工作簿设有打开密码，不能读取",
        "the workbook is protected by a password and cannot be read",
        place=place,
        remedy=Text("去掉密码后重新报送", "remove the password and deliver it again"),
    )
