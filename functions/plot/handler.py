"""GET /plot."""

from tidewatch import api
from tidewatch.api import plot

app = api.create_app(plot.routes)
lambda_handler = api.create_handler(app, warm_up=(*api.JUDGING, api.get_training_data))
