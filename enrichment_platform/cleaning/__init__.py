"""Named text operations on Polars String columns, and the plan that applies them to a partition."""

from enrichment_platform.cleaning.cleaned import Cleaned, clean
from enrichment_platform.cleaning.operation import operation
from enrichment_platform.cleaning.plan import check_steps, cleaning_version

__all__ = ["Cleaned", "check_steps", "clean", "cleaning_version", "operation"]
