"""Serves moto over HTTP: one request at a time, since moto does not isolate the transactions of parallel ones.

moto has a server of its own, made of Flask and werkzeug. Measured with GetItem it takes three times the processor time
of this one, 0.8 ms a request, and would be what limits a stack whose functions run in processes of their own.
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import traceback
from http import HTTPStatus
from typing import Final

import httptools
import orjson
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.models import botocore_stubber

from local.sam.aws import reads

# Service and region stand in the signature: Credential=<key>/<date>/<region>/<service>/aws4_request
_SCOPE: Final = re.compile(rb"Credential=[^/]+/\d+/(?P<region>[\w-]+)/(?P<service>[\w-]+)/aws4_request")
_GET_ITEM: Final = "DynamoDB_20120810.GetItem"
_GET_ITEM_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
_UNSIGNED: Final = "s3.us-east-1"
_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}


class AwsProtocol(asyncio.Protocol):
    """One connection of a client of AWS, kept open until the client closes it."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def _begin(self) -> None:
        self._target = b""
        self._headers = HTTPHeaders()
        self._host = _UNSIGNED
        self._continue = False
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_server makes
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by asyncio with what came in."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_url(self, url: bytes) -> None:
        """Called by the parser."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        lower = name.lower()
        if lower == b"authorization" and (scope := _SCOPE.search(value)):
            self._host = f"{scope['service'].decode()}.{scope['region'].decode()}"
        elif lower == b"expect":
            self._continue = value.lower() == b"100-continue"
        self._headers.add_header(name.decode("latin-1"), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        if self._continue:
            # S3 clients wait a second for this before they send what they want to store.
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser: the request is whole."""
        body, host, headers, target = b"".join(self._body), self._host, self._headers, self._target.decode("latin-1")
        self._begin()
        answer = _direct_answer(host.partition(".")[2], headers, body)
        if answer is None:
            method = self._parser.get_method().decode()
            url = f"https://{host}.amazonaws.com{target}"
            answer = _answer(AWSPreparedRequest(method, url, headers, body, stream_output=False))
        self._transport.write(answer)
        if not self._parser.should_keep_alive():
            self._transport.close()


def _direct_answer(region: str, headers: HTTPHeaders, body: bytes) -> bytes | None:
    """The whole response to a GetItem call; None to all else."""
    if headers.get("x-amz-target") != _GET_ITEM:
        return None
    try:
        answer = reads.get_item(region, orjson.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError):
        # moto says what is wrong with it.
        return None
    if answer is None:
        return None
    content = orjson.dumps(answer, default=lambda raw: base64.b64encode(raw).decode("ascii"))
    return _GET_ITEM_HEAD % len(content) + content


def _answer(request: AWSPreparedRequest) -> bytes:
    try:
        # Never None: an address of AWS gets at least a 404.
        status, headers, body = botocore_stubber.process_request(request) or (404, {}, "")
    except Exception:  # noqa: BLE001 - a defect of moto must not end the server
        status, headers, body = 500, {"Content-Type": "text/plain"}, traceback.format_exc()
    content = body.encode() if isinstance(body, str) else bytes(body)
    lines = [f"HTTP/1.1 {status} {_REASONS.get(int(status), '')}"]
    size = str(len(content))
    for name, value in headers.items():
        if name.lower() != "content-length":
            lines.append(f"{name}: {value}")
        elif request.method == "HEAD":
            # The size of what GET would send.
            size = str(value)
    lines += [f"Content-Length: {size}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + (b"" if request.method == "HEAD" else content)


async def start(listener: socket.socket) -> asyncio.Server:
    """Answers on a socket from now on; moto must have been started (``local.sam.aws.settings.start_stand_in``)."""
    return await asyncio.get_running_loop().create_server(AwsProtocol, sock=listener)


async def serve(listener: socket.socket) -> None:
    """Answers on a socket until it is cancelled."""
    await (await start(listener)).serve_forever()
