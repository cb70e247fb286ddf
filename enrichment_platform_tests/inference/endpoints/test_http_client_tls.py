"""TLS: who the server is gets checked before anything is sent."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from yarl import URL

from enrichment_platform.inference.endpoints import http_client
from enrichment_platform.inference.endpoints.protocol import EndpointError, Failure
from enrichment_platform_tests.inference.endpoints.http_clients import Run, lean
from enrichment_platform_tests.inference.endpoints.raw_server import ANSWER, OK, RawServer, raw_server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Callable[[], ssl.SSLContext]]:
    """An authority's certificate in a file, and a server's context with one for `localhost` and 127.0.0.2 by it."""
    folder = tmp_path_factory.mktemp("tls")
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("authority", "server")]
    now = datetime.now(UTC)
    hosts: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.2"))]
    for number, name in enumerate(("authority", "server")):
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[number])
            .issuer_name(names[0])
            .public_key(keys[number].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=number == 0, path_length=None), critical=True)
        )
        if number:
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        certificate = builder.sign(keys[0], hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    no_password = serialization.NoEncryption()
    pem = keys[1].private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
    (folder / "key.pem").write_bytes(pem)

    def context() -> ssl.SSLContext:
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.load_cert_chain(folder / "server.pem", folder / "key.pem")
        made.set_alpn_protocols(["h2", "http/1.1"])
        return made

    return folder / "authority.pem", context


Authority = tuple[Path, Callable[[], ssl.SSLContext]]


def test_a_server_that_the_authorities_of_the_environment_know_is_asked_by_its_name(
    run: Run, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))
    named: list[str | None] = []

    async def scenario() -> RawServer:
        context = authority[1]()
        context.sni_callback = lambda _socket, name, _context: named.append(name)
        async with raw_server(OK, context) as server:
            client = lean(server.url)
            for _ in range(3):
                assert (await client.request("POST", server.url, b"row" * 100_000)).body == ANSWER
            assert server.connections == 1
            await client.close()
            big = await asyncio.gather(*(lean(server.url).request("POST", server.url, b"") for _ in range(20)))
            assert [one.body for one in big] == [ANSWER] * 20
        return server

    assert run(scenario).bodies[0] == b"row" * 100_000
    assert set(named) == {"localhost"}


@pytest.mark.parametrize("wrong", ["authority", "host"])
def test_a_server_that_is_not_who_it_should_be_is_sent_nothing(
    run: Run, authority: Authority, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    if wrong == "host":
        monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))

    async def scenario() -> tuple[EndpointError, RawServer]:
        async with raw_server(OK, authority[1]()) as server:
            url = server.url.with_host("127.0.0.1") if wrong == "host" else server.url
            client = lean(url)
            with pytest.raises(EndpointError) as caught:
                await client.request("POST", url, b"row")
            await client.close()
        return caught.value, server

    error, server = run(scenario)
    assert (error.failure, error.sent, error.detail) == (Failure.CONNECTION, False, "SSLCertVerificationError")
    assert not server.heads


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 This is no TLS\r\n\r\n", b""], ids=["plain", "silent"])
def test_a_server_without_tls_is_sent_nothing_and_leaves_no_descriptor(
    run: Run, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(http_client, "CONNECT_S", 0.2)

    async def scenario() -> list[EndpointError | object]:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(answer)
            await reader.read()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        url = URL(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        client = lean(url)
        before = len(os.listdir("/proc/self/fd"))
        tasks = [client.request("POST", url, b"row") for _ in range(10)]
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.1)
        assert len(os.listdir("/proc/self/fd")) <= before + 2
        await client.close()
        server.close()
        return errors

    for error in run(scenario):
        assert isinstance(error, EndpointError)
        assert (error.failure, error.sent) == (Failure.CONNECTION, False)
