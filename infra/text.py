"""Names as people and databases write them: one form for comparing, one way of quoting."""

import unicodedata


def fold(name: str) -> str:
    """The form in which two headers or aliases are compared.

    NFKC (full-width letters and digits become half-width), blanks collapsed to one space and stripped, byte order
    mark and zero-width marks dropped, case folded.

    >>> fold("\\ufeff ＡＱＩ  指数 ")
    'aqi 指数'
    """
    if name.isascii():  # nothing to normalise and no invisible marks: most of what is compared
        return " ".join(name.split()).casefold()
    plain = unicodedata.normalize("NFKC", name)
    visible = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    return " ".join(visible.split()).casefold()


def quote_identifier(name: str) -> str:
    """`name` as a quoted SQL identifier (double quotes doubled), safe in DuckDB, SQLite and PostgreSQL.

    Raises:
        ValueError: the name is empty or holds a NUL, which no quoting can carry.

    >>> quote_identifier('a"b')
    '"a""b"'
    """
    if not name or "\0" in name:
        message = "an identifier is neither empty nor holds a NUL"
        raise ValueError(message)
    return '"' + name.replace('"', '""') + '"'
