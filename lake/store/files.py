"""The files of a snapshot as an Arrow dataset, read in ranges through the object store's one door.

For stores whose objects are no local files. The reader asks for the byte ranges of the columns it needs; nothing is
copied to disk and no second S3 client needs the keys.
"""

import io
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs

from infra.storage import ObjectStore
from lake.store.versions import Snapshot

_BLOCK = 64 << 10


class _Ranges(io.RawIOBase):
    """One object as a seekable file; each read is a range request."""

    def __init__(self, store: ObjectStore, key: str, size: int) -> None:
        self._store, self._key, self._size, self._at = store, key, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def size(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        left = max(self._size - self._at, 0)
        wanted = left if size < 0 else min(size, left)
        if not wanted:
            return b""
        part: BinaryIO
        with self._store.open(self._key, self._at, wanted) as part:
            data = part.read()
        self._at += len(data)
        return data


class _Files(fs.FileSystemHandler):  # type: ignore[misc]
    """As much of a file system as reading known files takes."""

    def __init__(self, store: ObjectStore, sizes: dict[str, int]) -> None:
        self._store, self._sizes = store, sizes

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    __hash__ = None  # type: ignore[assignment]

    def get_type_name(self) -> str:
        return "hub-store"

    def normalize_path(self, path: str) -> str:
        return path

    def get_file_info(self, paths: list[str]) -> list[Any]:
        return [fs.FileInfo(path, fs.FileType.File, size=self._sizes[path]) for path in paths]

    def open_input_file(self, path: str) -> Any:
        return pa.PythonFile(_Ranges(self._store, path, self._sizes[path]), mode="r")

    open_input_stream = open_input_file

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    get_file_info_selector = create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = _refuse
    delete_file = move = copy_file = open_output_stream = open_append_stream = _refuse


def parquet_file(store: ObjectStore, key: str, size: int) -> pq.ParquetFile:
    """One Parquet file of the store, opened by its footer alone; a page whose checksum does not fit is not read."""
    return pq.ParquetFile(pa.PythonFile(_Ranges(store, key, size), mode="r"), page_checksum_verification=True)


def dataset_of(store: ObjectStore, snapshot: Snapshot) -> Any:
    """The snapshot as a `pyarrow.dataset.Dataset`; a column that an older file lacks is null there."""
    sizes = {f"{snapshot.key}/{file.path}": file.size for file in snapshot.files}
    filesystem = fs.PyFileSystem(_Files(store, sizes))
    scanning = ds.ParquetFragmentScanOptions(pre_buffer=True)
    return ds.FileSystemDataset.from_paths(
        list(sizes),
        schema=snapshot.schema,
        format=ds.ParquetFileFormat(default_fragment_scan_options=scanning),
        filesystem=filesystem,
    )
