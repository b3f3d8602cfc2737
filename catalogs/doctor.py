"""What the register adds to `hub doctor`: who asks, its REST API, and whether the search says what the register says.

Nothing is written, and no key is said.
"""

from infra.doctor import Finding, Part, State
from infra.doctor_server import listening
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text


def _caller(ground: Ground) -> Finding:
    from catalogs.people.people import current  # noqa: PLC0415 - not for every command

    given = ground.settings.api_key
    try:
        someone = current(ground)
    except Refused:
        if given is not None and given.reveal():
            raise  # a key that opens nothing is a fault; none is how everybody begins
        text = Text("未设 HUB_API_KEY（hub people key 签发）", "HUB_API_KEY is not set (hub people key issues keys)")
        return Finding(State.WARNING, text, {"person": None})
    roles = sorted(someone.roles)
    zh, en = "、".join(role.text.zh for role in roles), ", ".join(role.text.en for role in roles)
    detail = {"person": someone.id, "roles": [role.value for role in roles]}
    return Finding(State.OK, Text(f"{someone.id}（{zh}）", f"{someone.id} ({en})"), detail)


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
    Part("caller", "操作人", _caller),
    Part("rest", "目录接口", _rest),
    Part("search", "目录检索", _search),
)
"""Of the register."""
