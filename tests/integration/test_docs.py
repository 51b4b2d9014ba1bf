"""GET /docs and GET /openapi.json: small, kept by browsers, and safe whatever the document says."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from typing import Any

import pytest

from tests.support.api import Api

PATHS = ("/docs", "/docs?format=json", "/openapi.json")
MOST_BYTES = 100_000


@pytest.fixture
def document(tmp_path, configure) -> dict[str, Any]:
    content = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1", "description": "</script><script>alert(1)</script>"},
        "servers": [{"url": "/"}],
        "paths": {"/health": {}},
    }
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(content))
    configure(OPENAPI_PATH=str(path))
    return content


def test_openapi_json_is_the_document_with_the_address_of_the_stage(api: Api, document):
    event, function = api.event("GET", "/openapi.json")
    event["requestContext"]["path"] = "/test/openapi.json"
    reply = api.invoke(function, event)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json() == document | {"servers": [{"url": "/test"}]}


def test_the_page_has_the_document_for_its_own_link(api: Api, document):
    assert api.call("GET", "/docs?format=json").json() == api.call("GET", "/openapi.json").json()


def test_openapi_json_behind_a_custom_domain_has_its_base_path(api: Api, document):
    event, function = api.event("GET", "/openapi.json")
    event["requestContext"]["path"] = "/metrics/v2/openapi.json"
    assert api.invoke(function, event).json()["servers"] == [{"url": "/metrics/v2"}]
    event["requestContext"]["path"] = "/openapi.json"
    assert api.invoke(function, event).json()["servers"] == [{"url": "/"}]


@pytest.mark.parametrize("path", PATHS)
def test_it_is_small_and_compressed_for_those_who_take_it(api: Api, path):
    reply = api.call("GET", path, headers={"Accept-Encoding": "br, gzip"})
    assert (reply.status, reply.headers["content-encoding"]) == (200, "gzip")
    assert len(reply.body) < MOST_BYTES
    assert gzip.decompress(reply.body) == api.call("GET", path).body


@pytest.mark.parametrize("path", PATHS)
def test_a_browser_keeps_it_and_asks_only_whether_it_changed(api: Api, path):
    reply = api.call("GET", path)
    assert (reply.headers["cache-control"], reply.headers["vary"]) == ("public, max-age=300", "Accept-Encoding")
    tag = reply.headers["etag"]
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = api.call("GET", path, headers={"If-None-Match": known})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert api.call("GET", path, headers={"If-None-Match": 'W/"other"'}).status == 200


def test_the_tag_follows_the_document(api: Api, configure, tmp_path):
    before = api.call("GET", "/docs").headers["etag"]
    path = tmp_path / "changed.json"
    path.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "T", "version": "2"}, "paths": {}}))
    configure(OPENAPI_PATH=str(path))
    assert api.call("GET", "/docs").headers["etag"] != before


def test_the_page_loads_nothing_and_runs_only_its_own_script(api: Api, document):
    reply = api.call("GET", "/docs")
    page = reply.body.decode()
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.split(" ", 1) for part in reply.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    for directive, element in (("style-src", "style"), ("script-src", 'script type="module"')):
        (text,) = re.findall(f"(?s)<{element}>(.*?)</", page)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    html = re.sub(r"(?s)<(script|style)[^>]*>.*?</\1>", "", page)
    assert set(re.findall(r'(?:src|href)="([^"]*)"', html)) == {"data:,", "#main", "openapi.json"}


def test_no_text_of_the_document_is_read_as_markup(api: Api, document):
    page = api.call("GET", "/docs").body.decode()
    (shown,) = re.findall('(?s)<script type="application/json" id="document">(.*?)</script>', page)
    assert json.loads(shown) == document
    assert "<" not in shown
