"""Which AWS the functions talk to.

=====================  ==============================================================================================
unless told otherwise  moto, in the memory of this process; no call leaves it
AWS_ENDPOINT_URL,      DynamoDB Local, LocalStack and the like: that service goes there. ``AWS_ENDPOINT_URL_DYNAMODB``
AWS_ENDPOINT_URL_S3…   ``_S3`` or ``_SQS`` for one, ``AWS_ENDPOINT_URL`` for all. Metrics stay here, since only this
                       process sees what the functions print.
LOCAL_AWS=account      the real account of your credentials. Nothing is created there.
LOCAL_AWS=memory       moto, whatever the endpoints say.
LOCAL_STATE=<folder>   where to keep what moto holds until the next run; ``none`` keeps nothing.
FRESH=1                begins with nothing instead of what was kept.
=====================  ==============================================================================================

In the first two, all of the caller's AWS settings are put aside before the first client is built, so that real
credentials are never used by accident; and an endpoint of AWS itself is refused, so that the made-up ones never get to
AWS.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

DEFAULT_REGION: Final = "eu-central-1"

_ENDPOINTS: Final = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SQS",
)
_KEPT: Final = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE", *_ENDPOINTS})


class UnusableAws(RuntimeError):
    """The settings name an AWS that cannot be used; the message says why and what to do."""


def region(environment: Mapping[str, str]) -> str:
    """The region to work in."""
    return environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


def uses_account(environment: Mapping[str, str]) -> bool:
    """Whether the functions talk to a real account."""
    return environment.get("LOCAL_AWS", "") == "account"


def prepare_environment(environment: MutableMapping[str, str], resource_variables: Iterable[str]) -> None:
    """Sets credentials, region and endpoints for the AWS that was chosen. Must come before the first boto3 client.

    Args:
        environment: the environment to change.
        resource_variables: the variables that tell the functions what their tables and buckets are called.

    Raises:
        UnusableAws: if the settings contradict each other.
    """
    chosen = environment.get("LOCAL_AWS", "")
    if chosen not in ("", "memory", "account"):
        raise UnusableAws(f"LOCAL_AWS={chosen} is unknown: leave it empty, or set it to memory or account")
    where = region(environment)
    if chosen == "account":
        missing = [name for name in resource_variables if not environment.get(name)]
        if missing:
            raise UnusableAws(f"LOCAL_AWS=account creates nothing: set {', '.join(missing)} to what you deployed")
    else:
        kept = _KEPT - set(_ENDPOINTS) if chosen == "memory" else _KEPT
        for name in [name for name in environment if name.startswith("AWS_") and name not in kept]:
            del environment[name]
        for name in _ENDPOINTS:
            if environment.get(name):
                environment[name] = _checked_endpoint(name, environment[name])
        made_up = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # AWS's own address is what moto answers to, whatever AWS_ENDPOINT_URL says.
            "AWS_ENDPOINT_URL_CLOUDWATCH": f"https://monitoring.{where}.amazonaws.com",
        }
        environment.update(made_up)
    environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = where


def _checked_endpoint(name: str, url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise UnusableAws(f"{name}={url} is not a URL such as http://127.0.0.1:8000")
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
        raise UnusableAws(f"{name} is an address of AWS itself: for a real account set LOCAL_AWS=account instead")
    # With a name for a host, S3 puts the bucket before it; bucket.localhost does not resolve everywhere.
    return url.replace("//localhost", "//127.0.0.1", 1) if host == "localhost" else url


def describe(environment: Mapping[str, str]) -> str:
    """Where the data of this run is, in words."""
    if uses_account(environment):
        return "a real account; what is printed here does not reach its CloudWatch"
    elsewhere = {environment[name] for name in _ENDPOINTS if environment.get(name)}
    if elsewhere:
        return f"{', '.join(sorted(elsewhere))}; metrics in memory"
    return "in memory"


def state_folder(environment: Mapping[str, str], usual: Path) -> Path | None:
    """The folder in which to keep what the stand-ins hold; None to keep nothing, as where another endpoint keeps it."""
    named = environment.get("LOCAL_STATE") or usual
    elsewhere = environment.get("LOCAL_AWS") != "memory" and any(environment.get(name) for name in _ENDPOINTS)
    return None if uses_account(environment) or elsewhere or named == "none" else Path(named).absolute()


def kept_in(folder: Path | None) -> str:
    """What becomes of data in memory, in words; None is no folder."""
    if folder is None:
        return "gone when this stops"
    near = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    return f"kept in {near}, and FRESH=1 begins anew"


def begins_anew(environment: Mapping[str, str]) -> bool:
    """Whether to begin with nothing instead of what was kept."""
    return environment.get("FRESH", "") not in ("", "0")
