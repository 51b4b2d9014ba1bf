"""A tour of the service in a terminal: numbered steps, each request as a curl command, each answer in a sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

from urllib3 import BaseHTTPResponse

from local.client import Client
from local.sam.console import Console

_JSON_HEADER: Final = "-H 'Content-Type: application/json'"


class Surprise(Exception):
    """The service answered something that it should not; the message says what."""


class Refused(Surprise):
    """The service refused a request; the message gives the service's reason."""


def expect(holds: bool, otherwise: str) -> None:
    """Checks that an answer is as the tour expects it.

    Raises:
        Surprise: with that message, if it does not hold.
    """
    if not holds:
        raise Surprise(otherwise)


def accepted(answer: BaseHTTPResponse) -> BaseHTTPResponse:
    """The answer, if its status is 200.

    Raises:
        Refused: if not.
    """
    if answer.status == 200:
        return answer
    if "json" not in answer.headers["Content-Type"]:
        raise Refused(f"status {answer.status}, {answer.headers['Content-Type']}")
    problem = answer.json()
    reasons = "; ".join(error["msg"] for error in problem.get("errors") or ())
    raise Refused(f"{reasons or problem['detail']} (status {answer.status})")


class Tour:
    """Shows requests and their answers, one step after another."""

    def __init__(self, console: Console, client: Client) -> None:
        self._console = console
        self._client = client
        self._step = 0

    def act(self, text: str) -> None:
        """Begins a part of several steps."""
        self._console.line()
        self._console.line(self._console.strong(f"── {text} " + "─" * max(4, 76 - len(text))))

    def title(self, text: str) -> None:
        """Begins a step."""
        self._step += 1
        self._console.line()
        self._console.line(self._console.strong(f"{self._step}. {text}"))

    def say(self, text: str) -> None:
        """Writes a line of the step."""
        self._console.line(f"   {text}")

    def fail(self, text: str) -> None:
        """Writes why the tour ends here."""
        self._console.failure(f"   {text}")

    def progress(self, text: str) -> None:
        """Writes over the last progress, on a terminal; an empty text wipes it."""
        self._console.progress(f"   {text}" if text else "")

    def post_file(self, target: str, file: Path) -> Any:
        """Posts a JSON file; returns the answer's JSON.

        Raises:
            Refused: if the service refuses it.
        """
        self.show_post(target, file)
        return self.post_quietly(target, file.read_bytes())

    def show_post(self, target: str, file: Path) -> None:
        """Writes the curl line that posts a JSON file."""
        self.say(f"$ curl {self._url(target)} {_JSON_HEADER} -d @{os.path.relpath(file)}")

    def post_quietly(self, target: str, body: bytes) -> Any:
        """Posts JSON without showing it; returns the answer's JSON.

        Raises:
            Refused: if the service refuses it.
        """
        return accepted(self._client.post(target, body)).json()

    def put(self, target: str, body: dict[str, Any]) -> Any:
        """Puts a small JSON object; returns the answer's JSON.

        Raises:
            Refused: if the service refuses it.
        """
        text = json.dumps(body)
        self.say(f"$ curl -X PUT {self._url(target)} {_JSON_HEADER} -d '{text}'")
        headers = {"Content-Type": "application/json"}
        return accepted(self._client.request("PUT", target, text.encode(), headers)).json()

    def get(self, target: str) -> Any:
        """Gets JSON.

        Raises:
            Refused: if the service refuses it.
        """
        self.say(f"$ curl {self._url(target)}")
        return accepted(self._client.get(target)).json()

    def save_plot(self, target: str, file: Path) -> None:
        """Gets a picture and writes it into a file.

        Raises:
            Surprise: if it is no picture.
        """
        self.say(f"$ curl {self._url(target)} -o {os.path.relpath(file)}")
        answer = accepted(self._client.get(target))
        expect(answer.data.startswith(b"\x89PNG\r\n"), f"{target} is not a PNG but {answer.headers['Content-Type']}")
        file.write_bytes(answer.data)
        self.say(f"Saved {os.path.relpath(file)}, {len(answer.data) / 1024:.0f} kB.")

    def _url(self, target: str) -> str:
        url = f"{self._client.url}{target}"
        # A shell would take ? and & for its own.
        return f"'{url}'" if "?" in url else url


def learned_in_words(fitted: dict[str, Any]) -> str:
    """What a fit answered, in a sentence."""
    learned = fitted["learned"]
    limits = [("below", learned["lower"]), ("above", learned["upper"])]
    unusual = " or ".join(f"{word} {limit:,.5g}" for word, limit in limits if limit is not None)
    numbers = ", ".join(f"{name} {learned[name]:,.5g}" for name in ("mean", "std") if learned[name] is not None)
    points = f"{fitted['points_used']:,} points"
    return f"{fitted['version']} learned from {points}: {numbers}. Unusual: {unusual or 'nothing'}."
