"""The API on a port of this machine, for clients that speak HTTP themselves: the handlers run in this process."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from tests.support.api import Api, authorized

KEY: Final = "tw_of-the-operator"
"""The only key that opens anything; it is the default tenant's, with all scopes."""


@contextmanager
def served(api: Api) -> Iterator[str]:
    """The URL of the API. It asks for :data:`KEY`."""
    # The service logs to what standard output is when it is imported first, which must not be a command's.
    importlib.import_module("tidewatch.telemetry")

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            allowed = authorized() if self.headers.get("x-api-key") == KEY else None
            try:
                reply = api.call(
                    self.command, self.path, body or None, headers=self.headers.items(), authorizer=allowed
                )
            except LookupError:
                # What API Gateway says of a path that it has no route for.
                self.send_error(403)
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the names of the base class

        def log_message(self, *_: object) -> None:
            """Nothing goes to standard error, where a command's own words are looked at."""

    with listening(Handler) as url:
        yield url


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The URL of a server that answers as a handler does, on a port that was free."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
