"""Work that finds no room: a full disk or a spent memory limit is one sentence, whichever library met it."""

import contextlib
import errno
from collections.abc import Iterator

import duckdb

from infra.errors import Unavailable
from infra.language import Text

_FULL = (errno.ENOSPC, errno.EDQUOT)


def lacks_room(error: BaseException) -> bool:
    """Whether an operation failed for want of disk or memory, and not for what it was given."""
    if isinstance(error, OSError):
        return error.errno in _FULL or _says(error)
    return isinstance(error, duckdb.OutOfMemoryException) or (isinstance(error, duckdb.Error) and _says(error))


def _says(error: BaseException) -> bool:
    return "No space left on device" in str(error)


@contextlib.contextmanager
def room() -> Iterator[None]:
    """Turn want of room into `LAKE_ROOM`; the texts of the errors hold paths and values and end here.

    Raises:
        Unavailable: `LAKE_ROOM`: nothing was lost; the same call goes on when there is room.
    """
    try:
        yield
    except (OSError, duckdb.Error) as error:
        if not lacks_room(error):
            raise
        raise Unavailable(
            "LAKE_ROOM",
            "处理所需的磁盘或内存不足，数据未受影响",
            "there is not enough disk or memory for the work; no data was touched",
            remedy=Text(
                "清理或扩充 HUB_HOME 所在磁盘（或调高 HUB_LAKE_MEMORY），再运行一次",
                "make room on the disk of HUB_HOME (or raise HUB_LAKE_MEMORY), then run it again",
            ),
        ) from None
