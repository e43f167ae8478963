"""HTTP to those who know about revocation: one request, no redirect, a bound on time and size."""

from __future__ import annotations

import time
from typing import Final

import urllib3

ANSWER_MAX: Final = 64 * 1024
LIST_MAX: Final = 64 * 1024 * 1024
WAIT_S: Final = 3.0
"""For the whole of one exchange: a resident stands there."""

LIST_WAIT_S: Final = 120.0
_PIECE: Final = 64 * 1024


class FetchError(Exception):
    """No usable answer. The message is a word for the audit log: `unreachable`, `http-503`, `media-type`, `too-large`,
    `timeout`."""


def post_ocsp(url: str, request: bytes) -> bytes:
    """RFC 6960 appendix A.1. FetchError."""
    headers = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
    return _exchange("POST", url, request, headers, "application/ocsp-response", ANSWER_MAX, WAIT_S)


def get_list(url: str) -> bytes:
    """A revocation list, whatever its server calls it. FetchError."""
    return _exchange("GET", url, None, {"Accept": "application/pkix-crl"}, "", LIST_MAX, LIST_WAIT_S)


def _exchange(
    method: str,
    url: str,
    body: bytes | None,
    headers: dict[str, str],
    media_type: str,
    most: int,
    wait_s: float,
) -> bytes:
    end_s = time.monotonic() + wait_s
    timeout = urllib3.Timeout(total=wait_s)
    with urllib3.PoolManager(num_pools=1, retries=False, timeout=timeout) as pool:
        try:
            answer = pool.request(
                method, url, body=body, headers=headers, redirect=False, preload_content=False
            )
            try:
                return _read(answer, media_type, most, end_s)
            finally:
                answer.close()
        except urllib3.exceptions.NewConnectionError:
            raise FetchError("unreachable") from None
        except urllib3.exceptions.TimeoutError:
            raise FetchError("timeout") from None
        except urllib3.exceptions.HTTPError:
            raise FetchError("unreachable") from None


def _read(answer: urllib3.BaseHTTPResponse, media_type: str, most: int, end_s: float) -> bytes:
    """A peer that drips its bytes is cut off at `end_s`; the socket's own timeout knows only pauses."""
    if answer.status != 200:
        raise FetchError(f"http-{answer.status}")
    if media_type and answer.headers.get("Content-Type", "").split(";")[0].strip() != media_type:
        raise FetchError("media-type")
    data = b""
    while piece := answer.read1(_PIECE):
        data += piece
        if len(data) > most:
            raise FetchError("too-large")
        if time.monotonic() > end_s:
            raise FetchError("timeout")
    return data
