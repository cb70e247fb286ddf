"""Files are found by path, glob, folder and URL, compressed or not."""

import bz2
import gzip
import lzma
from pathlib import Path

import boto3
import polars as pl
import pyarrow as pa
import pytest

from enrichment_platform.errors import SourceError
from enrichment_platform_tests.sources.reads import read
from enrichment_platform_tests.sources.web import Web

CSV = b"id,at\n1,2026-01-05\n2,2026-01-06\n"


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, "zstd", asbytes=True))


COMPRESS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


@pytest.mark.parametrize("suffix", COMPRESS)
def test_compressed_files_are_read(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a.csv.{suffix}").write_bytes(COMPRESS[suffix](CSV))
    assert read(tmp_path, f"a.csv.{suffix}").rows["row_id"].to_list() == ["1"]


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_compressed_file_that_ends_too_early_is_an_error(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a.csv.{suffix}").write_bytes(COMPRESS[suffix](CSV * 500)[:-9])
    with pytest.raises(SourceError, match=rf"a\.csv\.{suffix} cannot be read"):
        read(tmp_path, f"a.csv.{suffix}")


def test_a_glob_and_a_folder_are_read_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "b.csv").write_bytes(CSV)
    (tmp_path / "in" / "a.jsonl").write_text('{"id": "0", "at": "2026-01-05"}\nbad\n')
    (tmp_path / "in" / "deep" / "c.csv").write_bytes(CSV)
    (tmp_path / "in" / "_SUCCESS").write_text("")
    (tmp_path / "in" / "README.md").write_text("not data")
    folder = read(tmp_path, "in")
    assert folder.rows["row_id"].to_list() == ["0", "1"]
    assert folder.rejected.select("row_id", "reason").rows() == [("deep/c.csv:2", "duplicate_key")]
    assert folder.unplaced["row_id"].to_list() == ["a.jsonl:2"]
    assert read(tmp_path, "in/*.csv").rows["row_id"].to_list() == ["1"]
    assert read(tmp_path, "in/**/*.csv").rejected["row_id"].to_list() == ["deep/c.csv:2"]


def test_home_and_variables_are_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NAME_OF_FILE", "a")
    assert read(Path("/"), "~/${NAME_OF_FILE}.csv").rows.height == 1
    monkeypatch.delenv("NAME_OF_FILE")
    with pytest.raises(SourceError, match="NAME_OF_FILE"):
        read(Path("/"), "~/${NAME_OF_FILE}.csv")


def test_a_path_without_files_names_the_pattern_and_the_nearest_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(SourceError) as error:
        read(tmp_path, "in/deep/*.csv")
    assert f"{tmp_path}/in/deep/*.csv; {tmp_path}/in exists" in str(error.value)


def test_a_file_of_unknown_format_is_read_only_when_the_format_is_given(tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(CSV)
    with pytest.raises(SourceError, match=r"source\.format"):
        read(tmp_path, "export")
    assert read(tmp_path, "export", format="csv").rows.height == 1


def test_a_name_with_glob_characters_is_a_name_where_the_file_exists(tmp_path: Path) -> None:
    (tmp_path / "a[1].csv").write_bytes(CSV)
    assert read(tmp_path, "a[1].csv").rows.height == 1


def test_s3_files_are_read(s3_bucket: str, tmp_path: Path) -> None:
    client = boto3.client("s3")
    client.put_object(Bucket=s3_bucket, Key="in/a.csv.gz", Body=gzip.compress(CSV + b"bad\n"))
    client.put_object(Bucket=s3_bucket, Key="in/b.csv", Body=b"id,at\n3,2026-01-05\n")
    pl.DataFrame({"id": ["9"], "at": ["2026-01-05"]}).write_parquet(tmp_path / "c.parquet")
    client.put_object(Bucket=s3_bucket, Key="c.parquet", Body=(tmp_path / "c.parquet").read_bytes())
    got = read(tmp_path, f"s3://{s3_bucket}/in/*")
    assert got.rows["row_id"].to_list() == ["1", "3"]
    assert got.unplaced["row_id"].to_list() == ["a.csv.gz:4"]
    assert read(tmp_path, f"s3://{s3_bucket}/in/").rows.height == 2
    assert read(tmp_path, f"s3://{s3_bucket}/c.parquet").rows["row_id"].to_list() == ["9"]
    with pytest.raises(SourceError, match=rf"s3://{s3_bucket}/none\.csv"):
        read(tmp_path, f"s3://{s3_bucket}/none.csv")
    with pytest.raises(SourceError, match="no-such-bucket"):
        read(tmp_path, "s3://no-such-bucket/none.csv")


def test_web_files_are_read_and_their_query_stays_secret(web: Web, tmp_path: Path) -> None:
    pl.DataFrame({"id": ["9"], "at": ["2026-01-05"]}).write_parquet(tmp_path / "c.parquet")
    bodies = {
        "/a.csv.gz": gzip.compress(CSV),
        "/c.parquet": (tmp_path / "c.parquet").read_bytes(),
        "/a.csv": CSV,
    }
    web.answer = lambda asked: (200, {}, bodies[asked.path]) if asked.path in bodies else (404, {}, b"")
    for name, wanted in [("a.csv.gz", "1"), ("a.csv", "1"), ("c.parquet", "9")]:
        assert read(tmp_path, f"{web.url}/{name}?signature=hush").rows["row_id"].to_list() == [wanted]
    with pytest.raises(SourceError, match=r"/none\.csv") as error:
        read(tmp_path, f"{web.url}/none.csv?signature=hush")
    assert "hush" not in str(error.value)
