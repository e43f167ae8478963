"""The command `issuance-server`."""

from __future__ import annotations

import argparse
import getpass
import logging
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from issuance import audit, enrolment_commands, folder, record_commands, records, workers
from issuance.clock import SystemClock
from issuance.commands import Adder, with_store
from issuance.names import LettersError
from issuance.office import stamp
from issuance.register import RegisterError
from issuance.store import Kiosk, StaffUser, Tx
from issuance.town import TownError, read_kinds, read_town

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
    server.run(shared)  # ends by the signal that stopped it
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
        with_store(arguments, lambda tx: tx.remove(user))
        with_store(arguments, lambda tx: tx.append(audit.Entry(now, "staff-removed", detail=user.name)))
        return 0
    typed = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline()
    password = typed.rstrip("\n")
    if len(password) < SHORTEST_PASSWORD:
        raise folder.SetupError(f"a password has at least {SHORTEST_PASSWORD} letters")
    user = StaffUser(arguments.name, arguments.role, hidden(password))
    with_store(arguments, lambda tx: tx.put(user))
    entry = audit.Entry(now, "staff-added", detail=f"{user.name} {user.role}")
    with_store(arguments, lambda tx: tx.append(entry))
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


def _rotate_seal(arguments: argparse.Namespace) -> int:
    print(f"seal key {folder.rotate_seal(arguments.dir, SystemClock())}: restart every worker")
    return 0


def _name(text: str) -> str:
    """A number or a short name of the town's own, never a person's full name."""
    if not text or len(text) > 40 or not all(each.isalnum() or each in "-_." for each in text):
        raise argparse.ArgumentTypeError("letters, digits, - _ .")
    return text


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
    enrolment_commands.add(command)
    record_commands.add(command)
    operator = command("operator", _operator, "key and certificate for somebody who looks after the kiosks")
    operator.add_argument("--name", required=True)
    operator.add_argument("--out", type=Path, required=True, help="folder for the operator's files")
    command("rotate-seal", _rotate_seal, "a new key for the code on papers; the old private key is destroyed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
