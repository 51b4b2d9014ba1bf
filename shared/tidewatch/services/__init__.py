"""Use cases, one file each, in plain Python. Routes, streams and workflows that do the same call the same function."""
