"""What routes that change a series share: who asks, why, for which state, and how the series stands then."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from tidewatch import composition
from tidewatch.api.fields import Timezone
from tidewatch.api.problem_schema import CONTENT_TYPE, Problem
from tidewatch.api.request import ApiRequest
from tidewatch.registry import Cause, Description, Head, Promoter


def get_promoter() -> Promoter:
    """Moves champions and challengers."""
    return composition.promoter()


PromoterDep = Annotated[Promoter, Depends(get_promoter)]

_MOST_REASON: Final = 500
_TAG: Final = re.compile(r'"[!#-~]{1,64}"')

Reason = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, max_length=_MOST_REASON),
    Field(description="Why, for the audit trail."),
]
Promote = Annotated[
    bool,
    Field(
        strict=True,
        description="Whether the version becomes the champion, which judges where a request names none. The first of a "
        "series always does.",
    ),
]
GivenReason = Annotated[Reason, StringConstraints(min_length=1)]


LABEL_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$"
_LabelText = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]
Labels = Annotated[
    dict[Annotated[str, StringConstraints(strict=True, pattern=LABEL_NAME)], _LabelText],
    Field(max_length=8, description="Values by name, such as region: eu-1, by which series are found."),
]


class Described(BaseModel):
    """What people know of a series. Without any of it a fit keeps what the champion has."""

    display_name: Annotated[
        str | None, StringConstraints(strict=True, min_length=1, max_length=128), Field(description="What to call it.")
    ] = None
    unit: Annotated[
        str | None,
        StringConstraints(strict=True, min_length=1, max_length=32),
        Field(description="What its values are measured in, such as ms."),
    ] = None
    labels: Labels | None = None
    timezone: Annotated[
        Timezone | None,
        Field(
            description="The IANA time zone of the series, such as Europe/Berlin, by whose wall clock days, weeks and "
            "the calendar are counted, also where clocks are set forward or back. Without it that of the champion, at "
            "first UTC. Timestamps stay what they are: a string without an offset is in UTC.",
        ),
    ] = None

    @property
    def description(self) -> Description | None:
        """What was sent of name, unit and labels; None if nothing was."""
        if (self.display_name, self.unit, self.labels) == (None, None, None):
            return None
        return Description(self.display_name, self.unit, self.labels or {})


def _check_label(label: str) -> str:
    name, colon, value = label.partition(":")
    if not (name and colon and value):
        raise PydanticCustomError("label_form", "a label is its name, a colon, and its value, such as region:eu-1")
    return label


LabelQuery = Annotated[
    Annotated[str, AfterValidator(_check_label), WithJsonSchema({"type": "string", "pattern": "^.+:.+$"})] | None,
    Query(description="Only series with this label: its name, a colon, and its value."),
]


def wanted_label(label: str) -> tuple[str, str]:
    """Name and value of a checked label."""
    name, _, value = label.partition(":")
    return name, value


def described(description: Description) -> dict[str, Any]:
    """A description as answers tell it."""
    return {
        "display_name": description.display_name,
        "unit": description.unit,
        "labels": dict(description.labels),
    }


def _check_tag(tag: str) -> str:
    if tag != "*" and not _TAG.fullmatch(tag):
        raise PydanticCustomError("tag_form", 'If-Match has one ETag, in quotes, such as "12-0f3a…", or *')
    return tag


IfMatch = Annotated[
    Annotated[str, AfterValidator(_check_tag), WithJsonSchema({"type": "string"})] | None,
    Header(
        alias="If-Match",
        description="The `ETag` of the series that the change is meant for. If it was changed since, nothing is done.",
    ),
]

CHANGED_SINCE: Final = {
    412: {
        "description": "The series was changed since it had the ETag of If-Match.",
        "content": {CONTENT_TYPE: {"model": Problem}},
    }
}


def cause_of(request: ApiRequest, reason: str = "") -> Cause:
    """Who asks, and why."""
    return Cause(request.principal.key_id, reason)


def wanted_tag(if_match: str | None) -> str | None:
    """The tag of a checked If-Match; None if any state will do."""
    return None if if_match in (None, "*") else str(if_match).strip('"')


def etag(head: Head) -> dict[str, str | list[str]]:
    """The header that names a state of a series."""
    return {"ETag": f'"{head.tag}"'}


class ChallengerState(BaseModel):
    """The version that judges beside the champion."""

    version: str
    since: datetime
    auto_promote: Annotated[bool, Field(description="Whether it becomes the champion once the comparison says so.")]
    error_rate: Annotated[float, Field(description="The rate at which the comparison may be wrong.")]


class StandingResponse(BaseModel):
    """Which versions of a series judge."""

    series_id: str
    champion_version: Annotated[str, Field(description="The version that judges.")]
    latest_version: Annotated[str, Field(description="The newest version, promoted or not.")]
    challenger: Annotated[
        ChallengerState | None, Field(description="The version that judges beside it and decides nothing.")
    ]
    monitor: Annotated[bool, Field(description="Whether judgements are kept, so that drift is seen.")]

    @classmethod
    def of(cls, head: Head) -> StandingResponse:
        """The answer for a head."""
        challenger: ChallengerState | None = None
        if head.challenger is not None:
            challenger = ChallengerState(
                version=f"v{head.challenger.number}",
                since=head.challenger.since,
                auto_promote=head.challenger.auto_promote,
                error_rate=head.challenger.error_rate,
            )
        return cls(
            series_id=head.champion.series_id,
            champion_version=head.champion.version,
            latest_version=f"v{head.latest}",
            challenger=challenger,
            monitor=head.monitor,
        )


def standing(head: Head) -> Response[StandingResponse]:
    """How a series stands, with its ETag."""
    return Response(200, "application/json", StandingResponse.of(head), headers=etag(head))
