"""The key of API Gateway that every stack has, registered as the first key of the default tenant.

Clients of earlier releases hold that key: API Gateway itself told by it who they are. Now the authorizer does, and
needs its sha256 in the table of tenants. The tenant gets another key of API Gateway, by which its usage is counted.
Until this is done, the authorizer leaves keys to API Gateway, so that no client is refused in between.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tidewatch.adapters.tenants import DynamoDBTenantStore
from tidewatch.adapters.usage_plans import UsagePlans
from tidewatch.services.authorize import FIRST_KEY_ID
from tidewatch.tenancy import ALL_SCOPES, DEFAULT_TENANT, KeyRecord, TenantRecord, Tier, key_sha256

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY: Final = "TidewatchApiApiKey"
_TABLE: Final = "TenantsTable"


def register_first_key(
    cloudformation: CloudFormationClient, apigateway: APIGatewayClient, dynamodb: DynamoDBClient, stack: str
) -> bool:
    """Makes the default tenant and its first key what the authorizer knows; whether that was new.

    It can be done again at any time, and changes nothing that is there: a first key that was revoked stays revoked.

    Raises:
        botocore.exceptions.ClientError: if AWS refuses a call.
        tidewatch.registry.StorageUnavailable: if AWS did not answer.
    """
    store = DynamoDBTenantStore(dynamodb, _physical_id(cloudformation, stack, _TABLE))
    found = apigateway.get_api_key(apiKey=_physical_id(cloudformation, stack, _KEY), includeValue=True)
    sha256, now = key_sha256(found["value"]), datetime.now(UTC)
    new = store.find_key(sha256) is None
    # The key first: once there is a tenant, the authorizer takes no key that it does not know.
    if new:
        store.put_key(KeyRecord(DEFAULT_TENANT, FIRST_KEY_ID, sha256, "the stack's own key", ALL_SCOPES, now))
    if store.find_tenant(DEFAULT_TENANT) is None:
        metering_id, metering_key = UsagePlans(apigateway, stack).create(DEFAULT_TENANT, Tier.STANDARD)
        record = TenantRecord(
            DEFAULT_TENANT, created_at=now, metering_id=metering_id, metering_key=metering_key, revision=1
        )
        store.put_tenant(record)
    return new


def _physical_id(client: CloudFormationClient, stack: str, logical_id: str) -> str:
    answer = client.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
    return answer["StackResourceDetail"]["PhysicalResourceId"]
