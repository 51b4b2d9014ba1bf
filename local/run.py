"""``make run``: the whole service on this machine, until Ctrl-C.

Settings (environment or ``.env``): PORT, LOCAL_LOG (quiet, info, debug), LOCAL_AWS and AWS_ENDPOINT_URL… (see
``local.sam.aws.settings``), RUNTIME=lambda for functions in processes of their own (see ``local.sam.runtime.stack``),
AUTH=on for API keys as on AWS (docs/tenants.md), and every setting of the functions.
"""

from __future__ import annotations

import os
import sys
import threading

from local.first_key import first_key
from local.project import PROJECT
from local.sam.console import Console
from local.sam.run import run
from local.sam.stack import Stack


def greet(console: Console, stack: Stack, url: str) -> None:
    """Writes what is served, and what to try."""
    json = "-H 'Content-Type: application/json'"
    console.line(f"Tidewatch is running on {console.strong(url)}. Ctrl-C stops it.")
    console.line()
    console.line(f"  Try it in the browser:  {console.strong(url + '/docs')}")
    console.line(f"  Functions:              {stack.functions}")
    console.line(f"  AWS:                    {stack.data}")
    console.line()
    if os.environ.get("AUTH") == "on":
        # In a thread, since the server that is asked waits until this function returns.
        threading.Thread(target=_show_key, args=(console, url), daemon=True).start()
    console.line("Or paste into another terminal, in this folder:")
    console.line()
    console.line(f"  curl {url}/fit/web-requests {json} -d @events/requests/fit.json")
    console.line(f"  curl {url}/predict/web-requests {json} -d @events/requests/predict_anomaly.json")
    console.line(f"  curl '{url}/plot?series_id=web-requests' -o plot.png")
    console.line()
    if os.environ.get("RUNTIME") != "lambda":
        # Else it is part of the first training that needs it; on a busy machine it takes longer than a request may.
        threading.Thread(target=_load_learners, daemon=True).start()


def _load_learners() -> None:
    # The stack put the folder of the shared code on the path.
    from tidewatch.detectors.learned import load_learners

    load_learners()


def _show_key(console: Console, url: str) -> None:
    try:
        key = first_key(url)
    except (OSError, RuntimeError) as error:
        console.failure(f"AUTH=on, but no key could be made: {error}")
        return
    console.line(f"AUTH=on: send this key in the header x-api-key: {console.strong(key)}")
    console.line()


if __name__ == "__main__":
    sys.exit(run(PROJECT, greet))
