"""Idempotency-Key: a repeated fit gets the first answer, and trains nothing."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest

from tests.integration.conftest import restart
from tests.support.api import Api, Reply
from tests.support.boundary import Boundary, Call, Send, answer_lost, throttled
from tests.support.environment import ENVIRONMENT
from tests.support.stored import stored

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5]


def fit(api: Api, key: str | None, values: Any = VALUES, series_id: str = "s", **more: Any) -> Reply:
    headers = {} if key is None else {"Idempotency-Key": key}
    return api.fit(series_id, values, headers=headers, **more)


def test_the_same_key_gets_the_first_answer(api: Api):
    first = fit(api, "k")
    for _ in range(3):
        again = fit(api, "k")
        assert again.status == 200
        assert again.json() == first.json()
        assert again.headers["content-type"] == "application/json"
        restart()
    assert stored().versions == {"s": [1]}


def test_a_fit_whose_answer_cannot_be_remembered_is_still_acknowledged(api: Api, boundary: Boundary):
    boundary.on("dynamodb.UpdateItem", throttled)
    reply = fit(api, "k")
    assert (reply.status, reply.json()["version"]) == (200, "v1")
    assert "answer_not_remembered" in reply.events
    assert reply.counted("StorageFailures") == 1
    boundary.heal()
    assert stored().check().versions == {"s": [1]}


def test_the_answer_stays_the_first_when_others_train_meanwhile(api: Api):
    first = fit(api, "k")
    fit(api, None)
    fit(api, "another")
    assert fit(api, "k").json() == first.json()
    assert stored().versions == {"s": [1, 2, 3]}


def test_a_repeated_call_trains_and_stores_nothing(api: Api, boundary: Boundary):
    first = fit(api, "k")
    assert first.counted("Trainings") == 1
    boundary.forget()
    again = fit(api, "k")
    assert boundary.names == ["dynamodb.PutItem"]
    assert again.counted("Trainings") == again.counted("PointsTrained") == 0


def test_a_repeated_call_is_no_training_latency(api: Api):
    """Else /healthcheck mixes milliseconds of looking up into those of training."""
    fit(api, "k")
    assert [m for m in fit(api, "k").measured if m.metric == "TrainingLatency"] == []


@pytest.mark.parametrize("values", [[*VALUES, 1], VALUES[:5], [*VALUES[:5], 11.500000000000002]])
def test_the_same_key_with_another_body_is_refused(api: Api, values):
    fit(api, "k")
    reply = fit(api, "k", values)
    assert (reply.status, reply.problem) == (422, "idempotency-key-reused")
    assert [kind for _, kind in reply.errors] == ["idempotency_key_reused"]
    assert reply.counted("Rejections") == 1
    assert fit(api, "k").status == 200
    assert stored().versions == {"s": [1]}


def test_the_same_json_written_otherwise_is_the_same_request(api: Api):
    body = {"timestamps": [1, 2, 3, 4, 5], "values": [1, 2, 3, 4, 6.5], "detector": {"name": "mad", "threshold": 4.0}}
    other = {"detector": {"threshold": 4, "name": "mad"}, "values": [1.0, 2, 3, 4, 6.5], "timestamps": [1, 2, 3, 4, 5]}
    texts = (json.dumps(body), json.dumps(body, indent=2), json.dumps(other, separators=(",", ":")))
    replies = [api.call("POST", "/fit/s", text, headers={"Idempotency-Key": "k"}) for text in texts]
    assert [(reply.status, reply.json()["version"]) for reply in replies] == [(200, "v1")] * 3


def test_other_options_are_another_body(api: Api):
    fit(api, "k")
    assert fit(api, "k", more={"detector": {"sigmas": 2}}).problem == "idempotency-key-reused"


def test_each_series_has_keys_of_its_own(api: Api):
    answers = [fit(api, "k", series_id=series_id).json() for series_id in ("a", "b", "a:b", "a")]
    assert [(a["series_id"], a["version"]) for a in answers] == [(s, "v1") for s in ("a", "b", "a:b", "a")]
    assert answers[3] == answers[0]


def test_without_a_key_nothing_is_remembered(api: Api, boundary: Boundary):
    assert [fit(api, None).json()["version"] for _ in range(2)] == ["v1", "v2"]
    assert stored().records == []


def test_a_call_meets_the_first_one_still_running(api: Api, boundary: Boundary):
    """The second call comes while the first one is about to store its data."""
    replies: list[dict[str, Any]] = []

    def meanwhile(call: Call, send: Send) -> Any:
        # Only the record is of interest: a handler cannot run inside another one in one process.
        replies.extend(stored().records)
        return send()

    boundary.on("s3.PutObject", meanwhile, times=1)
    fit(api, "k")
    (record,) = replies
    assert record["status"]["S"] == "INPROGRESS"
    (after,) = stored().records
    assert after["status"]["S"] == "COMPLETED"


def put_in_progress(api: Api, boundary: Boundary, milliseconds_left: int) -> None:
    """Leaves the record of a call that was cut off, as a function does that ran out of time."""

    class CutOff(BaseException):
        pass

    def cut_off(call: Call, send: Send) -> Any:
        raise CutOff

    boundary.on("s3.PutObject", cut_off, times=1)
    with pytest.raises(CutOff):
        fit(api, "k", milliseconds_left=milliseconds_left)
    boundary.heal()
    assert [record["status"]["S"] for record in stored().records] == ["INPROGRESS"]


def test_in_progress_is_a_409_that_says_when_to_ask_again(api: Api, boundary: Boundary):
    put_in_progress(api, boundary, milliseconds_left=20_000)
    reply = fit(api, "k")
    assert (reply.status, reply.problem) == (409, "idempotency-in-progress")
    assert int(reply.headers["retry-after"]) >= 1
    assert reply.counted("Rejections") == 1
    assert stored().versions == {}


def test_a_call_that_was_cut_off_does_not_block_its_key_for_longer_than_it_had(
    api: Api, boundary: Boundary, monkeypatch: pytest.MonkeyPatch
):
    # The work has its time; the record of the call has a millisecond.
    monkeypatch.setattr("tidewatch.api.request._FOR_THE_ANSWER", -30.0)
    put_in_progress(api, boundary, milliseconds_left=1)
    time.sleep(0.01)
    assert fit(api, "k").json()["version"] == "v1"


def test_an_answer_is_kept_as_long_as_the_settings_say(api: Api, configure):
    configure(IDEMPOTENCY_TTL_SECONDS="60")
    fit(api, "k")
    (record,) = stored().records
    assert 55 <= int(record["expiration"]["N"]) - time.time() <= 61


def test_a_record_that_expired_is_forgotten_even_before_dynamodb_deletes_it(api: Api):
    fit(api, "k")
    (record,) = stored().records
    table: Any = boto3.resource("dynamodb").Table(ENVIRONMENT["IDEMPOTENCY_TABLE_NAME"])
    table.update_item(
        Key={"id": record["id"]["S"]},
        UpdateExpression="SET expiration = :past",
        ExpressionAttributeValues={":past": int(time.time()) - 1},
    )
    assert fit(api, "k", [*VALUES, 1]).json()["version"] == "v2"


def test_a_failed_call_is_not_remembered(api: Api, boundary: Boundary):
    boundary.on("s3.PutObject", throttled)
    assert fit(api, "k").status == 503
    assert stored().records == []
    boundary.heal()
    assert fit(api, "k").json()["version"] == "v1"


def test_a_rejected_call_is_not_remembered(api: Api):
    assert fit(api, "k", [7] * 6).status == 422
    assert stored().records == []
    assert fit(api, "k").json()["version"] == "v1"


@pytest.mark.parametrize(
    "values",
    [
        [1.7976931348623157e308, -1.7976931348623157e308, 1e308, 0.1, 3],
        [5e-324, 0, 1e-323, 5e-324, 0],
        [0.1, 0.2, 0.30000000000000004, 1e22, 1e-7],
        [9007199254740993, 9007199254740992, 9007199254740995, 1, 2],
        [-1.7e308, 1.7e308, -1.7e308, 1.7e308, -1.7e308],
    ],
)
@pytest.mark.parametrize("sigmas", [3, 0.1, 1e-300])
def test_extreme_floats_come_back_to_the_last_bit(api: Api, values, sigmas):
    options = {"detector": {"sigmas": sigmas, "side": "both"}}
    first = fit(api, "k", values, more=options).json()
    again = fit(api, "k", values, more=options).json()
    # repr tells -0.0 from 0.0, and 1 from 1.0.
    assert repr(sorted(again["learned"].items())) == repr(sorted(first["learned"].items()))
    assert again == first


@pytest.mark.parametrize("key", ["k", "K" * 128, "8e03978e-40d5-43dd-bc93-6894a57f9324", "ключ", "a b", "#!/\\\"'{}"])
def test_a_key_is_any_text_of_1_to_128_characters(api: Api, key):
    raw = key.encode().decode("latin-1")
    assert fit(api, raw[:128]).json() == fit(api, raw[:128]).json()


@pytest.mark.parametrize("key", ["", "k" * 129])
def test_a_key_of_another_length_is_refused(api: Api, key):
    reply = fit(api, key)
    assert reply.status == 422
    assert [loc[0] for loc, _ in reply.errors] == ["header"]


def test_two_keys_are_refused(api: Api):
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    reply = api.fit("s", VALUES, headers=headers)
    assert reply.status == 422
    assert [loc[0] for loc, _ in reply.errors] == ["header"]


def test_the_key_is_not_stored_in_the_clear(api: Api):
    fit(api, "a-secret-of-the-client")
    (record,) = stored().records
    assert "a-secret-of-the-client" not in str(record)


def answers_get_lost(api: Api, boundary: Boundary, key: str, values: Any = VALUES) -> None:
    """A fit whose version is there, without anybody having been told of it."""
    boundary.on("dynamodb.TransactWriteItems", answer_lost)
    assert fit(api, key, values).status == 503
    boundary.heal()


def test_a_version_that_nobody_was_told_of_is_found_again(api: Api, boundary: Boundary):
    answers_get_lost(api, boundary, "k")
    fit(api, None)
    again = fit(api, "k")
    assert (again.status, again.json()["version"]) == (200, "v1")
    assert fit(api, "k").json() == again.json()
    assert stored().check().versions == {"s": [1, 2]}


def test_another_body_under_its_key_is_another_request(api: Api, boundary: Boundary):
    """The first one was not acknowledged: the client is free to send something better."""
    answers_get_lost(api, boundary, "k")
    assert fit(api, "k", [*VALUES, 1.0]).json()["version"] == "v2"
    assert stored().check().versions == {"s": [1, 2]}


def test_the_record_of_a_key_whose_answer_got_lost_is_not_taken_for_another_request(api: Api, boundary: Boundary):
    boundary.on("dynamodb.PutItem", answer_lost, times=1)
    assert fit(api, "k").json()["version"] == "v1"
    boundary.heal()
    assert fit(api, "k").json()["version"] == "v1"
    assert stored().check().versions == {"s": [1]}
