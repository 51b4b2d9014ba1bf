"""``make demo``: the service from end to end on this machine, step by step, with the curl line of each step.

``make demo CSV=file`` does the same with a file of your own, or with each CSV file of a folder: see ``local.csv_tour``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Final

from local.client import Client, Server, ServerFailed
from local.csv_tour import tour_of_file, tour_of_folder
from local.life_tour import tour_of_a_life
from local.project import ROOT
from local.sam.console import Console
from local.sam.processes import free_port
from local.tour import Surprise, Tour, expect, learned_in_words

OUTPUT: Final = ROOT / "demo-output"
REQUESTS: Final = ROOT / "events" / "requests"

# Shown in the curl lines, which then also hold for `make run`.
_USUAL_PORT: Final = 3000


def main() -> int:
    """Runs the demo; returns the exit code: 0 if all was as it should be."""
    console = Console(sys.stdout)
    path = Path(os.environ["CSV"]).expanduser() if os.environ.get("CSV") else None
    try:
        share = _train_share(os.environ.get("TRAIN") or "0.5")
        expect(path is None or path.exists(), f"there is no {path}")
    except Surprise as error:
        console.failure(str(error))
        return 1
    OUTPUT.mkdir(exist_ok=True)
    started = time.monotonic()
    console.line("Starting the stack on this machine (no Docker, no AWS account) …")
    server = Server(port=free_port(_USUAL_PORT))
    try:
        with server:
            console.line(f"It is ready on {server.url} after {time.monotonic() - started:.1f} s.")
            tour = Tour(console, Client(server.url))
            if path is None:
                tour_of_samples(tour)
                return 0
            return tour_of_folder(path, tour, share) if path.is_dir() else tour_of_file(path, tour, OUTPUT, share)
    except KeyboardInterrupt:
        console.line()
        return 130
    except (Surprise, ServerFailed) as error:
        console.failure(f"\nThe demo failed: {error}")
        console.line(f"\nThe server said:\n{server.output()[-4000:] or '(nothing)'}")
        return 1


def _train_share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    expect(0 < share < 1, f"TRAIN={text} is not a share between 0 and 1, such as TRAIN=0.5")
    return share


def tour_of_samples(tour: Tour) -> None:
    """Trains, predicts, retrains, draws, leads a model through its life and looks at the health, on sample requests.

    Raises:
        Surprise: if an answer is not what it should be.
    """
    tour.act("Points of one variable")
    tour.title("Train a model on a week of a web shop's traffic, hour by hour")
    _train(tour, "web-requests", "fit.json", version="v1")
    tour.title("Ask whether a new point is unusual: a normal Monday morning")
    _judge(tour, "/predict/web-requests", "predict_normal.json", anomaly=False, version="v1")
    tour.title("Ask about a point that is far too busy")
    _judge(tour, "/predict/web-requests", "predict_anomaly.json", anomaly=True, version="v1")
    tour.title("The shop grew: train again, on the next week")
    _train(tour, "web-requests", "fit_again.json", version="v2")
    tour.title("The same busy point is normal now, because predict uses the latest version")
    _judge(tour, "/predict/web-requests", "predict_anomaly.json", anomaly=False, version="v2")
    tour.title("Old versions stay: v1 still calls it an anomaly")
    _judge(tour, "/predict/web-requests?version=1", "predict_anomaly.json", anomaly=True, version="v1")
    tour.title("A cold room must be neither too cold nor too warm: watch both sides")
    _train(tour, "cold-room", "fit_both_sides.json", version="v1")
    _judge(tour, "/predict/cold-room", "predict_too_cold.json", anomaly=True, version="v1")
    tour.title("List the versions")
    _list_versions(tour, "web-requests", ["v2", "v1"])
    tour.title("See what each version learned")
    tour.save_plot("/plot?series_id=web-requests&version=1", OUTPUT / "web-requests-v1.png")
    tour.save_plot("/plot?series_id=web-requests&version=2", OUTPUT / "web-requests-v2.png")
    tour.save_plot("/plot?series_id=cold-room", OUTPUT / "cold-room-v1.png")
    tour.act("The life of a model of many variables")
    tour_of_a_life(tour, OUTPUT)
    tour.title("See how the service is doing")
    _look_at_health(tour, series=3)
    tour.title("Done: every answer was as expected. The stack stops now")
    tour.say("make run                       starts it again, for the curl commands above and for /docs")
    tour.say("make demo CSV=your-file.csv    does this with your own data")


def _train(tour: Tour, series_id: str, body: str, *, version: str) -> None:
    fitted = tour.post_file(f"/fit/{series_id}", REQUESTS / body)
    expect(fitted["version"] == version, f"expected {version}, got {fitted}")
    tour.say(learned_in_words(fitted))


def _judge(tour: Tour, target: str, body: str, *, anomaly: bool, version: str) -> None:
    answer = tour.post_file(target, REQUESTS / body)
    expected = {"anomaly": anomaly, "model_version": version}
    expect(expected.items() <= answer.items(), f"expected {expected}, got {answer}")
    verdict = "an ANOMALY" if answer["anomaly"] else "normal"
    side = "above" if answer["score"] >= 0 else "below"
    value = json.loads((REQUESTS / body).read_bytes())["value"]
    tour.say(
        f"{version} says {value:,.5g} is {verdict}: {abs(answer['score']):.1f} standard deviations {side} the mean."
    )


def _list_versions(tour: Tour, series_id: str, expected: list[str]) -> None:
    versions = tour.get(f"/series/{series_id}/versions")["versions"]
    expect([found["version"] for found in versions] == expected, f"expected {expected}, got {versions}")
    for found in versions:
        tour.say(f"{found['version']}  {found['detector']}  {found['points_used']} points  {found['trained_at']}")


def _look_at_health(tour: Tour, *, series: int) -> None:
    health = tour.get("/healthcheck")
    expect(health["series_trained"] == series, f"expected {series} trained series, got {health}")
    expect(health["inference_latency_ms"]["avg"] > 0, f"expected some latency, got {health}")
    health["model_usage"] = {name: points for name, points in health["model_usage"].items() if points}
    for name, value in health.items():
        tour.say(f"{name}: {json.dumps(value)}")


if __name__ == "__main__":
    sys.exit(main())
