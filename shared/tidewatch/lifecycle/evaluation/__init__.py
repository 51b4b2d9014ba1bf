"""Evaluation: how well detectors and trained models judge some data, with labels and without.

``evaluate`` does it whole, in process, and gives a :class:`Report`, which ``to_json`` turns into plain JSON.
"""

from tidewatch.lifecycle.evaluation.contenders import Candidate, Contender, Fitted
from tidewatch.lifecycle.evaluation.evaluate import evaluate
from tidewatch.lifecycle.evaluation.figures import figures_of
from tidewatch.lifecycle.evaluation.plan import (
    MOST_CONTENDERS,
    MOST_FOLDS,
    MOST_POINTS,
    CannotEvaluate,
    EvaluationOptions,
)
from tidewatch.lifecycle.evaluation.report import (
    Agreement,
    AlarmRate,
    ContenderReport,
    FailureDetection,
    FoldRate,
    LabelQuality,
    Report,
    Serving,
)

__all__ = [
    "MOST_CONTENDERS",
    "MOST_FOLDS",
    "MOST_POINTS",
    "Agreement",
    "AlarmRate",
    "Candidate",
    "CannotEvaluate",
    "Contender",
    "ContenderReport",
    "EvaluationOptions",
    "FailureDetection",
    "Fitted",
    "FoldRate",
    "LabelQuality",
    "Report",
    "Serving",
    "evaluate",
    "figures_of",
]
