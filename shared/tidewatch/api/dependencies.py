"""What handlers ask for by type: dependencies as Powertools injects them.

Without ``from __future__ import annotations``: Powertools would compile string annotations anew at each request.
"""

from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Depends

from tidewatch import composition
from tidewatch.detectors import load_catalogue
from tidewatch.registry import Publisher, Registry, TrainingData

get_registry = composition.registry
get_publisher = composition.publisher
get_training_data = composition.training_data

JUDGING: Final = (load_catalogue, composition.registry, composition.array_store)
"""What a function that judges by stored models builds before a snapshot."""

RegistryDep = Annotated[Registry, Depends(get_registry)]
PublisherDep = Annotated[Publisher, Depends(get_publisher)]
TrainingDataDep = Annotated[TrainingData, Depends(get_training_data)]
