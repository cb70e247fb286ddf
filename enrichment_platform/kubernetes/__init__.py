"""Pod profiles: what a stage of an enrichment runs in on Kubernetes, as configuration for dagster-k8s."""

from enrichment_platform.kubernetes.pod_config import pod_config
from enrichment_platform.kubernetes.profiles import BUILT_IN, check_pods, profile_of, profiles

__all__ = ["BUILT_IN", "check_pods", "pod_config", "profile_of", "profiles"]
