"""What takes long: a message of the queue of jobs is one job to do."""

from tidewatch.api.worker import create_worker
from tidewatch.detectors.learned import load_learners

load_learners()
lambda_handler = create_worker()
