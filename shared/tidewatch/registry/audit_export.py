"""An audit trail as a file: what an auditor takes away, and verifies without the service.

The trail is JSON lines, one entry each, oldest first: the canonical JSON that the entry's hash is of, with the hash
among its fields. Beside it lies a manifest: what the trail is of, where it ends, and the sha256 of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from tidewatch.registry.audit import AuditEntry, Verification, verify

FORMAT: Final = "tidewatch-audit-trail/1"
"""What a manifest says of the form of its file."""


def lines_of(entries: Iterable[AuditEntry]) -> bytes:
    """Entries as the lines of a file."""
    return b"".join(
        orjson.dumps(orjson.loads(entry.canonical()) | {"hash": entry.hash}, option=orjson.OPT_SORT_KEYS) + b"\n"
        for entry in entries
    )


def sha256_of(lines: bytes) -> str:
    """Of a file, in hex."""
    return hashlib.sha256(lines).hexdigest()


def verify_export(lines: bytes, manifest: Mapping[str, Any] | None = None) -> Verification:
    """Recomputes the trail of a file, and compares it with its manifest.

    Args:
        lines: the file.
        manifest: what lies beside it; None if there is none, and then a file that was cut off at its end is not found.
    """
    entries: list[AuditEntry] = []
    for number, line in enumerate(lines.splitlines(), start=1):
        entry = _entry(line)
        if entry is None:
            return Verification(len(entries), f"line {number} is no entry of an audit trail")
        entries.append(entry)
    found = verify(entries, manifest.get("last_hash") if manifest else None)
    if not found.intact or manifest is None:
        return found
    problem = _mismatch(lines, len(entries), manifest)
    return Verification(found.entries, problem) if problem else found


def _entry(line: bytes) -> AuditEntry | None:
    try:
        kept: dict[str, Any] = orjson.loads(line)
        found_hash = kept.pop("hash")
        return AuditEntry.from_canonical(orjson.dumps(kept), found_hash) if isinstance(found_hash, str) else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _mismatch(lines: bytes, entries: int, manifest: Mapping[str, Any]) -> str | None:
    if manifest.get("format") != FORMAT:
        return f"the manifest is not of the form {FORMAT}"
    if manifest.get("entries") != entries:
        return f"the manifest counts {manifest.get('entries')} entries, and the file has {entries}"
    if manifest.get("sha256") != sha256_of(lines):
        return "the file does not have the sha256 of the manifest"
    return None
