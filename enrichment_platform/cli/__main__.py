"""`python -m enrichment_platform.cli`."""

from enrichment_platform.cli import main

main(prog_name="enrichment")
