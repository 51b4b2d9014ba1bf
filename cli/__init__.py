"""The command ``tidewatch``: the service over HTTP, for terminals and scripts."""
