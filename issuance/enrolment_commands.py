"""Commands of `issuance-server` about machines that want to be kiosks: enrolment, enrolments, approve, revoke."""

from __future__ import annotations

import argparse
from pathlib import Path

from issuance import folder
from issuance.clock import SystemClock
from issuance.commands import Adder
from issuance.enrolment import approve, revoke
from issuance.pki import TlsAuthority
from issuance.store import Enrolment


def add(command: Adder) -> None:
    """The commands of enrolment."""
    enrolment = command("enrolment", _enrolment, "listen to machines that are not enrolled yet")
    enrolment.add_argument("--host", default="127.0.0.1")
    enrolment.add_argument("--port", type=int, default=8444)
    enrolment.add_argument("--font", type=Path, default=folder.FONT, help="the font of certificates")
    command("enrolments", _enrolments, "which machines wait for approval, and their keys' fingerprints")
    approved = command("approve", _approve, "enrol the machine whose screen shows this fingerprint")
    approved.add_argument("--fingerprint", required=True, help="SHA-256 of the machine's public key, hex")
    revoked = command("revoke", _revoke, "take a kiosk off the list for good (stolen, sold, taken away)")
    revoked.add_argument("--kiosk", required=True)
    revoked.add_argument("--reason", default="")


def _enrolment(arguments: argparse.Namespace) -> int:
    """Where machines without a certificate ask. Beside `run`; to be stopped when nothing is being installed."""
    from issuance.app import make_enrolment_app  # noqa: PLC0415
    from issuance.tls import server_of  # noqa: PLC0415

    office = folder.open_office(arguments.dir, font=arguments.font, clock=SystemClock())
    server = server_of(
        make_enrolment_app(office),
        host=arguments.host,
        port=arguments.port,
        tls_folder=arguments.dir / "tls",
        is_mutual=False,
    )
    server.run()
    return 0


def _enrolments(arguments: argparse.Namespace) -> int:
    """Who waits, with the fingerprint that the machine shows too."""
    store = folder.open_store(arguments.dir)
    try:
        rows = store.run_now(lambda tx: tx.find(Enrolment))
    finally:
        store.close()
    for row in sorted(rows, key=lambda each: each.asked_at):
        print(f"{row.state:9} {row.asked_at[:16]} {row.kiosk:24} {row.fingerprint}")
    return 0


def _approve(arguments: argparse.Namespace) -> int:
    authority = TlsAuthority(arguments.dir / "tls")
    fingerprint = arguments.fingerprint.replace(":", "").replace(" ", "").lower()
    store = folder.open_store(arguments.dir)
    try:
        kiosk = store.run_now(lambda tx: approve(tx, authority, fingerprint, SystemClock().now()))
    finally:
        store.close()
    if kiosk is None:
        raise folder.SetupError(
            "nothing with this key waits, or a machine of its name is on the list: revoke it first"
        )
    print(f"{kiosk.kiosk} is enrolled")
    return 0


def _revoke(arguments: argparse.Namespace) -> int:
    store = folder.open_store(arguments.dir)
    try:
        done = store.run_now(lambda tx: revoke(tx, arguments.kiosk, arguments.reason, SystemClock().now()))
    finally:
        store.close()
    if not done:
        raise folder.SetupError("no kiosk of this name is enrolled")
    return 0
