"""Servers that the source tests read from."""

from enrichment_platform_tests.sources.web import web

__all__ = ["web"]
