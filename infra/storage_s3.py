"""Objects in any S3, by the MinIO client: own endpoint, path-style addresses, fixed keys, no STS.

A put is one request or one multipart upload: S3 shows it at once or not at all, and acknowledges it when durable.
"""

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import certifi
import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from minio.helpers import check_bucket_name

from infra.errors import HubError, Unavailable, WrongUse
from infra.language import Text
from infra.storage import RESERVED, ObjectStat, StoreSettings, check_key, check_size, is_key, open_source
from infra.storage_s3_codes import ABSENT, translated, wrong_bucket
from infra.storage_s3_delta import delta_options

_CHUNK = 1 << 20
_PART = 64 << 20  # one part of a multipart upload; 10,000 of them are the most that S3 takes


class S3Store:
    """An `ObjectStore` in a bucket, below a prefix.

    Raises:
        WrongUse: STORE_ADDRESS for settings that cannot be, STORE_BUCKET for a name that no S3 gives a bucket.
    """

    def __init__(self, settings: StoreSettings, *, bucket: str, prefix: str = "") -> None:
        self.bucket = bucket
        self._prefix = check_key(prefix) + "/" if prefix else ""
        self._settings = settings
        self._client = _client(settings)
        _check_bucket(bucket, new=False)

    def __repr__(self) -> str:
        return f"S3Store('s3://{self.bucket}/{self._prefix}')"

    def prepare(self) -> None:
        """Make the bucket when it is not there."""
        with _s3(self.bucket):
            if self._client.bucket_exists(bucket_name=self.bucket):
                return
            _check_bucket(self.bucket, new=True)
            try:
                self._client.make_bucket(bucket_name=self.bucket)
            except S3Error as error:
                if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise

    def put_file(self, key: str, path: Path, *, move: bool = False) -> None:
        """Upload `path`, in parts when it is large."""
        check_key(key)
        with open_source(path, self._settings.max_bytes) as (source, size):
            self._put(key, source, size)
        if move:
            path.unlink()

    def put_bytes(self, key: str, data: bytes) -> None:
        """Upload `data`."""
        check_key(key)
        check_size(len(data), self._settings.max_bytes)
        self._put(key, io.BytesIO(data), len(data))

    def open(self, key: str, offset: int = 0, length: int | None = None) -> BinaryIO:
        """A buffered stream of the response."""
        name = self._name(key)
        if length == 0:
            return io.BytesIO()
        with _s3(key):
            try:
                response = self._client.get_object(
                    bucket_name=self.bucket, object_name=name, offset=offset, length=length or 0
                )
            except S3Error as error:
                if error.code == "InvalidRange":  # nothing lies behind the object's end
                    return io.BytesIO()
                raise
        return io.BufferedReader(_Body(response, key), _CHUNK)

    def get_file(self, key: str, path: Path) -> None:
        """Download to a temporary file beside `path`, then put it in its place."""
        handle, name = tempfile.mkstemp(prefix=RESERVED, dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as target, self.open(key) as source:
                while data := source.read(_CHUNK):
                    target.write(data)
                target.flush()
                os.fsync(target.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def stat(self, key: str) -> ObjectStat | None:
        """Size and date from the object's head."""
        name = self._name(key)
        with _s3(key):
            try:
                found = self._client.stat_object(bucket_name=self.bucket, object_name=name)
            except S3Error as error:
                if error.code in ABSENT:
                    return None
                raise
        return self._stat(found)

    def list(self, prefix: str = "") -> Iterator[ObjectStat]:
        """All objects below the folder `prefix`, in the order of their keys."""
        folder = prefix.rstrip("/")
        name = self._name(folder) + "/" if folder else self._prefix
        with _s3(prefix or "."):
            found = self._client.list_objects(bucket_name=self.bucket, prefix=name, recursive=True)
            stats = [self._stat(entry) for entry in found if not entry.is_dir]
        yield from sorted(stats, key=lambda entry: entry.key)

    def first(self, most: int, *, skip: str = "", after: str = "") -> tuple[ObjectStat, ...]:
        """At most `most` objects behind `after`, by key; those that can be named here and do not begin with `skip`."""
        stats: tuple[ObjectStat, ...] = ()
        start = self._prefix + after if after else None
        with _s3("."):
            for entry in self._client.list_objects(self.bucket, self._prefix, recursive=True, start_after=start):
                found = self._stat(entry)
                if entry.is_dir or (skip and found.key.startswith(skip)) or not is_key(found.key):
                    continue
                stats += (found,)
                if len(stats) >= most:
                    break
        return stats

    def clear(self, key: str, etag: str, target: str | None) -> bool:
        """Move the object to `target`, or delete it, if it still has `etag`; whether it did.

        Where the store knows no conditional delete, one request stands between the last look and the delete.
        """
        name, condition = self._name(key), CopySource(self.bucket, self._name(key), match_etag=etag)
        with _s3(key):
            try:
                if target is not None:
                    self._client.copy_object(self.bucket, self._name(target), condition)
                found = self.stat(key)
                if found is None or found.etag != etag:
                    return False
                # The client's own way of deleting knows no condition.
                self._client._execute("DELETE", self.bucket, name, headers={"If-Match": f'"{etag}"'})
            except S3Error as error:
                if error.code in ("PreconditionFailed", *ABSENT):
                    return False
                if error.code != "NotImplemented":
                    raise
                self.delete(key)
        return True

    def delete(self, key: str) -> None:
        """Remove the object."""
        name = self._name(key)
        with _s3(key):
            try:
                self._client.remove_object(bucket_name=self.bucket, object_name=name)
            except S3Error as error:
                if error.code not in ABSENT:
                    raise

    def sweep(self, prefix: str) -> int:
        """Abort the multipart uploads below the folder, and delete old versions: both stand in the bucket, unseen."""
        below = self._name(prefix.rstrip("/")) + "/"
        with _s3(prefix):
            # The client finishes and aborts its own uploads and shows nobody else's: its own calls are the only way.
            uploads = self._client._list_multipart_uploads(bucket_name=self.bucket, prefix=below).uploads
            for upload in uploads:
                self._client._abort_multipart_upload(self.bucket, upload.object_name, upload.upload_id or "")
            every = self._client.list_objects(
                bucket_name=self.bucket, prefix=below, recursive=True, include_version=True
            )
            # The newest version is the object itself; where that is a deletion, nothing is left to be deleted.
            old = [one for one in every if one.is_delete_marker or str(one.is_latest).lower() != "true"]
            for one in sorted(old, key=lambda each: each.is_delete_marker):
                self._client.remove_object(
                    bucket_name=self.bucket, object_name=one.object_name or "", version_id=one.version_id
                )
        return len(uploads) + len(old)

    def uri(self, key: str) -> str:
        """`s3://bucket/…`."""
        return f"s3://{self.bucket}/{self._name(key)}"

    def delta(self, key: str) -> tuple[str, dict[str, str]]:
        """Address and options for delta-rs; its commits are conditional puts, so no lock table is needed."""
        return self.uri(key), delta_options(self._settings)

    def local(self, key: str) -> Path | None:
        """None: nothing of an S3 is a local file."""
        check_key(key)
        return None

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _stat(self, found: Any) -> ObjectStat:
        key = found.object_name.removeprefix(self._prefix)
        return ObjectStat(key, found.size, found.last_modified, (found.etag or "").strip('"'))

    def _put(self, key: str, source: BinaryIO, size: int) -> None:
        with _s3(key):
            self._client.put_object(
                bucket_name=self.bucket, object_name=self._name(key), data=source, length=size, part_size=_PART
            )


class _Body(io.RawIOBase):
    """A response as a raw stream that gives its connection back; an answer cut off is an error, not an end."""

    def __init__(self, response: Any, key: str) -> None:
        self._response = response
        self._key = key

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _s3(self._key):
            data: bytes = self._response.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._response.close()
            self._response.release_conn()
        super().close()


def _client(settings: StoreSettings) -> Minio:
    parts = urlsplit(settings.endpoint or "https://s3.amazonaws.com")
    keys = (settings.access_key, settings.secret_key)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.username or parts.path.strip("/"):
        raise _wrong("HUB_STORE_ENDPOINT 须写成 http(s)://主机:端口", "HUB_STORE_ENDPOINT is http(s)://host:port")
    if any(keys) != all(keys):
        raise _wrong(
            "HUB_STORE_ACCESS_KEY 与 HUB_STORE_SECRET_KEY 须同时设置",
            "HUB_STORE_ACCESS_KEY and HUB_STORE_SECRET_KEY are set together or not at all",
        )
    http = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=min(10.0, settings.timeout_seconds), read=settings.timeout_seconds),
        maxsize=16,
        cert_reqs="CERT_REQUIRED",
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
    )
    return Minio(
        endpoint=parts.netloc,
        access_key=settings.access_key.reveal() if settings.access_key else None,
        secret_key=settings.secret_key.reveal() if settings.secret_key else None,
        secure=parts.scheme == "https",
        region=settings.region,
        http_client=http,
    )


def _check_bucket(name: str, *, new: bool) -> None:
    """Old buckets may have capitals and _ in their names, new ones may not."""
    try:
        check_bucket_name(name, strict=new)
    except ValueError:
        raise wrong_bucket() from None


def _wrong(zh: str, en: str) -> WrongUse:
    return WrongUse("STORE_ADDRESS", zh, en, remedy=Text("参见 infra/env.example", "see infra/env.example"))


@contextlib.contextmanager
def _s3(key: str) -> Iterator[None]:
    """Turn the client's errors into ours. Their texts may hold signed addresses: nothing of them is passed on."""
    try:
        yield
    except HubError:
        raise
    except S3Error as error:
        raise translated(error.code or "", key) from None
    except (urllib3.exceptions.HTTPError, OSError):
        raise Unavailable(
            "STORE_UNREACHABLE",
            "无法连接对象存储，或其未在时限内应答",
            "the object store cannot be reached, or did not answer in time",
            remedy=Text("检查 HUB_STORE_ENDPOINT 与存储服务", "check HUB_STORE_ENDPOINT and the store's service"),
        ) from None
    except (MinioException, InvalidResponseError, ServerError, ValueError) as error:
        kind = type(error).__name__
        raise Unavailable("STORE_FAILED", f"对象存储出错（{kind}）", f"the object store failed ({kind})") from None
