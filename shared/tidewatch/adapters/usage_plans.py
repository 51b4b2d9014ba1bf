"""Tenants' keys of API Gateway, by which it throttles and counts; and nothing, where there is no API Gateway."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tidewatch.adapters.clients import storage_call
from tidewatch.tenancy import Tenant, Tier

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient


class UsagePlans:
    """The usage plans of a stack, which are called after it and the tier."""

    def __init__(self, client: APIGatewayClient, stack: str) -> None:
        self._client = client
        self._stack = stack

    def create(self, tenant: Tenant, tier: Tier) -> tuple[str | None, str | None]:
        """Makes a key of random value and adds it to the plan of the tier."""
        plan = self._plans[tier]
        with storage_call("the making of a metering key"):
            key = self._client.create_api_key(
                name=f"{self._stack}-{tenant}",
                description="Counts the requests of a tenant of Tidewatch; it opens nothing",
                enabled=True,
                generateDistinctId=True,
            )
            try:
                self._client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
            except BaseException:
                self._client.delete_api_key(apiKey=key["id"])
                raise
        return key["id"], key["value"]

    def move(self, metering_id: str, old: Tier, new: Tier) -> None:
        """Takes a key out of one plan and adds it to another: a key is in one plan of a stage at most."""
        with storage_call("the move of a metering key"):
            _unless_gone(self._client.delete_usage_plan_key, usagePlanId=self._plans[old], keyId=metering_id)
            self._client.create_usage_plan_key(usagePlanId=self._plans[new], keyId=metering_id, keyType="API_KEY")

    def delete(self, metering_id: str) -> None:
        """Deletes a key, which takes it out of its plan."""
        with storage_call("the deletion of a metering key"):
            _unless_gone(self._client.delete_api_key, apiKey=metering_id)

    @cached_property
    def _plans(self) -> dict[Tier, str]:
        wanted = {f"{self._stack}-{tier.value}": tier for tier in Tier}
        with storage_call("the list of usage plans"):
            pages = self._client.get_paginator("get_usage_plans").paginate()
            return {
                wanted[plan["name"]]: plan["id"] for page in pages for plan in page["items"] if plan["name"] in wanted
            }


class NoUsagePlans:
    """What stands for usage plans where nothing is metered."""

    def create(self, tenant: Tenant, tier: Tier) -> tuple[str | None, str | None]:  # noqa: ARG002 - the port's
        """Makes none."""
        return None, None

    def move(self, metering_id: str, old: Tier, new: Tier) -> None:
        """Nothing to move."""

    def delete(self, metering_id: str) -> None:
        """Nothing to delete."""


def _unless_gone(call: Any, **parameters: str) -> None:
    try:
        call(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
