"""A part of a page that is written by a program, between two comments; the rest of the page stays as it is."""

from __future__ import annotations


def markers(name: str) -> tuple[str, str]:
    """The comments before and after the part."""
    return f"<!-- {name}: written by make bench-load -->", f"<!-- {name}: end -->"


def replace_part(page: str, name: str, text: str) -> str:
    """The page with this text between the two comments of that name; at its end if it has none of them.

    Args:
        page: the page, Markdown.
        name: of the part.
        text: what is to stand there; blank lines around it do not count.

    Raises:
        ValueError: if the page has one of the comments without the other, or one of them twice.
    """
    begin, end = markers(name)
    part = f"{begin}\n\n{text.strip()}\n\n{end}"
    if page.count(begin) == page.count(end) == 0:
        return f"{page.rstrip()}\n\n{part}\n".lstrip()
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(f"the page must have {begin!r} once, and after it {end!r} once")
    return page[: page.index(begin)] + part + page[page.index(end) + len(end) :]
