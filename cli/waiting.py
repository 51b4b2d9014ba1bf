"""Waiting for a job of the service."""

from __future__ import annotations

import time
from typing import Any, Final

from cli.errors import JobFailed, TookTooLong
from cli.progress import Update, progress
from cli.service import Answer, Service

_ENDED: Final = frozenset({"succeeded", "failed", "cancelled"})
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_LONGER: Final = 1.5


def wait_for(service: Service, job_id: str, timeout: float) -> Answer:
    """The document of a job that succeeded.

    Args:
        service: where it runs.
        job_id: of the job.
        timeout: seconds to wait at the most. The job goes on.

    Raises:
        JobFailed: if it failed, or was cancelled.
        TookTooLong: if it did not end in time.
    """
    until = time.monotonic() + timeout
    pause = _FIRST_PAUSE
    with progress() as update:
        while True:
            answer = service.get("jobs", job_id)
            job = answer.json()
            if job["state"] in _ENDED:
                break
            _show(update, job)
            if time.monotonic() + pause > until:
                raise TookTooLong(f"Job {job_id} is {job['state']} after {timeout:g} s; it goes on.")
            time.sleep(pause)
            pause = min(pause * _LONGER, _LONGEST_PAUSE)
    if job["state"] != "succeeded":
        detail = (job["error"] or {}).get("detail") or (job["error"] or {}).get("title")
        raise JobFailed(f"Job {job_id} {job['state']}" + (f": {detail}" if detail else "."))
    return answer


def _show(update: Update, job: dict[str, Any]) -> None:
    told = job["progress"] or {"done": 0, "total": None}
    update(f"{job['kind']}: {job['state']}", told["done"], told["total"])
