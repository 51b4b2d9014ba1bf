"""The bucket that audit trails are exported to, as a stack with AuditLockDays has it."""

from __future__ import annotations

import boto3

from tests.support.environment import ENVIRONMENT


def lock_audit_exports(days: int) -> None:
    """Locks what is exported from now on, as the bucket's rule in template.yaml does."""
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": days}}
    boto3.client("s3").put_object_lock_configuration(
        Bucket=ENVIRONMENT["AUDIT_BUCKET"], ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
