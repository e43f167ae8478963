"""The rules of notes: ordered in, credited, stored, given back, in doubt. Part of the ledger's fold, pure.

A note in doubt is money of which nobody knows whether it is in: it is neither held nor given back, and stays so until
the device's evidence (NoteIn, NoteBack) or an identified person (NoteResolved) ends it.
"""

from __future__ import annotations

from msgspec.structs import replace

from kiosk.ids import DeviceId
from kiosk.journal import records as r
from kiosk.journal.accounts import ZERO, Ledger, Note
from kiosk.journal.cashbook import piece_in, put_account, put_unit, unit_of, without, wrong
from kiosk.money import Cash


def note_intended(ledger: Ledger, seq: int, record: r.NoteIntended) -> Ledger:
    if record.op in ledger.notes:
        return wrong(ledger, seq, "a note was ordered in twice")
    account = ledger.accounts.get(record.transaction)
    if account is None or not account.is_open:
        ledger = wrong(ledger, seq, "a note was ordered in for no open transaction")
    note = Note(record.op, record.device, record.denomination, record.issue, record.transaction, seq)
    return _put(ledger, note)


def note_in(ledger: Ledger, seq: int, record: r.NoteIn) -> Ledger:
    note = ledger.notes.get(record.op)
    if note is None or note.is_credited:
        return wrong(ledger, seq, "a note was credited twice, or without its intent")
    ledger = _no_doubt(ledger, note)
    ledger = piece_in(ledger, record.unit, record.denomination, record.transaction)
    return _put(ledger, replace(note, is_credited=True, is_doubtful=False, unit=record.unit))


def note_stored(ledger: Ledger, seq: int, record: r.NoteStored) -> Ledger:
    """The device's last word on where it lies: the books follow."""
    note = ledger.notes.get(record.op)
    if note is None or not note.is_credited:
        return wrong(ledger, seq, "a note was stored that is not credited")
    ledger = _drop(ledger, note)
    if record.unit in ("", note.unit):
        return ledger
    return _moved(ledger, note, record.unit)


def _moved(ledger: Ledger, note: Note, to: DeviceId) -> Ledger:
    piece = Cash({note.denomination: 1})
    before = unit_of(ledger, note.unit)
    if before.deposited.covers(piece):
        ledger = put_unit(ledger, replace(before, deposited=before.deposited - piece))
        after = unit_of(ledger, to)
        ledger = put_unit(ledger, replace(after, deposited=after.deposited + piece))
    return ledger  # else a person counted the unit since: her count knew


def note_back(ledger: Ledger, seq: int, record: r.NoteBack) -> Ledger:
    note = ledger.notes.get(record.op)
    if note is None or note.is_credited:
        return wrong(ledger, seq, "a note went back that was not ordered in, or was credited")
    return _drop(_no_doubt(ledger, note), note)


def note_doubted(ledger: Ledger, seq: int, record: r.NoteDoubted) -> Ledger:
    """Also of a note that is credited already: then the books stay, and the incident beside it calls a person."""
    if not record.op:
        return ledger
    note = ledger.notes.get(record.op)
    if note is None:
        return wrong(ledger, seq, "a note is in doubt that was not ordered in")
    if note.is_doubtful or note.is_credited:
        return ledger
    ledger = _put(ledger, replace(note, is_doubtful=True))
    account = ledger.accounts.get(note.transaction)
    if account is None:
        return ledger
    return put_account(ledger, replace(account, note_doubt=account.note_doubt + note.denomination.face))


def note_resolved(ledger: Ledger, seq: int, record: r.NoteResolved) -> Ledger:
    note = ledger.notes.get(record.op)
    if note is None or not note.is_doubtful:
        return wrong(ledger, seq, "a note was resolved that is not in doubt")
    ledger = _drop(_no_doubt(ledger, note), note)
    if record.unit:
        ledger = piece_in(ledger, record.unit, note.denomination, note.transaction)
    return ledger


def _no_doubt(ledger: Ledger, note: Note) -> Ledger:
    account = ledger.accounts.get(note.transaction)
    if account is None or not note.is_doubtful:
        return ledger
    left = max(ZERO, account.note_doubt - note.denomination.face)
    return put_account(ledger, replace(account, note_doubt=left))


def _put(ledger: Ledger, note: Note) -> Ledger:
    return replace(ledger, notes={**ledger.notes, note.op: note})


def _drop(ledger: Ledger, note: Note) -> Ledger:
    return replace(ledger, notes=without(ledger.notes, note.op))
