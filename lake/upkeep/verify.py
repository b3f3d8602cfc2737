"""`hub lake verify`: everything that the store holds of a dataset, read once more and held against log and register.

Checked, for the published table and for quarantine:

- every commit is there, and every file of every kept version, with the size and the rows that the log says and sound
  checksums (files written before there were any have none to fail);
- of every delivery the newest version holds exactly the rows that the register and the log say, and of nobody else's;
  what a restore took back does not count, in neither table;
  the rows that its own commit added are as many as it published; ``read = published + quarantined + duplicates``;
- no statistics, in a file or in the log, of columns that may have none (`schema.plain_columns`);
- nothing lies in the folder that is older than what is kept and that no kept version needs.

Nothing is changed, and no lease is held: the newest version is taken first, what may excuse a missing file is read
after the files were. The act is in the ledger with its counts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from catalogs.lookup import resource
from contracts.register import contract
from infra.database import read
from infra.errors import Unavailable
from infra.ground import Ground
from infra.ledger import Act, NewEntry
from infra.settings import load
from infra.storage import ObjectStat
from lake.records import tombstones
from lake.store import schema
from lake.store.delta import DELIVERY, Tables, curated_key, quarantine_key
from lake.store.delta_log import LOG, commits
from lake.store.duck import LakeSettings
from lake.store.files import parquet_file
from lake.store.lineage import spans, within
from lake.store.logged import Logged, lives
from lake.tables import BLOCKED, FINISHED, PURGED, REVERTED, replay, restore
from lake.tables import delivery as table
from lake.tables import purge as purges
from lake.upkeep import verify_rules
from lake.upkeep.verify_rules import Flaw, Replay, about


@dataclass(slots=True)
class Verified:
    """What was looked at and what does not fit.

    Attributes:
        versions: table → the newest version that was verified.
        rows: how many were read, of all kept versions.
    """

    dataset: str
    versions: dict[str, int] = field(default_factory=dict)
    files: int = 0
    rows: int = 0
    deliveries: int = 0
    flaws: list[Flaw] = field(default_factory=list)

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape that commands print."""
        told = {name: getattr(self, name) for name in ("dataset", "versions", "files", "rows", "deliveries")}
        return told | {"ok": not self.flaws, "faults": [flaw.as_dict(lang) for flaw in self.flaws]}


def verify(ground: Ground, dataset: str, actor: str) -> Verified:
    """Verify the dataset's tables.

    Raises:
        Refused: `CATALOG_UNKNOWN_RESOURCE`, `LAKE_TABLE_UNKNOWN`.
        Unavailable: `LAKE_LOG_DAMAGED`, `VERIFY_MOVED`, STORE_….
    """
    promised, items = contract(ground.engine, dataset), resource(ground.engine, dataset).items
    columns = {column.name for column in promised.columns}
    plain = {*schema.plain_columns(promised, items), *(schema.plain_items(items) - columns)}
    lake, done = Tables(ground.store), Verified(dataset)
    # Of a column that neither knows any more nobody can say what it was: its file was written by the rules of its day.
    known = columns | {item.name for item in items}
    looks = [_Look(ground, lake, curated_key(dataset), plain, known)]
    if lake.exists(quarantine_key(dataset)):
        looks.append(_Look(ground, lake, quarantine_key(dataset), schema.OWN))
    for look in looks:
        look.at_files()
    rows, replays, restores = _registered(ground, dataset)
    for look in looks:
        look.at_counts((rows, replays, restores), "published" if look is looks[0] else "quarantined")
        done.versions[look.key] = look.newest
        done.files += len(look.read)
        done.rows += sum(sum(counts.values()) for counts in look.read.values())
        done.flaws += look.flaws
    final = [row for row in rows if row["state"] in (FINISHED, BLOCKED, REVERTED)]
    done.deliveries = len(final)
    done.flaws += verify_rules.unbalanced(looks[0].key, final)
    codes = dict(sorted(Counter(flaw.code for flaw in done.flaws).items()))
    content = {"dataset": dataset, "versions": done.versions, "files": done.files, "rows": done.rows, "faults": codes}
    ground.ledger.append([NewEntry(Act.TABLE_VERIFIED, actor, dataset, content)])
    return done


Rows = Sequence[Mapping[Any, Any]]


def _registered(ground: Ground, dataset: str) -> tuple[Rows, Rows, Rows]:
    """The register's deliveries, replays and restores, as of one moment."""
    with read(ground.engine) as connection:
        deliveries, replays, restores = (
            connection.execute(sa.select(one).where(one.c.dataset == dataset)).mappings().all()
            for one in (table, replay, restore)
        )
    return deliveries, replays, restores


def _replays(rows: Rows, count: str) -> list[Replay]:
    """What each replay moved into the table whose rows `count` counts, or out of it."""

    def moved(one: Mapping[str, Any]) -> int:
        return int(one["published"] if count == "published" else -one["published"] - one["duplicates"])

    return [
        Replay(row["id"], {one["id"]: moved(one) for one in row["deliveries"]}, row["state"] == FINISHED)
        for row in rows
    ]


class _Look:
    """One table: its log, its files as they were found, what does not fit.

    Attributes:
        read: path → delivery's number → rows, of every file that could be read.
    """

    def __init__(
        self, ground: Ground, lake: Tables, key: str, plain: Iterable[str], known: Iterable[str] | None = None
    ) -> None:
        self.key, self.newest = key, lake.version(key)
        self.read: dict[str, Mapping[int, int]] = {}
        self.flaws: list[Flaw] = []
        self._ground, self._plain = ground, frozenset(plain)
        self._known = None if known is None else frozenset(known)
        self._logged = [one for one in commits(ground.store, key) if one.version <= self.newest]
        self._live = {path for path, spans in lives(self._logged).items() if spans[-1][1] is None}

    def at_files(self) -> None:
        """Read every file that the log names and the store has; what is missing must be excused."""
        there = {
            path: found
            for found in self._ground.store.list(self.key)
            for path in (found.key.removeprefix(f"{self.key}/"),)
            if not path.startswith(f"{LOG}/")
        }
        named = {file.path: file for commit in self._logged for file in commit.added}
        for path, file in sorted(named.items()):
            if path in there:
                self._at_file(there[path], path, file.size, file.told.get("numRecords"))
            if file.told.keys() - {"numRecords"}:
                self.flaws.append(verify_rules.told_too_much(self.key, LOG, self._columns(file.told)))
        self.flaws += [about("VERIFY_LOG", self.key, str(version)) for version in verify_rules.gaps(self._logged)]
        self._at_missing(named.keys() - self.read.keys())
        self._at_strays(there)

    def _columns(self, told: Mapping[str, Any]) -> list[str]:
        return sorted({name for part in told.values() if isinstance(part, Mapping) for name in part}) or sorted(told)

    def _at_file(self, found: ObjectStat, path: str, size: int, rows: int | None) -> None:
        if found.size != size:
            self.flaws.append(about("VERIFY_SIZE", self.key, path))
        try:
            counts, told = _read(self._ground, found)
        except Unavailable as gone:
            if gone.code != "STORE_MISSING":
                raise
            return  # between listing and reading: missing, then
        except (pa.ArrowException, OSError, ValueError):
            self.flaws.append(about("VERIFY_DAMAGED", self.key, path))
            self.read[path] = {}
            return
        self.read[path] = counts
        if rows is not None and sum(counts.values()) != rows:
            self.flaws.append(about("VERIFY_ROWS", self.key, path))
        told = (told if self._known is None else told & self._known) - self._plain
        if told:
            self.flaws.append(verify_rules.told_too_much(self.key, path, sorted(told)))

    def _at_missing(self, missing: Iterable[str]) -> None:
        later = list(commits(self._ground.store, self.key))
        dataset = self.key.partition("/")[2].replace("/", ".")
        gone = tombstones.purges(self._ground.engine, purges.c.dataset == dataset, purges.c.versions.is_not(None))
        lost = {version for one in gone for version in one.versions} if self.key == curated_key(dataset) else None
        if lost is None:  # of quarantine nobody wrote the versions down: any of it may be gone once one was purged
            lost = set(range(self.newest)) if gone else set()
        excused = verify_rules.excused(later, lives(later), lost)
        for path in sorted(missing):
            if path not in excused:
                self.flaws.append(about("VERIFY_MISSING", self.key, path))
            elif path in self._live:
                raise Unavailable(
                    "VERIFY_MOVED",
                    "核对期间该表已压缩并清理，请重新运行",
                    "the table was compacted and swept while it was verified: run it again",
                )

    def _at_strays(self, there: Mapping[str, ObjectStat]) -> None:
        days = max(load(LakeSettings, self._ground.environ).keep_days, 1)
        oldest = self._ground.now() - timedelta(days=days)
        removed = {path: at for commit in self._logged for path, at in commit.removed}
        for path, found in sorted(there.items()):
            if path not in self._live:
                since = removed.get(path)
                old = found.modified < oldest if since is None else since < oldest.timestamp() * 1000
                if old:
                    self.flaws.append(about("VERIFY_STRAY", self.key, path))

    def _standing(self, restores: Rows) -> list[Logged]:
        """The commits that the newest version is made of: none that a restore took back."""
        restored = {one.version: int(one.info["restored"]) for one in self._logged if "restored" in one.info}
        done = {one.info.get("restore") for one in self._logged}
        undone = {replayed for one in restores if one["id"] in done for replayed in one["replays"]}
        made = spans(restored, self.newest)
        return [one for one in self._logged if within(made, one.version) and one.info.get("replay") not in undone]

    def at_counts(self, registered: tuple[Rows, Rows, Rows], count: str) -> None:
        """Hold the rows that were read against the register's deliveries, replays and restores."""
        rows, replayed, restores = registered
        replays, logged = _replays(replayed, count), self._standing(restores)
        names = {row["number"]: row["id"] for row in rows}
        purged = {row["id"] for row in rows if row["state"] == PURGED}
        published = verify_rules.as_logged({row["id"]: row[count] or 0 for row in rows}, replays, logged)
        found: Counter[str] = Counter()
        for path in self._live & self.read.keys():
            for number, many in self.read[path].items():
                found[names.get(number, f"#{number}")] += many
        brought = {one.id: [each for each, many in one.rows.items() if many >= 0] for one in replays}
        expected = verify_rules.standing(logged, published, brought, names)
        wanted, there = ({one: n for one, n in side.items() if one not in purged} for side in (expected, found))
        self.flaws += verify_rules.miscounted(self.key, wanted, there)
        committed = {commit.info.get("delivery") for commit in self._logged}
        committed |= {each for one in replays for each in one.rows}
        version = "version" if count == "published" else "quarantine_version"
        self.flaws += [
            about("VERIFY_UNPUBLISHED", self.key, row["id"])
            for row in rows
            if row["state"] in (FINISHED, REVERTED) and (row[version] or 0) <= self.newest
            if row[version] is not None and row["id"] not in committed
        ]
        done = {commit.info.get("replay") for commit in logged}
        before = [replace(one, counted=True) for one in replays if one.id in done]
        self._at_commits(names, verify_rules.as_logged(published, before, ()))

    def _at_commits(self, names: Mapping[int, str], published: Mapping[str, int]) -> None:
        """What a delivery's own commit added, where all of it can still be read, also of versions that gave way."""
        for commit in self._logged:
            delivery = commit.info.get("delivery")
            paths = {file.path for file in commit.added}
            if delivery is None or delivery not in published or paths <= self._live or not paths <= self.read.keys():
                continue
            there = sum(n for path in paths for number, n in self.read[path].items() if names.get(number) == delivery)
            self.flaws += verify_rules.miscounted(self.key, {delivery: published[delivery]}, {delivery: there})


def _read(ground: Ground, found: ObjectStat) -> tuple[dict[int, int], set[str]]:
    """Rows by delivery's number, every page decoded on the way, and the columns whose extremes the footer tells."""
    file = parquet_file(ground.store, found.key, found.size)
    told = set()
    for at in range(file.num_row_groups):
        group = file.metadata.row_group(at)
        columns = [group.column(place) for place in range(group.num_columns)]
        told |= {one.path_in_schema for one in columns if one.is_stats_set or one.has_column_index}
    counts: Counter[int] = Counter()
    for batch in file.iter_batches():
        for pair in pc.value_counts(batch.column(DELIVERY)).to_pylist():
            counts[pair["values"]] += pair["counts"]
    return dict(counts), told
