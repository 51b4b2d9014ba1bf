"""Exports of audit trails in a bucket of their own, which locks what is put into it if the stack says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from tidewatch.adapters.clients import storage_call
from tidewatch.registry import SeriesKey
from tidewatch.services.export_audit import Kept

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_OPERATION: Final = "the export of an audit trail"
_FOLDER: Final = "audit"
_MEDIA_TYPES: Final = {"jsonl": "application/jsonl", "json": "application/json"}
_NO_LOCKS: Final = "ObjectLockConfigurationNotFoundError"


class S3AuditExports:
    """Objects ``audit/<tenant>/<series_id>/<name>``.

    The bucket itself locks each new object for the days of its rule: the function that writes it has no right over
    locks, and cannot leave one out.
    """

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, series: SeriesKey, name: str, content: bytes) -> Kept:
        """GetObjectLockConfiguration and PutObject.

        What is told of the lock is counted from before the object is there: S3 holds it for moments longer.
        """
        key = f"{_FOLDER}/{series.tenant}/{series.series_id}/{name}"
        days = self._locked_days()
        before = datetime.now(UTC)
        with storage_call(_OPERATION):
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType=_MEDIA_TYPES[name.rpartition(".")[2]],
                # S3 wants a checksum of what it locks, and keeps this one beside the object.
                ChecksumAlgorithm="SHA256",
            )
        return Kept(f"s3://{self._bucket}/{key}", before + timedelta(days=days) if days else None)

    def _locked_days(self) -> int:
        """For how many days the bucket locks what comes."""
        try:
            with storage_call(_OPERATION):
                told = self._client.get_object_lock_configuration(Bucket=self._bucket)
        except ClientError as error:
            # The bucket was not made for locks, as one that somebody brought.
            if error.response["Error"]["Code"] != _NO_LOCKS:
                raise
            return 0
        rule = told["ObjectLockConfiguration"].get("Rule", {})
        return rule.get("DefaultRetention", {}).get("Days", 0)
