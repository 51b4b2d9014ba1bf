from __future__ import annotations

import pytest
from tidewatch.jobs.ports import KEPT
from tidewatch.jobs.running import MOST_ATTEMPTS

from tests.support.template import as_list, document, resources, statements, template, template_with, text_of

DEFINITION = document()["Resources"]


def properties(name):
    return DEFINITION[name]["Properties"]


def test_tables_are_on_demand_and_encrypted():
    tables = template().resources("AWS::DynamoDB::Table")
    assert tables.keys() == {
        "ModelsTable",
        "TenantsTable",
        "JobsTable",
        "ObservationsTable",
        "StreamsTable",
        "IdempotencyTable",
    }
    for table in tables.values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize("name", ["ModelsTable", "TenantsTable", "JobsTable", "ObservationsTable", "StreamsTable"])
def test_what_is_not_made_anew_can_be_restored_and_is_protected_in_prod(name):
    table = properties(name)
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] == {"Fn::If": ["IsProd", True, False]}
    assert document()["Conditions"]["IsProd"] == {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}


def test_models_and_training_data_outlive_the_stack_without_blocking_the_next():
    for name, fixed_name in (
        ("ModelsTable", "TableName"),
        ("TenantsTable", "TableName"),
        ("JobsTable", "TableName"),
        ("ObservationsTable", "TableName"),
        ("StreamsTable", "TableName"),
        ("DataBucket", "BucketName"),
        ("AuditBucket", "BucketName"),
    ):
        assert (DEFINITION[name]["DeletionPolicy"], DEFINITION[name]["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert fixed_name not in properties(name)


def test_series_are_listed_through_the_index():
    (index,) = properties("ModelsTable")["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "SeriesByTenant"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["tenant", "series_id"]
    assert set(index["Projection"]["NonKeyAttributes"]) == {"latest", "detector", "trained_at", "points_used"}


def test_receipts_and_answers_are_forgotten():
    assert properties("ModelsTable")["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties("IdempotencyTable")["TimeToLiveSpecification"] == {
        "AttributeName": "expiration",
        "Enabled": True,
    }


def test_a_message_does_not_come_again_while_its_worker_runs():
    worker = document()["Resources"]["WorkerFunction"]["Properties"]
    (mapping,) = worker["Events"].values()
    queue = properties("JobsQueue")
    assert worker["Timeout"] == 900
    assert worker["Timeout"] < queue["VisibilityTimeout"] <= 1.2 * worker["Timeout"]
    assert mapping["Properties"]["Queue"] == {"Fn::GetAtt": ["JobsQueue", "Arn"]}
    assert mapping["Properties"]["BatchSize"] == 1
    assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["Properties"]["ScalingConfig"]["MaximumConcurrency"] >= 2
    # The worker ends a job as abandoned before the queue gives its message up.
    assert queue["RedrivePolicy"]["maxReceiveCount"] > MOST_ATTEMPTS + 2
    assert queue["FifoQueue"] is properties("JobsDeadLetterQueue")["FifoQueue"] is True


@pytest.mark.parametrize("name", ["DataBucket", "AuditBucket"])
def test_a_bucket_is_private_encrypted_and_versioned(name):
    bucket = properties(name)
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_old_training_data_gets_cheaper_but_stays_at_hand():
    rules = {rule["Id"]: rule for rule in properties("DataBucket")["LifecycleConfiguration"]["Rules"]}
    moves = [(move["StorageClass"], move["TransitionInDays"]) for move in rules["CheaperTrainingData"]["Transitions"]]
    # Glacier's other classes answer after minutes or hours: a plot could not wait.
    assert moves == [("STANDARD_IA", 30), ("GLACIER_IR", 90)]
    assert rules["CheaperTrainingData"]["Prefix"] == "training/"
    assert "Expiration" not in rules["CheaperTrainingData"]


def test_what_is_deleted_is_gone_after_a_month_wherever_it_was():
    rules = {rule["Id"]: rule for rule in properties("DataBucket")["LifecycleConfiguration"]["Rules"]}
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}
    deleted, unfinished = rules["OldObjectVersions"], rules["UnfinishedUploads"]
    # In a bucket with versions, deleting leaves the object behind a marker: both go.
    assert deleted["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert deleted["ExpiredObjectDeleteMarker"] is True
    assert unfinished["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert not {"Prefix", "Filter"} & (deleted.keys() | unfinished.keys())
    # A current object goes only by being deleted, but for what belongs to a job, which is long gone by then.
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules.values() if "ExpirationInDays" in rule}
    assert expiring == {"jobs/": 60}
    assert expiring["jobs/"] >= KEPT.days + properties("JobsQueue")["MessageRetentionPeriod"] / 86_400
    assert not any("Expiration" in rule for rule in rules.values())


@pytest.mark.parametrize(("days", "locks"), [(0, False), (365, True)])
def test_exports_are_locked_by_the_bucket_for_the_days_of_the_parameter_and_go_then(days, locks):
    bucket = template_with(AuditLockDays=days).resources("AWS::S3::Bucket")["AuditBucket"]
    # S3 takes it only when a bucket is made, so that a lock can be turned on later.
    assert bucket["ObjectLockEnabled"] is True
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    if not locks:
        assert "ObjectLockConfiguration" not in bucket
        assert rules.keys() == {"OldObjectVersions", "UnfinishedUploads"}
        return
    retention = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert retention == {"Mode": "COMPLIANCE", "Days": days}
    assert rules["ExportsWhoseLockHasRunOut"]["ExpirationInDays"] == days
    assert rules["OldObjectVersions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_the_buckets_and_the_topic_take_tls_only():
    denied = {}
    for name, statement in statements():
        if statement["Effect"] == "Deny":
            assert statement["Principal"] == "*"
            assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            denied[name] = (statement["Action"], [text_of(resource) for resource in as_list(statement["Resource"])])
    assert denied == {
        "JobsQueuePolicy": ("sqs:*", ["JobsQueue.Arn", "JobsDeadLetterQueue.Arn"]),
        "DataBucketPolicy": ("s3:*", ["DataBucket.Arn", "DataBucket.Arn/*"]),
        "AuditBucketPolicy": ("s3:*", ["AuditBucket.Arn", "AuditBucket.Arn/*"]),
        "AlarmTopicPolicy": ("sns:Publish", ["AlarmTopic"]),
    }


def test_alarms_are_encrypted_with_a_key_that_cloudwatch_may_use():
    assert properties("AlarmTopic")["KmsMasterKeyId"] == {"Fn::GetAtt": ["AlarmTopicKey", "Arn"]}
    assert properties("AlarmTopicKey")["EnableKeyRotation"] is True
    users = [statement for name, statement in statements() if name == "AlarmTopicKey"]
    assert {"Service": "cloudwatch.amazonaws.com"} in [statement["Principal"] for statement in users]


def test_nothing_that_holds_data_is_left_out_here():
    kinds = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue")
    assert {name for kind in kinds for name in resources(kind)} == {
        "ModelsTable",
        "TenantsTable",
        "IdempotencyTable",
        "JobsTable",
        "ObservationsTable",
        "StreamsTable",
        "JobsQueue",
        "JobsDeadLetterQueue",
        "DataBucket",
        "AuditBucket",
        "AlarmTopic",
    }
