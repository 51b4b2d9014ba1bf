"""GET /jobs, GET /jobs/{job_id} and DELETE /jobs/{job_id}; and the answer of the routes that start jobs."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

import orjson
from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from tidewatch import composition
from tidewatch.api.app import route
from tidewatch.api.fields import Limit, custom_error, decode_cursor, encode_cursor, nearest
from tidewatch.api.problem_schema import Problem
from tidewatch.api.request import RequestDep
from tidewatch.jobs.job import Job, JobState
from tidewatch.jobs.jobs import Jobs
from tidewatch.registry import Page

routes = Router()  # type: ignore[no-untyped-call]

_JOB_ID: Final = "[0-9a-f]{32}"
_PLACE: Final = rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{6}}\+00:00#{_JOB_ID}"


def get_jobs() -> Jobs:
    """The jobs of all tenants."""
    return composition.jobs()


JobsDep = Annotated[Jobs, Depends(get_jobs)]


def _check_job_id(job_id: str) -> str:
    if re.fullmatch(_JOB_ID, job_id, re.ASCII) is None:
        raise PydanticCustomError("job_id_form", "a job_id has 32 hexadecimal digits in lower case")
    return job_id


def _check_kind(kind: str) -> str:
    if kind not in composition.JOB_KINDS:
        raise custom_error("unknown_kind", f"unknown kind of jobs{nearest(kind, composition.JOB_KINDS)}")
    return kind


def _check_cursor(cursor: str) -> str:
    before = decode_cursor(cursor)
    if not isinstance(before, str) or re.fullmatch(_PLACE, before, re.ASCII) is None:
        raise PydanticCustomError("cursor_form", "this is no cursor of this list; take next_cursor of the page before")
    return cursor


JobId = Annotated[
    str,
    AfterValidator(_check_job_id),
    WithJsonSchema({"type": "string", "pattern": f"^{_JOB_ID}$"}),
    Path(description="The job, as the answer that started it named it."),
]
StateQuery = Annotated[JobState | None, Query(description="Only jobs in this state.")]
KindQuery = Annotated[
    Annotated[str, AfterValidator(_check_kind), WithJsonSchema({"type": "string", "enum": list(composition.JOB_KINDS)})]
    | None,
    Query(description="Only jobs of this kind."),
]
JobCursor = Annotated[
    Annotated[str, AfterValidator(_check_cursor), WithJsonSchema({"type": "string", "maxLength": 256})] | None,
    Query(description="Where the page starts: `next_cursor` of the page before. Opaque."),
]


JobKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        description="The same key gives the same job for as long as the job is kept, which is 30 days after its end.",
    ),
]


class JobProgress(BaseModel):
    """How much of a job is done, in units of its kind."""

    done: int
    total: int


class JobLine(BaseModel):
    """A job without its request and its result."""

    job_id: str
    kind: Annotated[str, Field(description="What is done.")]
    state: JobState
    progress: Annotated[JobProgress | None, Field(description="Null until the job tells.")]
    error: Annotated[Problem | None, Field(description="Why it failed; null otherwise.")]
    cancel_requested: Annotated[bool, Field(description="Whether it was asked to end; a running job does soon.")]
    attempts: Annotated[int, Field(ge=0, description="How often a worker took it since its last checkpoint.")]
    created_at: datetime
    started_at: Annotated[datetime | None, Field(description="When a worker took it first.")]
    updated_at: Annotated[datetime, Field(description="When anything was last told of it.")]
    ended_at: datetime | None


class JobResponse(JobLine):
    """A job."""

    request: Annotated[Any, Field(description="What was asked; null if it is larger than 64 KB.")] = None
    result: Annotated[Any, Field(description="What came of it; null until it succeeded.")] = None

    @classmethod
    def of(cls, job: Job) -> JobResponse:
        """The answer for a job."""
        return cls(**_line(job), request=job.request, result=job.result)


class JobListResponse(BaseModel):
    """A page of jobs, newest first."""

    jobs: list[JobLine]
    next_cursor: Annotated[
        str | None,
        Field(description="Where the next page starts; null on the last. A page with a filter may be short or empty."),
    ]

    @classmethod
    def of(cls, page: Page[Job, str]) -> JobListResponse:
        """The answer for a page."""
        return cls(jobs=[JobLine(**_line(job)) for job in page.items], next_cursor=encode_cursor(page.after))


def accepted(job: Job) -> Response[str]:
    """The answer of a route that starts a job: 202, the job, and where to look for it."""
    # Written here, since Powertools validates what a route returns as its success, and this is none of its 200s.
    body = orjson.dumps(JobResponse.of(job).model_dump(mode="json")).decode()
    return Response(HTTPStatus.ACCEPTED, "application/json", body, headers={"Location": f"/jobs/{job.job_id}"})


ACCEPTED: Final = {
    202: {
        "description": "The job was accepted.",
        "content": {"application/json": {"model": JobResponse}},
        "headers": {"Location": {"description": "Where the job is.", "schema": {"type": "string"}}},
    }
}
"""The documentation of that answer."""


@route(routes.get, "/jobs", tag="Jobs", success="A page.", problems=(422, 503))
def list_jobs(
    request: RequestDep,
    jobs: JobsDep,
    limit: Limit = 50,
    cursor: JobCursor = None,
    state: StateQuery = None,
    kind: KindQuery = None,
) -> JobListResponse:
    """List jobs.

    What takes long is a job. Newest first, without requests and results. Ended jobs are kept for 30 days.
    """
    return JobListResponse.of(jobs.page(request.tenant, limit, decode_cursor(cursor), state=state, kind=kind))


@route(routes.get, "/jobs/<job_id>", tag="Jobs", success="The job.", problems=(404, 422, 503))
def get_job(job_id: JobId, request: RequestDep, jobs: JobsDep) -> JobResponse:
    """Get a job.

    Its state, its progress, and once it has ended its result or the problem that it failed with.
    """
    return JobResponse.of(jobs.get(request.tenant, job_id))


@route(
    routes.delete,
    "/jobs/<job_id>",
    tag="Jobs",
    status=HTTPStatus.ACCEPTED,
    success="The job as it is now.",
    problems=(404, 422, 503),
    also=ACCEPTED,
)
def cancel_job(job_id: JobId, request: RequestDep, jobs: JobsDep) -> Response[str]:
    """Cancel a job.

    A queued job is cancelled at once. A running one is asked to end, and does so at its next step. A job that has ended
    stays as it is.
    """
    return accepted(jobs.cancel(request.tenant, job_id))


def _line(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "state": job.state,
        "progress": job.progress and JobProgress(done=job.progress.done, total=job.progress.total),
        "error": job.error,
        "cancel_requested": job.cancel_requested,
        "attempts": job.attempts,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "updated_at": job.updated_at,
        "ended_at": job.ended_at,
    }
