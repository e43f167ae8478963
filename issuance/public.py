"""What everybody may ask: the verification page, the town's public keys, and whether a 発行番号 is issued or void.

Plain HTTP on one address, for the town's web server to put behind its own name. It is another process than the one that
kiosks talk to, reads the same database, and knows one question: a number. No name, no kind, no time goes out. The
contract is public.yaml.
"""

from __future__ import annotations

import base64
import hashlib
import tarfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from issuance import problems
from issuance.clock import Clock
from issuance.serials import is_serial
from issuance.store import Document, Store
from issuance.town import Kind, Town

PAGE = Path(__file__).parent / "verify"
DECODER = "qr-0.7.0.tgz"
DECODER_SHA512 = (
    "fd5aeb00298e0306558a9b91213c1f13038be6800c1071f93d398159a1ad953a"
    "26d9387169afab8669dae3353d3d1376b8bc36c1d71c6e41ce2c665bd50f5274"
)
"""The npm package qr (MIT or Apache-2.0), which reads codes in pictures where the browser cannot (docs/adr/0014)."""
_STATES = {"committed": "issued", "printed": "issued", "void": "void"}
_ASKED_A_MINUTE = 600
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


class Bucket:
    """So many questions a minute, for everybody together: nobody can count the town's papers by asking."""

    def __init__(self, clock: Clock, a_minute: int) -> None:
        self._clock = clock
        self._a_minute = a_minute
        self._left = float(a_minute)
        self._at_s = clock.monotonic_s()

    def take(self) -> bool:
        now_s = self._clock.monotonic_s()
        self._left = min(self._a_minute, self._left + (now_s - self._at_s) * self._a_minute / 60)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


def make_public_app(
    town: Town,
    kinds: Mapping[str, Kind],
    keys: Mapping[bytes, Ed25519PublicKey],
    store: Store,
    clock: Clock,
    decoder: Path,
) -> Starlette:
    """The application. `decoder`: the folder that unpack_decoder filled, or one that is not there."""
    published = keys_json(town, kinds, keys)
    bucket = Bucket(clock, _ASKED_A_MINUTE)

    async def home(_: Request) -> Response:
        return RedirectResponse("verify/", 308)  # a browser keeps what follows #

    async def page(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        return _file(PAGE / name) if "/" not in name else _lost()

    async def qr(request: Request) -> Response:
        name = request.path_params["name"]
        return _file(decoder / name) if "/" not in name else _lost()

    async def key_list(_: Request) -> Response:
        return Response(published, media_type="application/json", headers=_HEADERS)

    async def state_of(request: Request) -> Response:
        serial = request.path_params["serial"]
        if not bucket.take():
            return _problem(problems.Kind.RATE)
        document = await store.read(lambda tx: tx.get(Document, serial)) if is_serial(serial) else None
        state = _STATES.get(document.state, "unknown") if document is not None else "unknown"
        return Response(
            msgspec.json.encode({"state": state}), media_type="application/json", headers=_HEADERS
        )

    return Starlette(
        routes=[
            Route("/verify", home),
            Route("/verify/", page),
            Route("/verify/keys.json", key_list),
            Route("/verify/papers/{serial}", state_of),
            Route("/verify/qr/{name}", qr),
            Route("/verify/{name}", page),
        ],
        exception_handlers={HTTPException: _not_served},
    )


def keys_json(town: Town, kinds: Mapping[str, Kind], keys: Mapping[bytes, Ed25519PublicKey]) -> bytes:
    """The town's public seal keys, old ones too, for the page and for whoever writes a reader of their own."""
    raw = {
        name.hex(): key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        for name, key in sorted(keys.items())
    }
    published = {
        "town": town.name,
        "code": town.code,
        "kinds": {key: kind.title for key, kind in kinds.items()},
        "keys": [
            {"id": name, "key": base64.urlsafe_b64encode(key).decode().rstrip("=")}
            for name, key in raw.items()
        ],
    }
    return msgspec.json.encode(published)


class DecoderError(Exception):
    """This is not the package that was looked at."""


def unpack_decoder(package: Path, to: Path) -> None:
    """The two files of the decoder and its licence, out of the very package that was looked at."""
    if hashlib.sha512(package.read_bytes()).hexdigest() != DECODER_SHA512:
        raise DecoderError(f"{package.name} is not {DECODER}")
    to.mkdir(parents=True, exist_ok=True)
    with tarfile.open(package) as archive:
        for name in ("index.js", "decode.js", "LICENSE-MIT"):
            member = archive.extractfile(f"package/{name}")
            if member is not None:
                (to / name).write_bytes(member.read())


def _file(path: Path) -> Response:
    media_type = _TYPES.get(path.suffix)
    if media_type is None or not path.is_file():
        return _lost()
    return Response(path.read_bytes(), media_type=media_type, headers=_HEADERS)


def _lost() -> Response:
    return _problem(problems.Kind.NOT_FOUND)


async def _not_served(_: Request, error: Exception) -> Response:
    """Starlette's own: no such page, no such method."""
    is_method = isinstance(error, HTTPException) and error.status_code == 405
    return _problem(problems.Kind.METHOD if is_method else problems.Kind.NOT_FOUND)


def _problem(kind: problems.Kind) -> Response:
    body = problems.body_of(problems.Problem(kind))
    return Response(msgspec.json.encode(body), body.status, _HEADERS, problems.MEDIA_TYPE)
