"""What the tests of the local stack share."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.sam.routes import Function, Route


@pytest.fixture
def function() -> Function:
    """A function that is not there."""
    return Function("EchoFunction", "echo", Path("echo/handler.py"), "lambda_handler", {}, 25, 512)


@pytest.fixture
def route(function: Function) -> Route:
    """A route to it."""
    return Route("POST", "/echo/{name}", function, api_key_required=True)
