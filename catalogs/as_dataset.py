"""The argument DATASET, one or several: an id, or the title that officers know it by. Light: imported first."""

from typing import Any

import click


class Named(click.ParamType[str]):
    """An id as it is; any other text is the title of one entry, registered or in draft."""

    name = "dataset"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The id that is meant.

        Raises:
            Refused: CATALOG_UNKNOWN_RESOURCE when no entry has the title.
            WrongUse: DATASET_WHICH when several have it.
        """
        del param, ctx
        if value.isascii():
            return value
        from catalogs.titled import id_of  # noqa: PLC0415 - the register is not read where an id is given

        return id_of(value)


def dataset_argument(command: Any) -> Any:
    """Give a command the argument `dataset`."""
    return click.argument("dataset", type=Named())(command)


def datasets_argument(command: Any) -> Any:
    """Give a command the argument `datasets`: one or more."""
    return click.argument("datasets", metavar="DATASET...", type=Named(), nargs=-1, required=True)(command)
