"""No link of the documentation is dead: the file is there, and so is the heading."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

from tests.support.environment import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "events").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def targets(page: Path):
    """Every link and picture of a page that is not on another host."""
    for block in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
        for token in block.children or []:
            target = token.attrGet("href") or token.attrGet("src")
            if target and not re.match(r"https?:|mailto:", target):
                yield unquote(target)


def headings(page: Path):
    """The anchors of a page, as they are made of its headings."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    for heading, text in pairwise(tokens):
        if heading.type == "heading_open":
            yield re.sub(r"[^\w\- ]", "", text.content.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page):
    for target in targets(page):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{target} is not there"
        if anchor:
            assert anchor in set(headings(found)), f"{target}: no such heading"


def test_the_pages_were_found():
    assert {"README.md", "docs/architecture.md", "docs/operations.md", "events/README.md"} <= set(NAMES)
