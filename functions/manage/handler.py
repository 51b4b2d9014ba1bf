"""What changes models without training."""

from tidewatch import api
from tidewatch.api import delete

app = api.create_app(delete.routes)
lambda_handler = api.create_handler(app, warm_up=(delete.get_deleter,))
