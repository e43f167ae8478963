"""A device key that only this machine's TPM 2.0 can use.

It is made inside the TPM. The file keeps it wrapped (TSS2 PRIVATE KEY: public half, and the private half under the
TPM's own storage key): whoever copies the file has nothing without this TPM. Debian's `tpm2-openssl` is OpenSSL's
provider for it. Signing goes through `openssl`, a program with a time limit; TLS through the libcrypto that Python's
`ssl` is built on. The wheel of `cryptography` brings an OpenSSL of its own that knows no provider, so it is not asked.

Once a process opened such a key, OpenSSL in it does elliptic curves in the TPM: a provider of version 1.1 hands out its
public half to others, so OpenSSL would else take the default's signature, which then has no key. It needs a resource
manager (the kernel's /dev/tpmrm0): a handshake holds more objects than a TPM has places.
"""

from __future__ import annotations

import ctypes
import os
import ssl
import subprocess
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kiosk.enrolment.keys import Named, request_by, write_private
from kiosk.errors import ConfigError, ContractError, DeviceUnavailable

if TYPE_CHECKING:
    from cryptography.utils import Buffer

MAKE_LIMIT_S, SIGN_LIMIT_S = 30.0, 4.0
"""A TPM makes a key in seconds and signs in tenths. A seal asks twice, and the core's watchdog waits for ten."""
_WITH_TPM = "?tpm2.signature=yes"
_PROVIDERS = ("-provider", "tpm2", "-provider", "default", "-propquery", _WITH_TPM)
_TCTI = ("TPM2OPENSSL_TCTI", "device:/dev/tpmrm0")
_LINE = threading.Lock()
_KEPT: list[ssl.SSLContext] = []
"""Two threads in the provider at once spoil each other's commands ("Esys called in bad sequence"). A context that goes
takes its key out of the TPM, in whatever thread that happens: so none goes. A process has as many as it has clients."""


class TpmKey(Named):
    """DeviceKey."""

    def __init__(self, path: Path) -> None:
        _teach_ssl()
        self._path = path
        self.public = _openssl("pkey", *_PROVIDERS, "-in", str(path), "-pubout", "-outform", "DER")

    @classmethod
    def make(cls, path: Path) -> Self:
        words = ("-algorithm", "EC", "-pkeyopt", "group:P-256")
        write_private(path, _openssl("genpkey", *_PROVIDERS, *words, limit_s=MAKE_LIMIT_S))
        return cls(path)

    def request(self, kiosk: str) -> str:
        return request_by(_Hand(self), kiosk)

    def sign(self, data: bytes) -> bytes:
        words = ("-sha256", "-sign", str(self._path))
        try:
            return _openssl("dgst", *_PROVIDERS, *words, given=data)
        except ConfigError as error:
            raise DeviceUnavailable(str(error)) from None

    def identify(self, context: ssl.SSLContext, certificate: Path) -> None:
        with _LINE:
            context.load_cert_chain(certificate, self._path)
            _KEPT.append(context)


class _TakesTurns(ssl.SSLSocket):
    """Handshakes of all threads of this process, one after the other: the TPM signs in them. One that hangs holds the
    others until its own time limit."""

    def do_handshake(self, block: bool = False) -> None:
        with _LINE:
            super().do_handshake(block)


class _Hand(ec.EllipticCurvePrivateKey):
    """The key as `cryptography` wants one to sign a request with. (The request that `openssl req` makes with this
    provider's version 1.1 names its algorithm with parameters, against RFC 5758: strict readers refuse it.)"""

    def __init__(self, key: TpmKey) -> None:
        self._key = key

    def sign(self, data: Buffer, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        del signature_algorithm
        return self._key.sign(bytes(data))

    def public_key(self) -> ec.EllipticCurvePublicKey:
        found = serialization.load_der_public_key(self._key.public)
        if not isinstance(found, ec.EllipticCurvePublicKey):
            raise ConfigError("not an EC key")
        return found

    @property
    def curve(self) -> ec.EllipticCurve:
        return ec.SECP256R1()

    @property
    def key_size(self) -> int:
        return self.curve.key_size

    def _cannot(self, *_: object, **__: object) -> NoReturn:
        raise ContractError("a key in a TPM signs, and does nothing else")

    exchange = private_numbers = private_bytes = _cannot
    __copy__ = __deepcopy__ = _cannot


def _openssl(*words: str, given: bytes = b"", limit_s: float = SIGN_LIMIT_S) -> bytes:
    """What it answers. ConfigError: no TPM, no provider, or a key of another machine."""
    try:
        done = subprocess.run(  # noqa: S603  # words of this module
            ["/usr/bin/openssl", *words],
            input=given,
            capture_output=True,
            timeout=limit_s,
            env={**os.environ, _TCTI[0]: os.environ.get(*_TCTI)},
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise ConfigError("the TPM does not answer") from None
    except (OSError, subprocess.CalledProcessError):
        raise ConfigError("the TPM, its provider (tpm2-openssl) or its key cannot be used") from None
    return done.stdout


@cache
def _teach_ssl() -> None:
    """OpenSSL of this process, once. ConfigError: there is no such provider, or it finds no TPM."""
    os.environ.setdefault(*_TCTI)
    crypto = ctypes.CDLL("libcrypto.so.3")
    crypto.OSSL_PROVIDER_load.restype = ctypes.c_void_p
    crypto.OSSL_PROVIDER_load.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
    crypto.EVP_set_default_properties.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
    for name in (b"default", b"tpm2"):  # a provider that is loaded by name takes the default one away
        if not crypto.OSSL_PROVIDER_load(None, name):
            raise ConfigError("the TPM or its provider (tpm2-openssl) is not there")
    if not crypto.EVP_set_default_properties(None, _WITH_TPM.encode()):
        raise ConfigError("the TPM's provider was not taken")
    ssl.SSLContext.sslsocket_class = _TakesTurns
