"""Pages of the staff desk: what lies in the machine, boxes that are opened and closed with counts, the close. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from kiosk import intents as i
from kiosk import rights
from kiosk.engine import desk_acts
from kiosk.engine.desk_acts import ASKED, COUNTED, FOUND, LEFT, TAKEN_OUT
from kiosk.engine.desk_parts import Buttons, Lines, Page, S, do, face_of, opens, say, yen
from kiosk.engine.staff import units_of
from kiosk.engine.state import Desk, Kiosk
from kiosk.ids import DeviceId
from kiosk.journal.records import Fund, Share
from kiosk.money import Denomination, Yen
from kiosk.treasury import acts, words
from kiosk.view import DeskButton, DeskPad, Role


def cash(state: Kiosk, now: Desk) -> Page:
    lines = []
    for name, faces in units_of(state).items():
        unit = state.ledger.units.get(name)
        known = unit is not None and unit.accuracy != "unknown"
        lines.append(
            say(
                "desk.unit" if known else "desk.unit.unknown",
                "" if known else "doubt",
                unit=name,
                face=face_of(faces[0]) if len(faces) == 1 else "@desk.faces.any",
                pieces=str(sum(unit.count.values())) if unit is not None else "",
                amount=yen(unit.total) if unit is not None else "",
            )
        )
    exchange = state.ledger.exchange
    if exchange is not None:
        lines.insert(
            0,
            opens(
                "desk.exchange.open", "count", exchange.exchange, "doubt",
                number=exchange.exchange, purpose=f"@desk.purpose.{exchange.purpose}",
            ),
        )  # fmt: skip
        return lines, []
    buttons = [
        DeskButton(f"desk.start.{purpose}", i.OpenPage(step=S, page="units", of=purpose))
        for purpose in (("repair",) if now.staff.role is Role.TECHNICIAN else acts.PURPOSES[:3])
        if now.staff.role in rights.roles(i.StartExchange)
    ]
    return lines, buttons


def units(state: Kiosk, now: Desk) -> Page:
    """Which boxes are opened: one, or all of them."""
    purpose = now.of if now.of in acts.PURPOSES else "recount"
    every = tuple(units_of(state))
    buttons = [
        do("desk.units.one", i.StartExchange(purpose=purpose, units=(each,)), unit=each) for each in every
    ]
    buttons.append(do("desk.units.all", i.StartExchange(purpose=purpose, units=every), is_main=True))
    lines = [say("desk.units.lead", purpose=f"@desk.purpose.{purpose}")]
    if purpose == "repair" and not now.beside:
        lines.append(say("desk.units.officer", "doubt"))
    return lines, buttons


# --- counts -----------------------------------------------------------------------------------------------------------


def count(state: Kiosk, now: Desk) -> Page:
    exchange = state.ledger.exchange
    if exchange is None:
        return [say("desk.count.none")], []
    faces = units_of(state)
    lines = [say("desk.count.lead", purpose=f"@desk.purpose.{exchange.purpose}", number=exchange.exchange)]
    for unit in exchange.names:
        for face in faces.get(unit, ()):
            lines += _questions(now, exchange.purpose, unit, face, is_mixed=len(faces[unit]) > 1)
    end = desk_acts.end_of(now, exchange.exchange)
    buttons = [do("desk.count.end", end, is_main=True)]
    counted = {each.unit for each in end.units if each.counted is not None}
    if exchange.purpose == "collect" and counted == set(exchange.names):
        emptied = tuple(
            replace(each, taken_out=each.counted + each.put_in) for each in end.units if each.counted
        )
        buttons.append(do("desk.count.empty", replace(end, units=emptied)))
    if desk_acts.moved_of(state, end)[0] and exchange.purpose != "recount":
        buttons.append(DeskButton("desk.count.funds", i.OpenPage(step=S, page="funds", of=exchange.exchange)))
    return lines, buttons


def _questions(now: Desk, purpose: str, unit: DeviceId, face: Denomination, *, is_mixed: bool) -> Lines:
    """What may still be said of this face; of what came out, either how much, or how much stayed."""
    is_officer = now.staff.role in rights.roles(i.SetPieces)
    said = {what: pieces for (of, name, what), pieces in now.pieces if (of, name) == (unit, face.value)}
    lines = []
    for what in ASKED[purpose]:
        pieces = said.get(what)
        if is_mixed and pieces is None and what != ASKED[purpose][0]:
            continue  # of a box with every face the usual question is enough
        if what == LEFT and (COUNTED not in said or TAKEN_OUT in said):
            continue
        if what == TAKEN_OUT and LEFT in said:
            continue
        values = {
            "unit": str(unit), "face": face_of(face), "what": f"@desk.what.{what}",
            "pieces": "—" if pieces is None else str(pieces),
        }  # fmt: skip
        mark = "" if pieces is None else "ok"
        lines.append(
            opens("desk.count.line", "pad", f"{unit}/{face.value}/{what}", mark, **values)
            if is_officer
            else say("desk.count.line", mark, **values)
        )
    return lines


def funds(state: Kiosk, now: Desk) -> Page:
    """Whose the money is: as it would be written, and each fund that could bear all of it."""
    exchange = state.ledger.exchange
    if exchange is None:
        return [say("desk.count.none")], []
    end = desk_acts.end_of(now, exchange.exchange)
    moved, difference = desk_acts.moved_of(state, end)
    usual = acts.usual_shares(state.ledger, exchange.purpose, moved, difference)
    lines = [
        say("desk.funds.lead", amount=f"{moved.value:+,}"),
        *(
            say("desk.funds.usual", fund=f"@desk.fund.{each.fund.value}", amount=f"{each.amount.value:+,}")
            for each in usual
        ),
    ]
    buttons: Buttons = [do("desk.funds.end", end, is_main=True)]
    buttons += [
        do("desk.funds.only", replace(end, shares=(Share(fund, moved),)), fund=f"@desk.fund.{fund.value}")
        for fund in _bearing(state, moved, difference)
        if len(usual) != 1 or usual[0].fund is not fund
    ]
    return lines, buttons


def _bearing(state: Kiosk, moved: Yen, difference: Yen) -> list[Fund]:
    if moved > Yen(0):
        return [Fund.FLOAT, Fund.DIFFERENCE]
    limits = acts.limits_of(state.ledger, difference)
    return [fund for fund in Fund if moved < Yen(0) and limits[fund] >= -moved]


def pad(now: Desk) -> DeskPad | None:
    unit, face, what = (*now.of.split("/"), "", "", "")[:3]
    return DeskPad(DeviceId(unit), face, what, dict(now.pieces).get((unit, face, what), -1))


def pad_page(state: Kiosk, now: Desk) -> Page:
    unit, face, what = (*now.of.split("/"), "", "", "")[:3]
    if unit == FOUND:
        return [say("desk.pad.yen", place=f"@desk.place.{face}")], []
    known = state.ledger.units.get(DeviceId(unit))
    faces = {each.value: each for each in Denomination}
    lines = [say("desk.pad", unit=unit, face=f"@money.{face}", what=f"@desk.what.{what}")]
    if (
        known is not None and face in faces and what not in (COUNTED, LEFT)
    ):  # who counts is not told what to find
        lines.append(say("desk.pad.known", pieces=str(known.count.get(faces[face], 0))))
    return lines, []


def why_page(_: Kiosk, now: Desk) -> Page:
    act = now.pending
    if act is None:
        return [], []
    keys = acts.REASONS if isinstance(act, i.EndExchange) else tuple(words.WHY)
    room = "reason" if isinstance(act, i.EndExchange) else "why"
    buttons = [do(f"desk.{room}.{each}", _with_reason(act, each)) for each in keys]
    return [say("desk.why.lead")], buttons


def _with_reason(act: i.StaffIntent, reason: str) -> i.AnyStaffIntent:
    return replace(act, reason=reason)  # type: ignore[return-value]  # every act that wants a reason has that field


# --- the day ----------------------------------------------------------------------------------------------------------


def day(state: Kiosk, _: Desk) -> Page:
    ledger = state.ledger
    lines = [
        say("desk.day.inside", amount=yen(ledger.in_units)),
        say("desk.day.receipts", amount=yen(ledger.receipts_inside)),
        say("desk.day.float", amount=yen(ledger.float_amount)),
        say("desk.day.held", "doubt" if ledger.held else "", amount=yen(ledger.held)),
        say("desk.day.difference", "doubt" if ledger.difference else "", amount=yen(ledger.difference)),
    ]
    if ledger.exchange is not None:
        lines.insert(0, say("desk.day.exchange", "bad", number=ledger.exchange.exchange))
    return lines, [do("desk.day.close", i.CloseDay(), is_main=True)]
