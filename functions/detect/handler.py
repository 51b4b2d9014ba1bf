"""Detection that stores nothing: POST /detect, POST /predict without a series, and Azure's routes."""

from tidewatch import api
from tidewatch.api import azure, detect, predict_values
from tidewatch.api.azure_problems import as_azure_response
from tidewatch.detectors.learned import load_learners

app = api.create_app(detect.routes, predict_values.routes, azure.routes)
lambda_handler = api.create_handler(app, warm_up=(*api.JUDGING, load_learners), rephrase=as_azure_response)
