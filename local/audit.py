"""``make audit``: known vulnerabilities of all that the requirements files bring in, also by way of others.

pip-audit asks PyPI about every package. Where PyPI, or what stands in its place, does not answer, pip-audit skips the
package and finds nothing wrong; here that counts as no audit.

=========  ============================================================
exit code  what it says
=========  ============================================================
0          every package was asked about, and nothing is known
1          a package has known vulnerabilities
2          nothing is known, but some packages could not be asked about
=========  ============================================================
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

_SECONDS: Final = 900
_MOST_NAMED: Final = 3


class NotAsked(Exception):
    """Nothing is known about the packages of a file; the message says why."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of the packages of one file."""

    asked: int
    vulnerable: tuple[str, ...]
    """One line for each vulnerability."""
    unknown: tuple[str, ...]
    """The packages that could not be asked about."""


def audit(uv: Path, pip_audit: Path, requirements: Path) -> Findings:
    """Asks about a file's packages, and those that they pull in, of the versions that would be installed here now.

    Raises:
        NotAsked: if the packages cannot be resolved, or the service gives no answer.
    """
    with TemporaryDirectory() as folder:
        pinned = Path(folder) / "requirements.txt"
        _run([uv, "pip", "compile", "--quiet", "--no-header", requirements, "--output-file", pinned])
        told = _run(
            [
                pip_audit,
                "--progress-spinner=off",
                "--format=json",
                "--no-deps",
                "--disable-pip",
                "--requirement",
                pinned,
            ],
            # It found something.
            also=1,
        )
    try:
        packages: list[dict[str, Any]] = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError):
        raise NotAsked("pip-audit gave no answer") from None
    return Findings(
        asked=sum("version" in package for package in packages),
        vulnerable=tuple(
            f"{package['name']} {package['version']}: {found['id']}, mended in {_versions(found['fix_versions'])}"
            for package in packages
            for found in package.get("vulns", ())
        ),
        unknown=tuple(package["name"] for package in packages if "version" not in package),
    )


def _versions(fixed: Sequence[str]) -> str:
    return ", ".join(fixed) or "no version yet"


def _run(command: Sequence[str | Path], also: int = 0) -> str:
    """What a program prints.

    Raises:
        NotAsked: if it fails; with ``also`` as exit code and an output it does not.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAsked(f"{Path(command[0]).name}: {error}") from None
    if done.returncode == 0 or (done.returncode == also and done.stdout.strip()):
        return done.stdout
    last = (done.stderr.strip() or "it failed and said nothing").splitlines()[-1]
    raise NotAsked(f"{Path(command[0]).name}: {last}")


def main(arguments: Sequence[str]) -> int:
    """Audits files.

    Args:
        arguments: the programs uv and pip-audit, then the requirements files.
    """
    uv, pip_audit, *files = map(Path, arguments)
    vulnerable = incomplete = False
    for file in files:
        try:
            found = audit(uv, pip_audit, file)
        except NotAsked as error:
            print(f"{file}: NOT AUDITED: {error}")
            incomplete = True
            continue
        for line in found.vulnerable:
            print(f"{file}: VULNERABLE: {line}")
        if found.unknown:
            some = ", ".join(found.unknown[:_MOST_NAMED]) + (", …" if len(found.unknown) > _MOST_NAMED else "")
            print(f"{file}: NOT AUDITED: nothing was told of {len(found.unknown)} packages: {some}")
        if not (found.vulnerable or found.unknown):
            print(f"{file}: nothing known of {found.asked} packages")
        vulnerable |= bool(found.vulnerable)
        incomplete |= bool(found.unknown)
    if incomplete:
        print("The audit is not complete: the service that knows of vulnerabilities did not answer for all packages.")
    return 1 if vulnerable else 2 if incomplete else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
