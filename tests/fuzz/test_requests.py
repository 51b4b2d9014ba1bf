"""Whatever comes in, the answer is well-formed, bounded and no defect of ours, and no payload is in the log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import SearchStrategy

from local.sam.routes import read_routes
from tests.fuzz.conftest import Search
from tests.fuzz.documents import MARK, NUMBER
from tests.fuzz.events import Event, any_bytes, around, base_event, mutated
from tests.fuzz.targets import TARGETS, WITH_BODY, Target
from tests.support.api import PROBLEM, Api, Reply
from tests.support.environment import ROOT
from tests.support.tables import template

# Hypothesis would raise it in place of what went wrong, where the request that did it is large.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr:hypothesis.errors.HypothesisWarning")

MOST_OF_A_PROBLEM = 80_000
MOST_OF_A_DETAIL = 4_000
MOST_LOGGED = 20_000


def check(reply: Reply) -> None:
    """``Api`` found it a proxy response that API Gateway takes, and a problem without internals if it is one."""
    from tidewatch.api.problem_schema import Problem

    assert reply.status < 500
    if reply.status >= 400:
        assert reply.headers["content-type"] == PROBLEM
        problem = Problem.model_validate(reply.json())
        assert len(reply.body) <= MOST_OF_A_PROBLEM
        assert len(problem.detail) <= MOST_OF_A_DETAIL
    printed = "\n".join(reply.printed)
    assert len(printed) <= MOST_LOGGED
    assert str(NUMBER) not in printed
    assert f"{NUMBER:e}"[:11] not in printed
    assert all(isinstance(document, dict) for document in reply.documents)


def ask(api: Api, target: Target, change: Event) -> None:
    event, function = base_event(target)
    check(api.invoke(function, event | change))


each_target = pytest.mark.parametrize("target", TARGETS, ids=str)
each_body = pytest.mark.parametrize("target", WITH_BODY, ids=str)


def test_every_route_is_fuzzed():
    routes = read_routes(template(), ROOT).routes
    assert {target.route for target in TARGETS} == {f"{route.method} {route.path}" for route in routes}


@each_target
def test_what_is_fuzzed_is_in_order_before(api: Api, target: Target):
    event, function = base_event(target)
    assert api.invoke(function, event).status == target.status


def test_the_mark_would_be_found(api: Api, capsys):
    with pytest.raises(AssertionError, match="canary"):
        check(Reply(200, {}, b"{}", (f'{{"message": "{MARK}"}}',)))


@each_body
def test_any_bytes(api: Api, search: Search, target: Target):
    try_all(api, search, target, any_bytes, 30)


@each_body
def test_valid_bodies_that_went_wrong(api: Api, search: Search, target: Target):
    try_all(api, search, target, mutated(target), 80)


@each_target
def test_headers_queries_and_paths(api: Api, search: Search, target: Target):
    try_all(api, search, target, around(target), 20)


def try_all(api: Api, search: Search, target: Target, changes: SearchStrategy[Event], examples: int) -> None:
    """Asks with changes to a request that is in order, so many of them, or for as long as was asked for."""

    @given(changes)
    def law(change: Event) -> None:
        ask(api, target, change)

    search(law, examples)
