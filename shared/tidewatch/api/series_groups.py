"""GET /series?group_by=: how many series have each value of a label."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field

from tidewatch.api.changes import LABEL_NAME
from tidewatch.api.fields import Int32, encode_cursor
from tidewatch.services.group_series import Groups

GroupBy = Annotated[
    Annotated[str, Field(pattern=LABEL_NAME)] | None,
    Query(description="The name of a label: tells how many series have each of its values, in the place of the list."),
]


class SeriesGroup(BaseModel):
    """Series with one value of the label."""

    value: Annotated[str | None, Field(description="The value; null for series without the label.")]
    series: Annotated[Int32, Field(description="How many there are.")]


class SeriesGroupsResponse(BaseModel):
    """Series by the values of a label, the most frequent first."""

    group_by: str
    groups: list[SeriesGroup]
    next_cursor: Annotated[
        str | None,
        Field(description="Null if all series were counted; else where to go on, and the counts add up."),
    ]

    @classmethod
    def of(cls, label: str, found: Groups) -> SeriesGroupsResponse:
        """The answer for groups."""
        counted = sorted(found.counts.items(), key=lambda item: (-item[1], item[0] is None, item[0] or ""))
        groups = [SeriesGroup(value=value, series=series) for value, series in counted]
        return cls(group_by=label, groups=groups, next_cursor=encode_cursor(found.after))
