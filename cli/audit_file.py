"""Files of audit trails, as `audit export --out` and the service's exports write them, and their manifests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cli.errors import WrongUsage

if TYPE_CHECKING:
    # Of all commands those of the audit alone need the service's own code, which takes a while to import.
    from tidewatch.registry import AuditEntry, Verification

_SUFFIX: Final = ".jsonl"


def entries_of(documents: Iterable[Mapping[str, Any]]) -> list[AuditEntry]:
    """Entries as the service shows them."""
    from tidewatch.registry.audit import AuditEntry

    found = []
    for entry in documents:
        version = entry["version"]
        changed = {
            "at": datetime.fromisoformat(entry["at"]),
            "version": None if version is None else int(version.removeprefix("v")),
        }
        found.append(AuditEntry(**{**entry, **changed}))
    return found


def write_trail(series: str, entries: list[AuditEntry], file: Path) -> Path:
    """Writes a trail, oldest entry first, and its manifest beside it; returns where the manifest is.

    Raises:
        WrongUsage: if either cannot be written.
    """
    from tidewatch.registry.audit_export import FORMAT, lines_of, sha256_of

    lines, beside = lines_of(entries), manifest_of(file)
    manifest = {
        "format": FORMAT,
        "series_id": series,
        "file": file.name,
        "bytes": len(lines),
        "sha256": sha256_of(lines),
        "entries": len(entries),
        "last_hash": entries[-1].hash if entries else None,
    }
    try:
        file.write_bytes(lines)
        beside.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"{file}: {error.strerror}.") from error
    return beside


def verify_file(file: Path) -> tuple[Verification, bool]:
    """What is found of a file, and whether there was a manifest to compare it with.

    Raises:
        WrongUsage: if the file or its manifest cannot be read.
    """
    from tidewatch.registry.audit_export import verify_export

    beside = manifest_of(file)
    try:
        lines = file.read_bytes()
        manifest = json.loads(beside.read_bytes()) if beside.exists() else None
    except OSError as error:
        raise WrongUsage(f"{error.filename}: {error.strerror}.") from error
    except ValueError as error:
        raise WrongUsage(f"{beside}: this is no manifest.") from error
    if manifest is not None and not isinstance(manifest, dict):
        raise WrongUsage(f"{beside}: this is no manifest.")
    return verify_export(lines, manifest), manifest is not None


def manifest_of(file: Path) -> Path:
    """Where the manifest of a file lies."""
    return file.with_name(file.name.removesuffix(_SUFFIX) + ".manifest.json")
