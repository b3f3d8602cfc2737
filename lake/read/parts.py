"""A delivery of several files: each is read by itself, whatever it is written in, and all of them are one source.

What a file is, how it is encoded, which delimiter it has and where its header stands is found for each anew. Records
come in the order of the files' names, each with its file and line in `_line` (`lake.read.place`). One file is unpacked
at a time and goes as soon as it was read, so that neither memory nor disk grows with the number of files.

A file without records is noted. One that cannot be read refuses the delivery, and all such files are told at once; or,
where the contract says so (`faulty_members: leave_out`), it is left out, noted, and none of its records counts as read.
A shapefile's files are one file. Where a single file is meant, its lines are plain lines.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from infra.crypto import Sealed
from infra.errors import Place, Refused
from infra.language import Text
from lake.read.archive import Member, Unpacking, members, opened
from lake.read.pool import Pool
from lake.read.refusals import joined_notes, parts_note
from lake.read.source import Job, Note, Part, Source

ReadOne = Callable[[Job], Source]
_EMPTY = frozenset({"READ_EMPTY", "READ_NO_RECORDS"})
_WHOLE = frozenset({"READ_ARCHIVE_SIZE"})  # what is wrong with all of it, whatever file showed it
_SHAPE = ".shp"
_BESIDE_SHAPE = frozenset({".dbf", ".shx", ".prj", ".cpg", ".qpj", ".sbn", ".sbx", ".qix", ".fix", ".cst", ".shp.xml"})
_TOLD = 10


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the delivery, its number, and those that belong to it, by their endings."""

    number: int
    member: Member
    beside: Mapping[str, Member] = field(default_factory=dict)

    def meant(self, pattern: str | None) -> bool:
        """Whether the contract speaks of it."""
        if pattern is None:
            return True
        name, wanted = self.member.name.casefold(), pattern.casefold()
        return fnmatchcase(name, wanted) or fnmatchcase(PurePosixPath(name).name, wanted)


def read_parts(job: Job, read_one: ReadOne) -> Source:
    """The source of a ZIP, whose files `read_one` reads.

    Raises:
        Refused: READ_ARCHIVE, READ_ARCHIVE_NAME, READ_ARCHIVE_SIZE, READ_DAMAGED, READ_PARTS; READ_MEMBER_MISSING;
            READ_PARTS_FAULTY; READ_NO_RECORDS; of a single file whatever it is refused for.
    """
    place = Place(file=job.name, dataset=job.contract.id)
    with opened(job.path, place) as archive:
        listed = members(archive, job.limits, place)
        files = _files(listed)
        wanted = job.contract.reading.member
        meant = [file for file in files if file.meant(wanted)]
        if not listed:
            raise _nothing_inside(place)
        if not meant:
            raise _missing(wanted, len(files), place)
        reading = _Reading(job, read_one, Unpacking(archive, job.limits, place), place, len(listed) > 1)
        if len(meant) == 1:
            return reading.alone(meant[0], listed)
        return reading.all(meant, listed)


def _files(listed: Sequence[Member]) -> list[_File]:
    """The data sets inside: every file is one, but for those beside a shapefile, which are one with it."""
    shapes = {stem(one.name) for one in listed if is_shape(one.name)}
    beside: dict[str, dict[str, Member]] = {}
    alone = []
    for number, one in enumerate(listed, 1):
        ending = _ending(one.name)
        if ending in _BESIDE_SHAPE and stem(one.name) in shapes:
            beside.setdefault(stem(one.name), {})[ending] = one
        else:
            alone.append((number, one))
    return [_File(number, one, beside.get(stem(one.name), {}) if is_shape(one.name) else {}) for number, one in alone]


def is_shape(name: str) -> bool:
    """Whether a file of that name is the one by which a shapefile is called."""
    return _ending(name) == _SHAPE


def stem(name: str) -> str:
    """What the names of a shapefile's files have in common, and no other's."""
    return name.casefold().removesuffix(_ending(name))


def _ending(name: str) -> str:
    folded = PurePosixPath(name).name.casefold()
    return ".shp.xml" if folded.endswith(".shp.xml") else PurePosixPath(folded).suffix


@dataclass(slots=True)
class _Reading:
    """The reading of one archive, as far as it came."""

    job: Job
    read_one: ReadOne
    unpacking: Unpacking
    place: Place
    several: bool
    parts: dict[str, Part] = field(default_factory=dict)
    beside: dict[str, Sealed] = field(default_factory=dict)
    faulty: list[tuple[str, Refused]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    formats: list[Source] = field(default_factory=list)

    def alone(self, file: _File, listed: Sequence[Member]) -> Source:
        """The one file that is meant: read as if it had come by itself."""
        source = self._source(file, self.job.scratch, f"{self.job.path.name}.member")
        source = replace(source, given={"file_name": file.member.base})
        if not self.several:
            return source
        parts = self._all_parts(listed)
        return replace(source.with_notes(*self._counted(parts, 1)), parts=parts)

    def all(self, meant: Sequence[_File], listed: Sequence[Member]) -> Source:
        """All that are meant, one after another."""
        fields = self.job.contract.fields
        names = [one.name for one in fields if one.given is None]
        given = [one.name for one in fields if one.given == "file_name"]
        with Pool(self.job.scratch, f"{self.job.path.name}.parts", names, given) as pool:
            for file in meant:
                self._take(file, pool)
        parts = self._all_parts(listed)
        if self.faulty and (self.job.contract.reading.faulty_members == "refuse" or len(self.faulty) == len(meant)):
            raise _faulty(self.faulty, len(meant), self.place)
        if not pool.count:
            raise _all_empty(len(meant), self.place)
        encodings = {one.encoding for one in self.formats}
        return replace(
            pool.source(),
            notes=(*self._counted(parts, len(meant)), *joined_notes(self.notes)),
            format=self.formats[0].format,
            encoding=encodings.pop() if len(encodings) == 1 else None,
            parts=parts,
            given={"file_name": None},
        )

    def _take(self, file: _File, pool: Pool) -> None:
        scratch = self.job.scratch / f"{self.job.path.name}.part"
        scratch.mkdir(mode=0o700)
        try:
            source = self._source(file, scratch, "member")
            records = pool.add(source, file.number, file.member.base)
        except Refused as refusal:
            if refusal.code in _WHOLE:
                raise
            self._spoilt(file, refusal)
        else:
            self.notes += source.notes
            self.formats = [*self.formats, source] if len(self.formats) < _TOLD else self.formats
            self.parts[file.member.name] = replace(self.parts[file.member.name], records=records)
        finally:
            shutil.rmtree(scratch)

    def _spoilt(self, file: _File, refusal: Refused) -> None:
        name = file.member.name
        known = self.parts.get(name) or Part(file.number, name, file.member.info.file_size, None, 0, "read")
        if refusal.code in _EMPTY:
            self.parts[name] = replace(known, records=0, state="empty")
            return
        self.parts[name] = replace(known, records=0, state="faulty", code=refusal.code)
        self.faulty.append((name, refusal))

    def _source(self, file: _File, scratch: Path, called: str) -> Source:
        """Unpack the file, and what belongs to it, and read it."""
        name = f"{self.job.name}/{file.member.name}" if self.several else self.job.name
        place = replace(self.place, file=name)
        path = scratch / called
        taken = self.unpacking.take(file.member, path, place)
        self.parts[file.member.name] = Part(file.number, file.member.name, taken.size, taken.sha256, None, "read")
        beside = {}
        for ending, member in file.beside.items():
            beside[ending] = scratch / f"{called}{ending}"
            self.beside[member.name] = self.unpacking.take(member, beside[ending], place)
        return self.read_one(replace(self.job, path=path, name=name, scratch=scratch, beside=beside))

    def _all_parts(self, listed: Sequence[Member]) -> tuple[Part, ...]:
        return tuple(self.parts.get(one.name) or self._unread(number, one) for number, one in enumerate(listed, 1))

    def _unread(self, number: int, one: Member) -> Part:
        """A file of which no record was read by itself."""
        taken = self.beside.get(one.name)
        if taken is not None:
            return Part(number, one.name, taken.size, taken.sha256, 0, "beside")
        return Part(number, one.name, one.info.file_size, None, 0, "other")

    def _counted(self, parts: Sequence[Part], meant: int) -> Iterator[Note]:
        if meant > 1:
            yield Note("parts", Text(f"由 {meant} 个文件组成", f"made of {meant} files"), meant)
        for state in ("empty", "faulty", "other"):
            numbers = [one.number for one in parts if one.state == state]
            if numbers:
                yield parts_note(state, numbers)


def _nothing_inside(place: Place) -> Refused:
    return Refused(
        "READ_ARCHIVE",
        "压缩包内没有数据文件",
        "the archive holds no data file",
        place=place,
        remedy=Text("放入数据文件后重新打包报送", "pack it again with the data files in it"),
    )


def _missing(pattern: str | None, count: int, place: Place) -> Refused:
    return Refused(
        "READ_MEMBER_MISSING",
        f"{count} 个文件中没有契约所指的“{pattern}”",
        f"none of the {count} files is the “{pattern}” that the contract speaks of",
        place=place,
        remedy=Text(
            "补上该文件后重新报送，或改正契约 cityhub.reading 的 member",
            "deliver it again with that file, or correct `member` in the contract's cityhub.reading",
        ),
    )


def _faulty(found: Sequence[tuple[str, Refused]], count: int, place: Place) -> Refused:
    reasons = [Text(f"{name}：{one.text.zh}", f"{name}: {one.text.en}") for name, one in found[:_TOLD]]
    more = len(found) - len(reasons)
    if more:
        reasons.append(Text(f"另有 {more} 个", f"and {more} more"))
    return Refused(
        "READ_PARTS_FAULTY",
        f"{count} 个文件中有 {len(found)} 个不能读取，整批未受理",
        f"{len(found)} of the {count} files cannot be read, so none of them was taken",
        place=place,
        reasons=reasons,
        remedy=Text(
            "改正这些文件后整批重新报送；不是数据的文件用契约 cityhub.reading 的 member 排除，"
            "或用 faulty_members: leave_out 让其余文件照常受理",
            "correct them and deliver all again; name the data with `member` in the contract's cityhub.reading where "
            "they are none, or let the others go on with `faulty_members: leave_out`",
        ),
    )


def _all_empty(count: int, place: Place) -> Refused:
    return Refused(
        "READ_NO_RECORDS",
        f"{count} 个文件都没有数据",
        f"none of the {count} files holds a record",
        place=place,
        remedy=Text("补上数据后重新报送", "deliver it again with its data"),
    )
