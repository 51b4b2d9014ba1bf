"""How many fits and detections may run at once, so that they leave the account's concurrency to predictions.

A template cannot see the account's limit, and Lambda refuses a reservation that leaves less than 100 unreserved. So the
ceilings are off in ``template.yaml``, and this module proposes values that suit the account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

LEFT_UNRESERVED: Final = 100
"""What Lambda keeps for functions without a reservation."""

FUNCTION_OF: Final[Mapping[str, str]] = {"FitConcurrency": "fit", "DetectConcurrency": "detect"}
"""The function that each parameter of the template limits."""


@dataclass(frozen=True, slots=True)
class Concurrency:
    """What an account may run at once in one region."""

    limit: int
    unreserved: int
    ceilings: Mapping[str, int]
    """What is reserved for this stack's functions, by the template's parameter; 0 is nothing."""


def read_concurrency(client: LambdaClient, stack: str) -> Concurrency:
    """Asks Lambda for the account's limit and for the ceilings of a stack, which need not exist yet.

    Raises:
        botocore.exceptions.ClientError: if Lambda refuses to tell.
        botocore.exceptions.BotoCoreError: if it cannot be asked.
    """
    account = client.get_account_settings()["AccountLimit"]
    ceilings = {name: _reserved(client, f"{stack}-{function}") for name, function in FUNCTION_OF.items()}
    return Concurrency(account["ConcurrentExecutions"], account["UnreservedConcurrentExecutions"], ceilings)


def propose(concurrency: Concurrency) -> dict[str, int]:
    """A ceiling for each parameter: a tenth of the account's limit, and at most a quarter of what can be reserved.

    Nothing, if the account has too little to reserve any.
    """
    # What is reserved for these functions now can be reserved anew.
    free = concurrency.unreserved + sum(concurrency.ceilings.values()) - LEFT_UNRESERVED
    ceiling = min(concurrency.limit // 10, free // 4)
    return dict.fromkeys(FUNCTION_OF, ceiling) if ceiling > 0 else {}


def in_words(concurrency: Concurrency, stage: str) -> str:
    """What the account has, which ceilings hold, and how to set those that are proposed."""
    has = f"This account runs {concurrency.limit:,} functions at once, {concurrency.unreserved:,} of them unreserved."
    if all(concurrency.ceilings.values()):
        return f"{has} Ceilings: {_pairs(concurrency.ceilings)}."
    proposed = propose(concurrency)
    if not proposed:
        return f"{has} That is too few for ceilings: ask AWS for a higher quota (Service Quotas, L-B99A9384)."
    return (
        f"{has} Fit or detect has no ceiling, and may take all that predict needs. Proposed: {_pairs(proposed)}.\n"
        f"To set them: make deploy STAGE={stage} CEILINGS=proposed, or name them in parameter_overrides of "
        f"[{stage}.deploy.parameters] in samconfig.toml."
    )


def _reserved(client: LambdaClient, function: str) -> int:
    try:
        return client.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions", 0)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return 0
        raise


def _pairs(ceilings: Mapping[str, int]) -> str:
    return " ".join(f"{name}={ceiling}" for name, ceiling in ceilings.items())
