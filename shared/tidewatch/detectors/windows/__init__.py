"""What the points just before a point tell of it."""
