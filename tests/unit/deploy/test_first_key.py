"""The stack's own key goes on opening the stack, now through the authorizer."""

from __future__ import annotations

from types import SimpleNamespace

import boto3
import pytest
from tidewatch.adapters.tenants import DynamoDBTenantStore
from tidewatch.services.authorize import Authorizer
from tidewatch.tenancy import ALL_SCOPES, DEFAULT_TENANT

from deploy.first_key import register_first_key
from tests.support.environment import ENVIRONMENT

STACK = "tidewatch-dev"
TABLE = ENVIRONMENT["TENANTS_TABLE_NAME"]


@pytest.fixture
def stack(aws):
    """What CloudFormation made of the template, as far as the registration looks at it."""
    apigateway = boto3.client("apigateway")
    key = apigateway.create_api_key(name="stack", enabled=True, value="the-key-that-clients-hold-today")
    plan = apigateway.create_usage_plan(name=f"{STACK}-standard")
    apigateway.create_usage_plan(name=f"{STACK}-large")
    apigateway.create_usage_plan(name="of-another-stack-standard")
    names = {"TidewatchApiApiKey": key["id"], "TenantsTable": TABLE}

    def describe(*, StackName, LogicalResourceId):  # noqa: N803 - boto3's names
        assert StackName == STACK
        return {"StackResourceDetail": {"PhysicalResourceId": names[LogicalResourceId]}}

    clients = (SimpleNamespace(describe_stack_resource=describe), apigateway, boto3.client("dynamodb"))
    return SimpleNamespace(clients=clients, key=key, plan=plan["id"], apigateway=apigateway)


def test_the_key_that_clients_hold_opens_the_default_tenant(stack):
    assert register_first_key(*stack.clients, STACK)
    store = DynamoDBTenantStore(boto3.client("dynamodb"), TABLE)
    admission = Authorizer(store).admit(stack.key["value"])
    assert admission is not None
    assert (admission.principal.tenant, admission.principal.scopes) == (DEFAULT_TENANT, ALL_SCOPES)
    # What API Gateway counts by is another key, in the plan of the tier.
    counted = stack.apigateway.get_usage_plan_keys(usagePlanId=stack.plan)["items"]
    assert [key["value"] for key in counted] == [admission.metering_key]
    assert admission.metering_key != stack.key["value"]
    assert Authorizer(store).admit(admission.metering_key) is None


def test_only_the_hash_is_stored_and_a_second_deployment_changes_nothing(stack):
    assert register_first_key(*stack.clients, STACK)
    before = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]
    assert stack.key["value"] not in repr(before)
    assert not register_first_key(*stack.clients, STACK)
    assert boto3.client("dynamodb").scan(TableName=TABLE)["Items"] == before
    assert len(stack.apigateway.get_api_keys()["items"]) == 2
