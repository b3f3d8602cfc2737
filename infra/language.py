"""Every sentence the house speaks exists in Chinese and in English.

`Text` is the pair; `language` decides which half a person hears: `HUB_LANG` first, then the terminal's locale
(`LC_ALL`, `LC_MESSAGES`, `LANG`, in the order POSIX gives them), English when nothing says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    zh: str
    en: str

    def say(self, lang: str) -> str:
        """The sentence in `lang`; English for every language other than Chinese."""
        return self.zh if lang == "zh" else self.en


def language(environ: Mapping[str, str]) -> Language:
    """The language of the person at the terminal, `"zh"` or `"en"`."""
    for variable in ("HUB_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environ.get(variable, "").strip()
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"
