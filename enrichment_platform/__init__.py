"""LLM enrichment of tables, as a Dagster asset graph."""
