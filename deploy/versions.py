"""Old versions of the functions.

Each deployment publishes a version, and AWS keeps those before it. One with a snapshot (SnapStart) is charged until it
is deleted: $1.95 a month at 512 MB.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient


def delete_old_versions(
    cloudformation: CloudFormationClient, client: LambdaClient, stack: str, keep: int
) -> Iterator[tuple[str, list[str]]]:
    """Deletes the old versions of every function of a stack, and yields what was deleted, by function.

    Args:
        cloudformation: knows the stack's functions.
        client: Lambda's client.
        stack: the stack's name.
        keep: how many of the newest versions stay beside those that an alias names.

    Raises:
        botocore.exceptions.ClientError: if AWS refuses a call; what was deleted before stays deleted.
    """
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] == "AWS::Lambda::Function":
                function = resource["PhysicalResourceId"]
                if versions := old_versions(client, function, keep):
                    for version in versions:
                        client.delete_function(FunctionName=function, Qualifier=version)
                    yield function, versions


def old_versions(client: LambdaClient, function: str, keep: int) -> list[str]:
    """The versions of a function that no alias names, oldest first, without the newest ``keep`` of them."""
    named = set()
    for aliases in client.get_paginator("list_aliases").paginate(FunctionName=function):
        for alias in aliases["Aliases"]:
            # An alias may send a part of its traffic to a second version.
            named |= {alias["FunctionVersion"], *alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})}
    numbers = [
        int(version["Version"])
        for page in client.get_paginator("list_versions_by_function").paginate(FunctionName=function)
        for version in page["Versions"]
        if version["Version"] != "$LATEST" and version["Version"] not in named
    ]
    unnamed = sorted(numbers)
    return [str(number) for number in unnamed[: max(len(unnamed) - keep, 0)]]
