"""Mutual TLS under uvicorn: who is at the other end of the connection, told to the application.

uvicorn asks for the client's certificate and checks its chain, but does not pass it on. This protocol class
does, in the form of the ASGI TLS extension (`scope["extensions"]["tls"]["client_cert_chain"]`), so that the
application would run unchanged under any server that speaks it.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class MutualTlsProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with the peer's certificate in the scope."""

    # as in HttpToolsProtocol
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True) if tls is not None else None
        if der is None:  # CERT_REQUIRED makes this impossible; without it nobody is let in
            transport.abort()
            return
        extension = {"client_cert_chain": [ssl.DER_cert_to_PEM_cert(der)], "client_cert_name": None}
        application = self.app

        async def with_peer(scope: Any, receive: Any, send: Any) -> None:
            await application(scope | {"extensions": {"tls": extension}}, receive, send)

        self.app = with_peer


def peer_fingerprint(scope: Mapping[str, Any]) -> str | None:
    """SHA-256, hex, of the DER of the client certificate of this connection; None without one."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or ()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(chain[0])).hexdigest() if chain else None


def server_of(
    application: Any, *, host: str, port: int, tls_folder: Path, is_mutual: bool = True
) -> uvicorn.Server:
    """A server that talks TLS 1.3 to enrolled kiosks only (not mutual: to anybody). Port 0 takes a free one."""
    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        http=MutualTlsProtocol if is_mutual else HttpToolsProtocol,
        ws="none",
        loop="uvloop",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        limit_concurrency=256,
        ssl_keyfile=str(tls_folder / "server.key"),
        ssl_certfile=str(tls_folder / "server.pem"),
        ssl_ca_certs=str(tls_folder / "ca.pem"),
        ssl_cert_reqs=ssl.CERT_REQUIRED if is_mutual else ssl.CERT_NONE,
    )
    config.load()
    if config.ssl is None:
        raise ValueError("no TLS")
    config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
    return uvicorn.Server(config)
