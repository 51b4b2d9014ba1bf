"""The figures of a contender, flat and by name: what a gate asks about, and what is kept with a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidewatch.lifecycle.evaluation.report import ContenderReport


def figures_of(contender: ContenderReport | Mapping[str, Any]) -> dict[str, float | None]:
    """The figures of one contender by name; None where there is nothing to tell.

    ``alarm_rate``, ``alarm_rate.highest``, ``alarm_rate.standard_deviation``, ``alarm_rate.ratio`` to the promised one;
    ``recall`` of injected anomalies, their mean over kinds, and ``recall.<kind>``, ``delay.<kind>``; with labels
    ``precision``, ``labelled_recall``, ``f1``, ``events.precision``, ``events.recall``, ``events.f1``,
    ``average_precision``, ``delay``; ``serving.equal``, 1 or 0; ``seen``.

    Args:
        contender: its report, or that as JSON.
    """
    told: Mapping[str, Any] = contender if isinstance(contender, Mapping) else _plain(contender)
    figures: dict[str, float | None] = {"seen": told["seen"]}
    if (rate := told["alarm_rate"]) is not None:
        figures["alarm_rate"] = rate["rate"]
        figures |= {f"alarm_rate.{name}": rate[name] for name in ("highest", "standard_deviation", "ratio")}
    figures["recall"] = told["recall"]
    for failure in told["failures"]:
        figures[f"recall.{failure['kind']}"] = failure["recall"]
        figures[f"delay.{failure['kind']}"] = failure["delay"]
    if (labels := told["labels"]) is not None:
        figures |= {"precision": labels["points"]["precision"], "labelled_recall": labels["points"]["recall"]}
        figures["f1"] = labels["points"]["f1"]
        figures |= {f"events.{name}": labels["events"][name] for name in ("precision", "recall", "f1")}
        figures |= {name: labels[name] for name in ("average_precision", "delay")}
    if (serving := told["serving"]) is not None:
        figures["serving.equal"] = float(serving["equal"])
    return figures


def _plain(contender: ContenderReport) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(contender)
