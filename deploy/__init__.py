"""What `make deploy` does around `sam deploy`: it proposes ceilings before, and deletes old versions after."""
