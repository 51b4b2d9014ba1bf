"""The environment, validated once, when it is first asked for and never at import.

pydantic-settings would save twenty lines. It would make this part of each start four times as long, since it imports
its readers of dotenv files, of the command line and of the secrets of three clouds.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class ConfigurationError(RuntimeError):
    """The environment is not one that the service can run in; the message names every variable that is wrong."""


class Settings(BaseModel):
    """Every setting of the functions. The name of its environment variable is the field's name in capitals."""

    model_config = ConfigDict(frozen=True)

    stage: Annotated[str, Field(min_length=1, description="Name of the deployment; a dimension of every metric.")] = (
        "dev"
    )
    table_name: Annotated[str, Field(min_length=3, description="DynamoDB table of series and versions.")]
    idempotency_table_name: Annotated[str, Field(min_length=3, description="DynamoDB table of idempotency records.")]
    tenants_table_name: Annotated[str, Field(min_length=3, description="DynamoDB table of tenants and API keys.")]
    jobs_table_name: Annotated[str, Field(min_length=3, description="DynamoDB table of jobs.")]
    observations_table_name: Annotated[
        str, Field(min_length=3, description="DynamoDB table of judgements that are kept, and of labels.")
    ]
    observation_days: Annotated[
        int, Field(ge=1, le=3650, description="Days after which kept judgements and labels are forgotten.")
    ] = 60
    points_per_false_alarm: Annotated[
        float,
        Field(ge=100, le=1e9, description="Drift is found falsely once in so many points of a series, at the most."),
    ] = 10_000
    streams_table_name: Annotated[str, Field(min_length=3, description="DynamoDB table of streams and judged points.")]
    stream_days: Annotated[
        int, Field(ge=1, le=3650, description="Days after which the judged points of streams are forgotten.")
    ] = 60
    jobs_queue_url: Annotated[str, Field(min_length=3, description="SQS queue of jobs: first in, first out.")]
    jobs_per_tenant: Annotated[
        int, Field(ge=1, le=100, description="The most jobs of one tenant that run at once; further ones wait.")
    ] = 2
    data_bucket: Annotated[str, Field(min_length=3, description="S3 bucket of training data.")]
    audit_bucket: Annotated[str, Field(min_length=3, description="S3 bucket of exported audit trails.")]
    auth: Annotated[
        Literal["on", "off"], Field(description="off: the authorizer admits everyone, as the default tenant.")
    ] = "on"
    usage_plans: Annotated[
        str, Field(description="The stack whose usage plans of API Gateway tenants count against; empty is none.")
    ] = ""
    head_cache_seconds: Annotated[
        float,
        Field(ge=0, le=3600, description="How long predict may reuse a series' latest version; 0 reads each time."),
    ] = 0
    max_points: Annotated[
        int, Field(ge=5, le=5_000_000, description="The most points one fit takes; more gets a 422.")
    ] = 250_000
    max_cells: Annotated[
        int, Field(ge=32, le=10_000_000, description="The most values one fit of rows takes; more gets a 422.")
    ] = 1_000_000
    max_detect_points: Annotated[
        int,
        # Lambda's answers have 6 MB at the most, and a point takes 170 bytes of it where each of its digits is needed.
        Field(ge=5, le=35_000, description="The most points one detection takes; more gets a 422."),
    ] = 30_000
    max_evaluation_points: Annotated[
        int,
        Field(ge=100, le=50_000, description="The most points one evaluation takes; of longer stored data the last."),
    ] = 20_000
    max_body_bytes: Annotated[
        int, Field(ge=1024, description="The largest request body, after gzip is undone; more gets a 413.")
    ] = 16 * 2**20
    publish_deadline_seconds: Annotated[
        float, Field(gt=0, le=20, description="How long a fit competes for the next version before it answers 503.")
    ] = 15
    idempotency_ttl_seconds: Annotated[
        int, Field(ge=60, description="How long an Idempotency-Key keeps its first answer.")
    ] = 86_400
    health_window_seconds: Annotated[
        int, Field(ge=60, le=86_400, multiple_of=60, description="The time that /healthcheck looks back over.")
    ] = 3600
    openapi_path: Annotated[Path, Field(description="The OpenAPI document that /docs and /openapi.json serve.")] = Path(
        "/opt/openapi.json"
    )

    @classmethod
    def env_names(cls) -> frozenset[str]:
        """The environment variables that these settings are read from."""
        return frozenset(name.upper() for name in cls.model_fields)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: if a variable is missing or out of its range.
    """
    found = {
        name: os.environ[name.upper()]
        for name in Settings.model_fields
        # An empty variable is one that somebody left blank: its default holds.
        if os.environ.get(name.upper())
    }
    try:
        return Settings.model_validate(found)
    except ValidationError as error:
        wrong = "; ".join(f"{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors())
        raise ConfigurationError(f"the environment is not usable: {wrong}") from None
