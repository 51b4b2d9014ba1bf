"""What tenants use of a day, in DynamoDB: one counter for each tenant and day, gone a month later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tidewatch.adapters.clients import storage_call
from tidewatch.tenancy import Tenant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT: Final = timedelta(days=35)
_FULL: Final = "ConditionalCheckFailedException"


class DynamoDBUsageStore:
    """The counters, in the table of tenants."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def take(self, tenant: Tenant, day: str, points: int, limit: int) -> int | None:
        """Adds to the counter, on condition that the limit holds: one UpdateItem.

        If its answer gets lost, botocore adds again: a tenant then has a little less than its limit.
        """
        if points > limit:
            return None
        forgotten = datetime.fromisoformat(day).replace(tzinfo=UTC) + _KEPT
        values: Any = {
            ":points": {"N": str(points)},
            ":most": {"N": str(limit - points)},
            ":forget": {"N": str(int(forgotten.timestamp()))},
        }
        try:
            with storage_call("the counting of points"):
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=_key(tenant, day),
                    UpdateExpression="SET forget_at = :forget ADD points :points",
                    ConditionExpression="attribute_not_exists(points) OR points <= :most",
                    ExpressionAttributeValues=values,
                    ReturnValues="UPDATED_NEW",
                )
        except ClientError as error:
            if error.response["Error"]["Code"] == _FULL:
                return None
            raise
        return int(answer["Attributes"]["points"]["N"])

    def used(self, tenant: Tenant, day: str) -> int:
        """The counter: one GetItem."""
        with storage_call("the counting of points"):
            answer = self._client.get_item(TableName=self._table, Key=_key(tenant, day))
        return int(answer["Item"]["points"]["N"]) if "Item" in answer else 0


def _key(tenant: Tenant, day: str) -> Any:
    return {"pk": {"S": f"TENANT#{tenant}#USAGE"}, "sk": {"S": f"DAY#{day}"}}
