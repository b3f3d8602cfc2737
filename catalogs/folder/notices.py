"""Who is told when something is wrong with what a unit delivered: `<city>/notices.yaml`.

    notices:   {name, unit, mail: [address, …], webhook, language: zh | en}

`unit` left out means every unit. No secret stands here: `webhook: DESK` names the settings `HUB_NOTICE_DESK_URL` and
`HUB_NOTICE_DESK_KEY`. The file is optional; without it nobody is told, and `hub ticket list` shows the same.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from catalogs.folder.fields import Fields
from catalogs.folder.read_resource import NAME, NAME_SAID
from catalogs.folder.yamltree import Mapping as Tree
from catalogs.folder.yamltree import read_file
from catalogs.rules.faults import Fault, refusal
from catalogs.values.words import Word

FILE = "notices.yaml"
_SETTING = re.compile(r"[A-Z][A-Z0-9]{0,30}(_[A-Z0-9]+)*")
_SETTING_SAID = ("大写字母、数字、下划线", "capital letters, digits and _")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}")


class NoticeLanguage(Word):
    """The language that a recipient reads."""

    ZH = "zh", "中文", "Chinese"
    EN = "en", "英文", "English"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One who is told, by mail or by a webhook.

    Attributes:
        unit: whose deliveries they hear of; None: everybody's.
        webhook: the name of its settings.
    """

    name: str
    unit: str | None
    mail: tuple[str, ...]
    webhook: str | None
    language: str


def load_notices(city: Path) -> tuple[Recipient, ...]:
    """The recipients of the city's folder.

    Raises:
        Refused: CATALOG_FAULTY with every fault of the file.
    """
    if not (city / FILE).exists():
        return ()
    found, faults = read_notices(city)
    if faults:
        raise refusal(faults)
    return found


def read_notices(city: Path) -> tuple[tuple[Recipient, ...], list[Fault]]:
    """The recipients, and every fault of the file."""
    node, faults = read_file(city / FILE, FILE)
    if faults or not isinstance(node, Tree):
        return (), faults
    fields = Fields(node, FILE, "", faults)
    found = [one for one in map(_recipient, fields.children("notices", required=False)) if one is not None]
    fields.finish()
    names = [one.name for one in found]
    for name in sorted({name for name in names if names.count(name) > 1}):
        fields.note("CATALOG_ID_TWICE", f"{name} 重复", f"{name} stands twice", key="notices")
    return tuple(found), faults


def _recipient(fields: Fields) -> Recipient | None:
    name = fields.form("name", NAME, NAME_SAID)
    unit = fields.form("unit", NAME, NAME_SAID, required=False)
    mail = fields.texts("mail")
    webhook = fields.form("webhook", _SETTING, _SETTING_SAID, required=False)
    language = fields.word("language", NoticeLanguage, required=False) or NoticeLanguage.ZH
    for address in mail:
        if not _ADDRESS.fullmatch(address):
            fields.note("CATALOG_ID_FORM", "mail 中有不是邮箱地址的内容", "mail holds what is no address", key="mail")
    if bool(mail) == bool(webhook):
        said = ("mail 与 webhook 写且只写一个", "write either mail or webhook")
        fields.note("CATALOG_FIELD_MISSING", *said, key="mail" if mail else None)
    fields.finish()
    if not name or bool(mail) == bool(webhook):
        return None
    return Recipient(name, unit, mail, webhook, language.value)
