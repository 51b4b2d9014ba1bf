"""What a route asks for by type: the request with its tenant and its time, and what was built once for all requests."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.utilities.typing import LambdaContext

from tidewatch import composition
from tidewatch.api.access import Unauthenticated
from tidewatch.deadline import Deadline
from tidewatch.detectors import load_catalogue
from tidewatch.registry import Publisher, Registry, SeriesKey, TrainingData
from tidewatch.telemetry import Stopwatch
from tidewatch.tenancy import Principal, Tenant

_FOR_THE_ANSWER: Final = 1.5
"""Seconds of an invocation that are kept for what comes after the work: writing the answer and sending it."""


@dataclass(frozen=True, slots=True, eq=False)
class ApiRequest:
    """One request.

    Attributes:
        caller: the key that it was made with; None on a route that needs none.
        deadline: when its work has to be done.
        headers: by their names in lower case.
        body: as text, decoded; empty if there is none.
        context: of the Lambda invocation.
        stopwatch: started when the request arrived.
    """

    caller: Principal | None
    deadline: Deadline
    headers: Mapping[str, str]
    body: str
    context: LambdaContext
    stopwatch: Stopwatch

    @classmethod
    def of(
        cls, event: Mapping[str, Any], caller: Principal | None, context: LambdaContext, stopwatch: Stopwatch
    ) -> ApiRequest:
        """The request of a decoded event."""
        return cls(
            caller=caller,
            deadline=Deadline.after(context.get_remaining_time_in_millis() / 1000 - _FOR_THE_ANSWER),
            headers=event["headers"],
            body=event.get("body") or "",
            context=context,
            stopwatch=stopwatch,
        )

    @property
    def principal(self) -> Principal:
        """The key that it was made with.

        Raises:
            Unauthenticated: if it was made with none.
        """
        if self.caller is None:
            raise Unauthenticated
        return self.caller

    @property
    def tenant(self) -> Tenant:
        """Whose data it is about.

        Raises:
            Unauthenticated: if it was made with no key.
        """
        return self.principal.tenant

    def spend(self, points: int) -> None:
        """Counts points that are about to be learned or judged, if the tenant has a limit of them.

        Raises:
            LimitExceeded: if it has not so many left today.
            StorageUnavailable: if they could not be counted.
        """
        limit = self.principal.limits.points_per_day
        if limit is not None:
            composition.points_meter().spend(self.tenant, points, limit)

    def check_series_limit(self, series: SeriesKey) -> None:
        """Refuses a series too many, if the tenant has a limit of them.

        Raises:
            LimitExceeded: if the series is new, and the tenant has as many as it may have.
            StorageUnavailable: if they could not be counted.
        """
        limit = self.principal.limits.series
        if limit is not None:
            # Imported late: few tenants have one, and a prediction needs none of it.
            from tidewatch.services.limits import check_series_limit

            check_series_limit(series, limit, composition.version_store())

    def series(self, series_id: str) -> SeriesKey:
        """The series of that name, of the tenant whose request it is."""
        return SeriesKey(self.tenant, series_id)


current: Final[ContextVar[ApiRequest]] = ContextVar("request")
"""The request that is being served."""


def current_request() -> ApiRequest:
    """The request that is being served, for routes that ask for it by :data:`RequestDep`."""
    return current.get()


RequestDep = Annotated[ApiRequest, Depends(current_request)]


def get_registry() -> Registry:
    """Loads and lists versions."""
    return composition.registry()


def get_publisher() -> Publisher:
    """Publishes versions."""
    return composition.publisher()


def get_training_data() -> TrainingData:
    """Reads training data."""
    return composition.training_data()


JUDGING: Final = (load_catalogue, composition.registry, composition.array_store)
"""What a function that judges by stored models builds before a snapshot."""

RegistryDep = Annotated[Registry, Depends(get_registry)]
PublisherDep = Annotated[Publisher, Depends(get_publisher)]
TrainingDataDep = Annotated[TrainingData, Depends(get_training_data)]
