"""The settings of each stage. That the template is valid is checked by `make lint`, which `make test` begins with."""

from __future__ import annotations

import tomllib

import pytest

from tests.support.environment import ROOT
from tests.support.template import document

STAGES = {"dev": "dev", "staging": "staging", "prod": "prod"}


def config():
    return tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))


def overrides(stage, command):
    pairs = config()[stage][command]["parameters"]["parameter_overrides"].split()
    return dict(pair.split("=", 1) for pair in pairs)


@pytest.mark.parametrize(("stage", "name"), STAGES.items())
def test_every_stage_has_its_settings(stage, name):
    assert config()[stage]["global"]["parameters"]["stack_name"] == f"tidewatch-{name}"
    assert config()[stage]["validate"]["parameters"]["lint"] is True
    # SAM's cache sees neither layers/install.mk nor openapi.json.
    assert config()[stage]["build"]["parameters"]["cached"] is False
    deploy = config()[stage]["deploy"]["parameters"]
    assert deploy["capabilities"] == "CAPABILITY_IAM"
    assert deploy["resolve_s3"] is True
    assert deploy["confirm_changeset"] is (name == "prod")
    assert f"stage={name}" in deploy["tags"].split()


@pytest.mark.parametrize(("stage", "name"), STAGES.items())
def test_parameters_exist_and_build_and_deploy_agree(stage, name):
    build, deploy = overrides(stage, "build"), overrides(stage, "deploy")
    assert build["Stage"] == deploy["Stage"] == name
    assert build["Architecture"] == deploy["Architecture"]
    for parameter, value in deploy.items():
        allowed = document()["Parameters"][parameter].get("AllowedValues", [value])
        assert value in map(str, allowed), parameter
