"""Tenants and their API keys."""

from tidewatch import api
from tidewatch.api import keys, tenants

app = api.create_app(tenants.routes, keys.routes)
lambda_handler = api.create_handler(app)
