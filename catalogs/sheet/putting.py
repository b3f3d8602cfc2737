"""A file put in place whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from infra.errors import Place, Unavailable
from infra.language import Text


def put_in_place(path: Path, save: Callable[[str], object]) -> None:
    """Has `save` write a file beside `path`, then gives it its name.

    Raises:
        Unavailable: SHEET_WRITE.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            part = Path(folder) / "part.xlsx"
            save(str(part))
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(path)
    except OSError as error:
        raise Unavailable(
            "SHEET_WRITE",
            "文件不能写入",
            "the file cannot be written",
            place=Place(file=path.name),
            remedy=Text(
                "检查文件夹的权限和磁盘空间；文件若已打开，先关闭", "check permissions and space; close the file"
            ),
        ) from error
