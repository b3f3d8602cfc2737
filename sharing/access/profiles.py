"""The profile of Delta Sharing: the file that the door writes for a firm."""

import json
from pathlib import Path

from infra.errors import Unavailable
from infra.ground import Ground
from infra.language import Text
from sharing.access import grants, serving


def ensure(ground: Ground, case_id: str, path: Path | None, endpoint: str | None, actor: str) -> Path:
    """The case's profile file; one that is there already is left alone, so that issuing again makes no new token.

    Raises:
        Unavailable: SHARE_PROFILE, also when what is there is no whole profile of this case. Else as `make`, whether a
            profile is there or not.
    """
    grants.living(ground, case_id)
    target = path or ground.home / "profiles" / f"{case_id}.share"
    if not target.exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make(ground, case_id, target, endpoint, actor)
    elif not _serves(ground, case_id, target):
        raise Unavailable(
            "SHARE_PROFILE",
            "凭据文件已存在，但不是本案件的完整凭据",
            "the profile file exists, but it is no whole profile of this case",
            remedy=Text("移走该文件后重试，或换一个文件名", "move the file away and try again, or choose another name"),
        )
    return target


def _serves(ground: Ground, case_id: str, path: Path) -> bool:
    """Whether the file is a profile as the protocol writes it, with a token of this case's grant."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        whole = held["shareCredentialsVersion"] == 1 and bool(held["endpoint"])
        return whole and grants.opens(ground.engine, case_id, held["bearerToken"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def make(ground: Ground, case_id: str, path: Path, endpoint: str | None, actor: str) -> None:
    """Writes a profile with a new token to `path`, which must not exist.

    Raises:
        Unavailable: SHARE_PROFILE. Refused, WrongUse: as ``grants.profile``.
    """
    if path.exists():
        raise grants.no_profile()
    grants.write_profile(path, grants.profile(ground, case_id, endpoint or serving.endpoint(ground), actor))
