"""Words of our own making, for which the field has terms, do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.environment import ROOT

REPLACED = {
    *("abscissa", "in_azures_words", "inbound", "knowing_its_own", "leash", "moderation", "once_only", "settling"),
    *("strangeness", "strays", "usual_among", "yardstick"),
}
# Plain English too: only a class, a function or a module may not be called so.
ORDINARY = {"course", "dying", "knowledge", "laws", "lesson", "measured", "reach", "seen", "walk"}
CODE = [path for room in ("shared", "functions", "local", "cli", "benchmarks") for path in (ROOT / room).rglob("*.py")]
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]


def names_in(tree: ast.AST) -> Iterator[str]:
    """The names of classes and functions; of all else, only those that are no plain English."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        name = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "arg", None)
        if isinstance(name, str) and name.strip("_").lower() not in ORDINARY:
            yield name


def words_of(path: Path) -> set[str]:
    """The words of a file that the field has terms for. Texts are not looked at: stored names stay as they are."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        names = {path.stem, *names_in(ast.parse(text))}
        return {name.strip("_").lower() for name in names} & (REPLACED | ORDINARY)
    return set(re.findall(r"\w+", text.lower())) & REPLACED


def test_what_the_field_has_a_term_for_is_called_by_it():
    files = [*CODE, *(page for page in PAGES if page.name != "glossary.md")]
    found = {str(path.relative_to(ROOT)): words for path in files if (words := words_of(path))}
    assert found == {}
