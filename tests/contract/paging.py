"""Walking through a paged list, and noticing when it has no end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tidewatch.registry import Page


def all_pages(fetch: Callable[[Any], Page[Any, Any]], at_most: int = 60) -> list[Page[Any, Any]]:
    """Every page, from the first on."""
    pages = [fetch(None)]
    while pages[-1].after is not None:
        assert len(pages) < at_most, "the list has no end"
        pages.append(fetch(pages[-1].after))
    return pages


def items_of(pages: list[Page[Any, Any]]) -> list[Any]:
    """The items of all pages, in their order."""
    return [item for page in pages for item in page.items]
