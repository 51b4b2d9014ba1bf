"""Each storage call of a fit and of a prediction goes wrong in each way: the promises hold, and the page tells how."""

from __future__ import annotations

import difflib

from tests.faults.cases import Case
from tests.faults.observed import Answer, Observed
from tests.faults.page import PAGE, observations, render


def check(case: Case, seen: Observed) -> None:
    assert seen.killed == case.deadly
    assert (seen.before.status, seen.before.version) == (200, f"v{case.request.before}")
    if case.request.deletes:
        check_deletion(case, seen)
        return

    if case.request.asks == "promote":
        check_rollback(seen)
        return

    # The client was told that it is done, or to come again.
    assert seen.saw.status in (200, 503)
    assert seen.saw.status == 200 or seen.saw.retry_after

    # What is visible is what is stored, which was found to be whole.
    assert seen.latest.version == f"v{seen.stored[-1]}"
    assert [version for version, _ in reversed(seen.listed.listed)] == [f"v{number}" for number in seen.stored]

    # A repetition succeeds, at once or when the first one has no time left.
    assert seen.retry.status == 200 or (seen.retry.status == 409 and seen.retry.retry_after)
    last = seen.later or seen.retry
    assert last.status == 200

    # Nothing acknowledged is lost, and a request makes one version at the most.
    acknowledged = told(seen.before, seen.saw, last) if case.request.fits else told(seen.before)
    assert acknowledged <= set(seen.listed_last.listed)
    assert set(seen.listed.listed) <= set(seen.listed_last.listed)
    assert len(seen.listed.listed) <= 1 + case.request.fits
    # With a key that holds for the repetition too.
    with_key = bool(case.request.headers)
    assert len(seen.listed_last.listed) <= (2 if with_key else len(seen.listed.listed) + case.request.fits)


def check_rollback(seen: Observed) -> None:
    # Done or not, and done is done: the version that judges then is the old one or the new one, as its audit says.
    assert (seen.saw.status, seen.saw.version) in ((200, "v1"), (503, None))
    assert seen.saw.status == 200 or seen.saw.retry_after
    assert seen.latest.version in (("v1",) if seen.saw.status == 200 else ("v1", "v2"))
    assert seen.stored == (1, 2)

    # A repetition does it, or finds it done.
    assert (seen.retry.status, seen.retry.version) == (200, "v1")
    assert seen.listed_last.listed == seen.listed.listed


def check_deletion(case: Case, seen: Observed) -> None:
    # The client was told that it is done, or to come again. Done is done.
    assert seen.saw.status in (204, 503)
    assert seen.saw.status == 204 or seen.saw.retry_after
    after = () if case.request.asks == "delete series" else ("v2",)
    left = tuple(f"v{number}" for number in seen.stored)
    assert left == after if seen.saw.status == 204 else set(left) in ({*after}, {"v2"}, {"v1", "v2"})

    # What is visible is what is stored: a whole series, or none.
    assert (seen.latest.status, seen.latest.version) == ((200, "v2") if left else (404, None))
    assert [version for version, _ in reversed(seen.listed.listed)] == list(left)

    # A repetition deletes it, or finds it gone.
    assert seen.retry.status in (204, 404)
    assert {version for version, _ in seen.listed_last.listed} == {*after}


def told(*answers: Answer) -> set[tuple[str | None, str | None]]:
    return {(answer.version, answer.trained_at) for answer in answers if answer.status == 200}


def test_no_fault_breaks_a_promise_and_the_page_tells_what_each_leads_to():
    """One test, since what it looks at takes seconds to observe."""
    seen = observations()
    broken = {}
    for case, observed in seen:
        try:
            check(case, observed)
        except AssertionError as error:
            broken[str(case)] = f"{error}\n{observed}"
    assert broken == {}
    drift = difflib.unified_diff(
        PAGE.read_text(encoding="utf-8").splitlines(),
        render(seen).splitlines(),
        "committed",
        "observed",
        lineterm="",
        n=1,
    )
    assert list(drift) == [], "run `make faults`"
