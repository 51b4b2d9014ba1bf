"""``make run``: the whole service on this machine, until Ctrl-C.

Settings (environment or ``.env``): PORT, LOCAL_LOG (quiet, info, debug), LOCAL_AWS and AWS_ENDPOINT_URL… (see
``local.sam.aws.settings``), RUNTIME=lambda for functions in processes of their own (see ``local.sam.runtime.stack``),
and every setting of the functions.
"""

from __future__ import annotations

import sys

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
    console.line("Or paste into another terminal, in this folder:")
    console.line()
    console.line(f"  curl {url}/fit/web-requests {json} -d @events/requests/fit.json")
    console.line(f"  curl {url}/predict/web-requests {json} -d @events/requests/predict_anomaly.json")
    console.line(f"  curl '{url}/plot?series_id=web-requests' -o plot.png")
    console.line()


if __name__ == "__main__":
    sys.exit(run(PROJECT, greet))
