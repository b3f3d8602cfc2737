"""What the codes of an S3 mean, as our errors."""

from infra.errors import HubError, Unavailable, WrongUse
from infra.language import Text
from infra.storage import missing

ABSENT = ("NoSuchKey", "NoSuchObject", "ResourceNotFound", "NoSuchVersion")
_DENIED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed")


def wrong_bucket() -> WrongUse:
    """The error for a name that no S3 gives a bucket; the name itself is not repeated, it may hold anything."""
    return WrongUse(
        "STORE_BUCKET",
        "桶名不合规",
        "that is no name of a bucket",
        remedy=Text(
            "用 3–63 个小写字母、数字、“-”或“.”，首尾为字母或数字，“.”不与“.”或“-”相邻，也不写成 IP 地址；"
            "在 HUB_STORE 或城市的 arrivals.yaml 中改正",
            "3 to 63 of a-z, 0-9, - and ., first and last a letter or digit, no . beside . or -, no IP address: "
            "correct it in HUB_STORE or the city's arrivals.yaml",
        ),
    )


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
