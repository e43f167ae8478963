"""One question to the server over TLS 1.3, with the standard library: it is asked a few times in a machine's life."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kiosk.enrolment.keys import DeviceKey
from kiosk.errors import DeviceTimeout, DeviceUnavailable, PeerProtocolError

ANSWER_MAX = 64 * 1024
TIMEOUT_S = 10.0


class Refused(PeerProtocolError):  # noqa: N818  # as the contract calls it
    """The server's no; the text is its problem type."""


def ask(
    method: str,
    url: str,
    path: str,
    authority: Path,
    body: dict[str, str] | None = None,
    identity: tuple[Path, DeviceKey] | None = None,
) -> dict[str, Any]:
    """The answer's object. DeviceUnavailable, DeviceTimeout, Refused, PeerProtocolError.

    `identity`: certificate and key.
    """
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(authority)
        if identity is not None:
            certificate, key = identity
            key.identify(context, certificate)
    except (OSError, ssl.SSLError):
        raise DeviceUnavailable("enrolment: authority, key or certificate cannot be used") from None
    place = urlsplit(url)
    connection = http.client.HTTPSConnection(
        place.hostname or "", place.port or 443, timeout=TIMEOUT_S, context=context
    )
    try:
        connection.request(
            method,
            path,
            json.dumps(body) if body is not None else None,
            {"Accept": "application/json, application/problem+json", "Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        data = answer.read(ANSWER_MAX + 1)
    except TimeoutError:
        raise DeviceTimeout("enrolment: no answer in time") from None
    except (OSError, http.client.HTTPException):
        raise DeviceUnavailable("enrolment: the server cannot be reached") from None
    finally:
        connection.close()
    return _object(answer.status, data)


def _object(status: int, data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data) if len(data) <= ANSWER_MAX else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise PeerProtocolError("enrolment: the answer is not of the contract")
    if status >= http.HTTPStatus.BAD_REQUEST:
        kind = str(found.get("type", "")).rpartition(":")[2]
        raise Refused(f"enrolment: refused, {kind if kind.replace('-', '').isalpha() else 'unknown'}")
    return found
