"""The profiles that there are: built in, as the deployment has them, and with what an enrichment changes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from enrichment_platform.errors import InputError
from enrichment_platform.pod_parts import NodeTermSpec, SpreadSpec, TolerationSpec, VolumeSpec
from enrichment_platform.pod_spec import PodProfileSpec, PodSpec, PodsSpec, VllmSpec
from enrichment_platform.spec_model import SpecModel

VARIABLE = "ENRICHMENT_POD_PROFILES"
BUILT_IN: dict[str, dict[str, Any]] = {
    "cpu": {},
    "gpu-clean": {"cpu": "4", "memory": "16Gi", "disk": "30Gi", "gpus": 1},
    "gpu-serve": {"cpu": "2", "memory": "8Gi", "gpus": 1, "vllm": {"model": "Qwen/Qwen3-4B-Instruct-2507"}},
    "service": {"cpu": "2", "memory": "8Gi", "endpoint": "http://enrichment-platform-vllm:8000/v1"},
}
"""Fields of the four profiles that every deployment has."""
_PARTS: dict[str, type[SpecModel]] = {
    "vllm": VllmSpec,
    "volumes": VolumeSpec,
    "node_affinity": NodeTermSpec,
    "tolerations": TolerationSpec,
    "spread": SpreadSpec,
}
STAGES = tuple(PodsSpec.model_fields)


def profiles() -> dict[str, PodProfileSpec]:
    """Return the profiles by name: the built-in ones, with what the file that ENRICHMENT_POD_PROFILES names changes.

    The chart writes that file from its value `podProfiles`: a JSON object of profiles, each with the fields that are
    other than in the built-in one of the same name (`vllm` field by field).

    Raises:
        InputError: the file cannot be read, or a profile in it is wrong.
    """
    merged = dict(BUILT_IN)
    path = os.environ.get(VARIABLE)
    if path:
        for name, fields in _read(path).items():
            merged[name] = merge(merged.get(name, {}), fields)
    return {name: _profile(fields, f"{path or 'built-in profiles'}: {name}") for name, fields in merged.items()}


def profile_of(pod: PodSpec, where: str, known: Mapping[str, PodProfileSpec] | None = None) -> PodProfileSpec:
    """Return the profile of a stage with the enrichment's own fields; `known` are `profiles()`, where they were read.

    Raises:
        InputError: there is no such profile, or a field is wrong; the message begins with `where`.
    """
    known = profiles() if known is None else known
    if pod.profile not in known:
        raise InputError(f"{where}: there is no pod profile {pod.profile!r}; defined are {', '.join(sorted(known))}")
    chosen = known[pod.profile].model_dump(exclude_unset=True)
    return _profile(merge(chosen, pod.overrides), where)


def check_pods(pods: PodsSpec) -> list[str]:
    """Return what is wrong with the pods of an enrichment, a line each."""
    try:
        known = profiles()
    except InputError as error:
        return [str(error)]
    problems = []
    for stage in STAGES:
        pod: PodSpec = getattr(pods, stage)
        try:
            profile = profile_of(pod, f"pods.{stage}", known)
        except InputError as error:
            problems.append(str(error))
            continue
        if stage != "classified" and (profile.vllm or profile.endpoint):
            problems.append(
                f"pods.{stage}: only `classified` asks a model: the server of the profile {pod.profile!r} would stand"
                " idle. Use cpu or gpu-clean"
            )
    return problems


def merge(fields: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with the changes; `vllm` is changed field by field, everything else as a whole."""
    merged = {**fields, **changes}
    if isinstance(fields.get("vllm"), dict) and isinstance(changes.get("vllm"), dict):
        merged["vllm"] = {**fields["vllm"], **changes["vllm"]}
    return merged


def _read(path: str) -> dict[str, Mapping[str, Any]]:
    try:
        written = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{VARIABLE}: {path} cannot be read: {error}") from None
    if not isinstance(written, dict) or not all(isinstance(fields, dict) for fields in written.values()):
        raise InputError(f"{VARIABLE}: {path} has to hold a JSON object of profiles by name")
    return written


def _meant(place: tuple[int | str, ...]) -> str:
    """The field of a profile, or of a part of it, that is spelt most like it."""
    known = _PARTS.get(str(place[0]), PodProfileSpec).model_fields if len(place) > 1 else PodProfileSpec.model_fields
    near = get_close_matches(str(place[-1]), known, n=1)
    return f"; do you mean {near[0]}?" if near else ""


def _profile(fields: Mapping[str, Any], where: str) -> PodProfileSpec:
    try:
        return PodProfileSpec.model_validate(fields)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            place = ".".join(map(str, problem["loc"]))
            told = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "extra_forbidden":
                told = f"there is no such field{_meant(problem['loc'])}"
            elif problem["type"] == "string_pattern_mismatch" and problem["loc"] == ("endpoint",):
                told = "write http://host:port/v1 or https://..."
            elif problem["type"] in ("model_type", "model_attributes_type"):
                told = f"{problem['input']!r} is no group of fields: write {{name: value}}"
            lines.append(f"{where}{f'.{place}' if place else ''}: {told}")
        raise InputError("\n".join(lines)) from None
