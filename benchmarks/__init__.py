"""Measurements with a baseline of the same run; `--check` exits with 1 where a bar falls short."""
