"""Preflight of as many points as a fit takes."""

from __future__ import annotations

from tidewatch.series import preflight

TIMES = list(range(1_600_000_000, 1_600_000_000 + 250_000 * 60, 60))
VALUES = [float(index % 97) for index in range(250_000)]


def test_they_pass():
    series = preflight(TIMES, VALUES, most_points=250_000).require()
    assert (len(series), series.start, series.end) == (250_000, TIMES[0], TIMES[-1])


def test_one_bad_item_at_the_end_is_named():
    found = preflight(TIMES, [*VALUES[:-1], None], most_points=250_000).problems
    assert [problem.loc for problem in found] == [("values", 249_999)]


def test_all_wrong_is_a_handful_of_problems():
    found = preflight(list(reversed(TIMES)), ["1"] * 250_000, most_points=250_000).problems
    assert [(problem.loc, problem.type) for problem in found] == [
        (("values", 0), "wrong_type"),
        (("timestamps", 1), "timestamps_unsorted"),
    ]
    assert all(problem.msg.endswith(("(and 249,999 more like it)", "(and 249,998 more like it)")) for problem in found)


def test_one_more_is_refused():
    found = preflight([*TIMES, TIMES[-1] + 1], [*VALUES, 1.0], most_points=250_000).problems
    assert [problem.type for problem in found] == ["too_many_points"]
