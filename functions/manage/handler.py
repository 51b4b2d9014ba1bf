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

app = api.create_app(
    delete.routes,
    champion.routes,
    comparison.routes,
    drift.routes,
    evaluations.routes,
    audit.routes,
    audit_exports.routes,
    jobs.routes,
    reproduce.routes,
    retrain.routes,
)
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
