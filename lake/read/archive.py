"""A ZIP with one data file inside: unpacked into scratch, within limits, under a name of ours.

What is inside is found by its content, as everywhere. Names inside an archive are somebody's words: none becomes a
path. What an archive claims about its sizes is not believed: unpacking stops at the limit.
"""

import contextlib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from infra.errors import Place, Refused
from infra.language import Text
from lake.read.source import Job

_BLOCK = 1 << 20
_IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_REPACK = Text("重新打包后报送，或直接报送其中的数据文件", "pack it again, or deliver the data file itself")


def unpack(job: Job) -> Job:
    """The job of reading the one file inside, as a new file in scratch.

    Raises:
        Refused: READ_ARCHIVE (none or several files, one in an unknown compression), READ_ARCHIVE_SIZE, READ_DAMAGED,
            READ_ENCRYPTED.
    """
    place = Place(file=job.name, dataset=job.contract.id)
    target = job.scratch / f"{job.path.name}.member"
    with _guarded(place), zipfile.ZipFile(job.path) as archive:
        member = _only(archive, place)
        with archive.open(member) as source, target.open("xb") as made:
            target.chmod(0o600)
            left = job.limits.max_unpacked
            while block := source.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    raise _too_large(job.limits.max_unpacked, place)
                made.write(block)
    return replace(job, path=target)


def _only(archive: zipfile.ZipFile, place: Place) -> zipfile.ZipInfo:
    members = [one for one in archive.infolist() if not one.is_dir() and not _is_litter(one.filename)]
    if len(members) != 1:
        raise Refused(
            "READ_ARCHIVE",
            f"压缩包内应有且只有一个数据文件，实有 {len(members)} 个",
            f"an archive holds exactly one data file; this one holds {len(members)}",
            place=place,
            remedy=Text("每个数据文件单独报送", "deliver each data file by itself"),
        )
    if members[0].flag_bits & 0x1:
        raise Refused(
            "READ_ENCRYPTED",
            "压缩包设有密码，不能读取",
            "the archive is protected by a password and cannot be read",
            place=place,
            remedy=Text("去掉密码后重新报送", "remove the password and deliver it again"),
        )
    return members[0]


def _is_litter(name: str) -> bool:
    """What operating systems put beside the files that a person packed."""
    return name.startswith(_IGNORED[0]) or Path(name).name in _IGNORED or Path(name).name.startswith("._")


def _too_large(most: int, place: Place) -> Refused:
    return Refused(
        "READ_ARCHIVE_SIZE",
        f"解压后超过上限 {most} 字节",
        f"unpacked it has more than the {most} bytes allowed",
        place=place,
        remedy=Text("拆分后报送，或调高 HUB_READ_MAX_UNPACKED", "split it, or raise HUB_READ_MAX_UNPACKED"),
    )


@contextlib.contextmanager
def _guarded(place: Place) -> Iterator[None]:
    try:
        yield
    except NotImplementedError:
        raise Refused(
            "READ_ARCHIVE",
            "压缩包用了不支持的压缩方法",
            "the archive uses a compression that is not read here",
            place=place,
            remedy=_REPACK,
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError):
        raise Refused(
            "READ_DAMAGED",
            "压缩包已损坏，可能没有传完",
            "the archive is damaged; it may be cut off",
            place=place,
            remedy=_REPACK,
        ) from None
