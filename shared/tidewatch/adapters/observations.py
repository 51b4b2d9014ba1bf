"""Observations and labels in DynamoDB: a table of its own, which predictions may only put items into.

Each prediction puts one item, ``OBSERVED#<time>#<random>``; numbers are little-endian columns. Both expire.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.adapters.clients import storage_call
from tidewatch.adapters.items import item_key
from tidewatch.adapters.table import BATCH, Item, Table
from tidewatch.lifecycle.observations import Observations
from tidewatch.registry import SeriesKey
from tidewatch.registry.audit import time_text
from tidewatch.series import Frame, TimeSeries

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OBSERVED: Final = "OBSERVED#"
_LABEL: Final = "LABEL#"
_END: Final = "~"
_READING: Final = "the reading of observations"
# From here on times are positive, so that their text is in their order.
_SHIFT: Final = 2**40
# A row of more variables is read as so many points more.
_VALUES_OF_A_POINT: Final = 8


class DynamoDBObservationStore:
    """The observations and labels of all tenants' series."""

    def __init__(self, client: DynamoDBClient, table: str, *, days: int) -> None:
        """Joins the store to its table.

        Args:
            client: of DynamoDB.
            table: its name.
            days: after which observations and labels are forgotten.
        """
        self._table = Table(client, table)
        self._seconds = days * 86_400

    def append(self, series: SeriesKey, observations: Observations) -> None:
        """One PutItem."""
        key = item_key(series, f"{_OBSERVED}{time_text(observations.observed_at)}#{secrets.token_hex(4)}")
        item: Item = key | {
            "champion": {"N": str(observations.champion)},
            "timestamps": {"B": observations.points.timestamps.astype("<i8").tobytes()},
            "measured": {"B": observations.points.values.astype("<f8").tobytes()},
            "p_value": {"B": observations.p_value.astype("<f8").tobytes()},
            "anomaly": {"B": observations.anomaly.tobytes()},
            "observed_at": {"S": observations.observed_at.isoformat()},
            "expires_at": self._expiry(),
        }
        if isinstance(observations.points, Frame):
            item["variables"] = {"L": [{"S": name} for name in observations.points.names]}
        if observations.challenger is not None:
            item |= {
                "challenger": {"N": str(observations.challenger)},
                "challenger_p_value": {"B": observations.challenger_p_value.astype("<f8").tobytes()},
                "challenger_anomaly": {"B": observations.challenger_anomaly.tobytes()},
            }
        with storage_call("the keeping of a judgement"):
            self._table.client.put_item(TableName=self._table.name, Item=item)

    def since(self, series: SeriesKey, moment: datetime, most_points: int) -> list[Observations]:
        """Queries in the order of time, until there are enough points."""
        return _enough(self._items(series, _OBSERVED + time_text(moment), _OBSERVED + _END), most_points)

    def latest(self, series: SeriesKey, moment: datetime, most_points: int) -> list[Observations]:
        """Queries against the order of time, until there are enough points."""
        newest_first = self._items(series, _OBSERVED + time_text(moment), _OBSERVED + _END, ScanIndexForward=False)
        return _enough(newest_first, most_points)[::-1]

    def label(self, series: SeriesKey, labels: Mapping[int, bool]) -> None:
        """A BatchWriteItem for each 25 labels."""
        pairs = list(labels.items())
        for start in range(0, len(pairs), BATCH):
            items: list[Any] = [
                {
                    "PutRequest": {
                        "Item": item_key(series, _label_key(moment))
                        | {"anomaly": {"BOOL": anomaly}, "expires_at": self._expiry()}
                    }
                }
                for moment, anomaly in pairs[start : start + BATCH]
            ]
            self._table.write_batch("the keeping of labels", items)

    def labels(self, series: SeriesKey, start: int, end: int) -> dict[int, bool]:
        """Queries in the order of time."""
        return {
            int(item["sk"]["S"].removeprefix(_LABEL)) - _SHIFT: item["anomaly"]["BOOL"]
            for item in self._items(series, _label_key(start), _label_key(end))
        }

    def _expiry(self) -> dict[str, str]:
        return {"N": str(int(time.time()) + self._seconds)}

    def _items(self, series: SeriesKey, first: str, last: str, **order: Any) -> Iterator[Item]:
        return self._table.query_all(
            _READING,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": item_key(series, "")["pk"],
                ":first": {"S": first},
                ":last": {"S": last},
            },
            ConsistentRead=True,
            **order,
        )


def _enough(items: Iterable[Item], most_points: int) -> list[Observations]:
    """The first of some items, until they have so many points."""
    found: list[Observations] = []
    left = most_points
    for item in items:
        each = _observations(item)
        found.append(each)
        left -= max(len(each.points), each.points.values.size // _VALUES_OF_A_POINT)
        if left <= 0:
            break
    return found


def _label_key(moment: int) -> str:
    return f"{_LABEL}{moment + _SHIFT:014d}"


def _observations(item: Item) -> Observations:
    return Observations(
        observed_at=datetime.fromisoformat(item["observed_at"]["S"]),
        champion=int(item["champion"]["N"]),
        points=_points(item),
        p_value=_column(item, "p_value", "<f8"),
        anomaly=_column(item, "anomaly", "?"),
        challenger=int(item["challenger"]["N"]) if "challenger" in item else None,
        challenger_p_value=_column(item, "challenger_p_value", "<f8"),
        challenger_anomaly=_column(item, "challenger_anomaly", "?"),
    )


def _points(item: Item) -> TimeSeries | Frame:
    timestamps, measured = _column(item, "timestamps", "<i8"), _column(item, "measured", "<f8")
    if "variables" not in item:
        return TimeSeries(timestamps, measured)
    names = tuple(name["S"] for name in item["variables"]["L"])
    return Frame(timestamps, measured.reshape(-1, len(names)), names)


def _column(item: Item, name: str, kind: str) -> NDArray[Any]:
    packed = bytes(item[name]["B"]) if name in item else b""
    return np.frombuffer(packed, dtype=kind).astype(np.dtype(kind).newbyteorder("="))
