"""One module a stage: spec in, Dagster asset out."""
