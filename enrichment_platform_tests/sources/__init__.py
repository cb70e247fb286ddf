"""Tests of enrichment_platform.sources."""
