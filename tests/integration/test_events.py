"""The sample events are what the gateway makes of their requests, and get the status that their list says."""

from __future__ import annotations

import json

import pytest

from local.events import EVENTS, events, files, samples
from local.project import PROJECT
from local.sam.functions import LambdaContext
from local.sam.routes import read_functions, read_routes
from local.sam.template import Template, load_template
from tests.support.api import handler_module
from tests.support.environment import ROOT

MADE = files()


@pytest.mark.parametrize("name", sorted(MADE))
def test_the_committed_file_is_what_the_gateway_makes(name):
    assert (EVENTS / name).read_text(encoding="utf-8") == MADE[name], "run `make events`"


def test_no_event_is_left_that_nobody_makes():
    assert {path.name for path in EVENTS.glob("*.json")} - {"env.json"} == {
        name for name in MADE if name != "README.md"
    }


def test_every_route_has_an_event():
    routes = read_routes(Template(load_template(ROOT / "template.yaml"), "eu-central-1"), ROOT).routes
    sampled = {(event["httpMethod"], event["resource"]) for _, _, event in events()}
    assert sampled == {(route.method, route.path) for route in routes}


def test_each_event_gets_the_status_that_the_list_says(api):
    functions = {
        route.function.logical_id: route.function
        for route in read_routes(Template(load_template(ROOT / "template.yaml"), "eu-central-1"), ROOT).routes
    }
    for sample, function, _ in events():
        event = json.loads((EVENTS / f"{sample.name}.json").read_text(encoding="utf-8"))
        assert (sample.name, api.invoke(functions[function], event).status) == (sample.name, sample.status)


def test_the_worker_takes_the_sample_of_a_message(api):
    function = read_functions(Template(load_template(ROOT / "template.yaml"), "eu-central-1"), ROOT)["WorkerFunction"]
    event = json.loads((EVENTS / "job.json").read_text(encoding="utf-8"))
    answer = handler_module(function).lambda_handler(event, LambdaContext("worker", 1769, "arn", 900))
    # Its job is not there, and the message is too old for the job to come.
    assert answer == {"batchItemFailures": []}


def test_the_environment_of_sam_local_is_the_stand_ins():
    environment = json.loads((EVENTS / "env.json").read_text(encoding="utf-8"))["Parameters"]
    template = PROJECT.read_template("eu-central-1")
    names = {
        template.physical_name(i)
        for kind in ("AWS::DynamoDB::Table", "AWS::S3::Bucket")
        for i in template.resources(kind)
    }
    told = (
        "TABLE_NAME",
        "IDEMPOTENCY_TABLE_NAME",
        "TENANTS_TABLE_NAME",
        "JOBS_TABLE_NAME",
        "OBSERVATIONS_TABLE_NAME",
        "STREAMS_TABLE_NAME",
        "DATA_BUCKET",
        "AUDIT_BUCKET",
    )
    assert {environment[name] for name in told} == names
    queue = template.queue_url("JobsQueue").rpartition("/")[2]
    assert environment["JOBS_QUEUE_URL"] == f"{environment['AWS_ENDPOINT_URL']}/123456789012/{queue}"


def test_the_samples_show_success_and_each_kind_of_mistake():
    assert {sample.status for sample in samples()} == {200, 201, 202, 204, 400, 404, 409, 412, 415, 422}
