"""What happens to a model once it judges: what it said is kept, and compared with what another would have said."""

from tidewatch.lifecycle.comparison import Comparison, Counts, Verdict, compare
from tidewatch.lifecycle.observations import MOST_KEPT, Observations, ObservationStore

__all__ = ["MOST_KEPT", "Comparison", "Counts", "ObservationStore", "Observations", "Verdict", "compare"]
