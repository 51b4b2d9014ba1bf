"""What a series is called in URLs and keys, and what it is called if its own name does not fit there."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Final

LONGEST_ID: Final = 128
ID_PATTERN: Final = rf"^[A-Za-z0-9._:-]{{1,{LONGEST_ID}}}$"
"""What an id looks like, as a regular expression of JSON Schema."""

_ID: Final = re.compile(ID_PATTERN.replace("$", r"\Z"), re.ASCII)
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._:-]+", re.ASCII)
_PREFIX: Final = 96
"""Characters of the name that are kept."""
_HASH: Final = 20
"""Characters of the hash, five bits each: among a billion series two share one with a chance of 1 in 10**12."""
_NAMELESS: Final = "series"
_OF_PATHS: Final = frozenset({".", ".."})
"""Names that mean a step in a path: RFC 3986, section 5.2.4."""


def is_series_id(text: str) -> bool:
    """Whether it can be the id of a series."""
    return _ID.match(text) is not None


def series_id_of(name: str, labels: Mapping[str, str] | None = None) -> str:
    """The id of a series that another system knows by a name and labels.

    A name that is an id, and has no labels, stays what it is; all but ``.`` and ``..``, which a client takes out of the
    path of a URL before it sends it, encoded or not. Any other id is a readable part of the name, a hyphen,
    and the start of a hash: of the sha256 of ``[name, labels]`` as JSON in UTF-8, names of labels sorted, without
    spaces, the first 100 bits in base 32 and small letters. So the order of labels does not matter, and anybody can
    compute it. Two spellings of a letter, composed and decomposed, are two names.

    Args:
        name: of any characters.
        labels: values by name, such as the dimensions of a metric; no labels and None are the same.

    >>> series_id_of("cpu:load")
    'cpu:load'
    >>> series_id_of("AWS/EC2 CPUUtilization", {"InstanceId": "i-0abc"})
    'AWS-EC2-CPUUtilization-eb7367hrnd2ic33kv5un'
    """
    if not labels and is_series_id(name) and name not in _OF_PATHS:
        return name
    meaning = json.dumps([name, dict(labels or {})], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    # A lone surrogate has no UTF-8, but is a name all the same.
    digest = hashlib.sha256(meaning.encode("utf-8", "surrogatepass")).digest()
    prefix = _UNFIT.sub("-", name)[:_PREFIX].strip("-") or _NAMELESS
    return f"{prefix}-{base64.b32encode(digest).decode().lower()[:_HASH]}"
