from __future__ import annotations

import os
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.project import PROJECT
from local.sam.aws import resources, settings
from local.sam.template import Template

NAMES = ("TABLE_NAME", "IDEMPOTENCY_TABLE_NAME", "TENANTS_TABLE_NAME", "DATA_BUCKET")
CALLERS = {
    "HOME": "/home/someone",
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ROLE_ARN": "arn:aws:iam::1:role/real",
    "AWS_REGION": "eu-west-1",
}


def test_the_callers_credentials_are_put_aside() -> None:
    environment = dict(CALLERS)
    settings.prepare_environment(environment, NAMES)
    assert "real" not in "".join(environment.values()).lower()
    assert {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"}.isdisjoint(environment)
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["HOME"] == "/home/someone"


def test_a_real_account_keeps_them() -> None:
    names = dict(zip(NAMES, ("models", "records", "tenants", "data"), strict=True))
    environment = CALLERS | names | {"LOCAL_AWS": "account"}
    settings.prepare_environment(environment, NAMES)
    assert environment == CALLERS | names | {"LOCAL_AWS": "account", "AWS_DEFAULT_REGION": "eu-west-1"}
    assert settings.uses_account(environment)
    assert "real account" in settings.describe(environment)


def test_a_real_account_needs_names() -> None:
    with pytest.raises(settings.UnusableAws, match="set IDEMPOTENCY_TABLE_NAME, TENANTS_TABLE_NAME, DATA_BUCKET"):
        settings.prepare_environment(CALLERS | {"LOCAL_AWS": "account", "TABLE_NAME": "models"}, NAMES)


def test_endpoints() -> None:
    environment = {"AWS_ENDPOINT_URL_DYNAMODB": "http://localhost:8000", "AWS_ENDPOINT_URL_SNS": "http://x:1"}
    settings.prepare_environment(environment, NAMES)
    assert environment["AWS_ENDPOINT_URL_DYNAMODB"] == "http://127.0.0.1:8000"
    assert "AWS_ENDPOINT_URL_SNS" not in environment
    # Metrics stay in this process.
    assert environment["AWS_ENDPOINT_URL_CLOUDWATCH"] == "https://monitoring.eu-central-1.amazonaws.com"
    assert "http://127.0.0.1:8000" in settings.describe(environment)
    environment["LOCAL_AWS"] = "memory"
    settings.prepare_environment(environment, NAMES)
    assert "AWS_ENDPOINT_URL_DYNAMODB" not in environment
    assert "in memory" in settings.describe(environment)


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"AWS_ENDPOINT_URL": "https://dynamodb.eu-central-1.amazonaws.com"}, "set LOCAL_AWS=account instead"),
        ({"AWS_ENDPOINT_URL_S3": "https://s3.cn-north-1.amazonaws.com.cn/"}, "set LOCAL_AWS=account instead"),
        ({"AWS_ENDPOINT_URL_S3": "127.0.0.1:4566"}, "not a URL"),
        ({"LOCAL_AWS": "moto"}, "LOCAL_AWS=moto is unknown"),
    ],
)
def test_what_is_refused(environment: dict[str, str], why: str) -> None:
    with pytest.raises(settings.UnusableAws, match=why):
        settings.prepare_environment(environment, NAMES)


@pytest.fixture(scope="module")
def template() -> Template:
    return PROJECT.read_template("eu-central-1")


def test_resources_are_called_as_the_functions_are_told(template: Template) -> None:
    wanted = {"TABLE_NAME": template.physical_name("ModelsTable"), "STAGE": "dev"}
    names = resources.resource_names(template, wanted, {"TABLE_NAME": "mine", "STAGE": "dev"})
    assert names["ModelsTable"] == "mine"
    assert names["IdempotencyTable"] == template.physical_name("IdempotencyTable")


NAMED = {
    "ModelsTable": "models",
    "IdempotencyTable": "records",
    "TenantsTable": "tenants",
    "JobsTable": "jobs",
    "ObservationsTable": "observations",
    "StreamsTable": "streams",
    "DataBucket": "data",
    "AuditBucket": "audit",
    "JobsQueue": "https://sqs.eu-central-1.amazonaws.com/123456789012/jobs.fifo",
    "JobsDeadLetterQueue": "https://sqs.eu-central-1.amazonaws.com/123456789012/local-jobsdeadletterqueue.fifo",
}


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_the_templates_tables_and_bucket(template: Template, monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    names = NAMED
    with mock_aws():
        for _ in range(2):  # what is there already stays
            resources.create_resources(template, names)
        dynamodb: Any = boto3.client("dynamodb")
        table = dynamodb.describe_table(TableName="models")["Table"]
        assert {key["AttributeName"]: key["KeyType"] for key in table["KeySchema"]} == {"pk": "HASH", "sk": "RANGE"}
        assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["SeriesByTenant"]
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        time_to_live = dynamodb.describe_time_to_live(TableName="records")["TimeToLiveDescription"]
        assert time_to_live["AttributeName"] == "expiration"
        assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]] == ["data", "audit"]
        queue = boto3.client("sqs").get_queue_attributes(QueueUrl=NAMED["JobsQueue"], AttributeNames=["All"])[
            "Attributes"
        ]
        assert (queue["FifoQueue"], queue["VisibilityTimeout"]) == ("true", "960")
        assert "local-jobsdeadletterqueue.fifo" in queue["RedrivePolicy"]


def test_an_endpoint_that_does_not_answer(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(settings.UnusableAws, match=r"cannot create tables, buckets and queues: .*127\.0\.0\.1:9"):
        resources.create_resources(template, NAMED)
