"""How matplotlib is brought in: never pyplot, and with a folder that it can write to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.processes import in_a_fresh_process

# Each starts Python anew.
pytestmark = pytest.mark.slow


def test_pyplot_is_never_imported(tmp_path: Path) -> None:
    code = """
import importlib, pkgutil, sys
import tidewatch.plotting as room
for module in pkgutil.iter_modules(room.__path__):
    importlib.import_module(f"{room.__name__}.{module.name}")
print([name for name in sys.modules if name in ("matplotlib.pyplot", "tkinter", "boto3", "aws_lambda_powertools")])
"""
    assert in_a_fresh_process(code, HOME=str(tmp_path)).stdout.strip() == "[]"


def test_the_font_cache_is_private_where_the_home_cannot_be_written(tmp_path: Path) -> None:
    code = """
import os, stat
import tidewatch.plotting
import matplotlib
folder = matplotlib.get_cachedir()
assert folder == os.environ["MPLCONFIGDIR"], folder
print(oct(stat.S_IMODE(os.stat(folder).st_mode)))
"""
    assert in_a_fresh_process(code, HOME="/nonexistent", TMPDIR=str(tmp_path)).stdout.strip() == "0o700"


def test_a_folder_that_was_set_for_the_font_cache_is_kept(tmp_path: Path) -> None:
    code = "import os, tidewatch.plotting; print(os.environ['MPLCONFIGDIR'])"
    assert in_a_fresh_process(code, HOME="/nonexistent", MPLCONFIGDIR=str(tmp_path)).stdout.strip() == str(tmp_path)
