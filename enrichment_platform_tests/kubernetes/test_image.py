"""The Dockerfile: what it promises of its images, and what hadolint says. No image is built: that needs Docker."""

from __future__ import annotations

import re
import subprocess

import pytest

from enrichment_platform_tests.acceptance.project import ROOT
from enrichment_platform_tests.helm.programs import CannotBeHad, program

TEXT = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
LINES = [line for line in TEXT.splitlines() if line and not line.startswith("#")]
FINAL = ("platform", "gpu-clean")


def stages() -> dict[str, tuple[str, list[str]]]:
    """What a stage begins with and its instructions, by its name."""
    found: dict[str, tuple[str, list[str]]] = {}
    name = ""
    for line in LINES:
        if match := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            base, name = match.groups()
            found[name] = (base, [])
        elif name:
            found[name][1].append(line)
    return found


def test_hadolint_has_nothing_to_say() -> None:
    try:
        hadolint = program("hadolint")
    except CannotBeHad as error:
        pytest.skip(f"!!! NOT RUN: no hadolint: {error}")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_base_is_pinned_by_the_digest_that_is_given() -> None:
    bases = [base for base, _ in stages().values() if base not in stages()]
    assert bases
    assert all(base.endswith("@${PYTHON_DIGEST}") for base in bases)


@pytest.mark.parametrize("name", FINAL)
def test_an_image_is_not_root_and_nothing_is_installed_in_its_last_layers(name: str) -> None:
    base, own = stages()[name]
    _, below = stages()[base]
    assert base == "runtime"
    assert "USER 10001:10001" in below
    assert not [line for line in own if line.startswith(("RUN", "USER"))]
    assert not [line for line in below if "install" in line.replace("uninstall", "")]
    (removed,) = [line for line in below if "pip uninstall" in line]
    assert "pip setuptools wheel" in removed
    for line in own:
        if line.startswith("COPY"):
            source = re.search(r"--from=(\S+)", line)
            assert source is not None
            assert "pip uninstall --yes hatchling editables pip" in " ".join(stages()[source[1]][1])


def test_what_is_copied_is_let_in() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {part for line in LINES if re.match(r"COPY [^-]", line) for part in line.split()[1:-1]}
    assert copied
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_has_the_versions_that_are_tested() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9._-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE))

    image = pins("requirements-kubernetes.lock")
    assert pins("requirements.lock") <= image <= pins("requirements-dev.lock")
    assert {pin.split("==")[0] for pin in image - pins("requirements.lock")} == {"dagster-postgres", "psycopg2-binary"}
