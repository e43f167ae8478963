"""An act of staff becomes records, or is refused. Pure: the core and `kiosk-cash` with the core stopped share it.

Who may do what stands in kiosk/rights.py, once. Nothing here changes a record: each act adds some.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

import msgspec

from kiosk import intents, rights
from kiosk.ids import DeviceId
from kiosk.journal import records as r
from kiosk.journal.accounts import CASH, ZERO, Account, Cashless, Line
from kiosk.journal.ledger import Ledger, fold, imbalances
from kiosk.journal.records import Fund
from kiosk.money import NO_CASH, Cash, Denomination, Yen
from kiosk.treasury.refusals import Refusal, RefusedError
from kiosk.view import Role, is_near

PURPOSES = ("replenish", "collect", "recount", "repair")
REASONS = ("counting", "jam", "overpaid", "underpaid", "foreign", "theft", "made-good", "unknown")
"""Why a count and the books differ: the codes of the report."""
THINGS = ("cash", "card", "paper", "other")
PLACES = ("machine", "tray", "reader", "floor")
RECEIVERS = ("owner", "police", "office")
SLIP_LENGTH = 12
CASHBOX = "cashbox"
"""Where every unit drops what it cannot keep."""

_STAFF_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_TEXT = re.compile(r"[^\x00-\x1f]{3,200}")
_ROLE_NAMES = {
    Role.CASH_OFFICER: "出納員 cash officer",
    Role.TECHNICIAN: "技術員 technician",
    Role.TREASURER: "会計管理者 treasurer",
}


class Staff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One identified person: a number of the town's, never a name, and one role."""

    id: str
    role: Role


class Scene(msgspec.Struct, frozen=True):
    """What an act needs to know beside the ledger. `token` gives fresh unguessable ids."""

    units: Mapping[DeviceId, tuple[Denomination, ...]]
    """The units of this machine and what each may hold."""
    token: Callable[[], str]
    date: str
    devices: Mapping[DeviceId, r.UnitBefore] = {}
    """What the devices say now, where one says something."""
    note_unit: DeviceId = DeviceId("")
    """Where notes are taken; empty: nowhere, or nobody could tell it anything."""
    officer_beside: str = ""
    """A cash officer who has entered, other than the person who asks."""


Records = list[r.AnyRecord]


def perform(ledger: Ledger, staff: Staff, intent: intents.StaffIntent, scene: Scene) -> Records | Refusal:
    """The records of this act, proven to leave the books balanced; or why it is refused."""
    try:
        _must_be_allowed(staff, intent)
        records = _ACTS[type(intent)](ledger, staff, intent, scene)
        _must_balance(ledger, records)
    except RefusedError as refused:
        return refused.refusal
    return records


def _must_be_allowed(staff: Staff, intent: intents.StaffIntent) -> None:
    if not _STAFF_ID.fullmatch(staff.id):
        raise RefusedError("unknown-staff", what="?")
    roles = rights.roles(type(intent))
    if isinstance(intent, intents.StartExchange) and intent.purpose != "repair":
        roles -= {Role.TECHNICIAN}
    if staff.role not in roles:
        names = ", ".join(_ROLE_NAMES[each] for each in _ROLE_NAMES if each in roles)
        raise RefusedError("not-allowed", roles=names)


def _must_balance(ledger: Ledger, records: Records) -> None:
    known = len(imbalances(ledger))
    found = imbalances(_after(ledger, records))
    if len(found) > known:
        raise RefusedError("books", what=found[-1])


def _text(what: str, text: str) -> str:
    if not _TEXT.fullmatch(text):
        raise RefusedError(
            "format", what=what, want="3-200 字、氏名は書かない / 3 to 200 characters, nobody's name"
        )
    return text


def _one_of(what: str, word: str, known: Collection[str]) -> str:
    if word not in known:
        raise RefusedError("format", what=f"{what} {word}", want=" ".join(known))
    return word


# --- who is there -----------------------------------------------------------------------------------------------------


def _enter(_: Ledger, staff: Staff, __: intents.EnterStaff, ___: Scene) -> Records:
    return [r.StaffEntered(staff.id, staff.role.value)]


def _leave(_: Ledger, staff: Staff, __: intents.LeaveStaff, ___: Scene) -> Records:
    return [r.StaffLeft(staff.id)]


def _note_incident(ledger: Ledger, staff: Staff, intent: intents.NoteIncident, _: Scene) -> Records:
    if intent.incident not in ledger.incidents:
        raise RefusedError("no-incident", what=intent.incident)
    return [r.IncidentNoted(intent.incident, staff.id, _text("note", intent.note))]


def _record_test(_: Ledger, staff: Staff, intent: intents.RecordTest, __: Scene) -> Records:
    if not _STAFF_ID.fullmatch(intent.test):
        raise RefusedError("format", what="test", want="a test's name")
    if intent.touch and not (intent.test == "calibration" and intent.has_passed and is_near(intent.touch)):
        raise RefusedError("format", what="touch", want="補正値 / a correction that a panel can need")
    return [r.StaffTested(intent.test, staff.id, intent.has_passed, intent.touch)]


# --- exchange ---------------------------------------------------------------------------------------------------------


def _start(ledger: Ledger, staff: Staff, intent: intents.StartExchange, scene: Scene) -> Records:
    _one_of("purpose", intent.purpose, PURPOSES)
    if ledger.exchange is not None:
        raise RefusedError("exchange-open", what=ledger.exchange.exchange)
    witness = ""
    if intent.purpose == "repair" and staff.role is Role.TECHNICIAN:
        witness = scene.officer_beside
        if not witness:
            raise RefusedError("officer-missing")
    names = intent.units or tuple(scene.units)
    for each in names:
        if each not in scene.units:
            raise RefusedError("unit", what=each, known=" ".join(sorted(scene.units)))
    if len(set(names)) != len(names):
        raise RefusedError("nothing-counted", what=" ".join(names))
    before = tuple(_before(ledger, each, scene) for each in names)
    number = f"E-{ledger.exchanges + 1:04d}"
    return [r.ExchangeStarted(number, intent.purpose, staff.id, before, witness)]


def _before(ledger: Ledger, unit: DeviceId, scene: Scene) -> r.UnitBefore:
    known = ledger.units.get(unit)
    said = scene.devices.get(unit)
    return r.UnitBefore(
        unit,
        known.count if known is not None else NO_CASH,
        known.accuracy if known is not None else "unknown",
        said.device if said is not None else None,
        said.event_counter if said is not None else None,
        said.lifetime if said is not None else None,
    )


def _end(ledger: Ledger, staff: Staff, intent: intents.EndExchange, scene: Scene) -> Records:
    opened = ledger.exchange
    if opened is None or opened.exchange != intent.exchange:
        is_done = intent.exchange == ledger.last_exchange
        raise RefusedError("exchange-done" if is_done else "exchange-none", what=intent.exchange)
    if len({each.unit for each in intent.units}) != len(intent.units):
        raise RefusedError("nothing-counted", what=" ".join(each.unit for each in intent.units))
    difference, moved = Yen(0), Yen(0)
    for each in intent.units:
        _must_be_possible(ledger, opened.purpose, opened.names, each, scene)
        known = ledger.units.get(each.unit)
        if each.counted is not None:
            difference += each.counted.total - (known.total if known is not None else Yen(0))
        moved += each.put_in.total - each.taken_out.total
    counted = {each.unit for each in intent.units if each.counted is not None}
    if opened.purpose in ("recount", "repair") and (missing := set(opened.names) - counted):
        raise RefusedError("count-first", what=" ".join(sorted(missing)))
    if difference and intent.reason not in REASONS:
        raise RefusedError("reason-missing", what=f"{difference.value:+,}", known=" ".join(REASONS))
    shares = intent.shares or usual_shares(ledger, opened.purpose, moved, difference)
    _must_share(ledger, shares, moved, difference)
    note = _text("note", intent.note) if intent.note else ""
    reason = intent.reason if difference or intent.reason in REASONS else ""
    return [r.ExchangeEnded(intent.exchange, staff.id, intent.units, shares, difference, reason, note)]


def _must_be_possible(
    ledger: Ledger, purpose: str, names: Collection[DeviceId], moved: r.UnitAfter, scene: Scene
) -> None:
    if moved.unit not in names:
        raise RefusedError("exchange-unit", what=moved.unit)
    faces = set(scene.units.get(moved.unit, ()))
    for pieces in (moved.counted or NO_CASH, moved.put_in, moved.taken_out):
        if not set(pieces) <= faces:
            raise RefusedError("format", what=moved.unit, want=" ".join(each.value for each in faces))
    if purpose == "recount" and (moved.put_in or moved.taken_out):
        raise RefusedError("no-input", what="recount 精査")
    if purpose == "collect" and moved.put_in:
        raise RefusedError("no-input", what="collect 回収")
    if purpose == "replenish" and moved.taken_out:
        raise RefusedError("no-output", what="replenish 補充")
    known = ledger.units.get(moved.unit)
    is_known = known is not None and known.is_exact
    if moved.counted is None and not is_known and (moved.put_in or moved.taken_out):
        raise RefusedError("count-first", what=moved.unit)
    there = moved.counted if moved.counted is not None else (known.plannable if known else NO_CASH)
    if not (there + moved.put_in).covers(moved.taken_out):
        raise RefusedError("takes-too-much", what=moved.unit)


def usual_shares(ledger: Ledger, purpose: str, moved: Yen, difference: Yen) -> tuple[r.Share, ...]:
    """What goes in is float; what comes out is receipts first, then float, then what the counter is owed.

    The rest, if there is one, is 過不足: it shows, and is nobody's revenue.
    """
    if moved >= Yen(0):
        return (r.Share(Fund.FLOAT, moved),) if moved else ()
    limits = limits_of(ledger, difference)
    order = (Fund.RECEIPTS, Fund.FLOAT, Fund.COUNTER) if purpose == "collect" else (Fund.FLOAT,)
    shares, left = [], -moved
    for fund in order:
        part = min(left, max(Yen(0), limits[fund]))
        if part:
            shares.append(r.Share(fund, -part))
        left -= part
    if left:
        shares.append(r.Share(Fund.DIFFERENCE, -left))
    return tuple(shares)


def limits_of(ledger: Ledger, difference: Yen = ZERO) -> dict[Fund, Yen]:
    """How much of each fund lies in the machine and may be taken out."""
    here = ledger.held + ledger.in_doubt + ledger.owed
    return {
        Fund.FLOAT: ledger.float_amount,
        Fund.RECEIPTS: ledger.receipts_inside,
        Fund.COUNTER: ledger.totals.redeemed + here - ledger.restored,
        Fund.FOUND: ledger.unassigned.total - ledger.found_out,
        Fund.DIFFERENCE: ledger.difference + difference,
    }


def _must_share(ledger: Ledger, shares: tuple[r.Share, ...], moved: Yen, difference: Yen) -> None:
    total = Yen.sum(each.amount for each in shares)
    if total != moved:
        raise RefusedError("shares", what=f"{total.value:,}", want=f"{moved.value:,}")
    limits = limits_of(ledger, difference)
    for fund in Fund:
        out = -Yen.sum(each.amount for each in shares if each.fund is fund)
        if fund is Fund.DIFFERENCE:
            continue  # below zero it says that too little is there: a count will show
        if out > max(Yen(0), limits[fund]):
            raise RefusedError("fund", what=fund.value, want=f"{max(0, limits[fund].value):,}")
        back = {Fund.RECEIPTS: ledger.remitted, Fund.COUNTER: ledger.restored, Fund.FOUND: ledger.found_out}
        if fund in back and -out > back[fund]:
            raise RefusedError("fund", what=fund.value, want=f"{back[fund].value:,}")


# --- what waits for a person ------------------------------------------------------------------------------------------


def _close_day(ledger: Ledger, staff: Staff, _: intents.CloseDay, scene: Scene) -> Records:
    if ledger.exchange is not None:
        raise RefusedError("exchange-open", what=ledger.exchange.exchange)
    number = ledger.day.number + 1 if ledger.day is not None else 1
    return [r.DayClosed(number, staff.id, scene.date)]


def _close_incident(ledger: Ledger, staff: Staff, intent: intents.CloseIncident, _: Scene) -> Records:
    if intent.incident not in ledger.incidents:
        raise RefusedError("no-incident", what=intent.incident)
    return [r.IncidentClosed(intent.incident, staff.id, _text("reason", intent.reason))]


def _settle_paper(ledger: Ledger, staff: Staff, intent: intents.SettlePaper, scene: Scene) -> Records:
    reason = _text("reason", intent.reason)
    account, line = _doubtful_line(ledger, intent.line)
    means = account.payment.means if account.payment is not None else CASH
    records: Records
    if intent.came_out:
        records = [r.LineBooked(account.transaction, line.line, line.kind, line.fee, means)]
        result = "issued"
    else:
        slip = scene.token()[:SLIP_LENGTH]
        records = [
            r.LineVoided(account.transaction, line.line, "not-printed"),
            r.OwedOnSlip(account.transaction, slip, line.fee, "not-printed", means),
        ]
        result = "slip"
    records = _closed_if_empty(ledger, account, records, result)
    return [*records, *_doubt_closed(ledger, account, staff, reason)]


def _closed_if_empty(ledger: Ledger, account: Account, records: Records, result: str) -> Records:
    """The transaction ends when these records leave nothing held, in doubt or open in it."""
    after = _after(ledger, records)
    left = after.accounts.get(account.transaction)
    if left is None or not left.is_open or left.held or left.held_cashless:
        return records
    if left.in_doubt or left.in_doubt_cashless or left.note_doubt:
        return records
    going = [each.transaction for each in after.dispenses.values()]
    going += [each.transaction for each in after.prints.values()]
    going += [each.transaction for each in after.cashless.values()]
    going += [each.transaction for each in after.notes.values() if not each.is_credited]
    going += [each.transaction for each in after.payouts.values() if each.open]
    if left.transaction in going:
        return records
    return [*records, r.TransactionClosed(account.transaction, result)]


def _after(ledger: Ledger, records: Records) -> Ledger:
    for at, record in enumerate(records, ledger.seq + 1):
        ledger = fold(ledger, at, record)
    return ledger


def _doubtful_line(ledger: Ledger, line: str) -> tuple[Account, Line]:
    for account in ledger.accounts.values():
        for each in account.lines.values():
            if each.line == line and each.print_outcome in ("unknown", "partial") and not each.is_resolved:
                return account, each
    raise RefusedError("no-paper", what=line)


def _doubt_closed(ledger: Ledger, account: Account, staff: Staff, reason: str) -> Records:
    return [
        r.IncidentClosed(each.incident, staff.id, reason)
        for each in ledger.incidents.values()
        if each.code == "R-503" and each.transaction == account.transaction
    ]


def _settle_payout(ledger: Ledger, staff: Staff, intent: intents.SettlePayout, scene: Scene) -> Records:
    """What did not go out becomes firm on the slip that spoke of it; where none did, a new slip says it."""
    doubt = ledger.doubts.get(intent.op)
    if doubt is None:
        raise RefusedError("no-payout", what=intent.op)
    if not doubt.proven <= intent.pieces <= doubt.count:
        raise RefusedError("pieces", want=f"{doubt.proven}-{doubt.count}")
    reason = _text("reason", intent.reason)
    records: Records = [
        r.DispenseResolved(
            doubt.op, doubt.transaction, doubt.device, doubt.denomination, intent.pieces, staff.id, reason
        )
    ]
    left = _after(ledger, records).accounts.get(doubt.transaction)
    if left is None:
        return records
    free = left.held - _papers_in_doubt(left)
    if free > ZERO:
        records.append(r.OwedOnSlip(left.transaction, scene.token()[:SLIP_LENGTH], free, "shortage"))
    return _closed_if_empty(ledger, left, records, "slip")


def _papers_in_doubt(account: Account) -> Yen:
    """Fees that stay held till somebody says whether their papers came out."""
    return Yen.sum(
        line.fee
        for line in account.lines.values()
        if line.print_outcome in ("unknown", "partial") and not line.is_resolved
    )


def _settle_note(ledger: Ledger, staff: Staff, intent: intents.SettleNote, scene: Scene) -> Records:
    """In a unit it is held money, which the counter gives back against a slip."""
    note = ledger.notes.get(intent.op)
    if note is None or not note.is_doubtful:
        raise RefusedError("no-note", what=intent.op)
    boxes = sorted(each for each, faces in scene.units.items() if note.denomination in faces)
    if intent.unit and intent.unit not in (CASHBOX, *boxes):
        raise RefusedError("unit", what=intent.unit, known=" ".join((CASHBOX, *boxes)))
    reason = _text("reason", intent.reason)
    records: Records = [
        r.NoteResolved(
            note.op, note.device, note.transaction, note.denomination, intent.unit, staff.id, reason
        )
    ]
    if intent.unit:
        slip = scene.token()[:SLIP_LENGTH]
        records.append(r.OwedOnSlip(note.transaction, slip, note.denomination.face, "note"))
    account = ledger.accounts.get(note.transaction)
    result = "slip" if intent.unit else "failed"
    return records if account is None else _closed_if_empty(ledger, account, records, result)


def _clear_note_path(ledger: Ledger, staff: Staff, intent: intents.ClearNotePath, scene: Scene) -> Records:
    """Reads first, reset last: nothing of which the unit is the only witness may be open."""
    if staff.role is Role.TECHNICIAN and not scene.officer_beside:
        raise RefusedError("officer-missing")
    if not scene.note_unit:
        raise RefusedError("no-note-unit")
    boxes = {unit for unit, faces in scene.units.items() if len(faces) == 1 and faces[0].is_note}
    busy = [each.op for each in ledger.dispenses.values() if each.device in boxes]
    busy += [each.op for each in ledger.notes.values() if each.is_pending]
    if busy:
        raise RefusedError("note-busy", what=" ".join(busy))
    _text("reason", intent.reason)
    return [r.NotePathClearing(scene.note_unit, f"staff:{staff.id}")]


def _settle_payment(ledger: Ledger, staff: Staff, intent: intents.SettlePayment, scene: Scene) -> Records:
    doubt = ledger.cashless.get(intent.op)
    if doubt is None or not doubt.is_unknown or doubt.of is not None:
        raise RefusedError("no-payment", what=intent.op)
    amount = doubt.amount if intent.was_taken else ZERO
    reason = _text("reason", intent.reason)
    records: Records = [
        r.PaymentResolved(doubt.op, doubt.transaction, amount, staff.id, reason, doubt.reference)
    ]
    return _cashless_rest(ledger, doubt, records, scene)


def _settle_void(ledger: Ledger, staff: Staff, intent: intents.SettleVoid, scene: Scene) -> Records:
    doubt = ledger.cashless.get(intent.op)
    if doubt is None or not doubt.is_unknown or doubt.of is None:
        raise RefusedError("no-payment", what=intent.op)
    reason = _text("reason", intent.reason)
    records: Records = [r.ReversalResolved(doubt.op, doubt.transaction, intent.was_done, staff.id, reason)]
    return _cashless_rest(ledger, doubt, records, scene)


def _cashless_rest(ledger: Ledger, doubt: Cashless, records: Records, scene: Scene) -> Records:
    """What a terminal took, no paper was given for and no slip speaks of, goes on a slip: the counter pays it."""
    left = _after(ledger, records).accounts.get(doubt.transaction)
    if left is None:
        return records
    papers = _papers_in_doubt(left)
    if left.held_cashless > papers:
        slip, amount = scene.token()[:SLIP_LENGTH], left.held_cashless - papers
        records = [*records, r.OwedOnSlip(left.transaction, slip, amount, "not-voided", doubt.means)]
    return _closed_if_empty(ledger, left, records, "slip")


def _redeem(ledger: Ledger, staff: Staff, intent: intents.RedeemSlip, _: Scene) -> Records:
    found = ledger.slips.get(intent.slip)
    if found is None or not found.amount or found.doubtful:
        raise RefusedError("no-slip", what=intent.slip)
    return [r.SlipRedeemed(intent.slip, found.amount, staff.id)]


def _register(ledger: Ledger, staff: Staff, intent: intents.RegisterFound, _: Scene) -> Records:
    _one_of("what", intent.what, THINGS)
    _one_of("place", intent.place, PLACES)
    if intent.number and not re.fullmatch(r"[0-9]{1,8}", intent.number):
        raise RefusedError("format", what=intent.number, want="取引番号 / a transaction's number")
    known = Yen.sum(each.amount for each in ledger.found.values() if each.place == "machine")
    free = ledger.unassigned.total - ledger.found_out - known
    if intent.what == "cash" and intent.amount.value <= 0:
        raise RefusedError("format", what="amount", want="1 円以上 / at least 1 yen")
    if intent.what != "cash" and intent.amount:
        raise RefusedError("amount", want="0")
    if intent.place == "machine" and intent.amount > free:
        raise RefusedError("amount", want=f"{max(0, free.value):,}")
    number = f"F-{ledger.founds + 1:04d}"
    return [r.FoundRegistered(number, intent.what, staff.id, intent.place, intent.amount, intent.number)]


def _hand_over(ledger: Ledger, staff: Staff, intent: intents.HandOverFound, _: Scene) -> Records:
    if intent.found not in ledger.found:
        raise RefusedError("no-found", what=intent.found)
    return [r.FoundHandedOver(intent.found, staff.id, _one_of("to", intent.to, RECEIVERS))]


_ACTS: dict[type[intents.StaffIntent], Callable[..., Records]] = {
    intents.EnterStaff: _enter,
    intents.LeaveStaff: _leave,
    intents.StartExchange: _start,
    intents.EndExchange: _end,
    intents.CloseDay: _close_day,
    intents.NoteIncident: _note_incident,
    intents.RecordTest: _record_test,
    intents.CloseIncident: _close_incident,
    intents.SettlePaper: _settle_paper,
    intents.SettlePayout: _settle_payout,
    intents.SettleNote: _settle_note,
    intents.ClearNotePath: _clear_note_path,
    intents.SettlePayment: _settle_payment,
    intents.SettleVoid: _settle_void,
    intents.RedeemSlip: _redeem,
    intents.RegisterFound: _register,
    intents.HandOverFound: _hand_over,
}


def cash(words: str, faces: Collection[Denomination]) -> Cash:
    """`coin100:20,coin10:5`, or `20` where the unit holds one face. RefusedError for anything else."""
    if words.isdigit() and len(faces) == 1 and len(words) <= 5:
        (face,) = faces
        return Cash({face: int(words)})
    found: dict[Denomination, int] = {}
    for word in words.split(","):
        name, _, count = word.partition(":")
        face_of = {each.value: each for each in faces}.get(name)
        if face_of is None or not count.isdigit() or len(count) > 5 or face_of in found:
            want = " ".join(f"{each.value}:N" for each in faces)
            raise RefusedError("format", what=words, want=want)
        found[face_of] = int(count)
    return Cash(found)
