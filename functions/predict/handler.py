"""POST /predict/{series_id}."""

from tidewatch import api
from tidewatch.api import predict

app = api.create_app(predict.routes)
lambda_handler = api.create_handler(app, warm_up=api.JUDGING)
