"""Tidewatch: anomaly detection as a service in a team's own AWS account."""
