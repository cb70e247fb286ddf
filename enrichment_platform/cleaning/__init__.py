"""Named text operations on Polars String columns, and the plan that applies them to a partition."""

from enrichment_platform.cleaning.cleaned import Cleaned, clean
from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation
from enrichment_platform.cleaning.plan import check_steps, cleaning_version

__all__ = ["Cleaned", "Feature", "check_steps", "clean", "cleaning_version", "on_host_where", "operation"]
