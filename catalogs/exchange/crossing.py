"""The catalogue across the border by a map: as a file for the other side, and as drafts of this city from theirs."""

from collections.abc import Iterable
from dataclasses import replace

from catalogs.exchange import kit
from catalogs.exchange.mapping import ExchangeMap, assumed_fault
from catalogs.folder.read_codes import code_rules
from catalogs.life.drafts import drafts
from catalogs.lookup import resources
from catalogs.people.asking import may_describe
from catalogs.personal.read_personal import personal_rules
from catalogs.rules.faults import Fault
from catalogs.sheet.importing import save
from catalogs.sheet.register import register_of
from catalogs.values.model import Person, Resource
from infra.errors import WrongUse
from infra.ground import Ground


def out(ground: Ground, used: ExchangeMap, by: Person, asked: tuple[str, str | None]) -> tuple[bytes, int, list[Fault]]:
    """The registered resources as a file: its bytes, how many, and the words for which the map has no code.

    Args:
        ground: where.
        used: the map.
        by: who takes them out, and may have each described.
        asked: the form, csv or json, and the unit whose they are, None for all.

    Raises:
        Refused: what `catalogs.people.asking.may_describe` refuses.
    """
    form, unit = asked
    wanted = [each for each in resources(ground.engine) if unit is None or each.unit == unit]
    may_describe(ground, by, wanted)
    records, faults = kit.send(wanted, register_of(ground.engine), used)
    data = (kit.as_json if form == "json" else kit.as_csv)(records, used) if not faults else b""
    return data, len(records), faults


def back(ground: Ground, used: ExchangeMap, sent: tuple[str, bytes]) -> kit.Received:
    """The entries of a file, its name and its bytes, judged by the register's rules; nothing is saved.

    Raises:
        WrongUse: CITY_NOT_THIS.
    """
    name, data = sent
    drafted = {one.resource: one.body for one in drafts(ground.engine)}
    held: dict[str, Resource] = drafted | {each.id: each for each in resources(ground.engine)}
    register = register_of(ground.engine, code_rules(ground.city), personal=personal_rules(ground.city))
    return kit.receive(data, name, register, used, held)


def keep(ground: Ground, found: kit.Received, by: Person, *, why: str) -> list[str]:
    """The entries as drafts, all or none; their ids.

    Raises:
        Refused: as `catalogs.life.drafts.save_all`.
    """
    return save(ground, found.resources, by, why=why) if found.resources else []


def assuming(used: ExchangeMap, assume: Iterable[str]) -> ExchangeMap:
    """The map with `FIELD=VALUE` for what the other side does not say.

    Raises:
        WrongUse: MAP_ASSUME.
    """
    given: dict[str, str] = {}
    for one in assume:
        key, _, value = one.partition("=")
        wrong = assumed_fault(key, value)
        if wrong is not None:
            raise WrongUse("MAP_ASSUME", wrong.zh, wrong.en)
        given[key] = value
    return replace(used, assume={**used.assume, **given})
