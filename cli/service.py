"""Requests to one stage of the service."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from cli.errors import Refused, Unreachable, WrongUsage

KEY_VARIABLE: Final = "TIDEWATCH_API_KEY"

_GZIP_FROM_BYTES: Final = 2**20
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# A request of the service has 29 s at the most.
_TIMEOUT: Final = urllib3.Timeout(connect=10, read=60)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; its status is below 400."""

    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes

    def json(self) -> dict[str, Any]:
        """The document.

        Raises:
            Unreachable: if there is none, as where something else answers.
        """
        try:
            document = json.loads(self.body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Unreachable("The answer is no document: this URL is not Tidewatch's.")
        return document


class Service:
    """One stage, and the key to it.

    Args:
        url: of the stage, with its path if it has one.

    Raises:
        WrongUsage: if the URL is none, or the key would travel unencrypted to another machine.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError as error:
            raise WrongUsage(f"--url {url!r} is no URL: {error}") from error
        if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
            raise WrongUsage(f"--url {url!r} must be a scheme, a host and a path, such as https://host/dev")
        self._url = url.rstrip("/")
        self._key = os.environ.get(KEY_VARIABLE, "").strip()
        if not self._key.isprintable() or not self._key.isascii():
            raise WrongUsage(f"{KEY_VARIABLE} holds characters that no key has")
        if self._key and parts.scheme == "http" and host not in _LOOPBACK:
            raise WrongUsage("The key would travel unencrypted: use https, or unset " + KEY_VARIABLE)
        self._pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=False)

    def get(self, *path: str, **query: Any) -> Answer:
        """Reads; parameters of the query that are None are left out."""
        return self.send("GET", *path, query=query)

    def send(
        self,
        method: str,
        *path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Makes one request.

        Args:
            method: such as ``PUT``.
            path: its segments, as they are; they are quoted here.
            body: a document, sent as JSON; large ones are compressed.
            query: parameters; those that are None are left out.
            headers: beside those that every request has.

        Raises:
            Refused: if the service answers with an error.
            Unreachable: if it does not answer.
        """
        sent = {"Accept-Encoding": "gzip", **(headers or {})}
        content = None
        if body is not None:
            content, more = _encoded(body)
            sent |= more
        if self._key:
            sent["x-api-key"] = self._key
        target = "".join(f"/{quote(segment, safe='')}" for segment in path)
        given = {name: value for name, value in (query or {}).items() if value is not None}
        url = f"{self._url}{target}{'?' if given else ''}{urlencode(given)}"
        try:
            # Not followed: a redirection would take the key elsewhere.
            response = self._pool.request(method, url, body=content, headers=sent, redirect=False)
        except HTTPError as error:
            raise Unreachable(f"{self._url} does not answer ({type(error).__name__}).") from error
        if 300 <= response.status < 400:
            raise Unreachable(f"{self._url} redirects elsewhere: this URL is not Tidewatch's.")
        if response.status >= 400:
            raise Refused(_told(response.status, response.headers, response.data))
        return Answer({name.lower(): value for name, value in response.headers.items()}, response.data)

    def entries(self, *path: str, items: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page; ``items`` is what the list is called in its document."""
        cursor = None
        while True:
            page = self.get(*path, cursor=cursor, **query).json()
            yield from page[items]
            cursor = page["next_cursor"]
            if cursor is None:
                return


def _encoded(body: Any) -> tuple[bytes, dict[str, str]]:
    content = json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json"}
    if len(content) < _GZIP_FROM_BYTES:
        return content, headers
    return gzip.compress(content, compresslevel=5), headers | {"Content-Encoding": "gzip"}


def _told(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """What a problem says (RFC 9457), with the error of each field in a line of its own."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "title" not in problem:
        name = HTTPStatus(status).phrase if status in set(HTTPStatus) else "unknown status"
        message = problem.get("message") if isinstance(problem, dict) else None
        return f"{status} {name}" + (f": {message}" if message else "")
    lines = [f"{problem['title']} ({status}): {problem.get('detail', '')}"]
    lines += [f"  {_place(error.get('loc', []))}: {error.get('msg', '')}" for error in problem.get("errors", ())]
    if "retry-after" in headers:
        lines.append(f"  Try again in {headers['retry-after']} s.")
    return "\n".join(lines)


def _place(loc: list[str | int]) -> str:
    """Such as ``body.values[2]``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")
