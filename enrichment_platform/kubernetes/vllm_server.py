"""How `vllm serve` is started, by a sidecar, by the chart's shared Deployment and by the tests: with the same flags."""

from __future__ import annotations

import json

from enrichment_platform.pod_spec import VllmSpec

CACHE_FOLDER = "/models"


def serve_command(vllm: VllmSpec, gpus: int) -> list[str]:
    """Return program and arguments; the API key goes in VLLM_API_KEY, where no process list shows it.

    Args:
        vllm: The server.
        gpus: That it may use; the model is split over them (tensor parallel).
    """
    flags = {
        "--host": "0.0.0.0",  # noqa: S104 - the kubelet probes the pod's address
        "--port": f"{vllm.port}",
        "--served-model-name": vllm.served_model_name or vllm.model,
        "--max-num-seqs": f"{vllm.max_num_seqs}",
        "--dtype": vllm.dtype,
        "--structured-outputs-config": json.dumps(_structured_outputs(vllm), separators=(",", ":")),
    }
    if vllm.max_model_len is not None:
        flags["--max-model-len"] = f"{vllm.max_model_len}"
    if gpus:
        flags["--gpu-memory-utilization"] = f"{vllm.gpu_memory_utilization:g}"
    if gpus > 1:
        flags["--tensor-parallel-size"] = f"{gpus}"
    return [
        "vllm",
        "serve",
        vllm.model,
        *(part for flag in flags.items() for part in flag),
        "--enable-prefix-caching" if vllm.prefix_caching else "--no-enable-prefix-caching",
        "--enable-prompt-tokens-details",
        *vllm.extra_flags,
    ]


def serve_environment(vllm: VllmSpec) -> dict[str, str]:
    """Return the variables of the server, but for secrets: caches in folders that it may write, no usage statistics."""
    return {
        "HOME": "/tmp",  # noqa: S108 - an empty volume of the pod
        "USER": "vllm",  # the image knows no user of the pod's number, and PyTorch names folders after it
        "HF_HOME": CACHE_FOLDER,
        "VLLM_CACHE_ROOT": "/tmp/vllm",  # noqa: S108
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        **({"HF_HUB_OFFLINE": "1"} if vllm.cache.type == "image" or vllm.cache.read_only else {}),
        **vllm.environment,
    }


def _structured_outputs(vllm: VllmSpec) -> dict[str, str | bool]:
    # Without it a JSON answer can run into max_tokens in blanks alone.
    bounded = {"disable_any_whitespace": True} if vllm.structured_outputs in ("xgrammar", "guidance") else {}
    return {"backend": vllm.structured_outputs, **bounded}
