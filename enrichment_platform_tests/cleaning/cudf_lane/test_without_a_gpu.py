"""With cuDF's wheels and no GPU, the commands and the engine choice say what is missing."""

import subprocess
import sys

import polars as pl
import pytest
from click.testing import CliRunner

from enrichment_platform.cleaning.device import DeviceText, gpu_visible
from enrichment_platform.cli import main
from enrichment_platform.errors import InputError

pytestmark = [pytest.mark.cudf, pytest.mark.skipif(gpu_visible() is not None, reason="this machine has a GPU")]


def test_a_column_cannot_be_taken_there_and_the_message_says_why() -> None:
    with pytest.raises(InputError, match="the GPU cannot be used: "):
        DeviceText.from_series(pl.Series("text", ["a"]))


def test_patterns_are_seen_by_cudfs_compiler() -> None:
    result = CliRunner().invoke(main, ["verify-parity", "--lint-only", "--rows", "200"])
    assert "by cuDF's compiler too" in result.stdout
    assert result.exit_code == 0


def test_looking_loads_no_cudf() -> None:
    looked = "import sys; from enrichment_platform.cleaning.device import gpu_visible; gpu_visible()"
    command = [sys.executable, "-c", f"{looked}; print('pylibcudf' in sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
