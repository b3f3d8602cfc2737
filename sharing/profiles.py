"""Files that the door writes for a person, and reads back: the profile of Delta Sharing, the certificate document."""

import json
from pathlib import Path

from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from sharing import extract, grants, serving


def ensure(ground: Ground, case_id: str, path: Path | None, endpoint: str | None, actor: str) -> Path:
    """The case's profile file; a file that is there already is left alone, so that issuing again makes no new token."""
    target = path or ground.home / "profiles" / f"{case_id}.share"
    if not target.exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make(ground, case_id, target, endpoint, actor)
    return target


def make(ground: Ground, case_id: str, path: Path, endpoint: str | None, actor: str) -> None:
    """Writes a profile with a new token to `path`, which must not exist.

    Raises:
        Unavailable: SHARE_PROFILE. Refused, WrongUse: as ``grants.profile``.
    """
    if path.exists():
        raise grants.no_profile()
    grants.write_profile(path, grants.profile(ground, case_id, endpoint or serving.endpoint(ground), actor))


def check_file(path: Path, key: str | None = None) -> str:
    """Checks a certificate document offline; the extract's id.

    Raises:
        Refused: SHARE_CERTIFICATE, LEDGER_RECEIPT.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        document = document.get("extract") or document  # as `hub share show --json` and as `hub share issue --json` say
        extract.check(document, key)
        return str(document["certificate"]["extract"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(
            "SHARE_CERTIFICATE",
            "这不是证书文件",
            "this is no certificate document",
            remedy=Text("用 hub share show 案件号 --json 取得证书", "get it with `hub share show CASE --json`"),
        ) from error
