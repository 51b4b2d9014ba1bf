"""``make bench-load``: stages of parallel clients against the local stack, the real runtime, or a deployed stage."""
