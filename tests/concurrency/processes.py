"""What the processes of these tests do. Each has clients of its own, as each instance of a function has."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier, Event
from typing import Any

import boto3
from botocore.config import Config
from tidewatch.adapters.dynamodb import DynamoDBVersionStore
from tidewatch.adapters.s3 import S3DataStore
from tidewatch.registry import ModelVersion, TrainingData
from tidewatch.tenancy import DEFAULT_TENANT

from tests.support.samples import a_model, a_publisher, a_series, key

SERIES = "cpu"
# The functions' own limits are for a network; sixteen processes on two cores may have to wait for longer.
_PATIENT = Config(connect_timeout=30, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
_START_SECONDS = 60


@dataclass(frozen=True)
class Place:
    """Where the storage is, in words that another process understands."""

    names: dict[str, str]
    dynamodb_url: str
    s3_url: str

    @property
    def clients(self) -> tuple[Any, Any]:
        """Of DynamoDB and S3, made once in each process."""
        return _client("dynamodb", self.dynamodb_url), _client("s3", self.s3_url)

    @property
    def versions(self) -> DynamoDBVersionStore:
        return DynamoDBVersionStore(self.clients[0], self.names["TABLE_NAME"])

    @property
    def data(self) -> S3DataStore:
        return S3DataStore(self.clients[1], self.names["DATA_BUCKET"])

    def publish(self, fit: int) -> ModelVersion:
        """Publishes a model of values that no other fit has."""
        publisher = a_publisher(self.versions, self.data, deadline_seconds=60, sleep=time.sleep)
        values = values_of(fit)
        return publisher.publish(key(SERIES), a_series(values), a_model(values))

    def fit_of(self, version: ModelVersion) -> int:
        """Which fit a version is of, by its training data; its parameters must be those of the same data."""
        values = TrainingData(self.data).of(version).values.tolist()
        fit = int(values[-1])
        assert values == values_of(fit), f"{version.version} has the data of no fit"
        assert version.parameters == a_model(values).parameters(), f"{version.version} has parameters of other data"
        return fit


@lru_cache
def _client(service: str, url: str) -> Any:
    return boto3.client(service, endpoint_url=url, config=_PATIENT)


def values_of(fit: int) -> list[float]:
    return [*map(float, range(30)), float(fit)]


def publish_some(place: Place, start: Barrier, fits: Iterable[int], told: Connection) -> None:
    """Publishes fits as fast as it can, and tells the version numbers that it got, by fit."""
    assert place.versions.head(key("another")) is None  # Clients are slow to make.
    start.wait(_START_SECONDS)
    told.send({fit: place.publish(fit).number for fit in fits})


def publish_until_killed(place: Place, first: int, told: Connection) -> None:
    """Publishes fit after fit; tells of each before it (None) and after it (its version number)."""
    for fit in itertools.count(first):
        told.send((fit, None))
        told.send((fit, place.publish(fit).number))


def read_until(place: Place, start: Barrier, stop: Event, told: Connection) -> None:
    """Looks again and again, and tells the latest numbers that it saw, or what was wrong with them."""
    seen = [0]
    start.wait(_START_SECONDS)
    try:
        while not stop.is_set():
            look(place, seen)
    except AssertionError as error:
        told.send(f"after {seen[-1]}: {error!r}")
    else:
        told.send(seen)


def look(place: Place, seen: list[int]) -> None:
    """Reads in the order in which the functions do, and holds each answer to what was there before it."""
    head = place.versions.head(key(SERIES))
    if head is None:
        assert seen == [0], "the series is gone"
        return
    assert head.latest >= seen[-1], f"latest went back to {head.latest}"
    seen.append(head.latest)
    assert head.champion.number == head.latest
    version = place.versions.version(key(SERIES), head.latest)
    assert version is not None, f"HEAD says {head.latest}, and there is none"
    assert version == head.champion, f"the champion is not version {head.latest}"
    place.fit_of(version)
    numbers = [found.number for found in place.versions.list_versions(key(SERIES), 1000, None).items]
    assert numbers == [*range(numbers[0], 0, -1)], f"a gap in {numbers}"
    assert numbers[0] >= head.latest
    assert place.versions.count_series(DEFAULT_TENANT) == 1
