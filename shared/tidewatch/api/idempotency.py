"""The header Idempotency-Key: a repeated request gets the first answer."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import orjson
from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from aws_lambda_powertools.utilities.idempotency.serialization.pydantic import PydanticSerializer
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from tidewatch import composition
from tidewatch.api.problems import IdempotencyKeyReused, RequestInProgress
from tidewatch.registry import Receipt, StorageUnavailable
from tidewatch.settings import settings
from tidewatch.telemetry import LogEvent, Metric, count_alone, logger

Answer = TypeVar("Answer", bound=BaseModel)


class IdempotentRequests:
    """Runs an action once for each key of each scope, and remembers its answer for a time."""

    def __init__(self, records: BasePersistenceLayer, ttl_seconds: int) -> None:
        self._records = records
        self._ttl_seconds = ttl_seconds

    def run(
        self,
        action: Callable[[Receipt | None], Answer],
        *,
        answer: type[Answer],
        key: str | None,
        scope: str,
        fingerprint: str,
        context: LambdaContext,
    ) -> Answer:
        """The action's answer, or the first one if the key was used before; without a key simply the action's.

        A record of the answer alone is not enough: an action may be done, and its process die before the answer is
        kept. So the action gets a receipt, to store together with what it does, and to find out what it did before.

        Args:
            action: what to do once.
            answer: the type of its answer.
            key: the client's; None if it sent none.
            scope: within which keys are told apart, such as the tenant and the series.
            fingerprint: of what the request means; the same key with another one is refused.
            context: of the Lambda invocation.

        Raises:
            RequestInProgress: if the first call still runs.
            IdempotencyKeyReused: if the key came with another fingerprint before.
            StorageUnavailable: if the record could not be read or written before the action ran.
        """
        if key is None:
            return action(None)
        config = IdempotencyConfig(
            event_key_jmespath="[scope, key]",
            payload_validation_jmespath="fingerprint",
            expires_after_seconds=self._ttl_seconds,
            hash_function="sha256",
            # A call that dies leaves its record "in progress"; this tells when that can no longer be true.
            lambda_context=context,
        )
        request = hashlib.sha256(orjson.dumps([scope, key, fingerprint])).hexdigest()
        receipt = Receipt(request, int(time.time()) + self._ttl_seconds)
        given: list[Answer] = []

        def once(*, request: dict[str, Any]) -> Answer:  # noqa: ARG001 - Powertools reads it
            given.append(action(receipt))
            return given[0]

        guarded = idempotent_function(
            once,
            data_keyword_argument="request",
            persistence_store=self._records,
            config=config,
            output_serializer=PydanticSerializer(model=answer),
            key_prefix=scope,
        )
        try:
            result: Answer = guarded(request={"scope": scope, "key": key, "fingerprint": fingerprint})
        except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError) as error:
            raise RequestInProgress from error
        except IdempotencyValidationError as error:
            raise IdempotencyKeyReused from error
        except IdempotencyPersistenceLayerError as error:
            if given:
                # Done, but not remembered. To say that it failed would be wrong, and invite a repetition.
                logger.error("answer not remembered", event=LogEvent.ANSWER_NOT_REMEMBERED, scope=scope)
                count_alone(Metric.STORAGE_FAILURES)
                return given[0]
            raise StorageUnavailable("an idempotency record") from error
        return result


@lru_cache(maxsize=1)
def get_idempotency() -> IdempotentRequests:
    """Remembers answers in the table of idempotency records."""
    records = DynamoDBPersistenceLayer(settings().idempotency_table_name, boto3_client=composition.idempotency_client())
    return IdempotentRequests(records, settings().idempotency_ttl_seconds)


IdempotencyDep = Annotated[IdempotentRequests, Depends(get_idempotency)]
