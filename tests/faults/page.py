"""docs/faults.md, from what was observed: ``python -m tests.faults.page`` writes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby

from tests.faults.cases import CASES, WORDS, Case
from tests.faults.seen import Answer, Observed
from tests.support.environment import ROOT

PAGE = ROOT / "docs" / "faults.md"
_SECONDS = 300

_INTRODUCTION = """\
# Faults

What a fit and a prediction do when a call to storage fails, and when their process is killed at that call. `make faults`
makes all of this happen and writes this page from what was seen; `make test` does the same and compares.

Each line begins with a series that has one version, `v1`. The request meets the fault; then all is well again, another
instance of the functions tells which versions there are, and the same request is sent once more.

| fault | what it is |
|---|---|
| throttled, times out, 500 | storage says so at each of the call's three attempts. Once or twice is not noticed: the next attempt succeeds |
| answers lost | storage does what it is asked, and its answer does not arrive, at each of the three attempts |
| answer lost once | the same at the first attempt only |
| killed before, killed after | the function's process gets SIGKILL when the call is about to be sent, or when storage has done it. API Gateway then has no answer, and gives the 503 of `template.yaml` |

In every line:

- no version is half visible: each has its item, its training data under the right sha256, and a head on the last of them
  without a gap; the list of versions and the prediction of the moment agree;
- no version is gone that a client was told of;
- the client was told 200, or 503 with `Retry-After`. The one exception is a key whose record was kept while the answer to
  that got lost: the next attempt meets that record, cannot know it for its own, and says 409 with `Retry-After`. A wrong
  409 is better than a second version;
- the same request succeeds later: at once, or, if a record of its key says that the first one is still under way, as soon
  as that one could have no time left, 25 s after its start at the most.

A version can be there that no client was told of: its fit was published, and what told so got lost. Without a key a
repetition makes another one. With a key it does too where the first one did not come to keep its answer under the key.
"""


def observations() -> list[tuple[Case, Observed]]:
    """Makes all cases happen, in a process of its own."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "shared"), str(ROOT)]),
        # It forks, so it must have one thread; numpy would start more.
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "tests.faults.observe"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_SECONDS)
    if done.returncode != 0:
        raise AssertionError(f"the cases could not be observed:\n{done.stderr[-6000:]}")
    return list(zip(CASES, map(Observed.again, json.loads(done.stdout)), strict=True))


def render(seen: Iterable[tuple[Case, Observed]]) -> str:
    """The page."""
    parts = [_INTRODUCTION]
    for title, of_route in groupby(seen, lambda pair: pair[0].route.title):
        parts.append(f"\n## {title}\n\n")
        parts.append(
            "| call | fault | the client was told | versions then | the same request again |\n|---|---|---|---|---|\n"
        )
        for number, (call, of_call) in enumerate(groupby(of_route, lambda pair: pair[0].call), 1):
            words = f"{number}. {WORDS[call]}"
            for cells, alike in groupby(of_call, lambda pair: _cells(pair[1])):
                faults = ", ".join(case.trouble.words for case, _ in alike)
                parts.append(f"| {' | '.join([words, faults, *cells])} |\n")
                words = ""
    return "".join(parts)


def _cells(seen: Observed) -> tuple[str, str, str]:
    again = _told(seen.retry, seen.saw)
    if seen.later:
        again += f", later {_told(seen.later, seen.saw)}"
    return _told(seen.saw), ", ".join(f"v{number}" for number in seen.stored), again


def _told(answer: Answer, first: Answer | None = None) -> str:
    if answer.status >= 400:
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
