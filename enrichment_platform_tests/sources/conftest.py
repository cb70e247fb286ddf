"""Servers that the source tests read from."""

from enrichment_platform_tests.servers.postgres import postgres_url
from enrichment_platform_tests.servers.s3 import s3_bucket, s3_endpoint
from enrichment_platform_tests.sources.web import web

__all__ = ["postgres_url", "s3_bucket", "s3_endpoint", "web"]
