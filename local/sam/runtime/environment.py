"""The environment of a function's process, as Lambda makes it.

Nothing of the caller's own environment is in it: no path to the repository or to another environment's packages, and
no credentials but those given.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from local.sam.runtime.artifacts import BuiltFunction
from local.sam.runtime.tools import PYTHON

_OPT: Final = "/opt/"
_SETTINGS_OF_THE_EMULATOR: Final = "AWS_LAMBDA_FUNCTION_TIMEOUT"


def process_environment(function: BuiltFunction, variables: Mapping[str, str], region: str) -> dict[str, str]:
    """All of it.

    Args:
        function: the function.
        variables: its own variables: those of the template, with credentials and endpoints.
        region: the region that it believes to be in.
    """
    own = {name: _below_a_layer(value, function) for name, value in {**function.variables, **variables}.items()}
    return own | {
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{PYTHON}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_REGION": region,
        "LAMBDA_TASK_ROOT": str(function.folder),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        # Before Python's own packages, as in Lambda; the folder of the function is in front of it, since -m puts the
        # working directory there. A later layer is unpacked over an earlier one.
        "PYTHONPATH": os.pathsep.join(str(layer / "python") for layer in reversed(function.layers)),
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        _SETTINGS_OF_THE_EMULATOR: str(function.timeout_seconds),
    }


def _below_a_layer(value: str, function: BuiltFunction) -> str:
    """The path in a layer that a path in /opt stands for; other values as they are."""
    if value.startswith(_OPT):
        for layer in reversed(function.layers):
            if (layer / value.removeprefix(_OPT)).exists():
                return str(layer / value.removeprefix(_OPT))
    return value


def runtime_command(python: Path, function: BuiltFunction) -> list[str]:
    """The command that runs a function's process.

    -B because Lambda's /var/task and /opt cannot be written to: every start there compiles what the layers have no
    compiled files of, and so it must here. -s because packages of the user must not be seen.
    """
    return [str(python), "-B", "-s", "-m", "awslambdaric", function.handler]
