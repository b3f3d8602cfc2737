"""Records of CKAN: a package as `package_search` and `package_show` give it. Pure."""

from collections.abc import Mapping
from typing import Any

from catalogs.exchange.portal import cycle, moment
from catalogs.exchange.records import Bad, File, Finding, Record
from infra.language import Text

_USED = frozenset({"id", "title", "notes", "organization", "groups", "tags", "resources", "metadata_created"})
_LOOSE = Finding(
    "HARVEST_RESOURCES", Text("有分发不是对象，未采用、原样保存", "a resource is no object: kept, not used")
)


def package_id(raw: Any) -> str | None:
    """The id of a package, or its name where it gives no id; None where it gives neither."""
    if not isinstance(raw, Mapping):
        return None
    found = raw.get("id") or raw.get("name")
    return found if isinstance(found, str) and found else None


def packages(answer: Any) -> list[Any]:
    """The packages in a saved answer: of `package_search`, of `package_show`, or a plain list.

    Raises:
        Bad: HARVEST_ANSWER.
    """
    result = answer.get("result") if isinstance(answer, Mapping) else answer
    if isinstance(answer, Mapping) and answer.get("success") is False:
        result = None
    if isinstance(result, Mapping):
        result = result["results"] if isinstance(result.get("results"), list) else [result]
    if not isinstance(result, list):
        raise Bad("HARVEST_ANSWER", "不是 CKAN 的应答", "no answer of CKAN")
    return result


def read_package(raw: Any) -> tuple[Record, list[Finding]]:
    """The record of a package.

    Raises:
        Bad: HARVEST_OBJECT, HARVEST_TITLE.
    """
    identity = package_id(raw)
    if identity is None:
        raise Bad("HARVEST_OBJECT", "不是含 id 的对象", "no object with an id")
    title = _text(raw, "title") or _text(raw, "name")
    if title is None:
        raise Bad("HARVEST_TITLE", "没有名称", "it has no title", identity)
    extras = {
        str(one.get("key")): str(one.get("value"))
        for one in raw.get("extras") or ()
        if isinstance(one, Mapping) and one.get("value") not in (None, "")
    }
    owner = raw.get("organization")
    provider = _text(owner, "title") or _text(owner, "name") if isinstance(owner, Mapping) else None
    listed = raw.get("resources") if isinstance(raw.get("resources"), list) else []
    files = tuple(_file(one) for one in listed or () if isinstance(one, Mapping))
    groups = [_text(one, "title") or _text(one, "name") for one in raw.get("groups") or () if isinstance(one, Mapping)]
    other = {key: str(value) for key, value in raw.items() if key not in _USED and isinstance(value, str | int | bool)}
    record = Record(
        identity,
        " ".join(title.split()),
        provider=provider or _text(raw, "author"),
        summary=_text(raw, "notes"),
        topic=next((group for group in groups if group), None),
        update_frequency=cycle(extras.get("frequency") or extras.get("更新频率")),
        published=moment(_text(raw, "metadata_created")),
        updated=moment(_text(raw, "metadata_modified")),
        page=_text(raw, "url"),
        files=files,
        other={**other, **extras},
    )
    return record, [_LOOSE] if len(files) < len(listed or ()) else []


def _file(raw: Mapping[str, Any]) -> File:
    return File(_text(raw, "name") or _text(raw, "id") or "", (_text(raw, "format") or "").lower(), _text(raw, "url"))


def _text(raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    return value.strip() or None if isinstance(value, str) else None
