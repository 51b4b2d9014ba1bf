"""Records of idempotency keys, for the library that keeps them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OWNER = "owner"


def with_safe_retries(client: DynamoDBClient) -> DynamoDBClient:
    """A client whose conditional PutItem can be sent twice.

    If the answer to a PutItem gets lost, botocore sends it again. The second one meets the item of the first, and its
    condition fails as if another request with the same key were under way. So each item names the call that puts it,
    and a call that meets its own item has succeeded.
    """
    return cast("DynamoDBClient", _SafeRetries(client))


class _SafeRetries:
    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_item(self, *, Item: dict[str, Any], **more: Any) -> Any:  # noqa: N803 - boto3's name
        owner = {"S": uuid.uuid4().hex}
        try:
            return self._client.put_item(Item=Item | {_OWNER: owner}, **more)
        except ClientError as error:
            # There if the caller asked for ReturnValuesOnConditionCheckFailure.
            if cast("Any", error.response).get("Item", {}).get(_OWNER) == owner:
                return {}
            raise
