"""What a start loads: what importing a function costs, as ``python -X importtime`` tells it, and the built sizes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.figures import Rows
from local.sam.template import load_template

ROOT: Final = Path(__file__).resolve().parent.parent
STANDARD_LIBRARY: Final = "Python's own"
_TIMES: Final = 5
_SHOWN: Final = 12
_HEAVY: Final = frozenset({"matplotlib", "scipy", "sklearn", "pandas"})
_LINE: Final = re.compile(r"import time: +(\d+) \| +(\d+) \| ( *)(\S+)")


@dataclass(frozen=True, slots=True)
class Imported:
    """One line of ``-X importtime``: a module, and the microseconds it took without and with what it imported first."""

    name: str
    self_us: int
    cumulative_us: int
    depth: int


def parse(text: str) -> list[Imported]:
    """The lines about imports, in the order in which imports ended: what a module imports is above it."""
    matches = (_LINE.fullmatch(line) for line in text.splitlines())
    return [Imported(m[4], int(m[1]), int(m[2]), len(m[3]) // 2) for m in matches if m]


def below(imports: Sequence[Imported], name: str) -> list[Imported]:
    """A module and all that was imported because of it.

    Raises:
        LookupError: if it was not imported.
    """
    for end in range(len(imports) - 1, -1, -1):
        if imports[end].name == name:
            start = end
            while start > 0 and imports[start - 1].depth > imports[end].depth:
                start -= 1
            return list(imports[start : end + 1])
    raise LookupError(name)


def by_package(imports: Iterable[Imported]) -> Counter[str]:
    """Microseconds by top-level package; Python's own modules count as one."""
    found: Counter[str] = Counter()
    for module in imports:
        package = module.name.partition(".")[0]
        found[STANDARD_LIBRARY if package in sys.stdlib_module_names else package] += module.self_us
    return found


def import_times(function: str) -> Rows:
    """Rows: the import of a function in a fresh interpreter, in all and by package, the most expensive first.

    The median one of several runs, with compiled files.
    """
    with tempfile.TemporaryDirectory() as compiled:
        _run(function, compiled)
        runs = [_run(function, compiled) for _ in range(_TIMES)]
    imports = sorted(runs, key=lambda run: sum(module.self_us for module in run))[_TIMES // 2]
    packages = by_package(imports)
    yield f"{function}, {len(imports)} modules", f"{packages.total() / 1000:8.1f} ms"
    for package, microseconds in packages.most_common(_SHOWN):
        yield f"  {package}", f"{microseconds / 1000:8.1f} ms"
    rest = packages.total() - sum(us for _, us in packages.most_common(_SHOWN))
    yield "  the rest", f"{rest / 1000:8.1f} ms"
    yield "  of matplotlib, scipy, sklearn, pandas", ", ".join(sorted(_HEAVY & packages.keys())) or "none"


def _run(function: str, compiled: str) -> list[Imported]:
    # Files of its own: those of the caller may not be there, or be kept from being written.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    code = f"import sys; sys.path[:0] = ['shared', 'functions/{function}']; import handler"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        cwd=ROOT,
        env=environment | {"PYTHONPYCACHEPREFIX": compiled},
        capture_output=True,
        text=True,
        check=True,
    )
    return below(parse(done.stderr), "handler")


BUILT: Final = ROOT / ".aws-sam" / "build"


def built_sizes() -> Iterator[tuple[str, str]]:
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
