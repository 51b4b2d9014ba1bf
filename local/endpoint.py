"""``make aws``: a stand-in for AWS over HTTP, for functions that run elsewhere, as under ``sam local invoke``.

The tables and the bucket of template.yaml are there, empty, and gone when this stops. Requests are served one at a
time: moto does not isolate the transactions of parallel ones.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

from local import aws
from local.cloudwatch import MetricStore
from local.functions import function_environment
from local.routes import read_routes
from local.template import Template, load_template

ROOT: Final = Path(__file__).resolve().parent.parent
HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 4566


def main() -> int:
    """Serves until Ctrl-C."""
    port = int(os.environ.get("AWS_PORT") or DEFAULT_PORT)
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        # This is the endpoint; it asks no other.
        del os.environ[name]
    aws.prepare_environment(os.environ)
    template = Template(load_template(ROOT / "template.yaml"), aws.region(os.environ))
    wanted = function_environment(route.function for route in read_routes(template, ROOT).routes)
    names = aws.resource_names(template, wanted, {**wanted, **os.environ})
    aws.start_stand_in(MetricStore())
    aws.create_resources(template, names)
    print(f"A stand-in for AWS listens on http://{HOST}:{port} until Ctrl-C. In it are:")
    print(*sorted(names.values()), sep="\n")
    try:
        run_simple(HOST, port, DomainDispatcherApplication(create_backend_app), threaded=False)
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
