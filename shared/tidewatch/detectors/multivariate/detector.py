"""The base class of the detectors of rows, and the model that a fit gives.

A detector says how unusual each row is, and what each variable has to do with it. Constant variables, missing values,
units, the calendar, calibration, the decision, and the stored form are handled here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Generic, Protocol, Self, TypeVar

import numpy as np

from tidewatch.calibration.conformal import Calibration, severity_of
from tidewatch.calibration.trimming import trim_outliers
from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, CannotTrain, DetectorOptions, Floats, Json
from tidewatch.detectors.learned.cross_fitting import DIGITS, CrossFit, Learner, cross_fit
from tidewatch.detectors.learned.row_detector import usual_rows
from tidewatch.detectors.multivariate.preparation import Preparation, RowsOptions
from tidewatch.detectors.rows import RowScores, RowsModel
from tidewatch.series import Frame

_CHUNK: Final = 4_096
_OWN: Final = "learner_"
_FEWEST_ROWS: Final = 16


class RowLearner(Learner, Protocol):
    """What was learned from prepared rows."""

    def judge(self, rows: Floats) -> tuple[Floats, Floats]:
        """The nonconformity of each of n rows, shape (n,), and what each column has to do with it.

        The latter is at least 0, has shape (n, columns), and any sum.
        """
        ...


Options = TypeVar("Options", bound=RowsOptions)
L = TypeVar("L", bound=RowLearner)


class RowsDetector(ABC, Generic[Options, L]):
    """One method for rows. An instance is one fit of it.

    A subclass names its options and says what is learned from prepared rows: each variable scaled by its median and
    spread, then the calendar, then the variables of ``lags`` earlier rows.

    Attributes:
        options_type: the class of its options; the field ``name`` has the detector's name as its default.
        cost_option: the option to lower where a training takes too long.
        cyclic: whether the calendar comes as places on a circle, or as plain numbers.
    """

    options_type: ClassVar[type[RowsOptions]]
    cost_option: ClassVar[str]
    cyclic: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        self.options = options

    @property
    def lags(self) -> int:
        """How many earlier rows each row brings along."""
        return 0

    @property
    @abstractmethod
    def most_rows(self) -> int:
        """How many rows are learned from at the most."""

    def fewest_rows(self, columns: int) -> int:
        """How many rows of so many columns are needed at the least."""
        return max(_FEWEST_ROWS, columns)

    @abstractmethod
    def learn(self, rows: Floats, variables: int, seed: int, deadline: Deadline) -> L:
        """Learns from prepared rows.

        Args:
            rows: shape (n, columns).
            variables: how many of the first columns are variables.
            seed: of all that is random.
            deadline: when to give up.

        Raises:
            CannotTrain: if the options do not suit the rows.
            DeadlineExceeded: once the deadline has passed.
        """

    @abstractmethod
    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> L:
        """The learner that gave these arrays and facts."""

    def plan(self, used: Frame, preparation: Preparation) -> CrossFit:
        """How to learn from a frame.

        Raises:
            CannotTrain: if it has too few rows.
        """
        columns = len(preparation.columns) + preparation.lags * len(used.names)
        plan = CrossFit(
            name=self.options.name,
            most=self.most_rows,
            fewest=self.fewest_rows(columns),
            seed=self.options.seed,
            length_option="median_window",
            cost_option=self.cost_option,
            lookback=preparation.lookback,
        )
        if not plan.suits(len(used)):
            needed = len(used) + 1
            while not plan.suits(needed):
                needed += 1
            raise CannotTrain(
                f"{self.options.name} needs at least {needed:,} rows of {len(used.names)} variables under these "
                f"options, got {len(used):,}"
            )
        return plan

    @classmethod
    def train(cls, frame: Frame, options: DetectorOptions, deadline: Deadline = NEVER) -> RowsModel:
        """Fits the detector to rows that were checked, and calibrates it.

        Raises:
            CannotTrain: if the rows do not suit the detector, or the options would take too long.
            DeadlineExceeded: once the deadline has passed.
        """
        detector = cls._of(options.model_dump())
        constant = frame.constant()
        used = frame.select([name for name in frame.names if name not in constant])
        if not used.names:
            raise CannotTrain("every variable is constant: there is nothing to learn from")
        _check_calendar(used.names, detector.options)
        preparation = Preparation.of(used, detector.options, cyclic=cls.cyclic, lags=detector.lags)
        plan = detector.plan(used, preparation)
        rows = preparation.prepare(used).rows
        wildness = np.abs(preparation.scaling.scale_values(np.nan_to_num(used.values, nan=0.0))).max(axis=1)
        fitted = cross_fit(
            rows,
            lambda some, seed, until: detector.learn(some, len(used.names), seed, until),
            plan,
            deadline,
            usual_rows(wildness, preparation.lookback),
        )
        known, worth = fitted.scores, fitted.independent / fitted.scores.size
        calibration = Calibration.of(trim_outliers(known, 1 + preparation.lookback, worth), worth)
        tail = preparation.filled(used).last(preparation.remembered)
        return CalibratedRowsModel(detector, fitted.learner, preparation, calibration, tail, frame.names)

    @classmethod
    def restore(cls, options: Mapping[str, Json], parameters: Mapping[str, Json], arrays: Arrays) -> RowsModel:
        """Builds the model that gave these ``parameters()`` and ``arrays()`` under these options."""
        detector = cls._of(options)
        names = tuple(parameters["used"])
        preparation = Preparation.from_arrays(names, detector.options, arrays, cyclic=cls.cyclic, lags=detector.lags)
        own = {name.removeprefix(_OWN): array for name, array in arrays.items() if name.startswith(_OWN)}
        tail = Frame.empty(names)
        if "tail_values" in arrays:
            tail = Frame(arrays["tail_timestamps"], arrays["tail_values"], names)
        return CalibratedRowsModel(
            detector,
            detector.restore_learner(own, parameters["facts"]),
            preparation,
            Calibration.from_json(parameters["calibration"]),
            tail,
            tuple(parameters["variables"]),
        )

    @classmethod
    def _of(cls, options: Mapping[str, Json]) -> Self:
        return cls(cls.options_type.model_validate(options))  # type: ignore[arg-type]


def _check_calendar(names: tuple[str, ...], options: RowsOptions) -> None:
    for feature in options.calendar:
        if feature in names:
            raise CannotTrain(f"{feature} is a variable of these rows: leave it out of calendar, or name it otherwise")


class CalibratedRowsModel(RowsModel):
    """A fitted detector of rows with its calibration."""

    def __init__(
        self,
        detector: RowsDetector[Any, Any],
        learner: RowLearner,
        preparation: Preparation,
        calibration: Calibration,
        tail: Frame,
        variables: tuple[str, ...],
    ) -> None:
        """Takes the parts of a model.

        Args:
            detector: with its options.
            learner: what it learned.
            preparation: of its rows.
            calibration: of its scores.
            tail: the last training rows, as many as a judgement may look at.
            variables: that rows must have; more than are used where some were constant.
        """
        self._detector, self._learner, self._preparation = detector, learner, preparation
        self._calibration, self._tail, self.variables = calibration, tail, variables
        self._limit = calibration.limit(detector.options.false_alarm_rate)
        columns = preparation.columns
        self._names = tuple(dict.fromkeys(columns))
        # Which columns belong to which name: the calendar has two each.
        self._belongs = np.array([[column == name for name in self._names] for column in columns], dtype=np.float64)

    @property
    def options(self) -> RowsOptions:
        """The options that it was fitted with, defaults filled in."""
        options: RowsOptions = self._detector.options
        return options

    @property
    def takes_missing(self) -> bool:
        """Unless the options refuse it."""
        return self.options.missing != "refuse"

    @property
    def constant(self) -> tuple[str, ...]:
        """The variables that were constant in training, and are not judged."""
        used = set(self._preparation.names)
        return tuple(name for name in self.variables if name not in used)

    def score(self, frame: Frame, context: Frame | None = None, deadline: Deadline = NEVER) -> RowScores:
        """Judges rows that follow the context, or else the training data.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        before = self._tail if context is None else context.select(self._preparation.names)
        return self._judge(before.last(self._preparation.remembered), frame, deadline)

    def review(self, frame: Frame, deadline: Deadline = NEVER) -> RowScores:
        """Judges rows that nothing came before, such as those that it was trained on.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        return self._judge(Frame.empty(self._preparation.names), frame, deadline)

    def parameters(self) -> Mapping[str, Json]:
        """What is needed to build the same model again beside :meth:`arrays`, as JSON."""
        return {
            "variables": list(self.variables),
            "used": list(self._preparation.names),
            "calibration": self._calibration.to_json(),
            "facts": self._learner.facts(),
        }

    def arrays(self) -> Arrays:
        """What is too large for JSON."""
        arrays = dict(self._preparation.arrays())
        arrays |= {f"{_OWN}{name}": array for name, array in self._learner.arrays().items()}
        if len(self._tail):
            arrays |= {"tail_timestamps": self._tail.timestamps, "tail_values": self._tail.values}
        return arrays

    def preprocessing(self) -> Mapping[str, Json]:
        """The variables that are judged and the calendar, each variable in spreads from its median."""
        fill = {"refuse": "none", "hold": "last value", "skip": "expected of the others"}[self.options.missing]
        return {"features": list(self._names), "scaling": "robust", "fill": fill}

    def learned(self) -> Mapping[str, float | None]:
        """What a person wants to know of the model."""
        return {"threshold": self._limit, "variables": float(len(self._preparation.names)), **self._learner.facts()}

    def _judge(self, before: Frame, frame: Frame, deadline: Deadline) -> RowScores:
        lookback = self._preparation.lookback
        frame = frame.select(self._preparation.names)
        points = self._preparation.filled(before.followed_by(frame))
        skip = len(points) - len(frame)
        score = np.full(len(frame), np.nan)
        shares = np.full((len(frame), len(self._names)), np.nan)
        for begin in range(max(skip, lookback), len(points), _CHUNK):
            deadline.check()
            end = min(begin + _CHUNK, len(points))
            here = slice(begin - skip, end - skip)
            score[here], shares[here] = self._judge_chunk(points.part(begin - lookback, end))
        warming_up = np.isnan(score)
        evidence = self._calibration.evidence(score)
        return RowScores(
            anomaly=score > self._limit,
            score=score,
            p_value=np.power(10.0, -evidence),
            severity=severity_of(evidence),
            warming_up=warming_up,
            names=self._names,
            contributions=shares,
        )

    def _judge_chunk(self, points: Frame) -> tuple[Floats, Floats]:
        prepared = self._preparation.prepare(points)
        score, parts = self._learner.judge(prepared.rows)
        parts = parts[:, : len(self._belongs)]
        if prepared.missing.any():
            parts[:, : prepared.missing.shape[1]][prepared.missing] = 0.0
        if parts.shape[1] != len(self._names):
            parts = parts @ self._belongs
        total = parts.sum(axis=1, keepdims=True)
        shares = np.divide(parts, total, out=np.zeros_like(parts), where=total > 0.0)
        # As in calibration: the last digits are rounding, and depend on how many rows are judged at once.
        return np.round(score, DIGITS), np.round(shares, DIGITS)
