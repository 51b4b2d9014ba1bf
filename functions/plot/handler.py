"""Pictures: GET /plot, and the report of an evaluation."""

from tidewatch import api
from tidewatch.api import plot, plot_evaluation

app = api.create_app(plot.routes, plot_evaluation.routes)
lambda_handler = api.create_handler(app, warm_up=(*api.JUDGING, api.get_training_data))
