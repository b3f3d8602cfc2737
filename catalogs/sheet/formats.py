"""数据格式 and 共享方式 as forms write them: class and concrete type, in one cell or two."""

import re

from catalogs.rules.entry_rules import concrete, format_breach, mode_breach
from catalogs.sheet.fill import Reader, choices, unknown_word
from catalogs.sheet.values import half, parts, word
from catalogs.values.words import DataFormat, FormatClass, SharingMode

_JOINTS = re.compile(r"[-—–/:：,，、\s()（）]+")
_OF_CLASS = {
    FormatClass.FILE: DataFormat.DOCUMENT,
    FormatClass.SHEET: DataFormat.XLSX,
    FormatClass.DATABASE: DataFormat.DATABASE,
    FormatClass.IMAGE: DataFormat.IMAGE,
    FormatClass.STREAM: DataFormat.MEDIA,
    FormatClass.INTERFACE: DataFormat.API,
}
_GUIDE_MODES = {"数据库", "文件"}


def read_format(read: Reader) -> tuple[DataFormat | None, str | None]:
    """The format and, where it was written more exactly than the list has it, the concrete type."""
    written = read.entry.text("data_format")
    stated, given = read.value("format_class"), read.text("format_type")
    found, exact = _found(written)
    if written and found is None:
        unknown_word(read, read.known["data_format"], written, choices(read.known["data_format"]))
        return None, given
    in_cell = next((kind for kind in map(_class, _JOINTS.split(half(written))) if kind), None) if written else None
    if found is None and stated is not None:
        found = _OF_CLASS.get(stated)
    if found is not None:
        # Told where the class stands: beside the type in one cell, or in a column of its own.
        for key, kind in (("data_format", in_cell), ("format_class", stated)):
            breach = format_breach(found, kind) if kind is not None else None
            if breach is not None and key not in read.faulty:
                said = (breach.text.zh, breach.text.en)
                read.wrong(key, breach.code, said, (breach.remedy.zh, breach.remedy.en))
    return found, given or exact


def _found(written: str) -> tuple[DataFormat | None, str | None]:
    if not written:
        return None, None
    whole = word(DataFormat, written)
    if whole is not None:
        return whole, None if half(written) in (whole.text.zh, str(whole)) else written
    for part in reversed(_JOINTS.split(half(written))):
        found = concrete(part) or word(DataFormat, part)
        if found is not None and part:
            return found, part if part.casefold() not in (found.text.zh.casefold(), str(found)) else None
    kind = _class(half(written))
    return (_OF_CLASS.get(kind), None) if kind is not None else (None, None)


def _class(part: str) -> FormatClass | None:
    # 数据库 and 服务接口 are the name of a class and of a format alike.
    return word(FormatClass, part.lstrip("0123456789.") or part)


def read_modes(read: Reader, data_format: DataFormat | None) -> tuple[SharingMode, ...]:
    """共享方式; the guide's own words (数据库, 文件) must fit the format."""
    modes: tuple[SharingMode, ...] | None = read.value("sharing_mode")
    if modes is None:
        return ()
    written = [part for part in parts(read.entry.text("sharing_mode")) if part in _GUIDE_MODES]
    for part in written if data_format is not None else ():
        breach = mode_breach(data_format, part) if data_format is not None else None
        if breach is not None and "sharing_mode" not in read.faulty:
            remedy = (breach.remedy.zh, breach.remedy.en)
            read.wrong("sharing_mode", breach.code, (breach.text.zh, breach.text.en), remedy)
    return modes
