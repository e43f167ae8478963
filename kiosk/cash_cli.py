"""`kiosk-cash`: what an identified cash officer tells the journal while the core stands still.

Each verb appends records, none changes one. The journal has one writer, so the core is stopped first
(`systemctl stop kiosk-core`); with the core running every writing verb refuses.

    count UNIT=PIECES …          these units were counted by hand (XFS4IoT: accurateSet)
    list                         what waits for a person: incidents, papers and payouts in doubt, slips
    close-incident ID            it was looked at; --reason says with what result
    printed LINE                 the paper in doubt did come out: its fee becomes 収納金
    not-printed LINE             it did not: the line is void, its fee stands on a slip that the counter pays
    paid OP --pieces N           of a payout in doubt N pieces, all told, did go out
    note-in OP --unit UNIT       the note in doubt lies in that unit: its amount stands on a slip
    note-back OP                 the note in doubt was handed back to its owner
    redeem SLIP                  the counter has paid this slip (戻出), whole
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence

from kiosk.clock import SystemClock
from kiosk.config import Config, load
from kiosk.errors import ConfigError, JournalError
from kiosk.ids import DeviceId, LineId, OpId, random_token
from kiosk.journal import records as r
from kiosk.journal.accounts import Account, Line
from kiosk.journal.checkpoint import FileVerifier
from kiosk.journal.ledger import Ledger, fold, imbalances
from kiosk.journal.store import Store, boot_id, open_store
from kiosk.money import Cash

_COUNTED = re.compile(r"(?P<unit>[a-z0-9_-]+)=(?P<pieces>[0-9]{1,5})")
_OPERATOR = re.compile(r"[A-Za-z0-9_-]{1,32}")
_REASON = re.compile(r"[^\x00-\x1f]{3,200}")
SLIP_LENGTH = 12
CASHBOX = "cashbox"


def counts(config: Config, words: Sequence[str], operator: str) -> list[r.AnyRecord]:
    """The records of a count; ConfigError for an unknown unit or a word that is no count."""
    records: list[r.AnyRecord] = []
    for word in words:
        found = _COUNTED.fullmatch(word)
        face = config.equipment.hoppers.get(DeviceId(found["unit"])) if found else None
        if found is None or face is None:
            known = " ".join(sorted(config.equipment.hoppers))
            raise ConfigError(f"{word}: not UNIT=PIECES with a unit of this machine ({known})")
        records.append(r.StockSet(DeviceId(found["unit"]), Cash({face: int(found["pieces"])}), operator))
    return records


def incident_closed(ledger: Ledger, incident: str, operator: str, reason: str) -> list[r.AnyRecord]:
    if incident not in ledger.incidents:
        raise ConfigError(f"{incident}: no open incident")
    return [r.IncidentClosed(incident, operator, reason)]


def _doubtful_line(ledger: Ledger, line: str) -> tuple[Account, Line]:
    for account in ledger.accounts.values():
        found = account.lines.get(LineId(line))
        if found is not None and found.print_outcome in ("unknown", "partial") and not found.is_resolved:
            return account, found
    raise ConfigError(f"{line}: no paper in doubt")


def _closing(ledger: Ledger, account: Account, records: list[r.AnyRecord], result: str) -> list[r.AnyRecord]:
    """The transaction ends when these records leave nothing held in it."""
    after = ledger
    for at, record in enumerate(records, ledger.seq + 1):
        after = fold(after, at, record)
    left = after.accounts.get(account.transaction)
    if left is not None and left.is_open and not left.held:
        records = [*records, r.TransactionClosed(account.transaction, result)]
    return records


def printed(ledger: Ledger, line: str) -> list[r.AnyRecord]:
    account, found = _doubtful_line(ledger, line)
    booked = r.LineBooked(account.transaction, found.line, found.kind, found.fee, "cash")
    return _closing(ledger, account, [booked], "issued")


def not_printed(ledger: Ledger, line: str) -> list[r.AnyRecord]:
    account, found = _doubtful_line(ledger, line)
    slip = random_token()[:SLIP_LENGTH]
    void = r.LineVoided(account.transaction, found.line, "not-printed")
    owed = r.OwedOnSlip(account.transaction, slip, found.fee, "not-printed")
    return _closing(ledger, account, [void, owed], "slip")


def paid(ledger: Ledger, op: str, pieces: int, operator: str, reason: str) -> list[r.AnyRecord]:
    doubt = ledger.doubts.get(OpId(op))
    if doubt is None:
        raise ConfigError(f"{op}: no payout in doubt")
    if not doubt.proven <= pieces <= doubt.count:
        raise ConfigError(f"--pieces: {doubt.proven} to {doubt.count} are possible")
    return [
        r.DispenseResolved(
            doubt.op, doubt.transaction, doubt.device, doubt.denomination, pieces, operator, reason
        )
    ]


def note_settled(ledger: Ledger, op: str, unit: str, operator: str, reason: str) -> list[r.AnyRecord]:
    """`unit` empty: its owner has it. In a unit it is held money, which the counter gives back against a slip."""
    note = ledger.notes.get(OpId(op))
    if note is None or not note.is_doubtful:
        raise ConfigError(f"{op}: no note in doubt")
    records: list[r.AnyRecord] = [
        r.NoteResolved(
            note.op, note.device, note.transaction, note.denomination, DeviceId(unit), operator, reason
        )
    ]
    if unit:
        slip = random_token()[:SLIP_LENGTH]
        records.append(r.OwedOnSlip(note.transaction, slip, note.denomination.face, "note"))
    account = ledger.accounts.get(note.transaction)
    return records if account is None else _closing(ledger, account, records, "slip" if unit else "failed")


def _note_unit(config: Config, unit: str) -> str:
    """Where notes can lie: the cash box, or a box of the note unit."""
    boxes = [each for each, face in config.equipment.hoppers.items() if face.is_note]
    if unit not in (CASHBOX, *boxes):
        raise ConfigError(f"--unit: {' '.join((CASHBOX, *boxes))}")
    return unit


def redeemed(ledger: Ledger, slip: str, operator: str) -> list[r.AnyRecord]:
    found = ledger.slips.get(slip)
    if found is None or not found.amount:
        raise ConfigError(f"{slip}: no slip that may be paid")
    return [r.SlipRedeemed(slip, found.amount, operator)]


def waiting(ledger: Ledger) -> list[str]:
    """What waits for a person, a line each. Numbers, codes and amounts only."""
    lines = [
        f"incident {each.incident}  {each.code}  {each.amount.value} yen  {each.device or ''}"
        for each in ledger.incidents.values()
    ]
    for account in ledger.accounts.values():
        lines += [
            f"paper in doubt {line.line}  no. {account.number}  {line.kind}  {line.fee.value} yen  {line.serial}"
            for line in account.lines.values()
            if line.print_outcome in ("unknown", "partial") and not line.is_resolved
        ]
    lines += [
        f"payout in doubt {each.op}  {each.device}  {each.denomination.value}  {each.proven} of {each.count} proven"
        for each in ledger.doubts.values()
    ]
    lines += [
        f"note in doubt {each.op}  {each.denomination.value}  {each.device}"
        for each in ledger.notes.values()
        if each.is_doubtful
    ]
    lines += [f"slip {each.slip}  {each.amount.value} yen" for each in ledger.slips.values()]
    return lines or ["nothing waits"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kiosk-cash", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", action="append", required=True)
    signed = argparse.ArgumentParser(add_help=False)
    signed.add_argument("--operator", required=True)
    reasoned = argparse.ArgumentParser(add_help=False)
    reasoned.add_argument("--reason", required=True)
    verbs.add_parser("list", parents=[common])
    verbs.add_parser("count", parents=[common, signed]).add_argument("what", nargs="+", metavar="UNIT=PIECES")
    for verb in ("close-incident", "printed", "not-printed"):
        verbs.add_parser(verb, parents=[common, signed, reasoned]).add_argument("what")
    of_payout = verbs.add_parser("paid", parents=[common, signed, reasoned])
    of_payout.add_argument("what")
    of_payout.add_argument("--pieces", type=int, required=True)
    verbs.add_parser("note-in", parents=[common, signed, reasoned]).add_argument("what")
    verbs.choices["note-in"].add_argument("--unit", required=True)
    verbs.add_parser("note-back", parents=[common, signed, reasoned]).add_argument("what")
    verbs.add_parser("redeem", parents=[common, signed]).add_argument("what")
    return parser


def _records(config: Config, ledger: Ledger, given: argparse.Namespace) -> list[r.AnyRecord]:
    operator, reason = given.operator, getattr(given, "reason", "counted by hand")
    if not _OPERATOR.fullmatch(operator):
        raise ConfigError("--operator: letters, digits, - and _ only, at most 32")
    if not _REASON.fullmatch(reason):
        raise ConfigError("--reason: 3 to 200 characters on one line, and nobody's name")
    makers: dict[str, Callable[[], list[r.AnyRecord]]] = {
        "count": lambda: counts(config, given.what, operator),
        "close-incident": lambda: incident_closed(ledger, given.what, operator, reason),
        "printed": lambda: printed(ledger, given.what),
        "not-printed": lambda: not_printed(ledger, given.what),
        "paid": lambda: paid(ledger, given.what, given.pieces, operator, reason),
        "note-in": lambda: note_settled(ledger, given.what, _note_unit(config, given.unit), operator, reason),
        "note-back": lambda: note_settled(ledger, given.what, "", operator, reason),
        "redeem": lambda: redeemed(ledger, given.what, operator),
    }
    records = makers[given.verb]()
    if given.verb in ("printed", "not-printed"):
        records += [
            r.IncidentClosed(each.incident, operator, reason)
            for each in ledger.incidents.values()
            if each.code == "R-503"
            and any(getattr(one, "transaction", None) == each.transaction for one in records)
        ]
    return records


def _append(store: Store, records: list[r.AnyRecord]) -> str:
    """Write them, unless the books would not balance afterwards."""
    after = store.recovered
    for at, record in enumerate(records, after.seq + 1):
        after = fold(after, at, record)
    if wrong := imbalances(after):
        raise JournalError(f"refused, nothing written: {wrong[0]}")
    store.append(records)
    slips = [each.slip for each in records if isinstance(each, r.OwedOnSlip)]
    return f"written: {len(records)} records" + (f"; slip {slips[0]}" if slips else "")


def main(argv: Sequence[str] | None = None) -> int:
    """0 done; 1 refused, and why."""
    given = _parser().parse_args(argv)
    try:
        config = load(given.config)
        keys = (config.issuance.certificate, *config.issuance.earlier_certificates)
        store = open_store(
            config.paths.journal, clock=SystemClock(), boot=boot_id(), verify=FileVerifier(*keys)
        )
        try:
            if given.verb == "list":
                said = "\n".join(waiting(store.recovered))
            else:
                said = _append(store, _records(config, store.recovered, given))
        finally:
            store.close()
    except (ConfigError, JournalError) as error:
        sys.stderr.write(f"kiosk-cash: {error}\n")
        return 1
    sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
