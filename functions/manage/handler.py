"""What changes models without training, and the jobs of a tenant."""

from tidewatch import api
from tidewatch.api import delete, jobs

app = api.create_app(delete.routes, jobs.routes)
lambda_handler = api.create_handler(app, warm_up=(delete.get_deleter, jobs.get_jobs))
