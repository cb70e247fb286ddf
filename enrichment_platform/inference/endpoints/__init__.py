"""Places that answer requests: the embedded model and any OpenAI-compatible server."""
