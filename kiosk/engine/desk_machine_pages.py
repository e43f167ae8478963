"""Pages of the staff desk: incidents with their notes, faults with their steps, tests of the machine. Pure."""

from __future__ import annotations

from kiosk import intents as i
from kiosk.engine import desk_tests, remedies, two_people
from kiosk.engine.desk_parts import Page, S, do, opens, say, why, yen
from kiosk.engine.state import Desk, Kiosk
from kiosk.treasury import words
from kiosk.view import DeskButton, DeskLine


def _fault_line(each: remedies.Fault) -> DeskLine:
    of = each.code if each.device is None else f"{each.code}/{each.device}"
    return opens(
        "desk.fault", "steps", of, "bad", code=each.code, what=f"@notice.{each.code}.title",
        device=str(each.device or ""), detail=each.detail,
    )  # fmt: skip


def incidents(state: Kiosk, _: Desk) -> Page:
    lines = [
        opens(
            "desk.incident", "incident", each.incident, "doubt",
            code=each.code, what=f"@notice.{each.code}.title", device=str(each.device or ""),
            notes=str(len(each.notes)),
        )
        for each in state.ledger.incidents.values()
    ]  # fmt: skip
    return lines or [say("desk.incidents.none", "ok")], []


def incident(state: Kiosk, now: Desk) -> Page:
    each = state.ledger.incidents.get(now.of)
    if each is None:
        return [say("desk.doubt.settled", "ok")], []
    lines = [
        say(
            "desk.incident", "doubt", code=each.code, what=f"@notice.{each.code}.title",
            device=str(each.device or ""), notes=str(len(each.notes)),
        ),
        *([say("desk.incident.amount", amount=yen(each.amount))] if each.amount else []),
        *(say("desk.note", text=note) for note in each.notes),
        opens("desk.incident.steps", "steps", f"{each.code}/{each.device or ''}"),
    ]  # fmt: skip
    buttons = [
        do(f"desk.note.{key}", i.NoteIncident(incident=each.incident, note=key)) for key in words.NOTES
    ]
    closing = i.CloseIncident(incident=each.incident, reason="")
    if not two_people.is_about_itself(state, closing):
        buttons.append(why("desk.incident.close", closing))
    return lines, buttons


def faults(state: Kiosk, _: Desk) -> Page:
    lines = [_fault_line(each) for each in remedies.faults(state)]
    has_notes = bool(state.setup.note_acceptor)
    buttons = [why("desk.notes.clear", i.ClearNotePath(reason=""))] if has_notes else []
    return lines or [say("desk.faults.none", "ok")], buttons


def steps(state: Kiosk, now: Desk) -> Page:
    """One step at a time: `of` is code/device/number. The machine says when it is over."""
    code, device, at = (*now.of.split("/"), "", "")[:3]
    todo = remedies.steps(code)
    number = min(int(at), len(todo) - 1) if at.isdigit() else 0
    is_wrong = any(each.code == code and (each.device or "") == device for each in remedies.faults(state))
    if code not in _LIVE:  # an incident is closed by a person
        is_wrong = any(each.code == code for each in state.ledger.incidents.values())
    lines = [
        say("desk.steps.what", "", code=code, what=f"@notice.{code}.title", device=device),
        say("desk.steps.gone", "ok") if not is_wrong else say("desk.steps.there", "bad"),
    ]
    if not is_wrong:
        return lines, [DeskButton("desk.steps.done", i.OpenPage(step=S, page="menu"), is_main=True)]
    lines.append(say("desk.steps.at", at=str(number + 1), of=str(len(todo))))
    lines.append(say(f"remedy.{todo[number]}"))
    if number + 1 < len(todo):
        onward = i.OpenPage(step=S, page="steps", of=f"{code}/{device}/{number + 1}")
        return lines, [DeskButton("desk.steps.next", onward, is_main=True)]
    lines.append(say(f"remedy.{remedies.LAST[0]}"))
    again = i.OpenPage(step=S, page="steps", of=f"{code}/{device}/0")
    return lines, [DeskButton("desk.steps.again", again)]


_LIVE = frozenset(
    {"R-501", "R-502", "R-504", "C-101", "M-401", "M-402", "M-407", "M-409", "M-410"}
    | {"X-601", "X-602", "X-603", "X-604", "X-605"}
)
"""Faults of which the machine itself knows whether they are there."""


def tests(state: Kiosk, _: Desk) -> Page:
    last = state.ledger.tests
    lines = []
    for each in desk_tests.here(state):
        found = last.get(each)
        mark = "" if found is None else "ok" if found.has_passed else "bad"
        key = "never" if found is None else "passed" if found.has_passed else "failed"
        lines.append(
            opens(
                "desk.test.line", "test", each, mark, test=f"@desk.test.{each}", result=f"@desk.result.{key}"
            )
        )
    return lines, [DeskButton("desk.report", i.ShowPaper(step=S, report="readiness"))]


def test(_: Kiosk, now: Desk) -> Page:
    test = now.of
    if test not in desk_tests.TESTS:
        return [], []
    lines = [say(f"desk.test.{test}.how")]
    run = DeskButton("desk.test.run", i.RunTest(step=S, test=test), is_main=not now.result)
    if not now.result:
        return lines, [run]
    again = DeskButton("desk.test.again", i.RunTest(step=S, test=test))
    passed, failed = (i.RecordTest(test=test, has_passed=each) for each in (True, False))
    judge = desk_tests.TESTS[test]
    if now.result == "running":
        lines.append(
            say(
                f"desk.test.{test}.now" if test in ("reader", "staff-reader", "camera") else "desk.test.now",
                "doubt",
            )
        )
        return lines, [] if judge is desk_tests.Judge.SCREEN else [do("desk.test.failed", failed)]
    is_well = now.result == "seen"
    verdict = say("desk.test.seen" if is_well else "desk.test.bad", "ok" if is_well else "bad")
    found = [say("desk.fact", mark, what=what, finding=finding) for what, finding, mark in now.facts]
    lines = [verdict, *found] if found else [*lines, verdict]
    if judge is desk_tests.Judge.PERSON and is_well:
        lines.append(say(f"desk.test.{test}.look"))
        return lines, [do("desk.test.good", passed, is_main=True), do("desk.test.failed", failed)]
    return lines, [do("desk.test.write", passed if is_well else failed, is_main=True), again]
