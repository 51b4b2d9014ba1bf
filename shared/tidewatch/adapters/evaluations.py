"""The newest evaluations of versions in DynamoDB, in the table of models: one item ``EVALUATED#<8 digits>`` each.

A series that is deleted and trained anew has another version under the number, so the item names its version whole.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from tidewatch.adapters.clients import storage_call
from tidewatch.adapters.items import EVALUATED, item_key
from tidewatch.adapters.table import Item, Table
from tidewatch.lifecycle.evaluated import Evaluated
from tidewatch.registry import ModelVersion

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDBEvaluationStore:
    """The newest evaluations of all tenants' versions."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def keep(self, version: ModelVersion, evaluated: Evaluated) -> None:
        """One PutItem."""
        item = _key(version) | {
            "number": {"N": str(version.number)},
            "identity": {"S": version.identity},
            "job_id": {"S": evaluated.job_id},
            "evaluated_at": {"S": evaluated.evaluated_at.isoformat()},
            "data": {"S": evaluated.data},
            "points": {"N": str(evaluated.points)},
            "figures": {"S": orjson.dumps(dict(evaluated.figures)).decode()},
        }
        with storage_call("the keeping of an evaluation"):
            self._table.client.put_item(TableName=self._table.name, Item=item)

    def newest(self, version: ModelVersion) -> Evaluated | None:
        """One GetItem."""
        item = self._table.get(_key(version), "the reading of an evaluation")
        if item is None or item["identity"]["S"] != version.identity:
            return None
        return Evaluated(
            job_id=item["job_id"]["S"],
            evaluated_at=datetime.fromisoformat(item["evaluated_at"]["S"]),
            data=item["data"]["S"],
            points=int(item["points"]["N"]),
            figures=orjson.loads(item["figures"]["S"]),
        )


def _key(version: ModelVersion) -> Item:
    return item_key(version.series, f"{EVALUATED}{version.number:08d}")
