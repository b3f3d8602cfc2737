"""Carrying a change of a table's columns out: its rows written anew by the new types, one commit swaps them in.

The new files stand unseen until one Delta commit names them, takes the old ones out and gives the table its columns:
killed anywhere, the table is wholly the old one or wholly the new one, and the same call goes on. Versions before keep
their own columns and values. The act stands in the ledger before the commit, once for each version that it starts from,
for who decided it and for what was decided.

Nothing is taken on trust: each value is converted back and must be what it was, else nothing is committed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalogs.lookup import last_known, resource
from catalogs.people.asking import Denied, allowed
from catalogs.values.model import Person
from contracts.model import Contract
from contracts.register import contract as registered
from infra import crypto
from infra.errors import Place, Refused, Unavailable
from infra.ground import Ground
from infra.language import Text
from infra.lease import Lease, kept, lease
from infra.ledger import Act, NewEntry
from infra.settings import load
from lake.evolve import evolve
from lake.evolve.evolve import Asked, Plan
from lake.publish.interrupted import finish_interrupted
from lake.read.source import Note
from lake.room import room
from lake.store import rewrite, schema
from lake.store.delta import Commit, DataFile, OtherColumns, Snapshot, Tables, curated_key, schema_json
from lake.store.duck import LakeSettings
from lake.store.files import dataset_of
from lake.store.parquet import BATCH, ParquetFiles

ACTOR = "program:lake"
NAME = "evolve"
_DIGITS = 38  # of the largest decimal
_DENIED = Denied(
    "EVOLVE_DENIED",
    Text("本人不能变更该数据集的列，什么都没有改动", "you may not change this dataset's columns; nothing was changed"),
    Text("请数据工程师操作", "ask a data engineer"),
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table as a delivery of the contract finds it.

    Attributes:
        base: its version.
        schema: of a snapshot, the columns that its commit gives the table, as Delta writes them; None: as they are.
        notes: what that commit changes.
    """

    base: int
    schema: str | None = None
    notes: tuple[Note, ...] = ()


def fit(ground: Ground, lake: Tables, held: Lease, contract: Contract, *, replaces: bool = False) -> Fitted:
    """The published table with the columns of `contract`: created, widened, or written anew.

    Args:
        ground, lake: where.
        held: the dataset's lease.
        contract: whose columns.
        replaces: the next commit replaces all rows (a snapshot's): it brings its own columns, and no row is converted.

    Raises:
        Refused: `LAKE_TABLE_SCHEMA`, a person has to decide; `EVOLVE_VALUES`.
        Unavailable: `LEASE_LOST`, `LAKE_TABLE_MOVED`, STORE_….
    """
    key, wanted = curated_key(contract.id), schema.curated(contract)
    try:
        return Fitted(lake.ensure(key, wanted, contract.id, exact=True))
    except OtherColumns as other:
        there = other.there
    if registered(ground.engine, contract.id).version != contract.version:
        # Its columns may be those of the newer one by now: no refusal of the delivery, which the next call reads anew.
        raise Unavailable(
            "LAKE_CONTRACT_NEWER",
            f"{contract.id} 的契约在处理期间有了新版本，请重新运行",
            f"the contract of {contract.id} got a newer version meanwhile: run it again",
        )
    found = evolve.plan(there, wanted)
    if replaces:
        return Fitted(lake.version(key), schema_json(wanted), tuple(map(_note, found.said())))
    evolve.refuse_undecided(contract, found)
    carry_out(ground, lake, held, contract, found, ACTOR)
    return Fitted(lake.ensure(key, wanted, contract.id, exact=True))


def _note(said: Text) -> Note:
    return Note("table_columns", Text(f"表的列随本批改变：{said.zh}", f"the table's columns change: {said.en}"))


def refuse(lake: Tables, contract: Contract) -> None:
    """What `fit` would refuse, for a dry run; nothing is changed.

    Raises:
        Refused: `LAKE_TABLE_SCHEMA`.
    """
    key = curated_key(contract.id)
    if contract.mode != "snapshot" and lake.exists(key):
        evolve.refuse_undecided(contract, evolve.plan(lake.snapshot(key).schema, schema.curated(contract)))


def decided(
    ground: Ground, dataset: str, asked: Asked, actor: str, *, dry_run: bool = False
) -> tuple[Contract, Plan, int]:
    """Give the dataset's table the columns of its newest contract, as a person decided; contract, plan, version.

    Raises:
        Refused: `CATALOG_UNKNOWN_RESOURCE`, `CONTRACT_UNKNOWN`, `LAKE_TABLE_UNKNOWN`, `EVOLVE_GUARD`, and as `fit`.
        WrongUse: `EVOLVE_COLUMN`.
        Unavailable: `LEASE_TAKEN`, and as `fit`.
    """
    resource(ground.engine, dataset)  # a name that nobody registered is no path into the store
    contract, key = registered(ground.engine, dataset), curated_key(dataset)
    lake, wanted = Tables(ground.store), schema.curated(contract)
    settings = load(LakeSettings, ground.environ)
    if dry_run:
        found = evolve.plan(lake.snapshot(key).schema, wanted, asked)
        _as_guarded(ground, dataset, found)
        return contract, found, lake.version(key)
    name, seconds = f"lake:{dataset}", settings.lease_seconds
    with lease(ground.engine, name, seconds=seconds, wait_seconds=settings.wait_seconds) as held, kept(held):
        finish_interrupted(ground, lake, dataset)
        found = evolve.plan(lake.snapshot(key).schema, wanted, asked)
        evolve.refuse_undecided(contract, found)
        _as_guarded(ground, dataset, found)
        if found.any:
            with room():
                carry_out(ground, lake, held, contract, found, actor)
        return contract, found, lake.ensure(key, wanted, dataset)


def may_evolve(ground: Ground, person: Person, dataset: str) -> None:
    """Refuses whom the policy does not let decide about a table's columns.

    Raises:
        Refused: `CATALOG_UNKNOWN_RESOURCE`, `EVOLVE_DENIED`.
    """
    allowed(ground, person, "evolve", dataset, _DENIED)


def _as_guarded(ground: Ground, dataset: str, found: Plan) -> None:
    """A name is what the policy, the masks and the extracts go by: no column gets one that guards its values less."""
    now = {item.name: item for item in resource(ground.engine, dataset).items}
    for new, old in found.renamed.items():
        # One that left the register meanwhile may come back, and then with no less than it had.
        then = now.get(new) or last_known(ground.engine, dataset, new)
        if then is None:  # never known to the register, it is shown to nobody
            continue
        was = last_known(ground.engine, dataset, old)
        if was is None or evolve.guarded_less(was, then):
            raise Refused(
                "EVOLVE_GUARD",
                f"列 {old} 更名为 {new} 会降低其保护：分级、个人信息类别、标识角色或内容类别低于原登记。什么都没有改动",
                f"calling {old} {new} would guard its values less: {new} is registered with a lower grade, or without "
                "the personal class, the identifier role or the content that the other one had. Nothing was changed",
                place=Place(dataset=dataset, column=new),
                remedy=Text(
                    "在目录中为新名称登记不低于原来的分级和类别",
                    "register the new name with no less than the old one had",
                ),
            )


def carry_out(ground: Ground, lake: Tables, held: Lease, contract: Contract, found: Plan, actor: str) -> int:
    """Write the table's rows anew as the plan says; the version of the commit.

    Raises:
        Refused: `EVOLVE_VALUES`, some value has no place in its new type; nothing was changed.
        Unavailable: `LEASE_LOST`, `LAKE_TABLE_MOVED`, STORE_….
    """
    key, wanted = curated_key(contract.id), schema.curated(contract)
    snapshot = lake.snapshot(key)
    base = snapshot.version
    settings = load(LakeSettings, ground.environ)
    plain = schema.plain_columns(contract, resource(ground.engine, contract.id).items)
    name = f"{NAME}-{base}-{crypto.random_token(6)}"
    with ground.scratch() as scratch:
        writer = ParquetFiles(scratch, name, wanted, plain, rows_per_file=settings.rows_per_file)
        with writer:
            for batch in _converted(ground, snapshot, wanted, found, contract.id):
                writer.write(batch)
        for file in writer.files:
            ground.store.put_file(f"{key}/{file.path.name}", file.path)
        added = tuple(DataFile(file.path.name, file.size, file.rows) for file in writer.files)
    about: dict[str, Any] = {"dataset": contract.id, "contract": contract.version, **found.as_dict()}
    which = crypto.sha256_hex(json.dumps([actor, about], sort_keys=True).encode())[:24]
    entry = NewEntry(Act.TABLE_EVOLVED, actor, contract.id, about | {"from": base}, f"{NAME}d:{key}:{base}:{which}")
    ground.ledger.append([entry])
    told = {NAME: json.dumps(found.as_dict()), "contract": contract.version}
    commit = Commit(added, "overwrite", f"{NAME}-{base}", base, told, ground.now(), schema=schema_json(wanted))
    return rewrite.swap(ground, held, lake, key, commit)


def _converted(
    ground: Ground, snapshot: Snapshot, wanted: pa.Schema, found: Plan, dataset: str
) -> Iterator[pa.RecordBatch]:
    if not snapshot.files:
        return
    unfit: dict[str, int] = {}
    for batch in dataset_of(ground.store, snapshot).scanner(batch_size=BATCH).to_batches():
        columns = []
        for column in wanted:
            source = found.renamed.get(column.name, column.name)
            if source not in batch.schema.names:
                columns.append(pa.nulls(batch.num_rows, column.type))
                continue
            values, lost = exactly(batch.column(source), column.type)
            columns.append(values)
            if lost:
                unfit[column.name] = unfit.get(column.name, 0) + lost
        # Once a value does not fit, the rest is only counted.
        if not unfit:
            yield pa.RecordBatch.from_arrays(columns, schema=wanted)
    if unfit:
        raise _refused(unfit, found, dataset)


def exactly(values: pa.Array, then: pa.DataType) -> tuple[pa.Array, int]:
    """The values in another type, and how many of them would not come back the same; those are null."""
    if values.type == then:
        return values, 0
    made = _cast(values, then)
    back = _cast(made, values.type)
    same = pc.fill_null(pc.equal(back, values), False)
    lost = pc.and_(values.is_valid(), pc.invert(same))
    return made, int(pc.sum(lost).as_py() or 0)


def _cast(values: pa.Array, then: pa.DataType) -> pa.Array:
    """The values in another type, whatever they lose on the way; null where one has no place in it."""
    if pa.types.is_integer(values.type) and pa.types.is_decimal(then):
        # A whole number is asked for 19 digits before the point by its type, whatever it is.
        values = values.cast(pa.decimal128(_DIGITS, min(then.scale, _DIGITS - 19)))
    # What a floating number out of range becomes differs from processor to processor: it has no place there.
    safe = bool(pa.types.is_floating(values.type) and pa.types.is_integer(then))
    try:
        return values.cast(then, safe=safe)
    except pa.ArrowNotImplementedError:
        return pa.nulls(len(values), then)
    except pa.ArrowInvalid:
        return pa.array([_one(value, then) for value in values], then)


def _one(value: pa.Scalar, then: pa.DataType) -> Any:
    try:
        return value.cast(then).as_py()
    except pa.ArrowInvalid:
        return None


def _refused(unfit: dict[str, int], found: Plan, dataset: str) -> Refused:
    told = [(name, many, *found.typed[name]) for name, many in unfit.items()]
    zh = "；".join(f"列 {name} 有 {many} 个值不能由 {was} 原样变为 {then}" for name, many, was, then in told)
    en = "; ".join(f"{many} values of {name} ({was}) would not be the same as {then}" for name, many, was, then in told)
    return Refused(
        "EVOLVE_VALUES",
        f"{zh}。什么都没有改动",
        f"{en}. Nothing was changed",
        place=Place(dataset=dataset),
        remedy=Text(
            "在契约中写明容得下这些值的类型，或登记为新的数据集",
            "give the contract a type that holds them, or register a new dataset",
        ),
    )
