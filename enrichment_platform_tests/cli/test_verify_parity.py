"""`enrichment verify-parity`: no GPU is one message and exit code 2; what needs none is checked without one."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from enrichment_platform.cleaning import device
from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import REGISTRY, operation
from enrichment_platform.cli import main
from enrichment_platform_tests.cleaning.pylibcudf_stand_in import pylibcudf


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(main, ["verify-parity", *map(str, arguments)])


def test_without_a_gpu_it_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    result = run()
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "CUDA_VISIBLE_DEVICES hides every GPU; `--lint-only` checks what can be without one" in result.stderr


def test_lint_needs_none() -> None:
    result = run("--lint-only", "--rows", 500, "--json")
    found = json.loads(result.stdout)
    assert found["problems"] == []
    assert result.exit_code == 0
    assert found["patterns"] >= 15
    assert found["operations"] == len(REGISTRY)
    assert found["guards"] >= 3


def test_a_guard_that_misses_a_row_fails_the_lint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(REGISTRY, "upper", REGISTRY["unicode_nfc"])  # so that it is taken out again
    del REGISTRY["upper"]

    @operation(version=1, gpu=on_host_where(Feature.AT), examples=[("@a", "@A"), ("", "")])
    def upper(column: pl.Series) -> pl.Series:
        return column.str.to_uppercase()

    corpus = tmp_path / "corpus.csv"
    pl.DataFrame({"body": ["@a", "SAME", "missed", None]}).write_csv(corpus)
    result = run("--lint-only", "--corpus", corpus, "--column", "body")
    assert result.exit_code == 1
    assert "upper: its guard misses rows that the CPU kernel changes: [2]" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--operation", "nope"], "no operation nope; there are "),
        (["--corpus", "nope.csv"], "--corpus nope.csv is not a file"),
        (["--corpus", "CSV", "--column", "nope"], "has no column 'nope'; it has body"),
        (["--corpus", "JSONL"], "cannot be read"),
    ],
)
def test_wrong_input_is_named(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "a.csv").write_text("body\nx\n")
    (tmp_path / "a.jsonl").write_text("no json\n")
    files = {"CSV": tmp_path / "a.csv", "JSONL": tmp_path / "a.jsonl"}
    result = run(*(files.get(argument, argument) for argument in arguments))
    assert result.exit_code == 2
    assert message in result.stderr


def test_with_a_gpu_each_operation_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    # A stand-in for the device: the command's own course, and no word on cuDF.
    monkeypatch.setattr(device, "pylibcudf", lambda: pylibcudf)
    monkeypatch.setattr(device, "why_no_gpu", lambda: None)
    monkeypatch.setattr(device, "gpu_visible", lambda: "stand-in")
    chosen = ["--operation", "unicode_nfc", "--operation", "truncate_text", "--rows", 300]
    result = run(*chosen, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (found["same"], found["device"], found["rows"]) == (True, "stand-in", 300)
    assert [compared["name"] for compared in found["compared"]] == ["unicode_nfc", "truncate_text"]

    monkeypatch.setattr(pylibcudf.strings.contains, "contains_re", lambda column, _: pylibcudf.unary.is_valid(column))
    monkeypatch.setattr(pylibcudf.strings.replace, "replace", lambda column, *_: column)
    wrong = run("--operation", "collapse_whitespace")
    assert wrong.exit_code == 1
    assert "DIFFERENT" in wrong.stdout
    assert "first rows" in wrong.stdout


def test_lint_of_one_operation_is_refused() -> None:
    result = run("--lint-only", "--operation", "mask_pii")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "leave --operation out" in result.stderr
