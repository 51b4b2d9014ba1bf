"""Parts of the documentation that commands write."""

from __future__ import annotations


def markers(name: str, command: str) -> tuple[str, str]:
    """The comments before and after the part that a command writes."""
    return f"<!-- {name}: written by {command} -->", f"<!-- {name}: end -->"


def replace_part(page: str, name: str, command: str, text: str) -> str:
    """The page with this text between the two comments of that name; at its end if it has none of them.

    Args:
        page: the page, Markdown.
        name: of the part.
        command: what writes it.
        text: what is to stand there; blank lines around it do not count.

    Raises:
        ValueError: if the page has one of the comments without the other, or one of them twice.
    """
    begin, end = markers(name, command)
    part = f"{begin}\n\n{text.strip()}\n\n{end}"
    if page.count(begin) == page.count(end) == 0:
        return f"{page.rstrip()}\n\n{part}\n".lstrip()
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(f"the page must have {begin!r} once, and after it {end!r} once")
    return page[: page.index(begin)] + part + page[page.index(end) + len(end) :]
