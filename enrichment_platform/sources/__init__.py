"""Where rows come from: files, SQL queries and HTTP APIs, read one partition at a time."""

from enrichment_platform.sources.ingest import Ingested, read_partition
from enrichment_platform.sources.rejection import UNPLACED, Reason

__all__ = ["UNPLACED", "Ingested", "Reason", "read_partition"]
