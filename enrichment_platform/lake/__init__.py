"""Delta tables and the DuckDB view of them."""
