"""Which failures of AWS are told as "not now", and which stay the defects that they are."""

from __future__ import annotations

import botocore.exceptions as aws
import pytest
from tidewatch.adapters.clients import is_temporary, storage_call
from tidewatch.registry import StorageUnavailable


def client_error(code: str, status: int = 400) -> aws.ClientError:
    answer = {"Error": {"Code": code, "Message": "told so"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return aws.ClientError(answer, "AnyOperation")


TEMPORARY = [
    client_error("ProvisionedThroughputExceededException"),
    client_error("ThrottlingException"),
    client_error("Throttling"),
    client_error("ThrottledException"),
    client_error("RequestLimitExceeded"),
    client_error("LimitExceededException"),
    client_error("TransactionInProgressException"),
    client_error("RequestTimeout"),
    client_error("SlowDown", 503),
    client_error("TooManyRequests", 429),
    client_error("InternalServerError", 500),
    client_error("InternalError", 500),
    client_error("ServiceUnavailable", 503),
    client_error("AnythingNew", 599),
    aws.EndpointConnectionError(endpoint_url="https://dynamodb"),
    aws.ConnectTimeoutError(endpoint_url="https://dynamodb"),
    aws.ReadTimeoutError(endpoint_url="https://dynamodb"),
    aws.ConnectionClosedError(endpoint_url="https://dynamodb"),
    aws.ProxyConnectionError(proxy_url="http://proxy"),
    aws.SSLError(endpoint_url="https://dynamodb", error="reset"),
    aws.HTTPClientError(error="anything below HTTP"),
    aws.ResponseStreamingError(error="reset while reading a body"),
    aws.IncompleteReadError(actual_bytes=10, expected_bytes=20),
    aws.FlexibleChecksumError(error_msg="the body changed on its way"),
]

LASTING = [
    client_error("AccessDeniedException"),
    client_error("AccessDenied", 403),
    client_error("ValidationException"),
    client_error("ResourceNotFoundException"),
    client_error("NoSuchBucket", 404),
    client_error("ConditionalCheckFailedException"),
    client_error("ExpiredTokenException"),
    client_error("UnrecognizedClientException"),
    aws.NoCredentialsError(),
    aws.ParamValidationError(report="a parameter is missing"),
    aws.NoRegionError(),
    ValueError("ours"),
    KeyError("ours"),
]


def name(error: Exception) -> str:
    code = error.response["Error"]["Code"] if isinstance(error, aws.ClientError) else ""
    return f"{type(error).__name__}{code}"


@pytest.mark.parametrize("error", TEMPORARY, ids=name)
def test_what_passes_by_itself_is_storage_unavailable(error):
    told = pytest.raises(StorageUnavailable, match="storage did not serve the list of series")
    with told as caught, storage_call("the list of series"):
        raise error
    assert caught.value.__cause__ is error
    assert (caught.value.operation, caught.value.retry_after) == ("the list of series", 1)


@pytest.mark.parametrize("error", LASTING, ids=name)
def test_what_does_not_pass_by_itself_passes_through(error):
    with pytest.raises(type(error)) as caught, storage_call("the list of series"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("response", [{}, {"Error": {}}, {"ResponseMetadata": {}}])
def test_an_error_that_tells_nothing_is_no_temporary_one(response):
    assert not is_temporary(aws.ClientError(response, "AnyOperation"))


def test_a_call_that_succeeds_is_left_alone():
    with storage_call("anything"):
        pass
