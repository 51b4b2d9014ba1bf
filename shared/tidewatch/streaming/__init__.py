"""Points that come in one after the other: each is judged once, by what its series knows from all before."""

from tidewatch.streaming.arrivals import (
    Answer,
    Arrivals,
    Following,
    Outcome,
    Turn,
    begin,
    change_version,
    judge,
    resume,
)
from tidewatch.streaming.cache import StreamCache
from tidewatch.streaming.columns import PointsUnreadable, pack_points, pack_state, unpack_points, unpack_state
from tidewatch.streaming.judged import JudgedPoints
from tidewatch.streaming.ports import StreamStore
from tidewatch.streaming.state import KEPT, MOST_IN_CHUNK, StreamState

__all__ = [
    "KEPT",
    "MOST_IN_CHUNK",
    "Answer",
    "Arrivals",
    "Following",
    "JudgedPoints",
    "Outcome",
    "PointsUnreadable",
    "StreamCache",
    "StreamState",
    "StreamStore",
    "Turn",
    "begin",
    "change_version",
    "judge",
    "pack_points",
    "pack_state",
    "resume",
    "unpack_points",
    "unpack_state",
]
