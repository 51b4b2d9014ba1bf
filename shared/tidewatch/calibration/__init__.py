"""One scale for all detectors: conformal p-values, Pareto tails, severity."""
