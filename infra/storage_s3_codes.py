"""What the codes of an S3 mean, as our errors."""

from infra.errors import HubError, Unavailable
from infra.language import Text
from infra.storage import missing

ABSENT = ("NoSuchKey", "NoSuchObject", "ResourceNotFound", "NoSuchVersion")
_DENIED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed")


def translated(code: str, key: str) -> HubError:
    """The error of ours that says what `code` says of the object `key`."""
    if code in ABSENT:
        return missing(key)
    if code == "NoSuchBucket":
        return Unavailable(
            "STORE_NO_BUCKET",
            "对象存储中没有 HUB_STORE 指明的桶",
            "the object store has no bucket as HUB_STORE names it",
            remedy=Text("创建该桶，或改正 HUB_STORE", "make the bucket, or correct HUB_STORE"),
        )
    if code in _DENIED:
        return Unavailable(
            "STORE_DENIED",
            "对象存储拒绝访问",
            "the object store denies access",
            remedy=Text("检查存储密钥及其权限", "check the store's keys and what they permit"),
        )
    shown = code if code.isascii() and code.isalnum() else "?"
    return Unavailable("STORE_FAILED", f"对象存储出错（{shown}）", f"the object store failed ({shown})")
