"""The tests themselves: nothing that they do can reach AWS."""

from __future__ import annotations

import socket
import urllib.request

import boto3
import pytest

from tests.support.environment import WayOut


@pytest.mark.parametrize("address", [("169.254.169.254", 80), ("93.184.215.14", 443)])
def test_sockets_reach_only_this_machine(address):
    with socket.socket() as sock, pytest.raises(WayOut):
        sock.connect(address)


def test_names_of_other_machines_are_not_looked_up():
    with pytest.raises(WayOut):
        urllib.request.urlopen("https://dynamodb.eu-central-1.amazonaws.com")


def test_an_aws_call_without_a_mock_fails_at_once():
    with pytest.raises(WayOut):
        boto3.client("dynamodb").list_tables()


def test_loopback_is_open():
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())


def test_aws_in_memory_has_the_tables_and_the_bucket(aws):
    tables = boto3.client("dynamodb").list_tables()["TableNames"]
    buckets = [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
    assert set(tables) == {
        "tidewatch-test-models",
        "tidewatch-test-idempotency",
        "tidewatch-test-jobs",
        "tidewatch-test-observations",
        "tidewatch-test-streams",
        "tidewatch-test-tenants",
    }
    assert set(buckets) == {"tidewatch-test-data", "tidewatch-test-audit"}
