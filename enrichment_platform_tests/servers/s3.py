"""An S3 server for the tests (moto), with a bucket that the AWS_* environment points at."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "enrichment-tests"


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """URL of the server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name of an empty bucket; the environment of the test holds the endpoint and the keys."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = boto3.resource("s3", endpoint_url=s3_endpoint).create_bucket(Bucket=BUCKET)
    yield BUCKET
    bucket.objects.all().delete()
    bucket.delete()
