"""POST /fit/{series_id}."""

from tidewatch import api
from tidewatch.api import fit
from tidewatch.api.idempotency import get_idempotency
from tidewatch.detectors.learned import load_learners

app = api.create_app(fit.routes)
lambda_handler = api.create_handler(app, warm_up=(api.get_publisher, get_idempotency, load_learners))
