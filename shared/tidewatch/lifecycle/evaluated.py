"""What is kept with a version of its newest evaluation, beside the version, which never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tidewatch.registry import ModelVersion


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The newest evaluation of a version.

    Attributes:
        job_id: of the job whose result is the whole report.
        evaluated_at: when it ended, in UTC.
        data: ``stored`` or ``sent``: what it was evaluated on.
        points: how many points it judged.
        figures: by name, see :func:`~tidewatch.lifecycle.evaluation.figures_of`.
    """

    job_id: str
    evaluated_at: datetime
    data: str
    points: int
    figures: Mapping[str, float | None]


class EvaluationStore(Protocol):
    """The newest evaluations of all tenants' versions. Methods may raise ``StorageUnavailable``."""

    def keep(self, version: ModelVersion, evaluated: Evaluated) -> None:
        """Keeps the newest evaluation of a version in place of an earlier one."""
        ...

    def newest(self, version: ModelVersion) -> Evaluated | None:
        """The newest evaluation of a version; None if there is none of this very version."""
        ...
