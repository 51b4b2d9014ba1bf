"""How large the built functions are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from local.sam.template import load_template

ROOT: Final = Path(__file__).resolve().parent.parent
BUILT: Final = ROOT / ".aws-sam" / "build"


def sizes() -> Iterator[tuple[str, str]]:
    """Rows: each function's own files and its layers, unzipped."""
    if not (BUILT / "template.yaml").exists():
        yield "not built", "run `make build` first"
        return
    document = load_template(BUILT / "template.yaml")
    shared = document["Globals"]["Function"].get("Layers", [])
    for name, resource in document["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            layers = [layer["Ref"] for layer in resource["Properties"].get("Layers", []) + shared]
            total = sum(_size(BUILT / part) for part in {name, *layers})
            yield name, f"{total / 2**20:6.1f} MiB"


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
