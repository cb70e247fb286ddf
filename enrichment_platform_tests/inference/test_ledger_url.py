"""How the ledger is named: a password beside its URL, and libpq's words for TLS."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.ledger_engine import ledger_engine
from enrichment_platform.inference.ledger_tls import tls_arguments
from enrichment_platform.lake.location import ledger_url
from enrichment_platform_tests.servers.postgres import postgres_url

__all__ = ["postgres_url"]
BARE = "postgresql://dagster@db.example:5432/ledger"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_password_beside_the_url_arrives_as_it_is(password: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENRICHMENT_LEDGER", BARE)
        patch.setenv("ENRICHMENT_LEDGER_PASSWORD", password)
        url = sa.make_url(ledger_url())
    assert (url.password, url.host, url.username, url.database) == (password, "db.example", "dagster", "ledger")


@pytest.mark.parametrize("url", ["postgresql://dagster:own@db/ledger", "sqlite:////tmp/x.db", "postgresql://["])
def test_a_url_that_has_a_password_or_needs_none_is_left_alone(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("ENRICHMENT_LEDGER", url)
    monkeypatch.setenv("ENRICHMENT_LEDGER_PASSWORD", "other")
    assert ledger_url() == url


def test_the_ledger_opens_with_the_password_beside_its_url(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sa.make_url(postgres_url)
    monkeypatch.setenv("ENRICHMENT_LEDGER", f"postgresql://{url.username}@{url.host}:{url.port}/{url.database}")
    monkeypatch.setenv("ENRICHMENT_LEDGER_PASSWORD", str(url.password))
    with ledger_engine(ledger_url()).connect() as connection:
        assert connection.execute(sa.text("select 1")).scalar() == 1


def test_a_server_without_tls_is_refused_where_tls_is_required(postgres_url: str) -> None:
    with pytest.raises(sa.exc.InterfaceError, match="SSL"), ledger_engine(f"{postgres_url}?sslmode=require").connect():
        pass
    for mode in ("disable", "prefer"):
        with ledger_engine(f"{postgres_url}?sslmode={mode}").connect() as connection:
            assert connection.execute(sa.text("select 1")).scalar() == 1


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that signs others."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority of the tests")])
    plain = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now)
    signing = plain.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    built = signing.sign(key, hashes.SHA256())
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    path.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(
    ("mode", "verified", "by_name"),
    [
        ("require", ssl.CERT_REQUIRED, False),
        ("verify-ca", ssl.CERT_REQUIRED, False),
        ("verify-full", ssl.CERT_REQUIRED, True),
    ],
)
def test_modes_are_those_of_libpq(authority: Path, mode: str, verified: ssl.VerifyMode, by_name: bool) -> None:
    url, arguments = tls_arguments(sa.make_url(f"{BARE}?sslmode={mode}&sslrootcert={authority}&application_name=night"))
    context = arguments["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (verified, by_name)
    assert [one["issuer"] for one in context.get_ca_certs()][-1][0][0] == ("commonName", "authority of the tests")
    assert dict(url.query) == {"application_name": "night"}


def test_tls_that_is_required_without_a_root_certificate_is_not_verified() -> None:
    _, arguments = tls_arguments(sa.make_url(f"{BARE}?sslmode=require"))
    context = arguments["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_a_socket_is_handed_on() -> None:
    url, arguments = tls_arguments(sa.make_url("postgresql://dagster@/ledger?unix_sock=/cloudsql/x/.s.PGSQL.5432"))
    assert dict(url.query) == {"unix_sock": "/cloudsql/x/.s.PGSQL.5432"}
    assert not arguments


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sslmode=sometimes", "sslmode=sometimes is not known; allowed are"),
        ("ssl=1", "ssl is not known; allowed are"),
        ("sslmode=verify-full&sslrootcert=/nowhere", "sslrootcert=/nowhere cannot be read"),
    ],
)
def test_what_is_wrong_is_one_message_without_the_password(query: str, said: str) -> None:
    with pytest.raises(EnrichmentError) as raised:
        ledger_engine(f"postgresql://dagster:s3cret@db/ledger?{query}")
    assert said in str(raised.value)
    assert "s3cret" not in str(raised.value)
