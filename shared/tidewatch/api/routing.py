"""How a handler becomes a route: its docstring is its documentation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tidewatch.api.problems import responses

Function = TypeVar("Function", bound=Callable[..., Any])


def route(
    register: Callable[..., Callable[[Function], Function]],
    path: str,
    *,
    tag: str,
    success: str,
    problems: tuple[int, ...] = (),
    also: Mapping[int, Any] | None = None,
) -> Callable[[Function], Function]:
    """Registers a handler. Its name is the operation's id; its docstring's first line the summary, the rest the text.

    Args:
        register: the app's method for the HTTP method, such as ``app.get``.
        path: with parameters in angle brackets.
        tag: the group of routes that it is shown in.
        success: what a 200 brings, in words.
        problems: the error statuses that it has, beyond those that every route has.
        also: responses to document in another way than by the handler's types.
    """

    def decorate(function: Function) -> Function:
        summary, _, description = inspect.cleandoc(function.__doc__ or "").partition("\n")
        return register(
            path,
            tags=[tag],
            operation_id=function.__name__,
            summary=summary.rstrip("."),
            description=" ".join(description.split()),
            response_description=success,
            responses=responses(success, *problems) | dict(also or {}),
        )(function)

    return decorate
