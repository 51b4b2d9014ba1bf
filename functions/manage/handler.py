"""What changes models without training, what tells of such changes and of their quality, and the jobs of a tenant."""

from tidewatch import api
from tidewatch.api import (
    audit,
    audit_exports,
    champion,
    changes,
    comparison,
    delete,
    drift,
    evaluations,
    jobs,
    reproduce,
    retrain,
)

modules = (delete, champion, comparison, drift, evaluations, audit, audit_exports, jobs, reproduce, retrain)
app = api.create_app(*(module.routes for module in modules))
lambda_handler = api.create_handler(
    app,
    warm_up=(
        delete.get_deleter,
        changes.get_promoter,
        audit.get_audit_store,
        comparison.get_observations,
        jobs.get_jobs,
    ),
)
