"""What the register adds to `hub doctor`: its REST API, and whether the search says what the register says."""

from infra.doctor import Finding, Part, State
from infra.doctor_server import listening
from infra.ground import Ground
from infra.language import Text


def _rest(ground: Ground) -> Finding:
    from catalogs.rest.serving import at  # noqa: PLC0415 - not for every command

    return listening(ground, at(ground), "/v1/-", lambda told: told.get("code") == "REST_PATH")


def _search(ground: Ground) -> Finding:
    from catalogs.find.index import out_of_date  # noqa: PLC0415 - not for every command

    found = out_of_date(ground.engine)
    missing, changed, gone = (len(those) for those in (found.missing, found.changed, found.gone))
    detail = {"current": found.current, "missing": missing, "changed": changed, "gone": gone}
    if found.current or (found.version is None and not missing and not gone):
        return Finding(State.OK, Text("索引与目录一致", "the index says what the register says"), detail)
    text = Text(
        f"索引已过时：缺 {missing}，旧 {changed}，多 {gone}；运行 hub catalog reindex",
        f"the index is stale: {missing} missing, {changed} changed, {gone} gone; run hub catalog reindex",
    )
    return Finding(State.FAILED, text, detail)


PARTS = (
    Part("rest", "目录接口", _rest),
    Part("search", "目录检索", _search),
)
"""Of the register."""
