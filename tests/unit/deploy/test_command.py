"""`make deploy`: what it runs, and when it deletes."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from deploy import __main__ as command
from deploy.ceilings import FUNCTION_OF, Concurrency


@pytest.fixture
def calls(monkeypatch):
    """What is run: sam's arguments, then what is deleted. ``calls.sam_status`` is what sam ends with."""
    calls = SimpleNamespace(sam=[], pruned=[], registered=[], sam_status=0)

    def run(arguments, **_):
        calls.sam.append(arguments)
        return subprocess.CompletedProcess(arguments, calls.sam_status)

    def delete(_cloudformation, _lambda, stack, keep):
        calls.pruned.append((stack, keep))
        yield f"{stack}-predict", ["1", "2"]

    def register(*clients_and_stack):
        calls.registered.append(clients_and_stack)
        return True

    monkeypatch.setattr(command, "register_first_key", register)
    monkeypatch.setattr(boto3, "client", lambda service: service)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(command, "delete_old_versions", delete)
    monkeypatch.setattr(command, "read_concurrency", lambda *_: Concurrency(1000, 1000, dict.fromkeys(FUNCTION_OF, 0)))
    return calls


def test_parameters_are_left_to_samconfig(calls, capsys):
    assert command.main(["--stage", "prod"]) == 0
    assert calls.sam == [["sam", "deploy", "--config-env", "prod"]]
    assert calls.pruned == [("tidewatch-prod", 1)]
    assert calls.registered == [("cloudformation", "apigateway", "dynamodb", "tidewatch-prod")]
    told = capsys.readouterr().out
    assert "first key of the default tenant" in told
    assert "Proposed: FitConcurrency=100 DetectConcurrency=100" in told
    assert "Deleted of tidewatch-prod-predict: versions 1, 2" in told


def test_what_is_changed_is_named_beside_what_samconfig_has(calls):
    options = ["--architecture", "x86_64", "--ceilings", "proposed", "--parameters", "LogRetentionDays=1"]
    assert command.main(["--stage", "dev", *options]) == 0
    ((*_, option, parameters),) = calls.sam
    assert option == "--parameter-overrides"
    assert parameters.split() == [
        "Stage=dev",
        "Architecture=x86_64",
        "LogRetentionDays=1",
        "FitConcurrency=100",
        "DetectConcurrency=100",
    ]


def test_nothing_is_deleted_where_the_deployment_failed(calls):
    calls.sam_status = 1
    assert command.main(["--stage", "dev"]) == 1
    assert calls.pruned == calls.registered == []


@pytest.mark.parametrize(("options", "status", "deployed"), [([], 0, 1), (["--ceilings", "proposed"], 2, 0)])
def test_an_account_that_does_not_tell_stops_only_who_asked_for_ceilings(
    calls, monkeypatch, capsys, options, status, deployed
):
    def refuse(*_):
        raise NoCredentialsError

    monkeypatch.setattr(command, "read_concurrency", refuse)
    assert command.main(["--stage", "dev", *options]) == status
    assert len(calls.sam) == deployed
    assert "could not be read" in capsys.readouterr().err


def test_a_failure_to_delete_does_not_undo_a_deployment(calls, monkeypatch, capsys):
    def refuse(*_):
        raise NoCredentialsError

    monkeypatch.setattr(command, "delete_old_versions", refuse)
    assert command.main(["--stage", "dev"]) == 0
    assert "Old versions were not deleted" in capsys.readouterr().err


def test_a_key_that_could_not_be_registered_is_a_failure(calls, monkeypatch, capsys):
    def refuse(*_):
        raise NoCredentialsError

    monkeypatch.setattr(command, "register_first_key", refuse)
    assert command.main(["--stage", "dev"]) == 1
    assert "was not registered" in capsys.readouterr().err
