"""The ceilings of fit and detect that a deployment proposes."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from deploy.ceilings import FUNCTION_OF, LEFT_UNRESERVED, Concurrency, in_words, propose, read_concurrency
from tests.support.environment import REGION
from tests.support.template import document

NONE = dict.fromkeys(FUNCTION_OF, 0)


def test_the_parameters_are_those_of_the_template():
    for parameter, function in FUNCTION_OF.items():
        assert document()["Parameters"][parameter]["Default"] == 0
        reserved = document()["Resources"][f"{function.capitalize()}Function"]["Properties"]
        assert {"Ref": parameter} in reserved["ReservedConcurrentExecutions"]["Fn::If"]


@pytest.mark.parametrize(
    ("limit", "unreserved", "ceiling"),
    [(1000, 1000, 100), (1000, 900, 100), (1000, 300, 50), (10_000, 10_000, 1000)],
)
def test_a_ceiling_is_a_tenth_of_the_account_if_there_is_room(limit, unreserved, ceiling):
    assert propose(Concurrency(limit, unreserved, NONE)) == dict.fromkeys(FUNCTION_OF, ceiling)


@pytest.mark.parametrize(("limit", "unreserved"), [(10, 10), (50, 50), (100, 100), (1000, 103)])
def test_an_account_with_too_little_gets_none(limit, unreserved):
    assert propose(Concurrency(limit, unreserved, NONE)) == {}
    assert "L-B99A9384" in in_words(Concurrency(limit, unreserved, NONE), "prod")


@given(st.integers(10, 50_000), st.data())
def test_enough_always_stays_unreserved(limit, data):
    reserved = data.draw(st.integers(0, limit // 2))
    ceilings = dict.fromkeys(FUNCTION_OF, reserved // 2)
    unreserved = data.draw(st.integers(0, limit - 2 * (reserved // 2)))
    proposed = propose(Concurrency(limit, unreserved, ceilings))
    if proposed:
        left = unreserved + sum(ceilings.values()) - sum(proposed.values())
        assert left >= LEFT_UNRESERVED + sum(proposed.values())


def test_what_is_set_already_is_told_and_not_proposed_anew():
    words = in_words(Concurrency(1000, 800, {"FitConcurrency": 120, "DetectConcurrency": 80}), "prod")
    assert words.endswith("Ceilings: FitConcurrency=120 DetectConcurrency=80.")


def test_the_proposal_says_how_to_take_it():
    words = in_words(Concurrency(1000, 1000, NONE), "staging")
    assert "FitConcurrency=100 DetectConcurrency=100" in words
    assert "make deploy STAGE=staging CEILINGS=proposed" in words
    assert "[staging.deploy.parameters]" in words


@pytest.fixture
def stub():
    client = boto3.client("lambda", region_name=REGION)
    with Stubber(client) as stub:
        limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}
        stub.add_response("get_account_settings", {"AccountLimit": limit})
        yield stub


def test_a_stack_that_does_not_exist_yet_has_no_ceilings(stub):
    for _ in FUNCTION_OF:
        stub.add_client_error("get_function_concurrency", "ResourceNotFoundException")
    assert read_concurrency(stub.client, "tidewatch-dev") == Concurrency(1000, 900, NONE)


def test_ceilings_are_read_from_the_functions(stub):
    stub.add_response(
        "get_function_concurrency", {"ReservedConcurrentExecutions": 70}, {"FunctionName": "tidewatch-dev-fit"}
    )
    stub.add_response("get_function_concurrency", {}, {"FunctionName": "tidewatch-dev-detect"})
    found = read_concurrency(stub.client, "tidewatch-dev").ceilings
    assert found == {"FitConcurrency": 70, "DetectConcurrency": 0}


def test_another_refusal_is_not_taken_for_a_missing_function(stub):
    stub.add_client_error("get_function_concurrency", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        read_concurrency(stub.client, "tidewatch-dev")
