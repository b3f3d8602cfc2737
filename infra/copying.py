"""Copying between open files: by the kernel where it can, without the bytes passing through this process."""

import errno
import os
from typing import BinaryIO

_MOST = 1 << 30
_BLOCK = 4 << 20
# What the kernel says when it will not copy between these two itself: other file systems, other kinds of file.
_NOT_HERE = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF}


def copy(source: BinaryIO, target: BinaryIO, size: int | None = None) -> int:
    """Copy `size` bytes, or all, from where both files stand, and return how many there were.

    Both are unbuffered files, or were not read from or written to yet.
    """
    done, in_kernel = 0, True
    while size is None or done < size:
        most = _MOST if size is None else min(_MOST, size - done)
        count = 0
        if in_kernel:
            try:
                count = os.copy_file_range(source.fileno(), target.fileno(), most)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                in_kernel = False
        if not in_kernel:
            count = _through_here(source, target, min(most, _BLOCK))
        if not count:
            break
        done += count
    return done


def _through_here(source: BinaryIO, target: BinaryIO, most: int) -> int:
    block = os.read(source.fileno(), most)
    view = memoryview(block)
    while view:
        view = view[os.write(target.fileno(), view) :]
    return len(block)
