"""What handlers ask for by type: dependencies as Powertools injects them.

Here and in the handlers annotations are no strings: Powertools reads them at each request and would compile them anew.
"""

from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from tidewatch import composition
from tidewatch.detectors import load_catalogue
from tidewatch.registry import Publisher, Registry, SeriesKey, TrainingData
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

get_registry = composition.registry
get_publisher = composition.publisher
get_training_data = composition.training_data

JUDGING: Final = (load_catalogue, composition.registry, composition.array_store)
"""What a function that judges by stored models builds before a snapshot."""

RegistryDep = Annotated[Registry, Depends(get_registry)]
PublisherDep = Annotated[Publisher, Depends(get_publisher)]
TrainingDataDep = Annotated[TrainingData, Depends(get_training_data)]


def tenant_of(event: APIGatewayProxyEvent) -> Tenant:
    """Whose request it is: the tenant that the authorizer found, or the default where none is named."""
    authorizer = event.raw_event.get("requestContext", {}).get("authorizer") or {}
    name = authorizer.get("tenant")
    return DEFAULT_TENANT if name is None else Tenant(name)


def series_key(event: APIGatewayProxyEvent, series_id: str) -> SeriesKey:
    """The series of that name, of the tenant whose request it is."""
    return SeriesKey(tenant_of(event), series_id)
