"""docs/faults.md, from what was observed: ``python -m tests.faults.page`` writes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby

from tests.faults.cases import CASES, TROUBLES, Case
from tests.faults.observed import Answer, Observed
from tests.support.environment import ROOT

PAGE = ROOT / "docs" / "faults.md"
_SECONDS = 900
_COLUMNS = ("call", "fault", "the client was told", "versions then", "the same request again")

_INTRODUCTION = """\
# Faults

What a fit, a prediction and a deletion do when a call to storage fails, and when their process is killed at that call.
`make faults` makes all of this happen and writes this page from what was seen; `make test` does the same and compares.

Each line begins with a series of one version, `v1`, or of two where something is deleted. The request meets the fault.
Then all is well again: another instance of the functions tells which versions there are, and the same request is sent
once more.

"""

_RULES = """
A fault that comes once or twice is not noticed where the call was not done: the next attempt succeeds. From a process
that was killed API Gateway has no answer, and gives the 503 of `template.yaml`.

In every line:

- No version is half visible. Each has its item, its training data and its arrays under the right sha256, and a head
  on the last of them without a gap; the list of versions and the prediction of the moment agree with that.
- No version is gone that a client was told of and that no client deleted, and no request made two.
- A deleted series is gone as a whole, and until then it is there: only versions that are not in use go before it.
- The client was told 200 or 204, or 503 with `Retry-After`.
- The same request succeeds, or finds that its deletion is done (404): at once, or, where the record of its key says
  that the first one is still under way, as soon as that one has no time left, 25 s after its start at the most.

A version can be there that no client was told of: it was published, and what told so got lost. With a key the same
request then finds that version; without one it makes another.
"""


def observations() -> list[tuple[Case, Observed]]:
    """Makes all cases happen, in a process of its own."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "shared"), str(ROOT)]),
        # It forks, so it must have one thread; numpy would start more.
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "tests.faults.observe"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode != 0:
        raise AssertionError(f"the cases could not be observed:\n{done.stderr[-6000:]}")
    return list(zip(CASES, map(Observed.again, json.loads(done.stdout)), strict=True))


def render(seen: Iterable[tuple[Case, Observed]]) -> str:
    """The page."""
    parts = [_INTRODUCTION, _table(("fault", "what it is"), [(t.words, t.meaning) for t in TROUBLES]), _RULES]
    for title, of_request in groupby(seen, lambda pair: pair[0].request.title):
        rows: list[tuple[str, ...]] = []
        for call, of_call in groupby(of_request, lambda pair: pair[0].call):
            words = f"{call.place}. {call.operation.partition('.')[2]}: {call.purpose}"
            for cells, alike in groupby(of_call, lambda pair: _cells(pair[1])):
                rows.append((words, ", ".join(case.trouble.words for case, _ in alike), *cells))
                words = ""
        parts += [f"\n## {title}\n\n", _table(_COLUMNS, rows)]
    return "".join(parts)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cells(seen: Observed) -> tuple[str, str, str]:
    again = _told(seen.retry, seen.saw)
    if seen.later:
        again += f", later {_told(seen.later, seen.saw)}"
    return _told(seen.saw), ", ".join(f"v{number}" for number in seen.stored), again


def _told(answer: Answer, first: Answer | None = None) -> str:
    if answer.status >= 400:
        return str(answer.status)
    if answer.version is None:
        return str(answer.status)
    same = first is not None and answer.trained_at is not None and answer == first
    return f"{answer.status}: {answer.version}" + (", the first answer" if same else "")


def main(arguments: Sequence[str]) -> int:
    """Writes the page."""
    text = render(observations())
    PAGE.write_text(text, encoding="utf-8")
    sys.stderr.write(f"wrote {PAGE.relative_to(ROOT)}, {text.count(chr(10))} lines\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
