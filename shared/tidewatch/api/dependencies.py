"""What a route asks for by ``Annotated[Type, Depends(provider)]``: found once, when the route is registered.

Powertools would look for it in the annotations of the route and of each provider, at every request. That was a sixth of
what a prediction costs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, get_type_hints

from aws_lambda_powertools.event_handler import Depends

Function = TypeVar("Function", bound=Callable[..., Any])


def provide_dependencies(function: Function, *, before: Callable[[], None]) -> Function:
    """A function without those parameters that providers have the values of; they are asked at each call.

    Args:
        function: a route. Its providers take no arguments.
        before: called first; it may raise to end the request.
    """
    annotations = get_type_hints(function, include_extras=True)
    providers = _providers(annotations)

    @wraps(function)
    def provided(**arguments: Any) -> Any:
        before()
        return function(**arguments, **{name: provider() for name, provider in providers.items()})

    signature = inspect.signature(function)
    others = [
        parameter.replace(annotation=annotations.get(name, Any))
        for name, parameter in signature.parameters.items()
        if name not in providers
    ]
    provided.__annotations__ = {name: each for name, each in annotations.items() if name not in providers}
    provided.__signature__ = signature.replace(  # type: ignore[attr-defined] # inspect's own protocol
        parameters=others, return_annotation=annotations.get("return", signature.return_annotation)
    )
    return provided  # type: ignore[return-value] # it takes fewer arguments, which the caller of a route need not know


def _providers(annotations: Mapping[str, Any]) -> dict[str, Callable[[], Any]]:
    return {
        name: mark.dependency
        for name, annotation in annotations.items()
        for mark in getattr(annotation, "__metadata__", ())
        if isinstance(mark, Depends)
    }
