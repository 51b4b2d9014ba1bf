"""A gate: bounds of figures that an evaluation must keep, so that a build fails if it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tidewatch.lifecycle.evaluation import figures_of
from tidewatch.lifecycle.evaluation.injection import KINDS

from cli.config import Strict, read_yaml
from cli.errors import WrongUsage
from cli.names import nearest

OF_LABELS: Final = (
    *("precision", "labelled_recall", "f1", "events.precision", "events.recall", "events.f1"),
    *("average_precision", "delay"),
)
"""Figures that there are only with labels."""

FIGURES: Final = (
    *("alarm_rate", "alarm_rate.highest", "alarm_rate.standard_deviation", "alarm_rate.ratio", "recall"),
    *(f"{figure}.{kind}" for kind in KINDS for figure in ("recall", "delay")),
    *OF_LABELS,
    *("serving.equal", "seen"),
)
"""All figures that a policy may name."""


class Bound(Strict):
    """What a figure must be at least, at most, or both."""

    min: float | None = None
    max: float | None = None


class Policy(Strict):
    """The file: bounds by figure. Every contender must keep all of them."""

    figures: dict[str, Bound]


@dataclass(frozen=True, slots=True)
class Check:
    """One bound of one contender.

    Attributes:
        contender, figure: which.
        value: what it is; None where the evaluation does not tell.
        min, max: what was asked; None where nothing was.
        problem: why it does not pass, for people; None if it does.
    """

    contender: str
    figure: str
    value: float | None
    min: float | None
    max: float | None
    problem: str | None

    def to_json(self) -> dict[str, Any]:
        """The attributes by name, and whether it passed."""
        return asdict(self) | {"passed": self.problem is None}


def read_policy(path: Path, *, labelled: bool) -> Policy:
    """Reads a policy.

    Args:
        path: of the file.
        labelled: whether the data has labels, without which some figures cannot be had.

    Raises:
        WrongUsage: if it cannot be read, with everything that is wrong in it.
    """
    policy, problems = read_yaml(path, Policy)
    if policy is not None:
        if not policy.figures:
            problems.append("figures: name at least one, such as recall: {min: 0.5}")
        for name, bound in policy.figures.items():
            problems += [f"figures.{name}: {problem}" for problem in _problems(name, bound, labelled=labelled)]
    if problems or policy is None:
        raise WrongUsage("\n  ".join([f"{path} is not usable:", *problems]))
    return policy


def check(policy: Policy, contenders: Sequence[Mapping[str, Any]]) -> list[Check]:
    """Each bound of each contender, whose reports are as JSON."""
    checks = []
    for contender in contenders:
        figures = figures_of(contender)
        for name, bound in policy.figures.items():
            checks.append(_checked(contender, name, bound, figures))
    return checks


def gate_document(checks: Sequence[Check]) -> dict[str, Any]:
    """What the gate says, as JSON."""
    passed = all(each.problem is None for each in checks)
    return {"passed": passed, "checks": [each.to_json() for each in checks]}


def _checked(contender: Mapping[str, Any], name: str, bound: Bound, figures: Mapping[str, float | None]) -> Check:
    value = figures.get(name)
    problem = None
    if value is None:
        # What cannot be told must not pass for good.
        problem = contender["problem"] or f"{name} cannot be told of this data"
    elif bound.min is not None and value < bound.min:
        problem = f"{name} is {value:.4g}, at least {bound.min:.4g} is wanted"
    elif bound.max is not None and value > bound.max:
        problem = f"{name} is {value:.4g}, at most {bound.max:.4g} is wanted"
    return Check(contender["name"], name, value, bound.min, bound.max, problem)


def _problems(name: str, bound: Bound, *, labelled: bool) -> list[str]:
    if name not in FIGURES:
        return [f"unknown{nearest(name, FIGURES)}"]
    found = []
    if bound.min is None and bound.max is None:
        found.append("needs min, max or both")
    if bound.min is not None and bound.max is not None and bound.min > bound.max:
        found.append("min is more than max")
    if name in OF_LABELS and not labelled:
        found.append("needs labels: --labels names their column")
    return found
