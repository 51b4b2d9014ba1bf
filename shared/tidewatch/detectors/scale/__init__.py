"""The one scale: from what a method measures to p-values, severities, limits and bands."""
