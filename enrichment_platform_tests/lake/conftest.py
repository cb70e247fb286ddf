"""The object store that lake tests write to."""

from enrichment_platform_tests.servers.s3 import s3_bucket, s3_endpoint

__all__ = ["s3_bucket", "s3_endpoint"]
