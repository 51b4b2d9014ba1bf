"""What the DynamoDB adapter sends, and how it reads DynamoDB's refusals. What it promises is in tests/contract."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.exceptions as errors
import pytest
from botocore.awsrequest import AWSResponse
from botocore.stub import Stubber
from tidewatch.adapters import clients
from tidewatch.adapters.dynamodb import SERIES_INDEX, DynamoDBVersionStore
from tidewatch.adapters.items import head_to_item, listed_to_item, version_to_item
from tidewatch.deadline import Deadline
from tidewatch.registry import Change, Head, ModelVersion, StorageUnavailable, Trail, WriteConflict
from tidewatch.registry.audit import NOBODY
from tidewatch.registry.head import published, series_deleted
from tidewatch.tenancy import DEFAULT_TENANT

from tests.contract.publishing import append
from tests.support.environment import ENVIRONMENT
from tests.support.samples import NOW, a_head, a_version, key

TABLE = ENVIRONMENT["TABLE_NAME"]


@pytest.fixture
def client():
    return boto3.client("dynamodb")


@pytest.fixture
def stub(client):
    with Stubber(client) as stubber:
        yield stubber


@pytest.fixture
def store(client):
    return DynamoDBVersionStore(client, TABLE)


@pytest.fixture
def asked(client):
    """The parameters of each call, by operation."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def keep(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, params))

    client.meta.events.register("provide-client-params.dynamodb", keep)
    return calls


def change_of(version: ModelVersion) -> Change:
    """As by who read that the version before is the latest."""
    before = None if version.number == 1 else Head(version.number - 1, a_version(number=version.number - 1))
    return published(version, before, Trail(), NOBODY, NOW)


def append_unread(store: DynamoDBVersionStore, version: ModelVersion) -> None:
    store.append(version, change_of(version))


def cancelled(stub: Stubber, *codes: str) -> None:
    stub.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": code} for code in codes]},
    )


class TestAppend:
    def test_the_first_version_is_a_version_a_head_an_entry_of_the_index_and_a_count(self, store, stub, asked):
        stub.add_response("transact_write_items", {})
        append_unread(store, a_version())
        ((_, call),) = asked
        version, count, trail, head, entry, listed = call["TransactItems"]
        assert version["Put"]["Item"] == version_to_item(a_version()) | {
            "pk": {"S": "TENANT#default#SERIES#cpu"},
            "sk": {"S": "VERSION#00000001"},
        }
        after = change_of(a_version()).after
        assert trail["ConditionCheck"]["ConditionExpression"] == "attribute_not_exists(pk)"
        assert entry["Put"]["Item"]["hash"]["S"] == after.trail.hash
        assert entry["Put"]["Item"]["sk"]["S"] == "AUDIT#2025-01-01T12:30:15.250000Z#00000001"
        assert head["Put"]["Item"] == head_to_item(after) | {
            "pk": {"S": "TENANT#default#SERIES#cpu"},
            "sk": {"S": "HEAD"},
        }
        assert version["Put"]["ConditionExpression"] == head["Put"]["ConditionExpression"] == "attribute_not_exists(pk)"
        assert count["Update"]["Key"]["pk"] == {"S": "TENANT#default#STATS"}
        assert listed["Put"]["Item"] == {
            "pk": {"S": "TENANT#default#SERIES#cpu"},
            "sk": {"S": "LISTED"},
            "tenant": {"S": "default"},
            "series_id": {"S": "cpu"},
        }
        assert count["Update"]["UpdateExpression"] == "ADD series :change"

    def test_a_later_version_moves_the_head_from_the_one_before(self, store, stub, asked):
        stub.add_response("transact_write_items", {})
        append_unread(store, a_version(number=13))
        ((_, call),) = asked
        version, head, entry = call["TransactItems"]
        assert entry["Put"]["ConditionExpression"] == "attribute_not_exists(pk)"
        assert version["Put"]["Item"]["sk"] == {"S": "VERSION#00000013"}
        assert head["Put"]["ConditionExpression"] == (
            "latest = :latest AND trained_at = :trained_at AND attribute_not_exists(audit_hash)"
            " AND attribute_not_exists(tenant)"
        )
        assert head["Put"]["ExpressionAttributeValues"][":latest"] == {"N": "12"}

    def test_only_the_first_fit_writes_the_index_of_series(self, store, stub, asked):
        """All entries of a tenant lie in one partition of it: 1,000 writes a second are all that it takes."""
        for number in (1, 2, 3):
            stub.add_response("transact_write_items", {})
            append_unread(store, a_version(number=number))
        indexed = [
            item["Put"]["Item"]["sk"]["S"]
            for _, call in asked
            for item in call["TransactItems"]
            if "tenant" in item.get("Put", {}).get("Item", {})
        ]
        assert indexed == ["LISTED"]

    def test_a_retry_of_botocore_is_the_same_transaction(self, monkeypatch):
        """When an answer got lost, its repetition carries the token of the first, so that DynamoDB tells it again."""
        monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
        client = boto3.client("dynamodb", config=clients.dynamodb().meta.config)
        tokens = []

        def answer(request: Any, **_: Any) -> AWSResponse:
            tokens.append(json.loads(request.body)["ClientRequestToken"])
            body = SimpleNamespace(stream=lambda **_: [b"{}"], raw=None)
            return AWSResponse(request.url, 500 if len(tokens) in (1, 2) else 200, {}, body)

        client.meta.events.register_first("before-send.dynamodb", answer)
        store = DynamoDBVersionStore(client, TABLE)
        append_unread(store, a_version(number=2))
        append_unread(store, a_version(number=3))
        assert len(tokens) == 4
        assert tokens[0] == tokens[1] == tokens[2] != tokens[3]

    @pytest.mark.parametrize(
        "codes",
        [
            ("ConditionalCheckFailed", "ConditionalCheckFailed"),
            ("None", "ConditionalCheckFailed"),
            ("ConditionalCheckFailed", "None", "None"),
            ("TransactionConflict", "None"),
            ("None", "TransactionConflict", "None"),
            ("None", "None", "TransactionConflict"),
            ("ConditionalCheckFailed", "ThrottlingError"),
        ],
    )
    def test_a_lost_race_is_version_taken(self, codes, store, stub):
        cancelled(stub, *codes)
        with pytest.raises(WriteConflict):
            append_unread(store, a_version())

    @pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
    def test_a_throttled_transaction_is_storage_unavailable(self, code, store, stub):
        cancelled(stub, "None", code)
        with pytest.raises(StorageUnavailable):
            append_unread(store, a_version())

    @pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
    def test_a_transaction_that_can_never_succeed_is_a_defect(self, code, store, stub):
        """Such as an item above 400 KB: to try again in a second would not help."""
        cancelled(stub, "None", code)
        with pytest.raises(errors.ClientError):
            append_unread(store, a_version())

    @pytest.mark.parametrize("code", ["ThrottlingException", "TransactionInProgressException", "RequestLimitExceeded"])
    def test_a_refused_call_is_storage_unavailable(self, code, store, stub):
        stub.add_client_error("transact_write_items", code)
        with pytest.raises(StorageUnavailable):
            append_unread(store, a_version())

    def test_a_call_that_is_wrong_passes_through(self, store, stub):
        stub.add_client_error("transact_write_items", "ValidationException")
        with pytest.raises(errors.ClientError):
            append_unread(store, a_version())


class TestReading:
    def test_a_head_is_one_consistent_read(self, store, stub, asked):
        stub.add_response("get_item", {"Item": head_to_item(a_head(a_version(number=3)))})
        assert store.head(key("cpu")).latest == 3
        assert asked == [
            (
                "GetItem",
                {
                    "TableName": TABLE,
                    "Key": {"pk": {"S": "TENANT#default#SERIES#cpu"}, "sk": {"S": "HEAD"}},
                    "ConsistentRead": True,
                },
            )
        ]

    def test_a_version_is_one_consistent_read(self, store, stub, asked):
        stub.add_response("get_item", {"Item": version_to_item(a_version(number=3))})
        assert store.version(key("cpu"), 3) == a_version(number=3)
        ((_, call),) = asked
        assert call["Key"]["sk"] == {"S": "VERSION#00000003"}
        assert call["ConsistentRead"] is True

    def test_the_count_is_consistent(self, store, stub, asked):
        stub.add_response("query", {"Items": [{"series": {"N": "2"}}, {"series": {"N": "40"}}]})
        assert store.count_series(DEFAULT_TENANT) == 42
        assert asked[0][1]["ConsistentRead"] is True

    def test_the_list_of_series_asks_the_index(self, store, stub, asked):
        stub.add_response("query", {"Items": []})
        store.list_series(DEFAULT_TENANT, 10, None)
        assert asked[0][1]["IndexName"] == SERIES_INDEX

    @pytest.mark.parametrize("count", [10, 11])
    def test_a_page_reads_one_more_to_know_whether_another_follows(self, store, stub, asked, count):
        """Not from LastEvaluatedKey: DynamoDB sends it with a full page also when nothing follows."""
        heads = [head_to_item(a_head(a_version(f"s{index:02d}"))) for index in range(count)]
        stub.add_response("query", {"Items": [listed_to_item(key(f"s{index:02d}")) for index in range(count)]})
        stub.add_response("batch_get_item", {"Responses": {TABLE: heads[:10]}})
        assert store.list_series(DEFAULT_TENANT, 10, None).after == (None if count == 10 else "s09")
        stub.add_response("query", {"Items": [version_to_item(a_version(number=n)) for n in range(count, 0, -1)]})
        assert store.list_versions(key("cpu"), 10, None).after == (None if count == 10 else 2)
        assert [call["Limit"] for operation, call in asked if operation == "Query"] == [11, 11]

    @pytest.mark.parametrize(
        ("operation", "read"),
        [
            ("get_item", lambda store: store.head(key("cpu"))),
            ("get_item", lambda store: store.version(key("cpu"), 1)),
            ("query", lambda store: store.count_series(DEFAULT_TENANT)),
            ("query", lambda store: store.list_series(DEFAULT_TENANT, 10, None)),
            ("query", lambda store: store.list_versions(key("cpu"), 10, None)),
        ],
        ids=["head", "version", "count_series", "list_series", "list_versions"],
    )
    def test_storage_that_is_down_is_storage_unavailable(self, operation, read, store, stub):
        stub.add_client_error(operation, "InternalServerError", http_status_code=500)
        with pytest.raises(StorageUnavailable):
            read(store)


class TestPagesOfAMegabyte:
    """DynamoDB ends a page at 1 MB, with fewer items than were asked for and the key of the last one."""

    def test_versions_go_on_after_it(self, store, stub):
        items = [version_to_item(a_version(number=number)) for number in (9, 8, 7)]
        stub.add_response("query", {"Items": items, "LastEvaluatedKey": {"pk": {"S": "x"}, "sk": {"S": "x"}}})
        page = store.list_versions(key("cpu"), 50, None)
        assert [version.number for version in page.items] == [9, 8, 7]
        assert page.after == 7

    def test_series_go_on_after_it(self, store, stub):
        items = [listed_to_item(key(name)) for name in ("a", "b")]
        heads = [head_to_item(a_head(a_version(name))) for name in ("b", "a")]
        stub.add_response("query", {"Items": items, "LastEvaluatedKey": {"pk": {"S": "x"}, "sk": {"S": "x"}}})
        stub.add_response("batch_get_item", {"Responses": {TABLE: heads}})
        page = store.list_series(DEFAULT_TENANT, 50, None)
        assert [summary.series_id for summary in page.items] == ["a", "b"]
        assert page.after == "b"


class TestAHalfWrittenSeries:
    """What no transaction of ours leaves behind must still not be built upon."""

    def test_a_version_without_its_head_is_not_overwritten(self, aws, store, client):
        append(store, a_version())
        orphan = version_to_item(a_version(number=2)) | {
            "pk": {"S": "TENANT#default#SERIES#cpu"},
            "sk": {"S": "VERSION#00000002"},
        }
        client.put_item(TableName=TABLE, Item=orphan)
        with pytest.raises(WriteConflict):
            append(store, a_version(number=2, detector="another"))
        assert store.head(key("cpu")).latest == 1
        assert store.version(key("cpu"), 2).detector == "three_sigma"

    def test_a_head_without_its_version_is_not_moved(self, aws, store, client):
        head = head_to_item(a_head(a_version(number=5))) | {
            "pk": {"S": "TENANT#default#SERIES#cpu"},
            "sk": {"S": "HEAD"},
        }
        client.put_item(TableName=TABLE, Item=head)
        with pytest.raises(WriteConflict):
            append(store, a_version())
        assert store.version(key("cpu"), 1) is None
        assert store.count_series(DEFAULT_TENANT) == 0


def test_first_fits_are_spread_over_shards(store, stub, asked):
    for index in range(100):
        stub.add_response("transact_write_items", {})
        append_unread(store, a_version(f"series-{index}"))
    shards = {call["TransactItems"][1]["Update"]["Key"]["sk"]["S"] for _, call in asked}
    assert shards == {f"SHARD#{number:02d}" for number in range(16)}


class TestListing:
    def test_heads_that_did_not_fit_into_an_answer_are_asked_for_again(self, store, stub, asked):
        """DynamoDB ends an answer at 16 MB and says what is missing."""
        stub.add_response("query", {"Items": [listed_to_item(key(name)) for name in ("a", "b")]})
        missing = {"pk": {"S": "TENANT#default#SERIES#b"}, "sk": {"S": "HEAD"}}
        stub.add_response(
            "batch_get_item",
            {
                "Responses": {TABLE: [head_to_item(a_head(a_version("a")))]},
                "UnprocessedKeys": {TABLE: {"Keys": [missing]}},
            },
        )
        stub.add_response("batch_get_item", {"Responses": {TABLE: [head_to_item(a_head(a_version("b", 2)))]}})
        page = store.list_series(DEFAULT_TENANT, 10, None)
        assert [(line.series_id, line.latest) for line in page.items] == [("a", 1), ("b", 2)]
        assert asked[-1][1]["RequestItems"][TABLE]["Keys"] == [missing]

    def test_a_series_that_was_just_deleted_is_left_out(self, store, stub):
        """The index follows the table a moment later."""
        stub.add_response("query", {"Items": [listed_to_item(key(name)) for name in ("a", "b", "c")]})
        stub.add_response("batch_get_item", {"Responses": {TABLE: [head_to_item(a_head(a_version("a")))]}})
        page = store.list_series(DEFAULT_TENANT, 2, None)
        assert [line.series_id for line in page.items] == ["a"]
        assert page.after == "b"


class TestSeriesOfEarlierReleases:
    """Their HEAD was in the index itself."""

    @pytest.fixture
    def published_before(self, aws, store, client):
        for number in (1, 2):
            append(store, a_version(number=number))
        client.delete_item(TableName=TABLE, Key={"pk": {"S": "TENANT#default#SERIES#cpu"}, "sk": {"S": "LISTED"}})
        client.update_item(
            TableName=TABLE,
            Key={"pk": {"S": "TENANT#default#SERIES#cpu"}, "sk": {"S": "HEAD"}},
            UpdateExpression="SET tenant = :tenant",
            ExpressionAttributeValues={":tenant": {"S": "default"}},
        )

    def indexed(self, client) -> list[str]:
        return [item["sk"]["S"] for item in client.scan(TableName=TABLE, IndexName=SERIES_INDEX)["Items"]]

    def test_are_listed(self, published_before, store):
        assert [(line.series_id, line.latest) for line in store.list_series(DEFAULT_TENANT, 9, None).items] == [
            ("cpu", 2)
        ]

    def test_get_an_entry_of_their_own_by_the_next_fit(self, published_before, store, client):
        assert self.indexed(client) == ["HEAD"]
        append(store, a_version(number=3))
        assert self.indexed(client) == ["LISTED"]
        assert [(line.series_id, line.latest) for line in store.list_series(DEFAULT_TENANT, 9, None).items] == [
            ("cpu", 3)
        ]
        assert store.count_series(DEFAULT_TENANT) == 1

    def test_a_fit_that_comes_too_late_changes_nothing(self, published_before, store, client):
        with pytest.raises(WriteConflict):
            append(store, a_version(number=2))
        assert self.indexed(client) == ["HEAD"]

    def test_are_deleted_whole(self, published_before, store, client):
        store.delete_series(series_deleted(store.head(key()), NOBODY, NOW), Deadline.never())
        items = client.scan(TableName=TABLE)["Items"]
        left = {item["sk"]["S"].partition("#")[0] for item in items if not item["pk"]["S"].endswith("#STATS")}
        assert left == {"AUDIT", "TRAIL"}
        assert store.count_series(DEFAULT_TENANT) == 0
