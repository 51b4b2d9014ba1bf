"""What clients send stays out of the logs: a mark is put into each part of each request and must not be found."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest

from tests.support.api import Api, Reply
from tests.support.boundary import Boundary, Call, Send, answer_lost, read_timeout, refused, server_error, throttled

# As a value, as a text, and as both in one; digits that nothing else would print.
NUMBER = 73_190_264_851
MARK = "canary73190264851"
TIMES = [1_700_000_000 + 60 * index for index in range(6)]
VALUES = [NUMBER, NUMBER + 0.5, 3, 4, 5, 6.5]
SERIES = {"timestamps": TIMES, "values": VALUES}
POINT = {"timestamp": "1700000000", "value": NUMBER}


def no_trace(reply: Reply) -> Reply:
    printed = "\n".join(reply.printed)
    assert "73190264851" not in printed, printed
    assert "7.319026485" not in printed, printed
    return reply


BAD: dict[str, Callable[[Api], Reply]] = {
    "a string for a value": lambda api: api.fit("s", [MARK, *VALUES]),
    "an object for a value": lambda api: api.fit("s", [{MARK: MARK}, *VALUES]),
    "a constant series": lambda api: api.fit("s", [NUMBER] * 6),
    "too few points": lambda api: api.fit("s", VALUES[:3]),
    "unsorted timestamps": lambda api: api.call("POST", "/fit/s", json_body=SERIES | {"timestamps": [NUMBER] * 6}),
    "an array for a column": lambda api: api.call("POST", "/fit/s", json_body={"timestamps": MARK, "values": MARK}),
    "an unknown option": lambda api: api.call("POST", "/fit/s", json_body=SERIES | {"detector": {"name": MARK}}),
    "an option of a wrong type": lambda api: api.call(
        "POST", "/fit/s", json_body=SERIES | {"detector": {"side": MARK}}
    ),
    "options of a wrong type": lambda api: api.call("POST", "/fit/s", json_body=SERIES | {"detector": MARK}),
    "the value of an unknown field": lambda api: api.call("POST", "/fit/s", json_body=SERIES | {"more": MARK}),
    "the name of an unknown field": lambda api: api.call("POST", "/fit/s", json_body=SERIES | {MARK: 1}),
    "the name of an unknown option": lambda api: api.call("POST", "/fit/s", json_body=SERIES | {"detector": {MARK: 1}}),
    "a string for a point": lambda api: api.predict("s", MARK),
    "a timestamp of no form": lambda api: api.predict("s", NUMBER, timestamp=MARK),
    "a timestamp out of range": lambda api: api.predict("s", 1, timestamp=NUMBER),
    "a string in a series to judge": lambda api: api.call("POST", "/detect", json_body={"values": [MARK, *VALUES]}),
    "a time of no form to judge": lambda api: api.call(
        "POST", "/detect", json_body={"data": [{"timestamp": MARK, "value": NUMBER}] * 6}
    ),
    "the name of an unknown field of a point": lambda api: api.call(
        "POST", "/detect", json_body={"data": [{"timestamp": 1, "value": NUMBER, MARK: MARK}] * 6}
    ),
    "an unknown method": lambda api: api.call("POST", "/detect", json_body={"values": VALUES, "method": MARK}),
    "a constant series to judge": lambda api: api.call("POST", "/detect", json_body={"data": [NUMBER] * 6}),
    "a string among bare values": lambda api: api.call("POST", "/predict", json_body={"values": [*VALUES, MARK]}),
    "the name of a label": lambda api: api.fit("s", VALUES, more={"labels": {f"{MARK} ": "x"}}),
    "the value of a label": lambda api: api.fit("s", VALUES, more={"labels": {MARK: 5}}),
    "broken JSON": lambda api: api.call("POST", "/fit/s", json.dumps({MARK: VALUES})[:-1]),
    "JSON of no object": lambda api: api.call("POST", "/fit/s", json.dumps([MARK])),
    "no UTF-8": lambda api: api.call("POST", "/fit/s", b'{"' + MARK.encode() + b'":"\xff"}'),
    "no gzip": lambda api: api.call("POST", "/fit/s", MARK, headers={"Content-Encoding": "gzip"}),
    "no base64": lambda api: api.call("POST", "/fit/s", "x", change_event={"body": f"{MARK}!"}),
    "a surrogate": lambda api: api.call("POST", "/fit/s", "x", binary=False, change_event={"body": f"{MARK}\ud800"}),
    "another media type": lambda api: api.call("POST", "/fit/s", MARK, headers={"Content-Type": f"text/{MARK}"}),
    "another encoding": lambda api: api.call("POST", "/fit/s", MARK, headers={"Content-Encoding": MARK}),
    "a name that is none": lambda api: api.predict(f"{MARK}%2F", NUMBER),
    "a version that is none": lambda api: api.predict("s", NUMBER, query=f"?version={MARK}"),
    "a cursor that is none": lambda api: api.call("GET", f"/series?cursor={MARK}"),
    "a limit that is none": lambda api: api.call("GET", f"/series?limit={MARK}"),
    "a format that is none": lambda api: api.call("GET", f"/plot?series_id=s&format={MARK}"),
    "a key that is too long": lambda api: api.fit("s", VALUES, headers={"Idempotency-Key": MARK * 10}),
    "an unknown series": lambda api: api.predict("unknown", NUMBER),
    "an unknown version": lambda api: (api.fit("s", VALUES), api.predict("s", NUMBER, query="?version=9"))[1],
}


@pytest.mark.parametrize("ask", BAD.values(), ids=BAD.keys())
def test_a_rejected_request_leaves_no_trace_of_its_content(api: Api, ask):
    reply = no_trace(ask(api))
    assert 400 <= reply.status < 500
    assert reply.events == ["rejected"]


def test_a_body_that_is_too_large_leaves_no_trace(api: Api, configure):
    configure(MAX_BODY_BYTES="1024")
    for body, headers in ((MARK * 100, {}), (gzip.compress(MARK.encode() * 100), {"Content-Encoding": "gzip"})):
        assert no_trace(api.call("POST", "/fit/s", body, headers=headers)).status == 413


def test_what_is_served_leaves_no_trace(api: Api):
    headers = {"Idempotency-Key": MARK}
    replies = [
        api.fit("s", VALUES, headers=headers),
        api.fit("s", VALUES, headers=headers),
        api.predict("s", NUMBER),
        api.predict("s", NUMBER * 10.5),
        api.call("POST", "/detect", json_body=SERIES),
        api.call("POST", "/detect?format=svg", json_body=SERIES),
        api.call("POST", "/predict", json_body={"values": VALUES * 10}),
        api.call("GET", "/plot?series_id=s&width=320&height=320"),
        api.call("GET", "/plot?series_id=s&format=svg"),
        api.call("GET", "/series"),
        api.call("GET", "/series/s/versions"),
        api.call("GET", "/healthcheck"),
    ]
    for reply in replies:
        assert no_trace(reply).status == 200
    reused = no_trace(api.fit("s", [*VALUES, 1], headers=headers))
    assert reused.problem == "idempotency-key-reused"


def quoting(call: Call, send: Send) -> None:
    """A failure of ours whose text quotes the payload, as many exceptions do."""
    raise ValueError(f"{MARK} {NUMBER} {call.request.body!r}")


@pytest.mark.parametrize("fault", [throttled, read_timeout, refused, server_error, answer_lost, quoting])
@pytest.mark.parametrize(
    "operation",
    ["dynamodb.PutItem", "s3.PutObject", "dynamodb.GetItem", "dynamodb.TransactWriteItems", "dynamodb.UpdateItem"],
)
def test_a_failed_fit_leaves_no_trace(api: Api, boundary: Boundary, operation, fault):
    boundary.on(operation, fault)
    reply = no_trace(api.fit("s", VALUES, headers={"Idempotency-Key": MARK}))
    # The last call only remembers the answer of what is done.
    assert reply.status in ((200,) if operation == "dynamodb.UpdateItem" else (409, 500, 503))


@pytest.mark.parametrize("fault", [throttled, read_timeout, refused, server_error, quoting])
def test_a_failed_prediction_leaves_no_trace(api: Api, boundary: Boundary, fault):
    api.fit("s", VALUES)
    boundary.on("dynamodb.GetItem", fault)
    assert no_trace(api.predict("s", NUMBER)).status in (500, 503)
    assert no_trace(api.predict("s", NUMBER, query="?version=1")).status in (500, 503)


def test_a_defect_in_a_detector_leaves_no_trace_but_says_where_it_is(api: Api, monkeypatch):
    from tidewatch.detectors.calibrated import CalibratedModel

    def broken(self, series, context=None, deadline=None):
        raise ArithmeticError(f"cannot score {series.values} {MARK}")

    api.fit("s", VALUES)
    monkeypatch.setattr(CalibratedModel, "score", broken)
    reply = no_trace(api.predict("s", NUMBER))
    assert (reply.status, reply.problem) == (500, "internal-error")
    assert reply.json()["detail"] == "Something went wrong on our side."
    (line,) = reply.logs
    assert (line["event"], line["level"], line["error"]) == ("unhandled_error", "ERROR", "ArithmeticError")
    assert line["stack"][-1].endswith(" broken")
    assert (reply.counted("Errors"), reply.counted("Predictions")) == (1, 0)


def test_a_wrong_environment_is_told_to_operators_only(api: Api, configure):
    configure(TABLE_NAME=None, MAX_POINTS="many")
    reply = api.predict("s", 1)
    assert (reply.status, reply.problem) == (500, "internal-error")
    assert "TABLE_NAME" not in reply.body.decode()
    (line,) = reply.logs
    assert "TABLE_NAME" in line["reason"]
    assert "MAX_POINTS" in line["reason"]
    assert reply.counted("Errors") == 1
