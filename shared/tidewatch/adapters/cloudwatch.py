"""How the service is doing, read from the metrics that its functions emitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tidewatch.services.healthcheck import MetricsUnavailable, Statistic

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient


# A part of a figure is right as far as it goes; the other states are failures.
_USABLE: Final = frozenset({"Complete", "PartialData"})


class CloudWatchReader:
    """Reads figures of one namespace in a single GetMetricData call."""

    def __init__(self, client: CloudWatchClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def read(self, statistics: Sequence[Statistic], window_seconds: int) -> Mapping[Statistic, float]:
        """Each figure over the last ``window_seconds``; 0 where nothing was emitted. At most 500 statistics.

        Raises:
            MetricsUnavailable: if CloudWatch failed.
        """
        asked = {f"m{index}": statistic for index, statistic in enumerate(statistics)}
        # To the end of this minute, so that what was just emitted counts; one period spans the window.
        end = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        try:
            answer = self._client.get_metric_data(
                MetricDataQueries=[self._query(key, statistic, window_seconds) for key, statistic in asked.items()],
                StartTime=end - timedelta(seconds=window_seconds),
                EndTime=end,
            )
        except (ClientError, BotoCoreError) as error:
            raise MetricsUnavailable from error
        results = answer["MetricDataResults"]
        if {result["Id"] for result in results if result["StatusCode"] in _USABLE} != asked.keys():
            raise MetricsUnavailable
        found = {result["Id"]: result["Values"] for result in results}
        return {statistic: _over_window(statistic.stat, found.get(key, ())) for key, statistic in asked.items()}

    def _query(self, key: str, statistic: Statistic, window_seconds: int) -> Any:
        return {
            "Id": key,
            "MetricStat": {
                "Metric": {
                    "Namespace": self._namespace,
                    "MetricName": statistic.metric,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in statistic.dimensions],
                },
                "Period": window_seconds,
                "Stat": statistic.stat,
            },
        }


def _over_window(stat: str, values: Sequence[float]) -> float:
    # CloudWatch may lay the period's border inside the window and give two values: counts add up, the worse of two
    # percentiles stands, as on the safe side.
    return sum(values) if stat in ("Sum", "SampleCount") else max(values, default=0.0)
