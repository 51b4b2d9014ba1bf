"""A request has one time for all that it does, and says so when that is over."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import CATALOGUE, Model, fit_model
from tidewatch.series import TimeSeries

from tests.support.api import Api
from tests.support.boundary import Boundary

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5] * 10


def give_up(*_: object, **__: object) -> None:
    raise DeadlineExceeded


def test_training_leaves_time_to_publish(api: Api, monkeypatch):
    given: list[float] = []

    def observe(*of: Any, deadline: Deadline, **more: Any) -> Model:
        given.append(deadline.remaining())
        return fit_model(*of, deadline=deadline, **more)

    monkeypatch.setattr("tidewatch.services.fit.fit_model", observe)
    assert api.fit("s", VALUES, milliseconds_left=25_000).status == 200
    assert 15 < given[0] < 21


def test_a_training_that_takes_too_long_is_refused_and_publishes_nothing(api: Api, boundary: Boundary, monkeypatch):
    monkeypatch.setattr("tidewatch.services.fit.fit_model", give_up)
    reply = api.fit("s", VALUES)
    assert (reply.status, reply.problem) == (422, "cannot-train")
    assert "fewer points" in reply.json()["detail"]
    assert not boundary.wrote


@pytest.mark.parametrize("path", ["/detect", "/plot"])
def test_a_judgement_that_takes_too_long_is_refused(api: Api, monkeypatch, path):
    api.fit("s", VALUES, more={"detector": "mad"})
    series = TimeSeries(np.arange(5), np.arange(5.0))
    model = fit_model(series, CATALOGUE["mad"].options_type())  # type: ignore[call-arg]
    monkeypatch.setattr(type(model), "review", give_up)
    if path == "/plot":
        reply = api.call("GET", "/plot?series_id=s")
        assert reply.errors == [(("query", "version"), "takes_too_long")]
    else:
        reply = api.call("POST", "/detect", json_body={"values": VALUES, "method": "mad"})
        assert reply.problem == "cannot-train"
    assert reply.status == 422
    assert "longer to judge" in reply.body.decode()


def test_without_time_to_publish_nothing_is_published(api: Api, boundary: Boundary, monkeypatch):
    monkeypatch.setattr("tidewatch.services.fit.SECONDS_TO_PUBLISH", -math.inf)
    reply = api.fit("s", VALUES, milliseconds_left=1_000)
    assert (reply.status, reply.problem) == (503, "out-of-time")
    assert not boundary.wrote
