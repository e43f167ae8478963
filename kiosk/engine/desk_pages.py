"""Pages of the staff desk: what staff see of the machine, and which acts stand on a page. Pure.

Codes, counts and amounts only; nothing here was ever a resident's. A button stands on a page only where the desk's
person may press it (kiosk/rights.py); the engine asks once more when it is pressed.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from kiosk import badges, rights
from kiosk import intents as i
from kiosk.engine import desk_acts, desk_tests, remedies
from kiosk.engine.desk import is_card_in
from kiosk.engine.desk_acts import ASKED, COUNTED
from kiosk.engine.service import stop_reason
from kiosk.engine.staff import units_of
from kiosk.engine.state import Desk, Kiosk, Login
from kiosk.ids import DeviceId, LineId, OpId
from kiosk.money import Denomination, Yen
from kiosk.slips import JST
from kiosk.treasury import acts, words
from kiosk.view import AnyBody, DeskButton, DeskLine, DeskPad, PaperLine, Role, StaffDesk, StaffNote, StaffPin

Lines = list[DeskLine]
Buttons = list[DeskButton]
S = 0
"""The screen puts the step of its view there."""


# --- logging in -------------------------------------------------------------------------------------------------------


def login(state: Kiosk) -> AnyBody:
    now = state.login
    if now is None or now.stage in ("wait", "refused", "back"):
        return _note(state, now)
    return StaffPin(
        slot=now.slot,
        shortest=now.shortest,
        length=now.longest,
        attempts_left=now.attempts_left,
        keyed=now.digits if now.slot else 0,
        was_wrong=now.was_wrong,
        is_checking=now.stage == "signing",
    )


def _note(state: Kiosk, now: Login | None) -> StaffNote:
    if now is None:
        return StaffNote("card")
    if now.stage == "refused":
        facts = _times(state, now) if now.code == "time" else ()
        return StaffNote(now.code, is_card_in(state), facts=facts)
    return StaffNote(now.stage, is_card_in(state), now.ends_at_s if now.stage == "wait" else 0.0)


def _times(state: Kiosk, now: Login) -> tuple[tuple[str, str], ...]:
    """What the card says and what this machine believes: whoever reads it sees which of the two is wrong."""
    validity = badges.validity_of(now.certificate)
    if validity is None:
        return ()
    stamp = "%Y-%m-%d"
    return (
        ("begin", validity.begin.astimezone(JST).strftime(stamp)),
        ("end", validity.end.astimezone(JST).strftime(stamp)),
        ("now", state.wall.astimezone(JST).strftime("%Y-%m-%d %H:%M")),
    )


# --- the desk ---------------------------------------------------------------------------------------------------------


def desk(state: Kiosk) -> AnyBody:
    now = state.desk
    if now is None:
        return StaffNote("card")
    lines, buttons = _PAGES[now.page](state, now)
    return StaffDesk(
        page=now.page,
        of=now.of if now.page in ("count", "steps", "test", "incident", "doubt", "found") else "",
        who=now.staff.id,
        role=now.staff.role.value,
        beside=now.beside,
        is_clock_doubtful=not state.clock_is_good,
        lines=tuple(lines),
        buttons=tuple(each for each in buttons if _may(now, each.asks)),
        pad=_pad(now) if now.page == "pad" else None,
        paper=_paper_lines(now) if now.page == "paper" else (),
        said=now.said,
        is_refused=now.is_refused,
        is_done=any(each.key == "desk.steps.gone" for each in lines),
        is_sounding=desk_tests.is_at(now, "sound") and now.result == "seen",
    )


def _paper_lines(now: Desk) -> tuple[PaperLine, ...]:
    lines = now.paper.lines if now.paper is not None else ()
    return tuple(PaperLine(each.text, each.right, each.is_bold) for each in lines if not each.is_rule)


def _may(now: Desk, asks: i.AnyIntent) -> bool:
    if not rights.may(now.staff.role, type(asks)):
        return False
    if not isinstance(asks, i.AskWhy | i.DoAct):
        return True
    act = asks.act
    if isinstance(act, i.StartExchange) and now.staff.role is Role.TECHNICIAN:
        return act.purpose == "repair"
    return rights.may(now.staff.role, type(act))


def _open(key: str, page: str, of: str = "", mark: str = "", **values: str) -> DeskLine:
    return DeskLine(key, tuple(values.items()), mark, i.OpenPage(step=S, page=page, of=of))


def _say(key: str, mark: str = "", **values: str) -> DeskLine:
    return DeskLine(key, tuple(values.items()), mark)


def _do(key: str, act: i.AnyStaffIntent, *, is_main: bool = False, **values: str) -> DeskButton:
    return DeskButton(key, i.DoAct(step=S, act=act), tuple(values.items()), is_main)


def _why(key: str, act: i.AnyStaffIntent, **values: str) -> DeskButton:
    return DeskButton(key, i.AskWhy(step=S, act=act), tuple(values.items()))


def _yen(amount: Yen) -> str:
    return f"{amount.value:,}"


def _face(denomination: Denomination) -> str:
    return f"@money.{denomination.value}"


def _fault_line(each: remedies.Fault) -> DeskLine:
    of = each.code if each.device is None else f"{each.code}/{each.device}"
    return _open(
        "desk.fault", "steps", of, "bad", code=each.code, what=f"@notice.{each.code}.title",
        device=str(each.device or ""), detail=each.detail,
    )  # fmt: skip


def _menu(state: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    found = remedies.faults(state)
    _, code = stop_reason(state)
    waiting = len(_doubts(state)) + len(state.ledger.slips) + len(state.ledger.found)
    lines = [
        _open("desk.menu.faults", "faults", "", "bad" if found else "ok", cases=str(len(found)), code=code),
        _open(
            "desk.menu.cash", "cash", "", "doubt" if state.ledger.exchange else "",
            amount=_yen(state.ledger.in_units),
        ),
        _open("desk.menu.waiting", "waiting", "", "doubt" if waiting else "ok", cases=str(waiting)),
        _open(
            "desk.menu.incidents", "incidents", "", "doubt" if state.ledger.incidents else "ok",
            cases=str(len(state.ledger.incidents)),
        ),
        _open("desk.menu.tests", "tests"),
        _open("desk.menu.papers", "papers"),
    ]  # fmt: skip
    if now.staff.role is Role.CASH_OFFICER:
        lines.insert(3, _open("desk.menu.day", "day"))
    return lines, []


# --- cash -------------------------------------------------------------------------------------------------------------


def _cash(state: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    lines = []
    for name, faces in units_of(state).items():
        unit = state.ledger.units.get(name)
        known = unit is not None and unit.accuracy != "unknown"
        lines.append(
            _say(
                "desk.unit" if known else "desk.unit.unknown",
                "" if known else "doubt",
                unit=name,
                face=_face(faces[0]) if len(faces) == 1 else "@desk.faces.any",
                pieces=str(sum(unit.count.values())) if unit is not None else "",
                amount=_yen(unit.total) if unit is not None else "",
            )
        )
    exchange = state.ledger.exchange
    if exchange is not None:
        lines.insert(
            0,
            _open(
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


def _units(state: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    """Which boxes are opened: one, or all of them."""
    purpose = now.of if now.of in acts.PURPOSES else "recount"
    every = tuple(units_of(state))
    buttons = [
        _do("desk.units.one", i.StartExchange(purpose=purpose, units=(each,)), unit=each) for each in every
    ]
    buttons.append(_do("desk.units.all", i.StartExchange(purpose=purpose, units=every), is_main=True))
    lines = [_say("desk.units.lead", purpose=f"@desk.purpose.{purpose}")]
    if purpose == "repair" and not now.beside:
        lines.append(_say("desk.units.officer", "doubt"))
    return lines, buttons


def _count(state: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    exchange = state.ledger.exchange
    if exchange is None:
        return [_say("desk.count.none")], []
    typed, units = dict(now.pieces), units_of(state)
    lines = [_say("desk.count.lead", purpose=f"@desk.purpose.{exchange.purpose}", number=exchange.exchange)]
    is_officer = now.staff.role in rights.roles(i.SetPieces)
    for unit in exchange.names:
        for face in units.get(unit, ()):
            for what in ASKED[exchange.purpose]:
                pieces = typed.get((str(unit), face.value, what))
                if len(units[unit]) > 1 and pieces is None and what != ASKED[exchange.purpose][0]:
                    continue  # of a box with every face the usual question is enough
                values = {
                    "unit": str(unit), "face": _face(face), "what": f"@desk.what.{what}",
                    "pieces": "—" if pieces is None else str(pieces),
                }  # fmt: skip
                mark = "" if pieces is None else "ok"
                key = f"{unit}/{face.value}/{what}"
                lines.append(
                    _open("desk.count.line", "pad", key, mark, **values)
                    if is_officer
                    else _say("desk.count.line", mark, **values)
                )
    end = desk_acts.end_of(now, exchange.exchange)
    return lines, [_do("desk.count.end", end, is_main=True)]


def _pad(now: Desk) -> DeskPad | None:
    unit, face, what = (*now.of.split("/"), "", "", "")[:3]
    return DeskPad(DeviceId(unit), face, what, dict(now.pieces).get((unit, face, what), -1))


def _pad_page(state: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    unit, face, what = (*now.of.split("/"), "", "", "")[:3]
    known = state.ledger.units.get(DeviceId(unit))
    faces = {each.value: each for each in Denomination}
    lines = [_say("desk.pad", unit=unit, face=f"@money.{face}", what=f"@desk.what.{what}")]
    if known is not None and face in faces and what != COUNTED:  # who counts is not told what to find
        lines.append(_say("desk.pad.known", pieces=str(known.count.get(faces[face], 0))))
    return lines, []


def _why_page(_: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    act = now.pending
    if act is None:
        return [], []
    keys = acts.REASONS if isinstance(act, i.EndExchange) else tuple(words.WHY)
    room = "reason" if isinstance(act, i.EndExchange) else "why"
    buttons = [_do(f"desk.{room}.{each}", _with_reason(act, each)) for each in keys]
    return [_say("desk.why.lead")], buttons


def _with_reason(act: i.StaffIntent, reason: str) -> i.AnyStaffIntent:
    return replace(act, reason=reason)  # type: ignore[return-value]  # every act that wants a reason has that field


def _day(state: Kiosk, _: Desk) -> tuple[Lines, Buttons]:
    ledger = state.ledger
    lines = [
        _say("desk.day.inside", amount=_yen(ledger.in_units)),
        _say("desk.day.receipts", amount=_yen(ledger.receipts_inside)),
        _say("desk.day.float", amount=_yen(ledger.float_amount)),
        _say("desk.day.held", "doubt" if ledger.held else "", amount=_yen(ledger.held)),
        _say("desk.day.difference", "doubt" if ledger.difference else "", amount=_yen(ledger.difference)),
    ]
    if ledger.exchange is not None:
        lines.insert(0, _say("desk.day.exchange", "bad", number=ledger.exchange.exchange))
    return lines, [_do("desk.day.close", i.CloseDay(), is_main=True)]


# --- what waits -------------------------------------------------------------------------------------------------------


Facts = tuple[tuple[str, str], ...]


def _doubts(state: Kiosk) -> list[tuple[str, str, Facts]]:
    """(kind, id, what is known of it) of everything that is UNKNOWN, one by one."""
    ledger = state.ledger
    found: list[tuple[str, str, Facts]] = []
    facts: Facts
    for account in ledger.accounts.values():
        for line in account.lines.values():
            if line.print_outcome in ("unknown", "partial") and not line.is_resolved:
                facts = (
                    ("number", account.number), ("kind", f"@kind.{line.kind}"), ("amount", _yen(line.fee)),
                    ("serial", line.serial), ("pages", f"{line.pages_printed}/{line.pages}"),
                )  # fmt: skip
                found.append(("paper", str(line.line), facts))
    for each in ledger.doubts.values():
        facts = (
            ("device", str(each.device)), ("face", _face(each.denomination)), ("proven", str(each.proven)),
            ("cases", str(each.count)), ("number", _number(state, each.transaction)),
        )  # fmt: skip
        found.append(("payout", str(each.op), facts))
    for note in ledger.notes.values():
        if note.is_doubtful:
            facts = (
                ("device", str(note.device)), ("face", _face(note.denomination)),
                ("number", _number(state, note.transaction)),
            )  # fmt: skip
            found.append(("note", str(note.op), facts))
    for charge in ledger.cashless.values():
        if charge.is_unknown:
            facts = (
                ("means", charge.means), ("amount", _yen(charge.amount)), ("reference", charge.reference),
                ("number", _number(state, charge.transaction)),
            )  # fmt: skip
            found.append(("void" if charge.of else "payment", str(charge.op), facts))
    return found


def _number(state: Kiosk, transaction: str) -> str:
    account = next((each for key, each in state.ledger.accounts.items() if key == transaction), None)
    return account.number if account is not None else ""


def _waiting(state: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    lines = [
        DeskLine(f"desk.doubt.{kind}", facts, "doubt", i.OpenPage(step=S, page="doubt", of=of))
        for kind, of, facts in _doubts(state)
    ]
    lines += [
        _open("desk.slip", "doubt", f"slip:{each.slip}", "doubt", slip=each.slip, amount=_yen(each.amount))
        for each in state.ledger.slips.values()
    ]
    lines += [
        _open("desk.found", "found", each.found, "doubt", found=each.found, what=f"@desk.thing.{each.what}")
        for each in state.ledger.found.values()
    ]
    is_officer = now.staff.role in rights.roles(i.RegisterFound)
    buttons = [DeskButton("desk.found.new", i.OpenPage(step=S, page="found"))] if is_officer else []
    return lines or [_say("desk.waiting.none", "ok")], buttons


def _doubt(state: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    """The evidence, and the answers that a person may give."""
    if now.of.startswith("slip:"):
        slip = state.ledger.slips.get(now.of.removeprefix("slip:"))
        if slip is None:
            return [_say("desk.doubt.settled", "ok")], []
        lines = [_say("desk.slip", slip=slip.slip, amount=_yen(slip.amount)), _say("desk.slip.lead")]
        return lines, [_do("desk.slip.paid", i.RedeemSlip(slip=slip.slip), is_main=True)]
    found = next((each for each in _doubts(state) if each[1] == now.of), None)
    if found is None:
        return [_say("desk.doubt.settled", "ok")], []
    kind, of, facts = found
    lines = [DeskLine(f"desk.doubt.{kind}", facts, "doubt"), _say(f"desk.doubt.{kind}.look")]
    return lines, _ANSWERS[kind](state, of)


def _paper_answers(_: Kiosk, of: str) -> Buttons:
    line = LineId(of)
    return [
        _why("desk.answer.came", i.SettlePaper(line=line, came_out=True, reason="")),
        _why("desk.answer.stayed", i.SettlePaper(line=line, came_out=False, reason="")),
    ]


def _payout_answers(state: Kiosk, of: str) -> Buttons:
    doubt = state.ledger.doubts[OpId(of)]
    return [
        _why("desk.answer.pieces", i.SettlePayout(op=doubt.op, pieces=each, reason=""), pieces=str(each))
        for each in range(doubt.proven, doubt.count + 1)
    ]


def _note_answers(state: Kiosk, of: str) -> Buttons:
    note = state.ledger.notes[OpId(of)]
    boxes = [each for each, faces in units_of(state).items() if note.denomination in faces]
    names = dict.fromkeys((*boxes, DeviceId(acts.CASHBOX)))
    answers = [
        _why("desk.answer.in", i.SettleNote(op=note.op, unit=each, reason=""), unit=each) for each in names
    ]
    return [*answers, _why("desk.answer.back", i.SettleNote(op=note.op, unit=DeviceId(""), reason=""))]


def _payment_answers(_: Kiosk, of: str) -> Buttons:
    op = OpId(of)
    return [
        _why("desk.answer.taken", i.SettlePayment(op=op, was_taken=True, reason="")),
        _why("desk.answer.not-taken", i.SettlePayment(op=op, was_taken=False, reason="")),
    ]


def _void_answers(_: Kiosk, of: str) -> Buttons:
    op = OpId(of)
    return [
        _why("desk.answer.voided", i.SettleVoid(op=op, was_done=True, reason="")),
        _why("desk.answer.not-voided", i.SettleVoid(op=op, was_done=False, reason="")),
    ]


_ANSWERS: dict[str, Callable[[Kiosk, str], Buttons]] = {
    "paper": _paper_answers,
    "payout": _payout_answers,
    "note": _note_answers,
    "payment": _payment_answers,
    "void": _void_answers,
}


def _found(state: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    """遺失物: what was left behind is written down, or handed over. Money is written down by `kiosk-cash found`."""
    each = state.ledger.found.get(now.of)
    if each is not None:
        lines = [_say("desk.found", "doubt", found=each.found, what=f"@desk.thing.{each.what}")]
        return lines, [
            _do(f"desk.found.to.{to}", i.HandOverFound(found=each.found, to=to)) for to in acts.RECEIVERS
        ]
    things = [each for each in acts.THINGS if each != "cash"]
    return [_say("desk.found.lead")], [
        _do(
            "desk.found.register", i.RegisterFound(what=what, place=place),
            what=f"@desk.thing.{what}", place=f"@desk.place.{place}",
        )
        for what in things
        for place in acts.PLACES
    ]  # fmt: skip


# --- incidents, faults, tests, papers ---------------------------------------------------------------------------------


def _incidents(state: Kiosk, _: Desk) -> tuple[Lines, Buttons]:
    lines = [
        _open(
            "desk.incident", "incident", each.incident, "doubt",
            code=each.code, what=f"@notice.{each.code}.title", device=str(each.device or ""),
            notes=str(len(each.notes)),
        )
        for each in state.ledger.incidents.values()
    ]  # fmt: skip
    return lines or [_say("desk.incidents.none", "ok")], []


def _incident(state: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    each = state.ledger.incidents.get(now.of)
    if each is None:
        return [_say("desk.doubt.settled", "ok")], []
    lines = [
        _say(
            "desk.incident", "doubt", code=each.code, what=f"@notice.{each.code}.title",
            device=str(each.device or ""), notes=str(len(each.notes)),
        ),
        *([_say("desk.incident.amount", amount=_yen(each.amount))] if each.amount else []),
        *(_say("desk.note", text=note) for note in each.notes),
        _open("desk.incident.steps", "steps", f"{each.code}/{each.device or ''}"),
    ]  # fmt: skip
    buttons = [
        _do(f"desk.note.{key}", i.NoteIncident(incident=each.incident, note=key)) for key in words.NOTES
    ]
    return lines, [
        *buttons,
        _why("desk.incident.close", i.CloseIncident(incident=each.incident, reason="")),
    ]


def _faults(state: Kiosk, _: Desk) -> tuple[Lines, Buttons]:
    lines = [_fault_line(each) for each in remedies.faults(state)]
    has_notes = bool(state.setup.note_acceptor)
    buttons = [_why("desk.notes.clear", i.ClearNotePath(reason=""))] if has_notes else []
    return lines or [_say("desk.faults.none", "ok")], buttons


def _steps(state: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    """One step at a time: `of` is code/device/number. The machine says when it is over."""
    code, device, at = (*now.of.split("/"), "", "")[:3]
    steps = remedies.steps(code)
    number = min(int(at), len(steps) - 1) if at.isdigit() else 0
    is_wrong = any(each.code == code and (each.device or "") == device for each in remedies.faults(state))
    if code not in _LIVE:  # an incident is closed by a person
        is_wrong = any(each.code == code for each in state.ledger.incidents.values())
    lines = [
        _say("desk.steps.what", "", code=code, what=f"@notice.{code}.title", device=device),
        _say("desk.steps.gone", "ok") if not is_wrong else _say("desk.steps.there", "bad"),
    ]
    if not is_wrong:
        return lines, [DeskButton("desk.steps.done", i.OpenPage(step=S, page="menu"), is_main=True)]
    lines.append(_say("desk.steps.at", at=str(number + 1), of=str(len(steps))))
    lines.append(_say(f"remedy.{steps[number]}"))
    if number + 1 < len(steps):
        onward = i.OpenPage(step=S, page="steps", of=f"{code}/{device}/{number + 1}")
        return lines, [DeskButton("desk.steps.next", onward, is_main=True)]
    lines.append(_say(f"remedy.{remedies.LAST[0]}"))
    again = i.OpenPage(step=S, page="steps", of=f"{code}/{device}/0")
    return lines, [DeskButton("desk.steps.again", again)]


_LIVE = frozenset(
    {"R-501", "R-502", "R-504", "C-101", "M-401", "M-402", "M-407", "M-409", "M-410"}
    | {"X-601", "X-602", "X-603", "X-604", "X-605"}
)
"""Faults of which the machine itself knows whether they are there."""


def _tests(state: Kiosk, _: Desk) -> tuple[Lines, Buttons]:
    last = state.ledger.tests
    lines = []
    for each in desk_tests.here(state):
        found = last.get(each)
        mark = "" if found is None else "ok" if found.has_passed else "bad"
        key = "never" if found is None else "passed" if found.has_passed else "failed"
        lines.append(
            _open(
                "desk.test.line", "test", each, mark, test=f"@desk.test.{each}", result=f"@desk.result.{key}"
            )
        )
    return lines, [DeskButton("desk.report", i.ShowPaper(step=S, report="readiness"))]


def _test(state: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    test = now.of
    if test not in desk_tests.TESTS:
        return [], []
    lines = [_say(f"desk.test.{test}.how")]
    run = DeskButton("desk.test.run", i.RunTest(step=S, test=test), is_main=not now.result)
    if not now.result:
        return lines, [run]
    passed, failed = (i.RecordTest(test=test, has_passed=each) for each in (True, False))
    judge = desk_tests.TESTS[test]
    if now.result == "running":
        lines.append(_say(f"desk.test.{test}.now" if test in ("reader",) else "desk.test.now", "doubt"))
        return lines, [] if judge is desk_tests.Judge.SCREEN else [_do("desk.test.failed", failed)]
    is_well = now.result == "seen"
    lines += [_say("desk.fact", mark, what=what, finding=finding) for what, finding, mark in now.facts]
    lines.append(_say("desk.test.seen" if is_well else "desk.test.bad", "ok" if is_well else "bad"))
    if judge is desk_tests.Judge.PERSON and is_well:
        lines.append(_say(f"desk.test.{test}.look"))
        return lines, [_do("desk.test.good", passed, is_main=True), _do("desk.test.failed", failed)]
    return lines, [_do("desk.test.write", passed if is_well else failed, is_main=True), run]


def _papers(state: Kiosk, _: Desk) -> tuple[Lines, Buttons]:
    none_yet = () if state.ledger.last_exchange else desk_acts.OF_AN_EXCHANGE
    return [
        DeskLine(f"desk.paper.{report}", opens=i.ShowPaper(step=S, report=report, of=""))
        for report in desk_acts.PAPERS
        if report not in none_yet
    ], []


def _paper(state: Kiosk, now: Desk) -> tuple[Lines, Buttons]:
    if now.paper is None:
        return [] if now.said[0] else [_say("desk.paper.making", "doubt")], []
    found = [DeskButton("desk.paper.print", i.PrintPaper(step=S), is_main=True)]
    if desk_acts.has_pages(state):
        found.append(DeskButton("desk.paper.pages", i.PrintPages(step=S)))
    return [], found


_PAGES: dict[str, Callable[[Kiosk, Desk], tuple[Lines, Buttons]]] = {
    "menu": _menu,
    "cash": _cash,
    "units": _units,
    "count": _count,
    "pad": _pad_page,
    "why": _why_page,
    "waiting": _waiting,
    "doubt": _doubt,
    "found": _found,
    "day": _day,
    "papers": _papers,
    "paper": _paper,
    "incidents": _incidents,
    "incident": _incident,
    "faults": _faults,
    "steps": _steps,
    "tests": _tests,
    "test": _test,
}
