"""The second act of ``make demo``: the life of a model of many variables, from its first version to its audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from local.project import ROOT
from local.tour import Tour, expect

_REQUESTS: Final = ROOT / "events" / "requests"
_SERIES: Final = "/series/machine"
_DAY: Final = "predict_rows_day.json"
_FAILURES: Final = 9
"""How often the fan fails in the day that is judged."""
_SHOWN: Final = 3


def tour_of_a_life(tour: Tour, output: Path) -> None:
    """Trains two versions on rows, compares them on a day, promotes, rolls back, and looks at the audit trail.

    Args:
        tour: where it is shown.
        output: the folder for the picture.

    Raises:
        Surprise: if an answer is not what it should be.
    """
    tour.title("Rows of many variables: a machine's load (x1), heat (x2) and current (x3), every five minutes")
    _train(tour, "fit_rows_forest.json", version="v1")
    tour.title("The fan fails now and then. Each heat is usual, though not at that load: v1 sees nothing")
    _judge_day(tour, version="v1", anomalies=0)
    tour.title("Publish a second version, which learned the heat that follows a load. It does not judge yet")
    _train(tour, "fit_rows_forecast.json", version="v2")
    tour.title("Let it judge beside the champion: it decides nothing, and what both say is kept")
    challenger = tour.put(f"{_SERIES}/challenger", {"version": "v2", "reason": "finds broken fans?"})
    _expect_judges(challenger, "v1", "v2")
    _judge_day(tour, version="v1", anomalies=0)
    tour.title("The mechanics say when the fan had failed. Which version is better?")
    tour.post_file(f"{_SERIES}/labels", _REQUESTS / "labels_rows_day.json")
    _compare(tour)
    tour.title("Promote it. Now v2 judges, and says which variable is to blame")
    promoted = tour.put(f"{_SERIES}/champion", {"version": "v2", "reason": "found all failures of the fan"})
    _expect_judges(promoted, "v2", None)
    _judge_day(tour, version="v2", anomalies=_FAILURES)
    tour.save_plot("/plot?series_id=machine", output / "machine-v2.png")
    tour.title("Roll back, in one call")
    _expect_judges(tour.put(f"{_SERIES}/champion", {"version": "v1", "reason": "as a drill"}), "v1", None)
    tour.say("v1 judges again.")
    tour.title(
        "Who did what, and why? Nobody changed a line of it since: each is bound to the one before by its sha256"
    )
    _audit(tour)


def _train(tour: Tour, body: str, *, version: str) -> None:
    fitted = tour.post_file("/fit/machine", _REQUESTS / body)
    expect(fitted["version"] == version, f"expected {version}, got {fitted}")
    variables = ", ".join(fitted["variables"])
    tour.say(f"{version} ({fitted['detector']}) learned from {fitted['points_used']:,} rows of {variables}.")


def _judge_day(tour: Tour, *, version: str, anomalies: int) -> None:
    answer = tour.post_file("/predict/machine", _REQUESTS / _DAY)
    found = [row for row in answer["predictions"] if row["anomaly"]]
    expect(answer["model_version"] == version, f"expected a judgement by {version}, got {answer['model_version']}")
    expect(len(found) == anomalies, f"expected {anomalies} anomalies, got {found}")
    tour.say(f"{version} judged {len(answer['predictions']):,} rows: {anomalies or 'no'} anomalies.")
    for row in found[:_SHOWN]:
        tour.say(f"  {row['timestamp']}  p {row['p_value']:.1e}  {_shares(row['contributions'])}")
    if len(found) > _SHOWN:
        tour.say(f"  … and {len(found) - _SHOWN} more")


def _shares(contributions: dict[str, float]) -> str:
    return "  ".join(f"{name} {share:4.0%}" for name, share in contributions.items())


def _expect_judges(standing: dict[str, Any], champion: str, challenger: str | None) -> None:
    beside = standing["challenger"] and standing["challenger"]["version"]
    expect((standing["champion_version"], beside) == (champion, challenger), f"expected {champion}, got {standing}")


def _compare(tour: Tour) -> None:
    compared = tour.get(f"{_SERIES}/comparison")
    for name in ("champion", "challenger"):
        judged = compared[name]
        counts = "  ".join(f"{judged[what]} {what.replace('_', ' ')}" for what in ("hits", "misses", "false_alarms"))
        tour.say(f"{name:<10}  {compared[f'{name}_version']}  {counts}")
    test = compared["test"]
    expect(test["verdict"] == "promote", f"expected the verdict to promote, got {compared}")
    tour.say(
        f"Evidence for {compared['challenger_version']}: {test['evidence_for_challenger']:.0f}, and "
        f"{test['threshold']:.0f} are enough. If neither were better, that had a chance of {test['error_rate']:.0%}. "
        f"Verdict: {test['verdict']}."
    )


def _audit(tour: Tour) -> None:
    entries = tour.get(f"{_SERIES}/audit")["entries"][::-1]
    expected = ["published", "published", "challenger_set", "promoted", "rolled_back"]
    expect([entry["action"] for entry in entries] == expected, f"expected {expected}, got {entries}")
    for entry in entries:
        what = f"{entry['action']:<14}  {entry['version']}  by {entry['actor']}"
        tour.say(f"{entry['hash'][:8]}  {entry['at'][:19]}  {what}  {entry['reason']}".rstrip())
    verified = tour.get(f"{_SERIES}/audit/verification")
    expect(verified["intact"] and verified["entries"] == len(expected), f"expected an intact trail, got {verified}")
    tour.say(f"All {verified['entries']} entries are as they were written.")
