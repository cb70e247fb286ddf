"""HTTP: every page is read once, failures are tried again and then said plainly."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from enrichment_platform.errors import SourceError
from enrichment_platform.sources import Ingested, http_get, read_partition
from enrichment_platform.spec import HttpSource, PartitionsSpec, PartitionWindow
from enrichment_platform_tests.sources.reads import DAILY, day
from enrichment_platform_tests.sources.web import Asked, Web

RECORDS = [{"id": str(number), "at": "2026-01-05", "n": number} for number in range(7)]
IDS = [record["id"] for record in RECORDS]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_get, "BACKOFF_S", 0.01)


def source(url: str, **settings: Any) -> HttpSource:
    return HttpSource.model_validate({"type": "http", "url": url, "key": "id", "timestamp": "at", **settings})


def read(url: str, **settings: Any) -> Ingested:
    return read_partition(source(url, **settings), DAILY, day("2026-01-05"), Path())


def test_records_are_taken_from_their_path_and_fields_from_theirs(web: Web) -> None:
    body = {"hits": {"hits": [{"_source": RECORDS[0]}, {"other": 1}]}}
    web.answer = lambda asked: (200, {}, body)
    got = read(web.url, records="hits.hits", record="_source")
    assert got.rows.select("row_id", "n").rows() == [("0", "0")]
    assert got.unplaced.select("row_id", "reason").rows() == [("http:2", "malformed_line")]


def test_address_parameters_and_headers_are_filled_in(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "hush")
    web.answer = lambda asked: (200, {}, RECORDS)
    params = {
        "min": "{partition_start}",
        "max": "{partition_end}",
        "last": "{partition_last_day}",
        "q": "{x}",
    }
    read(web.url + "/days/{partition_key}", params=params, headers={"X-Token": "${API_TOKEN}"})
    assert web.asked[0].path == "/days/2026-01-05"
    assert web.asked[0].query == {"min": "2026-01-05", "max": "2026-01-06", "last": "2026-01-05", "q": "{x}"}
    assert web.asked[0].headers["X-Token"] == "hush"


def test_hourly_partitions_send_times_with_offset(web: Web) -> None:
    web.answer = lambda asked: (200, {}, [])
    window = day("2026-01-05")
    spec = source(web.url, params={"from": "{partition_start}"})
    read_partition(spec, PartitionsSpec(type="hourly", start="2026-01-01-00:00"), window, Path())
    assert web.asked[0].query == {"from": "2026-01-05T00:00:00+00:00"}


def test_a_placeholder_without_a_value_is_an_error(web: Web) -> None:
    partitions = PartitionsSpec(type="static", keys=["a"], column="team")
    spec = source(web.url, timestamp=None, params={"from": "{partition_start}"})
    with pytest.raises(SourceError, match=r"source\.params\.from uses \{partition_start\}"):
        read_partition(spec, partitions, PartitionWindow("a"), Path())


def test_offset_pages_are_read_to_the_end_even_where_the_api_caps_their_size(web: Web) -> None:
    def answer(asked: Asked) -> tuple[int, dict[str, str], Any]:
        first = int(asked.query["offset"])
        return 200, {}, RECORDS[first : first + min(3, int(asked.query["limit"]))]

    web.answer = answer
    got = read(web.url, paging={"type": "offset", "size_parameter": "limit", "size": 1000})
    assert got.rows["row_id"].to_list() == IDS
    assert [asked.query["offset"] for asked in web.asked] == ["0", "3", "6", "7"]


def test_numbered_pages_end_at_a_404_or_an_empty_page(web: Web) -> None:
    for end in ((404, {}, {}), (200, {}, [])):
        pages: dict[str, Any] = {"1": (200, {}, RECORDS[:4]), "2": (200, {}, RECORDS[4:])}
        web.answer = lambda asked, end=end, pages=pages: pages.get(asked.query["p"], end)
        got = read(web.url, paging={"type": "page", "parameter": "p", "first": 1})
        assert got.rows["row_id"].to_list() == IDS


def test_cursors_are_followed_until_there_is_none(web: Web) -> None:
    def answer(asked: Asked) -> tuple[int, dict[str, str], Any]:
        first = int(asked.query.get("after", 0))
        following = first + 3 if first + 3 < 7 else None
        return 200, {}, {"data": RECORDS[first : first + 3], "meta": {"next": following}}

    web.answer = answer
    got = read(web.url, records="data", paging={"type": "cursor", "parameter": "after", "cursor": "meta.next"})
    assert got.rows["row_id"].to_list() == IDS


def test_link_headers_are_followed(web: Web) -> None:
    def answer(asked: Asked) -> tuple[int, dict[str, str], Any]:
        first = int(asked.query.get("from", 0))
        link = {"Link": f'</x?from={first + 4}>; rel="next", </x>; rel="first"'} if first == 0 else {}
        return 200, link, RECORDS[first : first + 4]

    web.answer = answer
    assert read(web.url, paging={"type": "link"}, params={"q": "1"}).rows["row_id"].to_list() == IDS


def test_headers_do_not_follow_a_link_to_another_host(web: Web) -> None:
    other = web.url.replace("127.0.0.1", "localhost")

    def answer(asked: Asked) -> tuple[int, dict[str, str], Any]:
        return (
            (200, {}, RECORDS[1:]) if asked.path == "/b" else (200, {"Link": f'<{other}/b>; rel="next"'}, RECORDS[:1])
        )

    web.answer = answer
    got = read(web.url, paging={"type": "link"}, headers={"Authorization": "Bearer hush"})
    assert got.rows["row_id"].to_list() == IDS
    assert ["Authorization" in asked.headers for asked in web.asked] == [True, False]


@pytest.mark.parametrize(
    ("paging", "headers"),
    [
        ({"type": "offset"}, {}),
        ({"type": "page"}, {}),
        ({"type": "cursor", "cursor": "next"}, {}),
        ({"type": "link"}, {"Link": '</>; rel="next"'}),
    ],
)
def test_paging_that_never_ends_is_an_error(web: Web, paging: dict[str, str], headers: dict[str, str]) -> None:
    web.answer = lambda asked: (200, headers, {"data": RECORDS, "next": "same"})
    with pytest.raises(SourceError, match=r"source\.paging"):
        read(web.url, records="data", paging=paging)
    assert len(web.asked) <= 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_tried_again(web: Web, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(http_get.time, "sleep", waits.append)
    web.answer = lambda asked: (status, {"Retry-After": "7"}, {}) if len(web.asked) < 3 else (200, {}, RECORDS)
    assert read(web.url).rows["row_id"].to_list() == IDS
    assert waits == [7.0, 7.0]


@pytest.mark.parametrize(("status", "tries"), [(503, 3), (401, 1), (404, 1)])
def test_a_lasting_failure_is_one_error_without_secrets(web: Web, status: int, tries: int) -> None:
    web.answer = lambda asked: (status, {}, {})
    with pytest.raises(SourceError, match=rf"127\.0\.0\.1.*{status}") as error:
        read(web.url, params={"api_key": "hush"}, headers={"X-Token": "hush"})
    assert len(web.asked) == tries
    assert "hush" not in str(error.value)


def test_a_host_that_does_not_answer_is_one_error() -> None:
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:1 cannot be reached"):
        read("http://127.0.0.1:1")
    with pytest.raises(SourceError, match="cannot be made"):
        read("nothing://x")


def test_an_answer_that_is_not_the_wanted_json_is_an_error(web: Web) -> None:
    web.answer = lambda asked: (200, {"Content-Type": "text/html"}, b"<html>")
    with pytest.raises(SourceError, match="text/html, which is not JSON"):
        read(web.url)
    web.answer = lambda asked: (200, {}, {"results": {"items": []}})
    with pytest.raises(SourceError, match=r"no list at 'items'.*results, results\.items"):
        read(web.url, records="items")


def test_a_quiet_day_is_empty_and_an_api_without_any_record_is_an_error(web: Web) -> None:
    web.answer = lambda asked: (200, {}, [])
    quiet = read(web.url, params={"day": "{partition_key}"}, columns=["id", "text"])
    assert quiet.rows.columns == ["row_id", "partition_key", "id", "at", "text"]
    assert quiet.rows.is_empty()
    with pytest.raises(SourceError, match="no rows at all"):
        read(web.url)


def test_a_file_can_take_the_place_of_the_api(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("id,at\n1,2026-01-05\n")
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(json.dumps({"hits": [{"_source": RECORDS[2]}]}).encode()))
    settings: dict[str, Any] = {"override_env": "TICKETS_SOURCE", "records": "hits", "record": "_source"}
    for path, wanted in [("a.csv", "1"), ("a.json.gz", "2"), (str(tmp_path / "a.csv"), "1")]:
        monkeypatch.setenv("TICKETS_SOURCE", path)
        assert read("http://127.0.0.1:1", **settings).rows["row_id"].to_list() == [wanted]
    web.answer = lambda asked: (200, {}, b"id,at\n5,2026-01-05\n" if asked.path == "/a.csv" else {"hits": []})
    monkeypatch.setenv("TICKETS_SOURCE", f"{web.url}/a.csv?x=1")
    assert read("http://127.0.0.1:1", **settings).rows["row_id"].to_list() == ["5"]


def test_another_api_can_take_the_place_of_the_address(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    web.answer = lambda asked: (200, {}, RECORDS)
    monkeypatch.setenv("TICKETS_SOURCE", web.url + "/v2")
    assert read("http://127.0.0.1:1", override_env="TICKETS_SOURCE").rows.height == 7
    assert web.asked[0].path == "/v2"
