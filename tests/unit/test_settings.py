"""The environment: read once, checked whole, and agreeing with .env.example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from tidewatch.settings import ConfigurationError, Settings, settings

from tests.support.environment import ENVIRONMENT, ROOT
from tests.support.tables import template

REQUIRED = (
    "TABLE_NAME",
    "IDEMPOTENCY_TABLE_NAME",
    "TENANTS_TABLE_NAME",
    "JOBS_TABLE_NAME",
    "OBSERVATIONS_TABLE_NAME",
    "STREAMS_TABLE_NAME",
    "JOBS_QUEUE_URL",
    "DATA_BUCKET",
    "AUDIT_BUCKET",
)


@pytest.fixture(autouse=True)
def _read_anew():
    settings.cache_clear()
    yield
    settings.cache_clear()


def wrong_variables(message: str) -> set[str]:
    return set(re.findall(r"([A-Z_]{4,}):", message))


def test_what_is_not_set_has_its_default():
    found = settings()
    assert (found.stage, found.table_name) == ("test", ENVIRONMENT["TABLE_NAME"])
    assert (found.head_cache_seconds, found.max_points, found.max_body_bytes) == (0, 250_000, 16_777_216)
    assert (found.publish_deadline_seconds, found.idempotency_ttl_seconds, found.health_window_seconds) == (
        15,
        86_400,
        3600,
    )


def test_variables_are_read_as_numbers_and_paths(monkeypatch):
    for name, value in {"HEAD_CACHE_SECONDS": "0.5", "MAX_POINTS": "1000", "OPENAPI_PATH": "/tmp/x.json"}.items():  # noqa: S108
        monkeypatch.setenv(name, value)
    found = settings()
    assert (found.head_cache_seconds, found.max_points) == (0.5, 1000)
    assert found.openapi_path == Path("/tmp/x.json")  # noqa: S108


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch):
    monkeypatch.setenv("MAX_POINTS", "")
    monkeypatch.setenv("STAGE", "")
    assert (settings().max_points, settings().stage) == (250_000, "dev")


def test_the_environment_is_read_once_and_not_at_import(monkeypatch):
    assert settings().max_points == 250_000
    monkeypatch.setenv("MAX_POINTS", "10")
    assert settings().max_points == 250_000
    settings.cache_clear()
    assert settings().max_points == 10


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError):
        settings().max_points = 5


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_variable_is_named(name, monkeypatch):
    monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match=f"the environment is not usable: {name}: Field required"):
        settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TABLE_NAME", "ab"),
        ("HEAD_CACHE_SECONDS", "-1"),
        ("HEAD_CACHE_SECONDS", "3601"),
        ("HEAD_CACHE_SECONDS", "nan"),
        ("MAX_POINTS", "4"),
        ("MAX_POINTS", "5000001"),
        ("MAX_POINTS", "2.5"),
        ("MAX_POINTS", "many"),
        ("MAX_BODY_BYTES", "1023"),
        ("PUBLISH_DEADLINE_SECONDS", "0"),
        ("PUBLISH_DEADLINE_SECONDS", "25.5"),
        ("IDEMPOTENCY_TTL_SECONDS", "59"),
        ("HEALTH_WINDOW_SECONDS", "90"),
        ("HEALTH_WINDOW_SECONDS", "0"),
        ("HEALTH_WINDOW_SECONDS", "86460"),
    ],
)
def test_a_variable_out_of_its_range_is_named(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        settings()
    assert wrong_variables(str(caught.value)) == {name}


def test_every_wrong_variable_is_named_at_once(monkeypatch):
    for name in REQUIRED:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MAX_POINTS", "0")
    monkeypatch.setenv("HEALTH_WINDOW_SECONDS", "61")
    with pytest.raises(ConfigurationError) as caught:
        settings()
    assert wrong_variables(str(caught.value)) == {*REQUIRED, "MAX_POINTS", "HEALTH_WINDOW_SECONDS"}


def test_a_broken_environment_is_not_remembered(monkeypatch):
    monkeypatch.setenv("MAX_POINTS", "0")
    with pytest.raises(ConfigurationError):
        settings()
    monkeypatch.setenv("MAX_POINTS", "5")
    assert settings().max_points == 5


def test_publishing_gives_up_before_the_function_does():
    timeout = template().global_properties("Function")["Timeout"]
    assert Settings.model_fields["publish_deadline_seconds"].default < timeout


class TestEnvExample:
    @pytest.fixture
    def example(self):
        lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def test_lists_every_setting(self, example):
        assert Settings.env_names() <= example.keys()

    def test_lists_what_the_template_gives_to_the_functions_but_for_those_that_are_fixed(self, example):
        given = template().global_properties("Function")["Environment"]["Variables"]
        assert given.keys() - example.keys() == {
            "POWERTOOLS_SERVICE_NAME",
            "POWERTOOLS_METRICS_NAMESPACE",
            # What libraries need not find out at each start.
            "OMP_NUM_THREADS",
            "JOBLIB_MULTIPROCESSING",
            "PYDANTIC_DISABLE_PLUGINS",
        }

    def test_lists_nothing_else(self, example):
        """But for what Powertools and boto3 read themselves."""
        assert example.keys() - Settings.env_names() == {"POWERTOOLS_LOG_LEVEL", "AWS_ENDPOINT_URL"}

    def test_has_the_defaults(self, example):
        needed = dict.fromkeys((name.lower() for name in REQUIRED), "needed")
        told = {name.lower(): value for name, value in example.items() if value}
        assert Settings.model_validate(needed | told) == Settings.model_validate(needed)

    def test_leaves_empty_what_has_no_default_and_nothing_else(self, example):
        assert {name for name, value in example.items() if not value} == {*REQUIRED, "AWS_ENDPOINT_URL", "USAGE_PLANS"}

    def test_says_what_each_setting_does(self, example):
        lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if "=" in line and not line.startswith("#"):
                assert lines[number - 1].startswith("# "), f"{line} has no line that says what it does"

    def test_agrees_with_the_template(self, example):
        given = template().global_properties("Function")["Environment"]["Variables"]
        told = {name: value for name, value in example.items() if value}
        assert {name: str(given[name]) for name in told} == told
