"""Points that come in, and what was said of them."""

from tidewatch import api
from tidewatch.api import points

app = api.create_app(points.routes)
lambda_handler = api.create_handler(app)
