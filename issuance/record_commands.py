"""Commands of `issuance-server` that look at what was issued: audit, check-seal, records, dossier, counts, forget."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from issuance import audit, folder, records
from issuance.clock import JST, SystemClock
from issuance.commands import Adder, with_store
from issuance.store import Document, Tx
from issuance.town import read_kinds, read_town


def add(command: Adder) -> None:
    """The commands of those who look at what was issued, most with a reason."""
    command("audit", _audit, "verify the chain of the audit log")
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
    counts = command("counts", _counts, "how many of what in a month")
    counts.add_argument("--month", type=_month, required=True, help="for example 2026-11")
    check = command(
        "check-seal",
        _check_seal,
        "is the code on a scanned paper the town's, and is the paper issued or void?",
    )
    check.add_argument("--picture", type=Path, required=True, help="the scan, PNG or JPEG")
    command("forget", _forget, "remove the records whose time of keeping is over")


def _audit(arguments: argparse.Namespace) -> int:
    store = folder.open_store(arguments.dir)
    try:
        links = store.run_now(lambda tx: list(tx.audit_log()))
    finally:
        store.close()
    broken = audit.first_broken(links)
    print(f"{len(links)} entries, " + ("the chain holds" if broken is None else f"BROKEN at entry {broken}"))
    return 0 if broken is None else 1


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
        document = with_store(arguments, partial(_document, claim.serial))
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


def _look(arguments: argparse.Namespace) -> records.Look:
    by = os.environ.get("SUDO_USER") or getpass.getuser()
    return records.Look(by, arguments.reason, SystemClock().now())


def _records(arguments: argparse.Namespace) -> int:
    window, who = (arguments.first, arguments.last), arguments.resident
    found = with_store(arguments, lambda tx: records.search(tx, _look(arguments), who, *window))
    if arguments.form == "json":
        for row in found:
            print(msgspec.json.encode(row).decode())
        return 0
    from issuance import disclosure  # noqa: PLC0415  # the other commands draw nothing

    refused = with_store(arguments, lambda tx: records.refusals(tx, who, *window))
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
    found = with_store(arguments, lambda tx: records.dossier(tx, _look(arguments), *window))
    print(msgspec.json.format(msgspec.json.encode(found)).decode())
    return 0 if found.broken_at is None else 1


def _counts(arguments: argparse.Namespace) -> int:
    month: datetime = arguments.month
    for name, number in with_store(arguments, lambda tx: records.counts(tx, month.year, month.month)).items():
        print(f"{number:8} {name}")
    return 0


def _forget(arguments: argparse.Namespace) -> int:
    years = read_town(arguments.dir / "town").limits.records_years
    now = SystemClock().now()
    print(f"{with_store(arguments, lambda tx: records.forget_old(tx, now, years))} records forgotten")
    return 0


def _moment(text: str) -> datetime:
    """`2026-11-21` or `2026-11-21T12:00`, the town's time unless it says another."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is not None else at.replace(tzinfo=JST)


def _month(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m").replace(tzinfo=JST)
