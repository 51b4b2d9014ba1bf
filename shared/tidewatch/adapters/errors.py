"""Which failures of AWS mean "not now", in the words of the inner rooms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import (
    ClientError,
    ConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
)

from tidewatch.registry import StorageUnavailable

_THROTTLED: Final = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


def is_temporary(error: ClientError) -> bool:
    """Whether the same call may succeed a moment later."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response.get("Error", {}).get("Code") in _THROTTLED or status >= 500 or status == 429


@contextmanager
def storage_call(operation: str) -> Iterator[None]:
    """Turns what is temporary about AWS into ``StorageUnavailable``; all else is a defect and passes through."""
    try:
        yield
    except ClientError as error:
        if is_temporary(error):
            raise StorageUnavailable(operation) from error
        raise
    except (ConnectionError, HTTPClientError, IncompleteReadError, FlexibleChecksumError) as error:
        # The last two are answers that were cut or changed on their way.
        raise StorageUnavailable(operation) from error
