"""What only reads: how the service is doing, what it holds, and its documentation."""

from tidewatch import api
from tidewatch.api import docs, healthcheck, series, series_id

app = api.create_app(docs.docs_routes, healthcheck.routes, series.routes, series_id.routes)
lambda_handler = api.create_handler(app, warm_up=(healthcheck.get_health_reporter,))
