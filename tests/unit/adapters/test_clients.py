"""The clients: how long they may take, and that they are made once."""

from __future__ import annotations

import pytest
from tidewatch.adapters import clients

from tests.support.tables import template


def worst_case_seconds(config) -> float:
    """Every attempt connects and reads until its timeout, and every wait between them is the longest."""
    attempts = config.retries["total_max_attempts"]
    waits = sum(min(2.0**retry, 20.0) for retry in range(attempts - 1))
    return attempts * (config.connect_timeout + config.read_timeout) + waits


@pytest.mark.parametrize("client", [clients.dynamodb, clients.s3, clients.cloudwatch])
def test_each_is_built_once(client):
    assert client() is client()


@pytest.mark.parametrize("client", [clients.dynamodb, clients.s3, clients.cloudwatch])
def test_retries_are_botocores_standard_mode(client):
    assert client().meta.config.retries["mode"] == "standard"


@pytest.mark.parametrize("client", [clients.dynamodb, clients.s3])
def test_a_call_that_fails_for_good_is_over_before_the_function_times_out(client):
    timeout = template().global_properties("Function")["Timeout"]
    assert worst_case_seconds(client().meta.config) < timeout


def test_a_throttled_call_is_tried_again():
    assert clients.dynamodb().meta.config.retries["total_max_attempts"] == 3
    assert clients.s3().meta.config.retries["total_max_attempts"] == 3


def test_health_answers_within_a_second_whatever_cloudwatch_does():
    assert worst_case_seconds(clients.cloudwatch().meta.config) < 1


def test_a_client_says_whose_it_is_and_does_not_put_that_together_at_each_call():
    assert clients.dynamodb().meta.config.user_agent == "tidewatch"
