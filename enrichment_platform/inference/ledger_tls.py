"""libpq's words for TLS in the ledger's URL, as pg8000 takes them."""

from __future__ import annotations

import ssl
from typing import Any

import sqlalchemy as sa

from enrichment_platform.errors import EnrichmentError

SSL_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")  # libpq's, but for `allow`
KEPT = ("application_name", "unix_sock")  # pg8000's own; a socket is how cloud proxies are reached


def tls_arguments(url: sa.URL) -> tuple[sa.URL, dict[str, Any]]:
    """The URL without libpq's `sslmode` and `sslrootcert`, and what they are for pg8000, which has no such words.

    Raises:
        EnrichmentError: another mode, a file that cannot be read, or a parameter that is not known.
    """
    given = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    mode, certificates = given.pop("sslmode", "prefer"), given.pop("sslrootcert", None)
    unknown = sorted(given.keys() - set(KEPT))
    if unknown or mode not in SSL_MODES:
        raise EnrichmentError(
            f"ENRICHMENT_LEDGER: {', '.join(unknown) or f'sslmode={mode}'} is not known; allowed are sslrootcert,"
            f" {', '.join(KEPT)} and sslmode ({', '.join(SSL_MODES)})"
        )
    plain = url.difference_update_query(["sslmode", "sslrootcert"])
    if mode == "disable":
        return plain, {"ssl_context": False}
    if mode == "prefer":
        return plain, {}
    try:
        context = ssl.create_default_context(cafile=certificates)
    except OSError as error:
        raise EnrichmentError(f"ENRICHMENT_LEDGER: sslrootcert={certificates} cannot be read: {error}") from None
    context.check_hostname = mode == "verify-full"
    if mode == "require" and certificates is None:  # with a root certificate it is verify-ca, as in libpq
        context.verify_mode = ssl.CERT_NONE
    return plain, {"ssl_context": context}
