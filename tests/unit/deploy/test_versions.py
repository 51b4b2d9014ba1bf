"""Which versions of the functions a deployment deletes."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from deploy.versions import delete_old_versions, old_versions
from tests.support.environment import REGION


@pytest.fixture
def lambda_stub():
    client = boto3.client("lambda", region_name=REGION)
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def add_function(stub, function, versions, *aliases):
    """What Lambda answers about one function; its versions come on two pages."""
    stub.add_response("list_aliases", {"Aliases": list(aliases)}, {"FunctionName": function})
    pages = [{"Version": version} for version in versions]
    stub.add_response("list_versions_by_function", {"Versions": pages[:3], "NextMarker": "more"})
    stub.add_response("list_versions_by_function", {"Versions": pages[3:]})


def live(version, **others):
    weights = {"RoutingConfig": {"AdditionalVersionWeights": others}} if others else {}
    return {"Name": "live", "FunctionVersion": version} | weights


@pytest.mark.parametrize(
    ("versions", "alias", "keep", "old"),
    [
        # The newest version is the live one; one before it stays to go back to.
        (["$LATEST", "1", "2", "9", "10", "11"], live("11"), 1, ["1", "2", "9"]),
        # Numbers are compared as numbers.
        (["$LATEST", "9", "10", "11"], live("11"), 1, ["9"]),
        (["$LATEST", "1", "2", "3", "4"], live("4"), 0, ["1", "2", "3"]),
        # Somebody went back: what is live stays, and the newest of the others too.
        (["$LATEST", "1", "2", "3", "4"], live("2"), 1, ["1", "3"]),
        # A second version gets a part of the traffic.
        (["$LATEST", "1", "2", "3", "4"], live("4", **{"1": 0.1}), 1, ["2"]),
        (["$LATEST", "1"], live("1"), 1, []),
        (["$LATEST", "1", "2"], live("2"), 5, []),
    ],
)
def test_old_is_what_no_alias_names_and_nobody_goes_back_to(lambda_stub, versions, alias, keep, old):
    add_function(lambda_stub, "tidewatch-dev-predict", versions, alias)
    assert old_versions(lambda_stub.client, "tidewatch-dev-predict", keep) == old


@pytest.fixture
def stack():
    client = boto3.client("cloudformation", region_name=REGION)
    with Stubber(client) as stub:
        kinds = {"tidewatch-dev-fit": "AWS::Lambda::Function", "tidewatch-dev-predict": "AWS::Lambda::Function"}
        summaries = [
            {
                "LogicalResourceId": name,
                "PhysicalResourceId": name,
                "ResourceType": kind,
                "LastUpdatedTimestamp": 0,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for name, kind in {**kinds, "live": "AWS::Lambda::Alias"}.items()
        ]
        stub.add_response("list_stack_resources", {"StackResourceSummaries": summaries}, {"StackName": "tidewatch-dev"})
        yield client


def test_old_versions_of_every_function_of_the_stack_are_deleted(lambda_stub, stack):
    for function in ("tidewatch-dev-fit", "tidewatch-dev-predict"):
        add_function(lambda_stub, function, ["$LATEST", "1", "2", "3"], live("3"))
        lambda_stub.add_response("delete_function", {"StatusCode": 204}, {"FunctionName": function, "Qualifier": "1"})
    deleted = dict(delete_old_versions(stack, lambda_stub.client, "tidewatch-dev", 1))
    assert deleted == {"tidewatch-dev-fit": ["1"], "tidewatch-dev-predict": ["1"]}


def test_a_refusal_ends_the_deleting(lambda_stub, stack):
    add_function(lambda_stub, "tidewatch-dev-fit", ["$LATEST", "1", "2", "3"], live("3"))
    lambda_stub.add_client_error("delete_function", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        dict(delete_old_versions(stack, lambda_stub.client, "tidewatch-dev", 1))
