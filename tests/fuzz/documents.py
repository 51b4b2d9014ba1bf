"""JSON that a client should not send: valid bodies that went wrong in a few places."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from tests.support.api import INTERNALS
from tests.support.strategies import json_values

# As a number and as a text; digits that nothing else would print.
NUMBER: Final = 73_190_264_851
MARK: Final = f"canary{NUMBER}"


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of a document as it goes over the wire, which need not be JSON."""

    text: str


@dataclass(frozen=True, slots=True)
class Members:
    """An object, the names of which may come more than once."""

    pairs: tuple[tuple[str, Any], ...]


def write(node: Any) -> str:
    """The document of a tree of lists, dictionaries, ``Members``, ``Text`` and scalars."""
    if isinstance(node, Text):
        return node.text
    if isinstance(node, Mapping):
        node = Members(tuple(node.items()))
    if isinstance(node, Members):
        return "{" + ",".join(f"{json.dumps(name)}:{write(value)}" for name, value in node.pairs) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(write, node)) + "]"
    return json.dumps(node)


def own_words(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The texts; empty in place of one that, sent back, would be taken for ours: hypothesis finds such in the code."""
    return texts.map(lambda text: "" if INTERNALS.search(text) else text)


def _nested(depth: int) -> Text:
    return Text("[" * depth + "]" * depth)


def _nested_objects(depth: int) -> Text:
    return Text('{"a":' * depth + "1" + "}" * depth)


_odd = st.sampled_from(
    [
        *map(Text, ("NaN", "Infinity", "-Infinity", "-0", "-0.0", "1e999", "-1e999", "1e-999", "1E+2", "1.0", "1.5e0")),
        *(Text(digit * count) for digit in "19" for count in (19, 20, 309, 400, 4300)),
        *map(Text, (r'"\udc00"', r'"\u0000"', '"\u2028"', '"١٧٠٠٠٠٠٠٠٠"', '"2025-01-01T00:00:00Z"', '"20250101"')),
        *map(_nested, (1, 100, 199)),
        *map(_nested_objects, (1, 100, 199)),
        Text(f'"{MARK * 500}"'),
        Text(f"{NUMBER}.5e{NUMBER}"),
    ]
)
_broken = st.sampled_from(
    [
        *map(Text, ("01", "+1", ".5", "5.", "0x10", "1_000", "nul", "True", "'a'", "", ",", "}", "]", "//", "\ufeff1")),
        *map(Text, (r'"\ud800"', r'"\udc00\ud800"', '"\ud800"', '"\x00"', '"\n"', r'"\x41"', '"', "9" * 5000)),
        *map(_nested, (201, 5000)),
        *map(_nested_objects, (201, 5000)),
    ]
)
_marked = st.sampled_from([MARK, NUMBER, -NUMBER, NUMBER + 0.5, [MARK], [NUMBER] * 7, {MARK: MARK}, {MARK: NUMBER}])
_texts = own_words(st.text(max_size=20)) | st.just(MARK) | st.just(MARK * 40)
_crowd = st.sampled_from(["", MARK * 9, "𝕏" * 200]).map(
    lambda name: Members(tuple((f"{name}{index}", MARK) for index in range(150)))
)
_fine = st.one_of(_odd, _odd, _marked, _marked, json_values, json_values, _texts, _crowd)
_leaves = st.one_of(*[_fine] * 12, _broken)
_names = _texts | st.sampled_from(
    [
        *(
            "timestamps",
            "values",
            "data",
            "timestamp",
            "value",
            "context",
            "detector",
            "method",
            "series",
            "",
            "\ud800",
        ),
        *("name", "sigmas", "side", "window", "false_alarm_rate", "granularity", "customInterval", "maxAnomalyRatio"),
    ]
)


@st.composite
def _once_wrong(draw: st.DrawFn, node: Any) -> Any:
    """The tree with one thing in it changed, left out, added or repeated."""
    if isinstance(node, Mapping):
        node = Members(tuple(node.items()))
    if isinstance(node, Members) and node.pairs and draw(st.integers(0, 9)):
        if not draw(st.integers(0, 19)):
            return Members(node.pairs + draw(_crowd).pairs)
        return Members(draw(_changed(list(node.pairs), _pair_once_wrong, st.tuples(_names, _leaves))))
    if isinstance(node, list) and node and draw(st.integers(0, 5)):
        return list(draw(_changed(node, _once_wrong, _leaves)))
    return draw(_leaves)


def _pair_once_wrong(pair: tuple[str, Any]) -> st.SearchStrategy[tuple[str, Any]]:
    name, value = pair
    # Mostly inside, where the rules of the field are.
    inside = _once_wrong(value).map(lambda changed: (name, changed))
    return st.one_of(inside, inside, inside, _names.map(lambda other: (other, value)))


@st.composite
def _changed(draw: st.DrawFn, items: list[Any], change: Any, fresh: st.SearchStrategy[Any]) -> tuple[Any, ...]:
    at = draw(st.integers(0, len(items) - 1))
    how = draw(st.sampled_from(["change"] * 6 + ["add", "leave out", "repeat", "swap", "many"]))
    before, here, after = items[:at], items[at], items[at + 1 :]
    if how == "change":
        here_now = [draw(change(here))]
    elif how == "add":
        here_now = [draw(fresh), here]
    elif how == "swap":
        return (*after, here, *before)
    else:
        here_now = [here] * {"leave out": 0, "repeat": 2, "many": 40}[how]
    return (*before, *here_now, *after)


@st.composite
def documents(draw: st.DrawFn, body: Mapping[str, Any]) -> str:
    """A valid body after up to three mishaps, as text; it may hold lone surrogates."""
    tree: Any = body
    for _ in range(draw(st.integers(0, 3))):
        tree = draw(_once_wrong(tree))
    text = write(tree)
    if draw(st.integers(0, 19)):
        return text
    # Cut, or with something before or behind it.
    return draw(
        st.integers(0, len(text)).map(lambda end: text[:end])
        | st.sampled_from(["x", " ", "\ufeff", ",", "{}", "\x00", MARK]).map(lambda more: text + more)
        | st.sampled_from(["\ufeff", " \n", "x", "\x00"]).map(lambda more: more + text)
    )
