"""The command `issuance-server`."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from issuance import audit, folder, records, workers
from issuance.clock import JST, SystemClock
from issuance.enrolment import approve, revoke
from issuance.names import LettersError
from issuance.office import stamp
from issuance.pki import TlsAuthority
from issuance.register import RegisterError
from issuance.store import Document, Enrolment, Kiosk, StaffUser, Tx
from issuance.town import TownError, read_kinds, read_town

T = TypeVar("T")

_CRL_NAMES = ("*.crl", "crl*.pem", "crl*.der")


def main(argv: Sequence[str] | None = None) -> int:
    """0 done, 1 refused, 2 not understood."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s %(name)s %(message)s", level=logging.WARNING)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except records.NoReasonError:
        print("issuance-server: nobody looks without a reason", file=sys.stderr)
        return 1
    except (
        folder.SetupError,
        LettersError,
        TownError,
        RegisterError,
        FileExistsError,
        FileNotFoundError,
    ) as error:
        print(f"issuance-server: {error}", file=sys.stderr)
        return 1


def _init(arguments: argparse.Namespace) -> int:
    folder.init(
        arguments.dir,
        kiosk=arguments.kiosk,
        hosts=arguments.host or ["localhost", "127.0.0.1", "::1"],
        town=arguments.town,
        clock=SystemClock(),
        database=arguments.database,
    )
    print(f"{arguments.dir}: a new server; kiosk/ in it holds the files for {arguments.kiosk}")
    return 0


def _enrol(arguments: argparse.Namespace) -> int:
    folder.enrol(arguments.dir, kiosk=arguments.kiosk, out=arguments.out, clock=SystemClock())
    return 0


def _operator(arguments: argparse.Namespace) -> int:
    folder.add_operator(arguments.dir, name=arguments.name, out=arguments.out, clock=SystemClock())
    return 0


def _trust(arguments: argparse.Namespace) -> int:
    roots: list[Path] = arguments.jpki_ca
    beside = [file for root in roots for name in _CRL_NAMES for file in sorted(root.parent.glob(name))]
    crls = arguments.crl if arguments.crl is not None else list(dict.fromkeys(beside))
    linked, unknown = folder.trust(
        arguments.dir, roots=roots, crls=crls, links=arguments.links, clock=SystemClock()
    )
    print(
        f"{len(roots)} roots, {len(crls)} revocation lists, {linked} cards linked, {unknown} of nobody here"
    )
    return 0


def _fetch_crl(arguments: argparse.Namespace) -> int:
    """1 when a list could not be brought up to date: the timer's unit fails, and somebody looks before it is stale."""
    found = folder.fetch_lists(arguments.dir)
    for url, end in found:
        print(f"{end:16} {url}")
    if not found:
        print("issuance-server: the town names no crl_urls", file=sys.stderr)
    return 0 if found and all(end in {"fetched", "same"} for _, end in found) else 1


def _run(arguments: argparse.Namespace) -> int:
    from issuance.app import make_app  # noqa: PLC0415  # the other commands need no server
    from issuance.tls import server_of  # noqa: PLC0415

    workers.unblock()
    if arguments.workers > 1:
        with workers.listen(arguments.host, arguments.port) as listener:
            command = ["run", "--dir", str(arguments.dir.absolute()), "--font", str(arguments.font)]
            return workers.run_workers(command, arguments.workers, listener)
    office = folder.open_office(arguments.dir, font=arguments.font, clock=SystemClock())
    office.warm()
    entry = audit.Entry(stamp(SystemClock().now()), "started", detail=office.guard.font)
    office.store.run_now(lambda tx: tx.append(entry))
    server = server_of(
        make_app(office), host=arguments.host, port=arguments.port, tls_folder=arguments.dir / "tls"
    )
    shared = [socket.socket(fileno=arguments.fd)] if arguments.fd is not None else None
    asyncio.run(server.serve(shared))  # ends by the signal that stopped it
    return 0


def _public(arguments: argparse.Namespace) -> int:
    import uvicorn  # noqa: PLC0415  # the other commands need no server

    from issuance.public import make_public_app  # noqa: PLC0415

    town = read_town(arguments.dir / "town")
    app = make_public_app(
        town,
        read_kinds(folder.certificates_of(arguments.dir)),
        folder.seal_keys(arguments.dir),
        folder.open_store(arguments.dir),
        SystemClock(),
        arguments.dir / "verify-qr",
    )
    uvicorn.run(app, host=arguments.host, port=arguments.port, access_log=False, log_level="warning")
    return 0


def _staff(arguments: argparse.Namespace) -> int:
    import uvicorn  # noqa: PLC0415

    from issuance.staff_page import make_staff_app  # noqa: PLC0415

    if arguments.plain and arguments.host not in ("127.0.0.1", "::1", "localhost"):
        raise folder.SetupError(
            "plain HTTP is for this machine only: the town's web server speaks TLS before it"
        )
    store = folder.open_store(arguments.dir)
    tls = arguments.dir / "tls"
    keys = {} if arguments.plain else {"ssl_keyfile": tls / "server.key", "ssl_certfile": tls / "server.pem"}
    app = make_staff_app(read_town(arguments.dir / "town"), store, SystemClock())
    uvicorn.run(
        app,
        host=arguments.host,
        port=arguments.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=128,
        **keys,
    )
    return 0


def _staff_user(arguments: argparse.Namespace) -> int:
    """Adds a person of the staff page, changes password or role, or removes."""
    from issuance.staff_page import SHORTEST_PASSWORD, hidden  # noqa: PLC0415

    now = stamp(SystemClock().now())
    if arguments.remove:
        user = StaffUser(arguments.name, "", "")
        _with_store(arguments, lambda tx: tx.remove(user))
        _with_store(arguments, lambda tx: tx.append(audit.Entry(now, "staff-removed", detail=user.name)))
        return 0
    typed = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline()
    password = typed.rstrip("\n")
    if len(password) < SHORTEST_PASSWORD:
        raise folder.SetupError(f"a password has at least {SHORTEST_PASSWORD} letters")
    user = StaffUser(arguments.name, arguments.role, hidden(password))
    _with_store(arguments, lambda tx: tx.put(user))
    entry = audit.Entry(now, "staff-added", detail=f"{user.name} {user.role}")
    _with_store(arguments, lambda tx: tx.append(entry))
    return 0


def _qr_decoder(arguments: argparse.Namespace) -> int:
    from issuance.public import unpack_decoder  # noqa: PLC0415

    unpack_decoder(arguments.package, arguments.dir / "verify-qr")
    return 0


def _load(arguments: argparse.Namespace) -> int:
    counts = folder.load_register(arguments.dir, arguments.delivery, SystemClock())
    print(", ".join(f"{rows} {key}" for key, rows in counts.items()))
    return 0


def _halt(arguments: argparse.Namespace) -> int:
    """The kill switch: from the next request on, this kiosk issues nothing."""
    store = folder.open_store(arguments.dir)

    def work(tx: Tx) -> bool:
        kiosk = tx.get(Kiosk, arguments.kiosk)
        if kiosk is None:
            return False
        tx.put(msgspec.structs.replace(kiosk, is_halted=int(arguments.is_halted)))
        act = "halted" if arguments.is_halted else "resumed"
        now = stamp(SystemClock().now())
        tx.append(audit.Entry(now, act, kiosk=kiosk.kiosk, detail=arguments.reason))
        return True

    try:
        if not store.run_now(work):
            raise folder.SetupError("no kiosk of this name is enrolled")
    finally:
        store.close()
    return 0


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
    asyncio.run(server.serve())
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


def _audit(arguments: argparse.Namespace) -> int:
    store = folder.open_store(arguments.dir)
    try:
        links = store.run_now(lambda tx: list(tx.audit_log()))
    finally:
        store.close()
    broken = audit.first_broken(links)
    print(f"{len(links)} entries, " + ("the chain holds" if broken is None else f"BROKEN at entry {broken}"))
    return 0 if broken is None else 1


def _rotate_seal(arguments: argparse.Namespace) -> int:
    print(f"seal key {folder.rotate_seal(arguments.dir, SystemClock())}: restart every worker")
    return 0


def _check_seal(arguments: argparse.Namespace) -> int:
    """Somebody brings a paper: is its code the town's, and what became of that 発行番号?"""
    from PIL import Image  # noqa: PLC0415  # this command alone looks at pictures

    from issuance import seal  # noqa: PLC0415

    keys = folder.seal_keys(arguments.dir)
    with Image.open(arguments.picture) as picture:
        texts = seal.texts_in(picture)
    backs = [back for text in texts if (back := seal.read_back(text, keys)) is not None]
    claims = [claim for text in texts if (claim := seal.read(text, keys)) is not None]
    for claim in [*claims, *(claim for claim, _ in backs)]:
        document = _with_store(arguments, partial(_document, claim.serial))
        state = document.state if document is not None else "unknown"
        told = {"committed": "issued", "printed": "issued"}.get(state, state)
        print(f"{claim.serial} {claim.kind} {datetime.fromtimestamp(claim.at, JST):%Y-%m-%d %H:%M} {told}")
    for _, sheet in backs:
        for line in (
            *sheet.fields,
            *(pair for each in sheet.table for pair in zip(sheet.headings, each, strict=True)),
        ):
            if line[1]:
                print("  " + "  ".join(line))
        for row in sheet.rows:
            print("  " + "  ".join(row))
    if not claims and not backs:
        print("no seal of this town", file=sys.stderr)
    return 0 if claims or backs else 1


def _document(serial: str, tx: Tx) -> Document | None:
    return tx.get(Document, serial)


def _with_store(arguments: argparse.Namespace, work: Callable[[Tx], T]) -> T:
    store = folder.open_store(arguments.dir)
    try:
        return store.run_now(work)
    finally:
        store.close()


def _look(arguments: argparse.Namespace) -> records.Look:
    by = os.environ.get("SUDO_USER") or getpass.getuser()
    return records.Look(by, arguments.reason, SystemClock().now())


def _records(arguments: argparse.Namespace) -> int:
    window, who = (arguments.first, arguments.last), arguments.resident
    found = _with_store(arguments, lambda tx: records.search(tx, _look(arguments), who, *window))
    if arguments.form == "json":
        for row in found:
            print(msgspec.json.encode(row).decode())
        return 0
    from issuance import disclosure  # noqa: PLC0415  # the other commands draw nothing

    refused = _with_store(arguments, lambda tx: records.refusals(tx, who, *window))
    person = folder.open_register(arguments.dir, SystemClock()).resident(who)
    town, kinds = read_town(arguments.dir / "town"), read_kinds(folder.certificates_of(arguments.dir))
    now = SystemClock().now()
    named = (who, person.name if person is not None else "")
    sheet = disclosure.disclose(town, kinds, named, found, refused, window, now)
    made = (
        disclosure.as_csv(sheet).encode("utf-8-sig")
        if arguments.form == "csv"
        else disclosure.as_pdf(sheet, arguments.font, now)
    )
    _write_private(arguments.out, made)
    return 0


def _write_private(file: Path | None, data: bytes) -> None:
    """A file that nobody else reads, and that is new; or the standard output."""
    if file is None:
        sys.stdout.buffer.write(data)
        return
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(data)


def _dossier(arguments: argparse.Namespace) -> int:
    window = (arguments.first, arguments.last)
    found = _with_store(arguments, lambda tx: records.dossier(tx, _look(arguments), *window))
    print(msgspec.json.format(msgspec.json.encode(found)).decode())
    return 0 if found.broken_at is None else 1


def _counts(arguments: argparse.Namespace) -> int:
    month: datetime = arguments.month
    for name, number in _with_store(
        arguments, lambda tx: records.counts(tx, month.year, month.month)
    ).items():
        print(f"{number:8} {name}")
    return 0


def _forget(arguments: argparse.Namespace) -> int:
    years = read_town(arguments.dir / "town").limits.records_years
    now = SystemClock().now()
    print(f"{_with_store(arguments, lambda tx: records.forget_old(tx, now, years))} records forgotten")
    return 0


def _moment(text: str) -> datetime:
    """`2026-11-21` or `2026-11-21T12:00`, the town's time unless it says another."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is not None else at.replace(tzinfo=JST)


def _name(text: str) -> str:
    """A number or a short name of the town's own, never a person's full name."""
    if not text or len(text) > 40 or not all(each.isalnum() or each in "-_." for each in text):
        raise argparse.ArgumentTypeError("letters, digits, - _ .")
    return text


def _month(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m").replace(tzinfo=JST)


Adder = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def _add_looking_after(command: Adder) -> None:
    """The commands of those who look after machines, and at records, each with a reason."""
    operator = command("operator", _operator, "key and certificate for somebody who looks after the kiosks")
    operator.add_argument("--name", required=True)
    operator.add_argument("--out", type=Path, required=True, help="folder for the operator's files")
    search = command("records", _records, "what a person requested; noted in the audit log")
    search.add_argument("--resident", required=True, help="the register's id of the person")
    search.add_argument(
        "--form", choices=("json", "csv", "pdf"), default="json", help="csv, pdf: for the person (開示)"
    )
    search.add_argument("--out", type=Path, help="a new file, for csv and pdf (default: standard output)")
    search.add_argument("--font", type=Path, default=folder.FONT, help="the font of a pdf")
    dossier = command(
        "dossier", _dossier, "every paper of a time window, with the log; noted in the audit log"
    )
    for looks in (search, dossier):
        looks.add_argument("--reason", required=True, help="why, in words that another person can check")
        looks.add_argument("--from", dest="first", type=_moment, required=True, help="from this moment (JST)")
        looks.add_argument(
            "--to", dest="last", type=_moment, required=True, help="to before this moment (JST)"
        )


def _add_enrolment(command: Adder) -> None:
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


def _add_staff_page(command: Adder) -> None:
    """What staff do from afar, on the page and by command."""
    for name, is_halted in (("halt", True), ("resume", False)):
        halt = command(name, _halt, f"{name} issuing by one kiosk")
        halt.add_argument("--kiosk", required=True)
        halt.add_argument("--reason", default="")
        halt.set_defaults(is_halted=is_halted)
    staff = command("staff", _staff, "serve the staff page: the list of kiosks, calls, stop and resume")
    staff.add_argument("--host", default="127.0.0.1")
    staff.add_argument("--port", type=int, default=8444)
    staff.add_argument(
        "--plain", action="store_true", help="no TLS: behind the town's web server on this host"
    )
    user = command("staff-user", _staff_user, "add, change or remove a person of the staff page")
    user.add_argument("--name", required=True, type=_name)
    user.add_argument(
        "--role", choices=("assistant", "cash_officer", "technician", "treasurer"), default="assistant"
    )
    user.add_argument("--remove", action="store_true")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="issuance-server", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--dir", type=Path, required=True, help="the server's folder")
        sub.set_defaults(command=run)
        return sub

    init = command("init", _init, "make a new server with keys, database and the specimen town")
    init.add_argument("--kiosk", default="kiosk-demo-1", help="id of the first kiosk")
    init.add_argument("--host", action="append", help="name or address in the server's certificate")
    init.add_argument("--town", type=Path, default=folder.SPECIMEN, help="folder with the town's data")
    init.add_argument(
        "--database", default="", help="an empty PostgreSQL database (default: SQLite in the folder)"
    )
    enrol = command("enrol", _enrol, "make key and certificate for one more kiosk")
    enrol.add_argument("--kiosk", required=True)
    enrol.add_argument("--out", type=Path, required=True, help="folder for the kiosk's files")
    trust = command("trust", _trust, "pin JPKI roots, load revocation lists and whose card is whose")
    trust.add_argument("--jpki-ca", type=Path, action="append", required=True, help="root certificate, PEM")
    trust.add_argument("--crl", type=Path, action="append", help="default: *.crl, crl*.pem beside the root")
    trust.add_argument("--links", type=Path, required=True, help="certificate_serial_hex,resident_id")
    command("fetch-crl", _fetch_crl, "bring the town's revocation lists up to date (for a timer)")
    load = command("load", _load, "make the residents' register anew from a delivery of basic data")
    load.add_argument("--delivery", type=Path, required=True, help="a folder with delivery.toml")
    run = command("run", _run, "serve kiosks")
    run.add_argument("--host", default="127.0.0.1")
    run.add_argument("--port", type=int, default=8443)
    run.add_argument("--font", type=Path, default=folder.FONT, help="the font of certificates")
    run.add_argument("--workers", type=int, default=1, help="processes (one a core)")
    run.add_argument("--fd", type=int, help="accept from this socket (of a worker's parent, or of systemd)")
    public = command("public", _public, "serve the verification page, for the town's web server to publish")
    public.add_argument("--host", default="127.0.0.1")
    public.add_argument("--port", type=int, default=8080)
    _add_staff_page(command)
    decoder = command("qr-decoder", _qr_decoder, "let the verification page read codes in pictures by itself")
    decoder.add_argument(
        "--package", type=Path, required=True, help="qr-0.7.0.tgz, as npm pack qr@0.7.0 gives it"
    )
    _add_enrolment(command)
    command("audit", _audit, "verify the chain of the audit log")
    _add_looking_after(command)
    counts = command("counts", _counts, "how many of what in a month")
    counts.add_argument("--month", type=_month, required=True, help="for example 2026-11")
    command("rotate-seal", _rotate_seal, "a new key for the code on papers; the old private key is destroyed")
    check = command(
        "check-seal",
        _check_seal,
        "is the code on a scanned paper the town's, and is the paper issued or void?",
    )
    check.add_argument("--picture", type=Path, required=True, help="the scan, PNG or JPEG")
    command("forget", _forget, "remove the records whose time of keeping is over")
    return parser


if __name__ == "__main__":
    sys.exit(main())
