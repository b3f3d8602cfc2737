"""Arrival by a prefix of an S3, one a unit: the folder's way, over objects.

Promises:

- an object is whole as soon as it is there (a put is atomic, an upload in parts is seen when it is done); where the
  city asks for a marker it waits for a `<name>.done` that is not older;
- its size is looked at before its first byte is read, and its reading has a limit of time;
- it leaves the prefix only after its bytes are durable in landing, and only if it is still the object that landed: it
  is copied and deleted under the condition that it still has its ETag;
- two scans at once double nothing (a lease, and landing itself); a killed scan is finished by the next one;
- one object's trouble keeps no other waiting, however many stay. Names map to datasets as files' names do.

A store that knows no conditional delete is asked right before: one request stands between that look and the delete. One
that keeps versions keeps what was deleted as an old version; the unit's own rules end it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import ClassVar

from catalogs.folder.doors import Bucket, Complete, Taken
from infra.errors import HubError, Place, Unavailable, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.lease import kept, lease
from infra.settings import Secret, Settings, load
from infra.storage import ObjectStat, StoreSettings
from infra.storage_s3 import S3Store
from lake.arrival.folder import named_datasets, names_of
from lake.arrival.folder_files import MARKER, unfinished
from lake.landing import quota
from lake.landing.bundle import too_large
from lake.landing.delivery import Arrival, Delivery
from lake.landing.landing import LandingSettings, disk, land_arrival

CHANNEL = "s3"
TAKEN = "taken/"


class BucketSettings(Settings, frozen=True):
    """How patient a scan of a bucket is, and how much it takes."""

    section: ClassVar[str] = "bucket"

    seconds: float = 30.0
    most_objects: int = 10_000


@dataclass(slots=True)
class Scanned:
    """What a scan did."""

    deliveries: list[Delivery] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    refused: list[tuple[str, HubError]] = field(default_factory=list)


def open_bucket(ground: Ground, rule: Bucket, seconds: float | None = None) -> S3Store:
    """The unit's prefix as a store that waits for an answer as the settings say, or `seconds`; touches no network.

    Raises:
        WrongUse: BUCKET_KEYS when its keys are not set.
    """
    settings = load(BucketSettings, ground.environ)
    access, secret = (f"HUB_BUCKET_{rule.keys}_{part}_KEY" for part in ("ACCESS", "SECRET"))
    given = [ground.environ.get(name, "").strip() for name in (access, secret)]
    if not all(given):
        raise WrongUse(
            "BUCKET_KEYS",
            f"未设置 {access} 与 {secret}",
            f"{access} and {secret} are not set",
            remedy=Text("参见 infra/env.example", "see infra/env.example"),
        )
    keys = [Secret(value) for value in given]
    store = StoreSettings(None, rule.endpoint, keys[0], keys[1], rule.region, seconds or settings.seconds)
    return S3Store(store, bucket=rule.bucket, prefix=rule.prefix)


def scan(ground: Ground, rule: Bucket, now: datetime) -> Scanned:
    """Land every complete object; see the module.

    Raises:
        WrongUse: BUCKET_KEYS.
        Unavailable: STORE_… when the bucket cannot be listed; LEASE_TAKEN.
    """
    store = open_bucket(ground, rule)
    done = Scanned()
    with lease(ground.engine, f"bucket:{rule.unit}", seconds=120) as held, kept(held):
        most, names = load(BucketSettings, ground.environ).most_objects, names_of(ground, rule.unit)
        found = store.first(most, skip=TAKEN)
        while found:
            there = {one.key: one for one in found}
            for one in sorted(found, key=lambda each: (each.modified, each.key)):
                if unfinished(PurePosixPath(one.key).name):
                    continue
                if rule.complete is Complete.MARKER and not _marked(store, one, there):
                    done.waiting.append(one.key)
                    continue
                try:
                    with disk(Path(PurePosixPath(one.key).name)):
                        done.deliveries += _take(ground, store, rule, one, names, now)
                except HubError as error:
                    done.refused.append((one.key, error))
            if len(found) < most or len(done.deliveries) >= most:
                break  # what is left is taken by the next scan: what was taken stands in its way no more
            found = store.first(most, skip=TAKEN, after=found[-1].key)
    return done


def _marked(store: S3Store, one: ObjectStat, there: Mapping[str, ObjectStat]) -> bool:
    """Whether its marker is there, on this page or behind it; one that is older was another object's."""
    key = one.key + MARKER
    marker = there.get(key) or (store.stat(key) if key > max(there) else None)
    return marker is not None and marker.modified >= one.modified


def _take(
    ground: Ground, store: S3Store, rule: Bucket, one: ObjectStat, names: dict[str, str], now: datetime
) -> list[Delivery]:
    most = load(LandingSettings, ground.environ).max_bytes
    name = PurePosixPath(one.key).name
    if one.size > most:
        raise too_large(one.size, most, name)
    quota.check(ground, rule.unit, one.size, now)  # before the first byte is asked for
    with ground.scratch() as scratch:
        path = scratch / (name.encode()[:200].decode("utf-8", "ignore") or "object")
        store.get_file(one.key, path)
        if path.stat().st_size != one.size:
            raise _changed(name)
        said = one.key.split("/")
        inside = len(said) > 1
        datasets = named_datasets(ground, names, rule.unit, said[-2] if inside else name, folder=inside)
        came = [Arrival(each, path, CHANNEL, now, f"unit:{rule.unit}", rule.unit) for each in datasets]
        deliveries = [land_arrival(ground, arrival, scratch) for arrival in came]
    _clear(store, rule, one, deliveries[0])
    return deliveries


def _clear(store: S3Store, rule: Bucket, one: ObjectStat, delivery: Delivery) -> None:
    """Take the object out of the prefix if it is still the one that landed; another stays for the next scan."""
    target = f"{TAKEN}{delivery.id}/{one.key}" if rule.taken is Taken.MOVE else None
    if store.clear(one.key, one.etag, target) and rule.complete is Complete.MARKER:
        store.delete(one.key + MARKER)


def _changed(name: str) -> Unavailable:
    return Unavailable(
        "LANDING_CHANGED",
        "对象在接收期间被替换，下次再取",
        "the object was replaced while it was read; the next scan takes it",
        place=Place(file=name),
    )
