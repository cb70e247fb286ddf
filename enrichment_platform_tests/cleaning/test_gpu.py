"""Whether a GPU can be used is found out without an exception, wherever this runs."""

import sys
from collections.abc import Iterator

import polars as pl
import pytest

from enrichment_platform.cleaning import gpu
from enrichment_platform.cleaning.device import DeviceText
from enrichment_platform.cleaning.gpu import gpu_visible, why_no_gpu
from enrichment_platform.errors import InputError


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    cached = (gpu._device_name, gpu._has_driver)
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


@pytest.mark.parametrize("hidden", ["", "-1", "-1,0", "NoDevFiles"])
def test_a_gpu_that_cuda_hides_is_not_visible(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert gpu_visible() is None
    assert why_no_gpu() == "CUDA_VISIBLE_DEVICES hides every GPU"


def test_without_a_driver_there_is_none_and_no_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_DRIVER", "libcuda-that-is-not-there.so.1")
    monkeypatch.setattr(gpu, "_PROBE", "raise SystemExit(9)")
    assert gpu_visible() is None
    assert "no NVIDIA driver" in str(why_no_gpu())


@pytest.mark.parametrize(
    "probe", ["raise SystemExit(1)", "print()", "import os; os.abort()", "import time; time.sleep(9)"]
)
def test_a_driver_that_fails_or_hangs_is_no_gpu(monkeypatch: pytest.MonkeyPatch, probe: str) -> None:
    monkeypatch.setattr(gpu, "_has_driver", lambda: True)
    monkeypatch.setattr(gpu, "_PROBE", probe)
    monkeypatch.setattr(gpu, "PROBE_TIMEOUT_S", 0.5)
    assert gpu_visible() is None
    assert why_no_gpu() == "the NVIDIA driver shows no GPU"


def test_a_gpu_is_named_and_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_has_driver", lambda: True)
    monkeypatch.setattr(gpu, "has_cudf", lambda: True)
    monkeypatch.setattr(gpu, "_PROBE", "print('NVIDIA X1')")
    assert gpu_visible() == "NVIDIA X1"
    monkeypatch.setattr(gpu, "_PROBE", "raise SystemExit(1)")
    assert gpu_visible() == "NVIDIA X1"
    assert why_no_gpu() is None


def test_a_gpu_without_cudf_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_has_driver", lambda: True)
    monkeypatch.setattr(gpu, "has_cudf", lambda: False)
    monkeypatch.setattr(gpu, "_PROBE", "print('NVIDIA X1')")
    assert gpu_visible() is None
    assert "cuDF is not installed" in str(why_no_gpu())


def test_the_probe_itself_runs_to_its_end_where_no_driver_is() -> None:
    if gpu._has_driver():
        pytest.skip("this machine has a driver")
    assert gpu._device_name(None) is None


def test_without_cudf_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylibcudf", None)
    with pytest.raises(InputError, match="install the `cudf` extra"):
        DeviceText.from_series(pl.Series("text", ["a"]))
