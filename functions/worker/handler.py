"""What takes long: a message of the queue of jobs is one job to do."""

from tidewatch.api.worker import create_worker

lambda_handler = create_worker()
