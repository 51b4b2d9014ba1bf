from __future__ import annotations

import pytest

from tests.support.template import as_list, document, functions, statements, text_of

MODELS = "ModelsTable.Arn"
TENANTS = "TenantsTable.Arn"
API_GATEWAY = "arn:AWS::Partition:apigateway:AWS::Region::"
RECORDS = "IdempotencyTable.Arn"
TRAINING_DATA = "DataBucket.Arn/training/*"
ARRAYS = "DataBucket.Arn/models/*"
BUCKET = "DataBucket.Arn"
JOBS = "JobsTable.Arn"
OBSERVATIONS = "ObservationsTable.Arn"
STREAMS = "StreamsTable.Arn"
DATA_OF_JOBS = "DataBucket.Arn/jobs/*"
QUEUE = "JobsQueue.Arn"
AUDIT_BUCKET = "AuditBucket.Arn"

EVERY_TABLE = (MODELS, RECORDS, TENANTS, JOBS, OBSERVATIONS, STREAMS)

# All that a function may do, beside writing its logs and traces.
GRANTS = {
    "AuthorizerFunction": {("dynamodb:GetItem", TENANTS)},
    "AdminFunction": {
        ("dynamodb:GetItem", TENANTS),
        ("dynamodb:PutItem", TENANTS),
        ("dynamodb:UpdateItem", TENANTS),
        ("dynamodb:ConditionCheckItem", TENANTS),
        ("dynamodb:Query", TENANTS),
        ("dynamodb:Query", f"{TENANTS}/index/Tenants"),
        ("dynamodb:Query", MODELS),
        ("dynamodb:GetItem", JOBS),
        ("dynamodb:PutItem", JOBS),
        ("sqs:SendMessage", QUEUE),
        ("apigateway:GET", f"{API_GATEWAY}/usageplans"),
        ("apigateway:POST", f"{API_GATEWAY}/apikeys"),
        ("apigateway:POST", f"{API_GATEWAY}/usageplans/*/keys"),
        ("apigateway:DELETE", f"{API_GATEWAY}/apikeys/*"),
        ("apigateway:DELETE", f"{API_GATEWAY}/usageplans/*/keys/*"),
    },
    "FitFunction": {
        ("dynamodb:UpdateItem", TENANTS),
        ("dynamodb:Query", MODELS),
        ("dynamodb:GetItem", MODELS),
        ("dynamodb:PutItem", MODELS),
        ("dynamodb:UpdateItem", MODELS),
        ("dynamodb:ConditionCheckItem", MODELS),
        ("dynamodb:GetItem", RECORDS),
        ("dynamodb:PutItem", RECORDS),
        ("dynamodb:UpdateItem", RECORDS),
        ("dynamodb:DeleteItem", RECORDS),
        ("s3:PutObject", TRAINING_DATA),
        ("s3:PutObject", ARRAYS),
        ("s3:GetObject", TRAINING_DATA),
        ("s3:GetObject", ARRAYS),
    },
    "PredictFunction": {
        ("dynamodb:UpdateItem", TENANTS),
        ("dynamodb:GetItem", MODELS),
        ("dynamodb:PutItem", OBSERVATIONS),
        ("s3:GetObject", ARRAYS),
        ("s3:ListBucket", BUCKET),
    },
    "IngestFunction": {
        ("dynamodb:UpdateItem", TENANTS),
        ("dynamodb:GetItem", MODELS),
        ("dynamodb:Query", STREAMS),
        ("dynamodb:PutItem", STREAMS),
        ("dynamodb:PutItem", OBSERVATIONS),
        ("s3:GetObject", ARRAYS),
        ("s3:ListBucket", BUCKET),
    },
    "HealthcheckFunction": {
        ("dynamodb:GetItem", MODELS),
        ("dynamodb:BatchGetItem", MODELS),
        ("dynamodb:Query", MODELS),
        ("dynamodb:Query", f"{MODELS}/index/SeriesByTenant"),
        ("cloudwatch:GetMetricData", "*"),
    },
    "PlotFunction": {
        ("dynamodb:GetItem", MODELS),
        ("s3:GetObject", TRAINING_DATA),
        ("s3:GetObject", ARRAYS),
        ("s3:ListBucket", BUCKET),
        ("dynamodb:GetItem", JOBS),
        ("s3:GetObject", DATA_OF_JOBS),
    },
    "ManageFunction": {
        ("dynamodb:UpdateItem", TENANTS),
        ("dynamodb:GetItem", MODELS),
        ("dynamodb:Query", MODELS),
        ("dynamodb:ConditionCheckItem", MODELS),
        ("dynamodb:DeleteItem", MODELS),
        ("dynamodb:PutItem", MODELS),
        ("dynamodb:UpdateItem", MODELS),
        ("dynamodb:UpdateItem", TENANTS),
        ("dynamodb:Query", OBSERVATIONS),
        ("dynamodb:BatchWriteItem", OBSERVATIONS),
        ("dynamodb:Query", STREAMS),
        ("dynamodb:DeleteItem", STREAMS),
        ("dynamodb:BatchWriteItem", STREAMS),
        ("dynamodb:GetItem", JOBS),
        ("dynamodb:BatchGetItem", JOBS),
        ("dynamodb:PutItem", JOBS),
        ("sqs:SendMessage", QUEUE),
        ("dynamodb:UpdateItem", JOBS),
        ("dynamodb:Query", f"{JOBS}/index/JobsByTenant"),
        ("s3:GetObject", DATA_OF_JOBS),
        ("s3:GetObject", TRAINING_DATA),
        ("s3:ListBucket", BUCKET),
    },
    "WorkerFunction": {
        *((f"dynamodb:{action}", table) for action in ("Scan", "BatchWriteItem") for table in EVERY_TABLE),
        ("dynamodb:GetItem", TENANTS),
        ("dynamodb:Query", TENANTS),
        ("dynamodb:DeleteItem", TENANTS),
        ("s3:ListBucketVersions", BUCKET),
        ("s3:DeleteObjectVersion", f"{BUCKET}/*"),
        ("s3:ListBucketVersions", AUDIT_BUCKET),
        ("s3:DeleteObjectVersion", f"{AUDIT_BUCKET}/*"),
        ("s3:PutObject", f"{AUDIT_BUCKET}/audit/*"),
        ("s3:GetBucketObjectLockConfiguration", AUDIT_BUCKET),
        ("dynamodb:Query", MODELS),
        ("apigateway:DELETE", f"{API_GATEWAY}/apikeys/*"),
        ("dynamodb:UpdateItem", JOBS),
        ("dynamodb:GetItem", MODELS),
        ("dynamodb:PutItem", MODELS),
        ("dynamodb:UpdateItem", MODELS),
        ("dynamodb:ConditionCheckItem", MODELS),
        ("dynamodb:Query", OBSERVATIONS),
        ("s3:PutObject", TRAINING_DATA),
        ("s3:PutObject", ARRAYS),
        ("s3:GetObject", TRAINING_DATA),
        ("s3:GetObject", ARRAYS),
        ("sqs:ReceiveMessage", QUEUE),
        ("sqs:DeleteMessage", QUEUE),
        ("sqs:GetQueueAttributes", QUEUE),
        ("sqs:ChangeMessageVisibility", QUEUE),
        ("sqs:SendMessage", QUEUE),
        ("s3:PutObject", DATA_OF_JOBS),
        ("s3:GetObject", DATA_OF_JOBS),
        ("s3:ListBucket", BUCKET),
    },
    "CollectFunction": {
        ("dynamodb:Scan", MODELS),
        ("dynamodb:GetItem", MODELS),
        ("dynamodb:Query", OBSERVATIONS),
        ("s3:ListBucketVersions", BUCKET),
        ("s3:DeleteObjectVersion", TRAINING_DATA),
        ("s3:DeleteObjectVersion", ARRAYS),
    },
    # It stores nothing.
    "DetectFunction": {
        ("dynamodb:UpdateItem", TENANTS),
        ("dynamodb:GetItem", MODELS),
        ("s3:GetObject", ARRAYS),
        ("s3:ListBucket", BUCKET),
    },
}

# Where an asterisk alone is the resource, or part of an action, and why it must be.
EXCEPTIONS = {
    ("HealthcheckFunction", "ReadMetrics"): "CloudWatch has no resources to name for reading metrics",
    ("AlarmTopicKey", "AccountManagesKey"): "in a key's policy * is the key, and without this nobody could manage it",
    ("AlarmTopicKey", "AlarmsUseKey"): "in a key's policy * is the key; GenerateDataKey has a form without plaintext",
}

READING = ("Get", "BatchGet", "Query", "List")


def allowed():
    return [(name, statement) for name, statement in statements() if statement["Effect"] == "Allow"]


def grants(function):
    return {
        (action, text_of(resource))
        for name, statement in allowed()
        if name == function
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def test_every_function_is_listed_here():
    assert GRANTS.keys() == functions().keys()


@pytest.mark.parametrize("function", sorted(GRANTS))
def test_a_function_may_do_what_it_needs_and_nothing_else(function):
    assert grants(function) == GRANTS[function]


@pytest.mark.parametrize("function", ["PredictFunction", "HealthcheckFunction", "PlotFunction", "DetectFunction"])
def test_only_fit_can_write(function):
    # But for counting a tenant's points; and what is judged is kept in a table that nothing else depends on.
    counted = (TENANTS, OBSERVATIONS)
    actions = {action.partition(":")[2] for action, resource in grants(function) if resource not in counted}
    assert actions
    assert all(action.startswith(READING) for action in actions)


@pytest.mark.parametrize("function", sorted(GRANTS))
def test_a_function_has_a_role_of_its_own(function):
    properties = document()["Resources"][function]["Properties"]
    # Without Role, SAM makes one per function; a managed policy would be wider than what stands here.
    assert "Role" not in properties
    assert all(isinstance(policy, dict) for policy in properties.get("Policies", []))


@pytest.mark.parametrize("function", sorted(GRANTS))
def test_a_policy_names_each_of_its_statements_once(function):
    # IAM refuses a policy with two statements of one Sid, which no linter tells.
    sids = [statement["Sid"] for name, statement in statements() if name == function]
    assert len(sids) == len(set(sids))


def test_no_asterisk_but_for_named_exceptions():
    found = set()
    for name, statement in allowed():
        actions = as_list(statement["Action"])
        targets = [text_of(resource) for resource in as_list(statement.get("Resource", "assumed role"))]
        if any("*" in action for action in actions) or "*" in targets:
            found.add((name, statement["Sid"]))
    assert found == EXCEPTIONS.keys()


def test_a_service_of_aws_acts_for_this_account_only():
    for name, statement in allowed():
        if statement.get("Principal") == {"Service": "cloudwatch.amazonaws.com"}:
            condition = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
            assert statement["Condition"] == condition, name


def test_what_serves_requests_reaches_the_counters_of_points_and_no_key():
    counting = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["TENANT#*#USAGE"]}}
    for name, statement in allowed():
        if TENANTS in map(text_of, as_list(statement.get("Resource", []))) and name not in (
            "AuthorizerFunction",
            "AdminFunction",
            "WorkerFunction",
        ):
            assert (statement["Action"], statement["Condition"]) == ("dynamodb:UpdateItem", counting), name
