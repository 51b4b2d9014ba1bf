"""``make cost``: what the service costs on AWS, from durations measured here and the list prices of ``prices.py``.

What is measured is our own work; how long DynamoDB and S3 take to answer is assumed, and said so.
"""

from __future__ import annotations

import base64
import contextlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tidewatch.detectors import DETECTOR_NAMES

from benchmarks import prices
from benchmarks.figures import measure
from benchmarks.handlers import answer, context, daily_series, event, stubbed
from benchmarks.prices import USERS, Call, Cost

POINTS_OF_A_FIT: Final = 10_000
POINTS_OF_A_BATCH: Final = 1_000
START: Final = 1_700_600_000


@dataclass(frozen=True, slots=True)
class MeasuredCalls:
    """One request of each kind, as it was measured."""

    prediction: Call
    fit: Call
    batches: Mapping[int, Call]
    """By the number of points."""


def main() -> None:
    """Measures, then prints the sums."""
    measured = measure_calls()
    print(f"{prices.PRICES_OF}; arm64.")
    print(f"Own work, measured here: predict {measured.prediction.own_ms:.2f} ms", end="")
    print(f", {POINTS_OF_A_BATCH:,} points in a batch {measured.batches[POINTS_OF_A_BATCH].own_ms:.1f} ms", end="")
    print(f", fit of {POINTS_OF_A_FIT:,} points {measured.fit.own_ms:.1f} ms.")
    print(f"Assumed: DynamoDB answers in {prices.DYNAMODB_READ_MS:g} ms.\n")
    _print("A million predictions, one a request", prices.of_prediction(measured.prediction) * 1e6)
    _print_batch(measured)
    _print("A month in which nobody calls", prices.of_idling())
    _print_idle_options()
    _print_metrics()
    _print_users(measured)
    saved = (prices.REST_REQUEST - prices.HTTP_REQUEST) * 1e6
    print(f"An HTTP API in the place of the REST API would save ${saved:.2f} per million requests; it has no API keys,")
    print("usage plans or request throttling by key, which would then be ours to build.")


def measure_calls() -> MeasuredCalls:
    """Times the functions over storage that costs nothing."""
    with stubbed() as functions:
        fit, predict = functions["fit"].lambda_handler, functions["predict"].lambda_handler
        fitting = event("/fit/cost", "/fit/{series_id}", body=daily_series(POINTS_OF_A_FIT))
        single = event("/predict/cost", "/predict/{series_id}", body={"timestamp": str(START), "value": 12.5})
        trained = _call(fit, fitting, times=30)
        sizes = sorted({POINTS_OF_A_BATCH, *(user.points_in_batch for user in USERS)})
        return MeasuredCalls(
            prediction=_call(predict, single, times=5_000),
            fit=trained,
            batches={points: _call(predict, _batch(points), times=300) for points in sizes},
        )


def _batch(points: int) -> dict[str, Any]:
    series = daily_series(points)
    pairs = zip(series["timestamps"], series["values"], strict=True)
    body = {"points": [{"timestamp": str(int(time)), "value": value} for time, value in pairs]}
    request = event("/predict/cost", "/predict/{series_id}", body=body)
    # What leaves AWS is charged by the byte.
    request["headers"]["Accept-Encoding"] = "gzip"
    request["multiValueHeaders"]["Accept-Encoding"] = ["gzip"]
    return request


def _call(handler: Callable[..., dict[str, Any]], request: dict[str, Any], *, times: int) -> Call:
    with contextlib.redirect_stdout(io.StringIO()):
        sent = answer(handler, request)
    body = base64.b64decode(sent["body"]) if sent["isBase64Encoded"] else sent["body"].encode()
    timing = measure(lambda: handler(request, context()), times=times, warm_up=max(3, times // 25))
    return Call(timing.median_ms, len(body))


def _print_batch(measured: MeasuredCalls) -> None:
    single = prices.of_prediction(measured.prediction) * POINTS_OF_A_BATCH
    batch = prices.of_prediction(measured.batches[POINTS_OF_A_BATCH])
    thousandths = {name: dollars * 1000 for name, dollars in batch.parts.items()}
    print(f"{POINTS_OF_A_BATCH:,} points, in thousandths of a dollar   one by one   in one request")
    for name in single.parts:
        print(f"  {name:<38} {single.parts[name] * 1000:12.4f} {thousandths[name]:16.4f}")
    print(f"  {'in all':<38} {single.total * 1000:12.4f} {batch.total * 1000:16.4f}")
    print(f"One request with all of them costs one {single.total / batch.total:.0f}th.\n")


def _print_idle_options() -> None:
    asked = prices.of_idling().total
    options = {
        "no dashboard, or one of the account's first three": prices.of_idling(dashboard=False),
        "no version to go back to (make deploy KEEP=0)": prices.of_idling(versions=1),
        "snapshots of fit and detect too (TrainingSnapshots)": prices.of_idling(training_snapshots=True),
    }
    print("  and with")
    for name, cost in options.items():
        print(f"  {name:<52} {cost.total - asked:+9.2f}")
    print()


def _print_metrics() -> None:
    print("Custom metrics of a stage in use, charged for the hours in which they are sent")
    for detectors in (1, 5, len(DETECTOR_NAMES)):
        number = prices.custom_metrics(detectors)
        words = f"{number} with {detectors} detector{'s' if detectors > 1 else ''} in use"
        print(f"  {words:<38} ${number * prices.METRIC_MONTH:9.2f}")
    print()


def _print_users(measured: MeasuredCalls) -> None:
    print("A month, all told; a batch is the points of an hour")
    print("                                                one by one     in batches")
    for user in USERS:
        batch = measured.batches[user.points_in_batch]
        single = prices.of_month(user, measured.prediction, None, measured.fit).total
        batched = prices.of_month(user, measured.prediction, batch, measured.fit).total
        habits = f"{user.name}: {user.series:,} series, a point every {user.seconds_between_points // 60} min"
        print(f"  {habits:<42} ${single:12,.2f} ${batched:13,.2f}")
    print()


def _print(title: str, cost: Cost) -> None:
    print(title)
    for name, dollars in cost.parts.items():
        print(f"  {name:<38} ${dollars:9.2f}")
    print(f"  {'in all':<38} ${cost.total:9.2f}\n")


if __name__ == "__main__":
    main()
