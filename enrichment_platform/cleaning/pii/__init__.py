"""One module a family of personal identifiers: its shape, and the check that tells it from other text."""
