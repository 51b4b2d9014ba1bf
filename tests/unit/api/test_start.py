"""What a function pays when it starts."""

from __future__ import annotations

from tests.support.environment import ENVIRONMENT
from tests.support.processes import in_a_fresh_process

_START = """
import gc
import sys
from tidewatch import api
from tidewatch.api import predict
from tidewatch.detectors import DETECTOR_NAMES, load_catalogue
print(gc.isenabled(), gc.get_freeze_count() > 10_000)
def imported():
    return {name.split(".")[3] for name in sys.modules if name.count(".") == 3}
print(sorted(imported() & set(DETECTOR_NAMES)))
load_catalogue()
print(imported() >= set(DETECTOR_NAMES))
"""


def test_the_collector_is_spared_and_no_detector_is_imported_before_it_is_named():
    printed = in_a_fresh_process(_START, **ENVIRONMENT)
    assert printed.stdout.splitlines() == ["True True", "[]", "True"]
