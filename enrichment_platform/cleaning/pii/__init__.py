"""One module a family of personal identifiers: what it looks like, and the check that tells it from other numbers."""
