"""Where moto is mended for this stack: metrics with percentiles, and calls that stay quick as data grows.

Each patch names what it replaces. requirements.txt pins moto, and the tests compare the patched calls with moto's own
answers, so that an update which moves these parts is noticed.
"""

from __future__ import annotations

import base64
import copy
import json
from datetime import datetime
from functools import lru_cache
from typing import Any

import moto.core.responses
from moto import backend_index
from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.responses import ActionContext, ActionResult
from moto.core.utils import method_names_from_class
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoResult

from local.sam.aws.cloudwatch import MetricStore
from local.sam.aws.state import TURN

_SERVICES = frozenset({"dynamodb", "s3", "sqs", "cloudwatch"})


def apply(store: MetricStore) -> None:
    """Puts all patches in place, for the life of the process."""
    _keep_metrics_in(store)
    _look_only_for_our_services()
    _serialise_items_directly()
    _copy_tables_lazily()
    _take_turns()


def _take_turns() -> None:
    """Moto is not safe for threads: a transaction that is taken back takes back what others wrote meanwhile."""
    serve = BotocoreStubber.process_request

    def in_turn(self: BotocoreStubber, request: Any) -> Any:
        with TURN:
            return serve(self, request)

    BotocoreStubber.process_request = in_turn  # type: ignore[method-assign]


def _keep_metrics_in(store: MetricStore) -> None:
    """The CloudWatch of moto has no percentiles and reads all data for each query."""

    def get_metric_data(
        _: CloudWatchBackend,
        queries: list[dict[str, Any]],
        start_time: datetime,
        end_time: datetime,
        scan_by: str = "TimestampAscending",
    ) -> list[dict[str, Any]]:
        try:
            return store.get_metric_data(queries, start_time, end_time, descending=scan_by == "TimestampDescending")
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def put_metric_data(_: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        store.put_metric_data(namespace, metric_data)

    CloudWatchBackend.get_metric_data = get_metric_data  # type: ignore[method-assign,assignment]
    CloudWatchBackend.put_metric_data = put_metric_data  # type: ignore[method-assign,assignment]


def _look_only_for_our_services() -> None:
    """By itself, moto tries the URL patterns of 180 services in turn, and lists the methods of the one it chose."""
    backend_index.backend_url_patterns[:] = [
        (service, pattern) for service, pattern in backend_index.backend_url_patterns if service in _SERVICES
    ]
    moto.core.responses.method_names_from_class = lru_cache(method_names_from_class)  # type: ignore[attr-defined]


def _serialise_items_directly() -> None:
    """An item is JSON already, but moto's general serialiser tries a dozen spellings of every attribute's name.

    That is half the time of a GetItem call, which every prediction makes.
    """
    general = DynamoResult.execute_result

    def execute_result(self: ActionResult, context: ActionContext) -> Any:
        if context.operation_model.name != "GetItem" or isinstance(self.result, Exception):
            return general(self, context)
        body = json.dumps(self.result, default=lambda raw: base64.b64encode(raw).decode("ascii"))
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, body

    DynamoResult.execute_result = execute_result  # type: ignore[method-assign]


def _copy_tables_lazily() -> None:
    """By itself, moto copies whole tables, item by item, for every table of a transaction, so as to roll back.

    Here a copy shares all with the original but the outermost dictionary, so that a transaction takes no longer as
    versions pile up. That is safe because what changes is a copy of its own first: the items of one hash key, which are
    a dictionary by range key, and the item that ``update_item`` changes in place. All other calls replace items.
    """

    def copy_table(self: Table, _: dict[int, Any]) -> Table:
        copied = copy.copy(self)
        copied.items = copy.copy(self.items)
        return copied

    def unshare(table: Table, hash_key: DynamoType) -> None:
        if table.has_range_key and hash_key in table.items:
            table.items[hash_key] = copy.copy(table.items[hash_key])

    put_item, delete_item, update_item = Table.put_item, Table.delete_item, DynamoDBBackend.update_item

    def put_into_a_copy(self: Table, item_attrs: dict[str, Any], *rest: Any, **given: Any) -> Any:
        if self.hash_key_attr in item_attrs:
            unshare(self, DynamoType(item_attrs[self.hash_key_attr]))
        return put_item(self, item_attrs, *rest, **given)

    def delete_from_a_copy(self: Table, hash_key: DynamoType, range_key: DynamoType | None) -> Any:
        unshare(self, hash_key)
        return delete_item(self, hash_key, range_key)

    def update_a_copy(self: DynamoDBBackend, table_name: str, key: dict[str, dict[str, Any]], **given: Any) -> Any:
        table = self.get_table(table_name)
        item = table.get_item(*self.get_keys_value(table, key))
        if item is not None:
            fresh = copy.deepcopy(item)
            if item.range_key is not None:
                unshare(table, item.hash_key)
                table.items[item.hash_key][item.range_key] = fresh
            else:
                table.items[item.hash_key] = fresh  # type: ignore[assignment]
        return update_item(self, table_name, key, **given)

    Table.put_item = put_into_a_copy  # type: ignore[method-assign]
    Table.delete_item = delete_from_a_copy  # type: ignore[method-assign]
    Table.__deepcopy__ = copy_table  # type: ignore[attr-defined]
    DynamoDBBackend.update_item = update_a_copy  # type: ignore[method-assign,assignment]
