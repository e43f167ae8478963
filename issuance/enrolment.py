"""How a machine that nobody knows yet comes onto the list, and how it gets its next certificate.

A new machine has no client certificate, so it asks at a listener of its own (enrolment.yaml, `issuance-server
enrolment`), which does nothing else. Asking gives nothing: the request waits until an operator has compared the
fingerprint of its key with the one that the machine shows, and approves that fingerprint. A machine that is on the
list asks for its next certificate under the one it has; both are good until the next one is used for the first time, so
that a power cut between the two leaves no machine outside.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from issuance.audit import Entry
from issuance.messages import (
    Body,
    KioskRequest,
    RenewalRequest,
    Renewed,
)
from issuance.office import Office, stamp
from issuance.pki import CsrError, TlsAuthority
from issuance.problems import Kind, Problem
from issuance.store import Enrolment, Kiosk, Tx

PENDING_MAX = 50
"""Requests that wait; more than a town installs in a day. Whoever floods the list gains a full list only."""
PENDING_FOR = timedelta(days=3)
REVOKED = "revoked:"
"""Before the fingerprint of a machine that was taken off the list: no certificate ever matches it again."""


class EnrolmentState(Body, frozen=True):
    """What enrolment.yaml answers. `state`: pending or approved. The three PEM texts are empty until it is approved."""

    kiosk: str
    fingerprint: str
    state: str
    certificate: str
    server_ca: str
    manifest_key: str


class EnrolmentDesk:
    """The use cases of both listeners."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def ask(self, request: KioskRequest) -> EnrolmentState:
        """Wait for approval. Repeatable; a key that asked under another name is a conflict."""
        now = self._office.clock.now()
        fingerprint = key_fingerprint(request.csr)

        def work(tx: Tx) -> Enrolment | Problem:
            known = tx.get(Enrolment, fingerprint)
            if known is not None:
                return known if known.kiosk == request.kiosk else Problem(Kind.CONFLICT)
            waiting = tx.find(Enrolment, state="pending")
            for old in waiting:
                if old.asked_at < stamp(now - PENDING_FOR):
                    tx.remove(old)
            if sum(each.asked_at >= stamp(now - PENDING_FOR) for each in waiting) >= PENDING_MAX:
                return Problem(Kind.RATE)
            row = Enrolment(fingerprint, request.kiosk, request.csr, "pending", "", stamp(now))
            tx.put(row)
            return row

        return self._state(await self._office.act(work))

    async def look(self, fingerprint: str) -> EnrolmentState:
        """What became of it. A certificate is public, and only the key's owner can use it."""
        row = await self._office.store.read(lambda tx: tx.get(Enrolment, fingerprint))
        if row is None:
            raise Problem(Kind.NOT_FOUND)
        return self._state(row)

    async def renew(self, kiosk: Kiosk, request: RenewalRequest) -> Renewed:
        """The next certificate of a machine that is on the list, for its next key."""
        now = self._office.clock.now()
        try:
            row, certificate = self._office.authority.sign(request.csr, kiosk.kiosk, now)
        except CsrError:
            raise Problem(Kind.MALFORMED) from None

        def work(tx: Tx) -> Renewed | Problem:
            known = tx.get(Kiosk, kiosk.kiosk)
            if known is None or known.fingerprint != kiosk.fingerprint:
                return Problem(Kind.UNKNOWN_KIOSK)
            tx.put(
                msgspec.structs.replace(
                    known, next_fingerprint=row.fingerprint, next_public_key=row.public_key
                )
            )
            tx.append(Entry(stamp(now), "renewal-signed", kiosk=kiosk.kiosk, detail=row.fingerprint))
            return Renewed(certificate.decode())

        return await self._office.act(work)

    def _state(self, row: Enrolment) -> EnrolmentState:
        if not row.certificate:
            return EnrolmentState(row.kiosk, row.fingerprint, row.state, "", "", "")
        return EnrolmentState(
            row.kiosk,
            row.fingerprint,
            row.state,
            row.certificate,
            self._office.authority.pem,
            self._office.signer.public_pem,
        )


def key_fingerprint(csr: str) -> str:
    """SHA-256, hex, of the public key (SubjectPublicKeyInfo, DER) that a request is for; Problem when it is none."""
    try:
        key = x509.load_pem_x509_csr(csr.encode()).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise Problem(Kind.MALFORMED) from None
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def approve(tx: Tx, authority: TlsAuthority, fingerprint: str, now: datetime) -> Kiosk | None:
    """Put the machine with this key on the list; None when nothing of it waits, or its name is taken."""
    row = tx.get(Enrolment, fingerprint)
    if row is None or row.state != "pending":
        return None
    known = tx.get(Kiosk, row.kiosk)
    if known is not None and not known.fingerprint.startswith(REVOKED):
        return None
    try:
        kiosk, certificate = authority.sign(row.csr, row.kiosk, now)
    except CsrError:
        return None
    tx.put(kiosk)
    tx.put(msgspec.structs.replace(row, state="approved", certificate=certificate.decode()))
    tx.append(Entry(stamp(now), "enrolled", kiosk=row.kiosk, detail=kiosk.fingerprint))
    return kiosk


def revoke(tx: Tx, kiosk: str, reason: str, now: datetime) -> bool:
    """Take a machine off the list: from the next request on it is nobody. Its records stay."""
    row = tx.get(Kiosk, kiosk)
    if row is None or row.fingerprint.startswith(REVOKED):
        return False
    off = msgspec.structs.replace(
        row, fingerprint=REVOKED + row.fingerprint, next_fingerprint="", next_public_key=b""
    )
    tx.put(off)
    for each in tx.find(Enrolment, kiosk=kiosk):
        tx.remove(each)
    tx.append(Entry(stamp(now), "revoked", kiosk=kiosk, detail=reason))
    return True


def promote(tx: Tx, fingerprint: str, now: datetime) -> Kiosk | None:
    """A machine used its next certificate for the first time: the one before it is over."""
    found = tx.find(Kiosk, next_fingerprint=fingerprint) if fingerprint else []
    if not found:
        return None
    row = msgspec.structs.replace(
        found[0],
        fingerprint=fingerprint,
        public_key=found[0].next_public_key,
        next_fingerprint="",
        next_public_key=b"",
    )
    tx.put(row)
    tx.append(Entry(stamp(now), "renewed", kiosk=row.kiosk, detail=fingerprint))
    return row
