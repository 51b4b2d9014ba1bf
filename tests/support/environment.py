"""The environment that tests run in: made-up credentials, and no way out of this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-central-1"

# What Settings needs and the AWS libraries look for. Nothing else of the caller's AWS_* variables stays.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "tidewatch",
    "POWERTOOLS_METRICS_NAMESPACE": "Tidewatch",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "STAGE": "test",
    "TABLE_NAME": "tidewatch-test-models",
    "IDEMPOTENCY_TABLE_NAME": "tidewatch-test-idempotency",
    "TENANTS_TABLE_NAME": "tidewatch-test-tenants",
    "JOBS_TABLE_NAME": "tidewatch-test-jobs",
    "OBSERVATIONS_TABLE_NAME": "tidewatch-test-observations",
    "STREAMS_TABLE_NAME": "tidewatch-test-streams",
    "JOBS_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/tidewatch-test-jobs.fifo",
    "DATA_BUCKET": "tidewatch-test-data",
    "AUDIT_BUCKET": "tidewatch-test-audit",
    "OPENAPI_PATH": str(ROOT / "openapi.json"),
}

_OURS = ("AWS_", "POWERTOOLS_", "LOCAL_AWS")
_SETTINGS = (
    "AUTH",
    "USAGE_PLANS",
    "HEAD_CACHE_SECONDS",
    "MAX_POINTS",
    "MAX_DETECT_POINTS",
    "MAX_EVALUATION_POINTS",
    "MAX_BODY_BYTES",
    "PUBLISH_DEADLINE_SECONDS",
    "IDEMPOTENCY_TTL_SECONDS",
    "HEALTH_WINDOW_SECONDS",
    "JOBS_PER_TENANT",
)


def apply() -> None:
    """Puts the caller's settings aside; called before the first import of the code under test."""
    for name in list(os.environ):
        if name.startswith(_OURS) or name in _SETTINGS:
            del os.environ[name]
    os.environ.update(ENVIRONMENT)
    # As in a function, which has one or two processors. The workers of the tests would fight for them with more.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")


class WayOut(BaseException):
    """A test tried to leave this machine. No ``except Exception`` on the way may turn it into "not available"."""


@contextmanager
def loopback_only() -> Iterator[None]:
    """Lets sockets reach this machine and no other: should a mock be missing, the test fails and AWS hears nothing."""

    def guarded(original: Any) -> Any:
        def connect(sock: socket.socket, address: Any) -> Any:
            if sock.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
                raise WayOut(f"a test tried to reach {address[0]}")
            return original(sock, address)

        return connect

    find = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_local(host):
            raise WayOut(f"a test tried to look up {host!r}")
        return find(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
        yield


def _is_local(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    return name in (None, "", "localhost", "::1") or str(name).startswith("127.")
