"""The tables and the bucket of template.yaml on moto: tests run against the definition that gets deployed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import botocore.session
from moto import mock_aws

from local.sam.aws.resources import create_resources, resource_names
from local.sam.template import Template, load_template
from tests.support.environment import REGION, ROOT

# Reading the descriptions of AWS's services takes longer than most tests do, and each new session would do it again.
botocore.session.create_loader = lru_cache(botocore.session.create_loader)


@lru_cache(maxsize=1)
def template() -> Template:
    """The template, read once: YAML is slow to parse."""
    return Template(load_template(ROOT / "template.yaml"), REGION)


def create_tables(**names: str) -> None:
    """Creates both tables and the bucket where boto3 leads, named as the environment says.

    Args:
        names: other names, such as ``TABLE_NAME="another"``.
    """
    wanted: dict[str, Any] = template().global_properties("Function")["Environment"]["Variables"]
    create_resources(template(), resource_names(template(), wanted, dict(os.environ) | names))


@contextmanager
def aws_in_memory() -> Iterator[None]:
    """An empty AWS on moto with the tables and the bucket in it; forgotten at the end."""
    # The credentials of the environment stay: they are made up already.
    with mock_aws(config={"core": {"mock_credentials": False}}):
        create_tables()
        yield
