"""Pages of the staff desk: what waits for a person, one by one with its evidence, and 遺失物. Pure."""

from __future__ import annotations

from collections.abc import Callable

from kiosk import intents as i
from kiosk import rights
from kiosk.engine.desk_acts import FOUND, YEN
from kiosk.engine.desk_parts import Buttons, Page, S, do, face_of, opens, say, why, yen
from kiosk.engine.staff import units_of
from kiosk.engine.state import Desk, Kiosk
from kiosk.ids import DeviceId, LineId, OpId
from kiosk.money import Yen
from kiosk.treasury import acts
from kiosk.view import DeskButton, DeskLine

Facts = tuple[tuple[str, str], ...]


def doubts(state: Kiosk) -> list[tuple[str, str, Facts]]:
    """(kind, id, what is known of it) of everything that is UNKNOWN, one by one."""
    ledger = state.ledger
    found: list[tuple[str, str, Facts]] = []
    facts: Facts
    for account in ledger.accounts.values():
        for line in account.lines.values():
            if line.print_outcome in ("unknown", "partial") and not line.is_resolved:
                facts = (
                    ("number", account.number), ("kind", f"@kind.{line.kind}"), ("amount", yen(line.fee)),
                    ("serial", line.serial), ("pages", f"{line.pages_printed}/{line.pages}"),
                )  # fmt: skip
                found.append(("paper", str(line.line), facts))
    for each in ledger.doubts.values():
        facts = (
            ("device", str(each.device)), ("face", face_of(each.denomination)), ("proven", str(each.proven)),
            ("cases", str(each.count)), ("number", _number(state, each.transaction)),
        )  # fmt: skip
        found.append(("payout", str(each.op), facts))
    for note in ledger.notes.values():
        if note.is_doubtful:
            facts = (
                ("device", str(note.device)), ("face", face_of(note.denomination)),
                ("number", _number(state, note.transaction)),
            )  # fmt: skip
            found.append(("note", str(note.op), facts))
    for charge in ledger.cashless.values():
        if charge.is_unknown:
            facts = (
                ("means", charge.means), ("amount", yen(charge.amount)), ("reference", charge.reference),
                ("number", _number(state, charge.transaction)),
            )  # fmt: skip
            found.append(("void" if charge.of else "payment", str(charge.op), facts))
    return found


def _number(state: Kiosk, transaction: str) -> str:
    account = next((each for key, each in state.ledger.accounts.items() if key == transaction), None)
    return account.number if account is not None else ""


def waiting(state: Kiosk, now: Desk) -> Page:
    lines = [
        DeskLine(f"desk.doubt.{kind}", facts, "doubt", i.OpenPage(step=S, page="doubt", of=of))
        for kind, of, facts in doubts(state)
    ]
    lines += [
        opens("desk.slip", "doubt", f"slip:{each.slip}", "doubt", slip=each.slip, amount=yen(each.amount))
        for each in state.ledger.slips.values()
    ]
    lines += [
        opens("desk.found", "found", each.found, "doubt", found=each.found, what=f"@desk.thing.{each.what}")
        for each in state.ledger.found.values()
    ]
    lines += [
        say("desk.doubt.coins", "doubt", device=str(each.device), cases=str(each.at_most))
        for each in state.ledger.credit_doubts
    ]
    is_officer = now.staff.role in rights.roles(i.RegisterFound)
    buttons = [DeskButton("desk.found.new", i.OpenPage(step=S, page="found"))] if is_officer else []
    return lines or [say("desk.waiting.none", "ok")], buttons


def doubt(state: Kiosk, now: Desk) -> Page:
    """The evidence, and the answers that a person may give."""
    if now.of.startswith("slip:"):
        slip = state.ledger.slips.get(now.of.removeprefix("slip:"))
        if slip is None:
            return [say("desk.doubt.settled", "ok")], []
        lines = [
            say("desk.slip", slip=slip.slip, amount=yen(slip.amount)),
            say("desk.slip.lead"),
            _evidence(slip.slip),
        ]
        return lines, [do("desk.slip.paid", i.RedeemSlip(slip=slip.slip), is_main=True)]
    found = next((each for each in doubts(state) if each[1] == now.of), None)
    if found is None:
        return [say("desk.doubt.settled", "ok")], []
    kind, of, facts = found
    lines = [DeskLine(f"desk.doubt.{kind}", facts, "doubt"), say(f"desk.doubt.{kind}.look"), _evidence(of)]
    return lines, _ANSWERS[kind](state, of)


def _evidence(of: str) -> DeskLine:
    """Every record of its transaction, with what the devices said."""
    return DeskLine("desk.doubt.evidence", opens=i.ShowPaper(step=S, report="evidence", of=of))


def _paper_answers(_: Kiosk, of: str) -> Buttons:
    line = LineId(of)
    return [
        why("desk.answer.came", i.SettlePaper(line=line, came_out=True, reason="")),
        why("desk.answer.stayed", i.SettlePaper(line=line, came_out=False, reason="")),
    ]


def _payout_answers(state: Kiosk, of: str) -> Buttons:
    doubt = state.ledger.doubts[OpId(of)]
    return [
        why("desk.answer.pieces", i.SettlePayout(op=doubt.op, pieces=each, reason=""), pieces=str(each))
        for each in range(doubt.proven, doubt.count + 1)
    ]


def _note_answers(state: Kiosk, of: str) -> Buttons:
    note = state.ledger.notes[OpId(of)]
    boxes = [each for each, faces in units_of(state).items() if note.denomination in faces]
    names = dict.fromkeys((*boxes, DeviceId(acts.CASHBOX)))
    answers = [
        why("desk.answer.in", i.SettleNote(op=note.op, unit=each, reason=""), unit=each) for each in names
    ]
    return [*answers, why("desk.answer.back", i.SettleNote(op=note.op, unit=DeviceId(""), reason=""))]


def _payment_answers(_: Kiosk, of: str) -> Buttons:
    op = OpId(of)
    return [
        why("desk.answer.taken", i.SettlePayment(op=op, was_taken=True, reason="")),
        why("desk.answer.not-taken", i.SettlePayment(op=op, was_taken=False, reason="")),
    ]


def _void_answers(_: Kiosk, of: str) -> Buttons:
    op = OpId(of)
    return [
        why("desk.answer.voided", i.SettleVoid(op=op, was_done=True, reason="")),
        why("desk.answer.not-voided", i.SettleVoid(op=op, was_done=False, reason="")),
    ]


_ANSWERS: dict[str, Callable[[Kiosk, str], Buttons]] = {
    "paper": _paper_answers,
    "payout": _payout_answers,
    "note": _note_answers,
    "payment": _payment_answers,
    "void": _void_answers,
}


def found(state: Kiosk, now: Desk) -> Page:
    """遺失物: what was left behind is written down, or handed over. Of money: first where, then how much."""
    each = state.ledger.found.get(now.of)
    if each is not None:
        amount = yen(each.amount) if each.amount else "—"
        lines = [
            say("desk.found", "doubt", found=each.found, what=f"@desk.thing.{each.what}"),
            say("desk.found.where", place=f"@desk.place.{each.place}", amount=amount),
        ]
        return lines, [
            do(f"desk.found.to.{to}", i.HandOverFound(found=each.found, to=to)) for to in acts.RECEIVERS
        ]
    amounts = {place: pieces for (unit, place, _), pieces in now.pieces if unit == FOUND}
    lines = [say("desk.found.lead")]
    lines += [
        opens("desk.found.cash", "pad", f"{FOUND}/{place}/{YEN}", place=f"@desk.place.{place}")
        for place in acts.PLACES
    ]
    buttons = [
        do(
            "desk.found.register.cash", i.RegisterFound(what="cash", place=place, amount=Yen(amount)),
            place=f"@desk.place.{place}", amount=f"{amount:,}",
        )
        for place, amount in amounts.items()
    ]  # fmt: skip
    return lines, [
        *buttons,
        *(
            do(
                "desk.found.register", i.RegisterFound(what=what, place=place),
                what=f"@desk.thing.{what}", place=f"@desk.place.{place}",
            )
            for what in acts.THINGS
            if what != "cash"
            for place in acts.PLACES
        ),
    ]  # fmt: skip
