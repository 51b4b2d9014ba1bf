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


def test_the_key_opens_at_every_moment_of_the_first_upgrade_and_no_other_does(stack, monkeypatch):
    """As API Gateway sees it: whom the authorizer admits must count by a key of API Gateway."""
    store = DynamoDBTenantStore(boto3.client("dynamodb"), TABLE)
    clock = SimpleNamespace(now=0.0)
    warm = Authorizer(store, gateway_judges=True, clock=lambda: clock.now)
    refused = []

    def opens(authorizer: Authorizer, key: str) -> bool:
        admission = authorizer.admit(key)
        known = {each["value"] for each in stack.apigateway.get_api_keys(includeValues=True)["items"]}
        return admission is not None and admission.metering_key in known

    def look() -> None:
        for authorizer in (warm, Authorizer(store, gateway_judges=True)):
            refused.append(not opens(authorizer, stack.key["value"]))
            assert not opens(authorizer, "of-nobody")
        clock.now += 1.0

    def watched(write):
        def then_look(*arguments):
            look()
            write(*arguments)
            look()

        return then_look

    for name in ("put_key", "put_tenant"):
        monkeypatch.setattr(DynamoDBTenantStore, name, watched(getattr(DynamoDBTenantStore, name)))
    look()
    assert register_first_key(*stack.clients, STACK)
    for _ in range(70):
        look()
    assert len(refused) > 70
    assert not any(refused)
    # From now on a key of API Gateway is no credential.
    other = stack.apigateway.create_api_key(name="by hand", enabled=True, value="a-key-that-was-made-by-hand")
    assert warm.admit(other["value"]) is None
    assert Authorizer(store, gateway_judges=True).admit(other["value"]) is None


def test_where_no_api_gateway_judges_an_unknown_key_is_refused_from_the_start(aws):
    assert Authorizer(DynamoDBTenantStore(boto3.client("dynamodb"), TABLE)).admit("of-nobody") is None
