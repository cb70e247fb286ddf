"""What a data engineer configures."""

from enrichment_platform.components.enrichment import Enrichment
from enrichment_platform.components.model_pool import ModelPool

__all__ = ["Enrichment", "ModelPool"]
