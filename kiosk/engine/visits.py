"""What is counted of a visit: how long each step took, where it ended and how, in which language. Pure.

One record at the beginning and one at the end of each, and nothing else. Neither names a transaction, a card or a time
of its own.
"""

from __future__ import annotations

from msgspec.structs import replace

from kiosk import intents
from kiosk.engine.inner import Asked
from kiosk.engine.state import Kiosk, LineStage, Manners, Phase, Session, Turn, VisitNotes
from kiosk.journal.accounts import CASH
from kiosk.journal.records import StepTime, VisitBegun, VisitEnded
from kiosk.ports import TimerExpired


def watch(turn: Turn, before: Kiosk, event: object) -> None:
    """After every event, last of all: its record must hold nothing else up."""
    was, now = before.session, turn.state.session
    if now is not None:
        _note(turn, before, event)
    if was is not None and (now is None or now.transaction != was.transaction):
        if not was.notes.end and (end := _given_up(turn, before, event)):  # in this very moment
            was = replace(was, notes=replace(was.notes, end=end, step=was.step.value))
        turn.note(_ended(was, before, turn.state.now_s))
    if now is not None and not now.is_cancelled and (was is None or was.transaction != now.transaction):
        turn.note(VisitBegun())


def lost(turn: Turn) -> None:
    """The last life ended in the middle of a visit of which no transaction tells: it is counted all the same."""
    if turn.state.ledger.is_visited:
        turn.note(VisitEnded(language="", end="interrupted", step=""))


def _note(turn: Turn, before: Kiosk, event: object) -> None:
    was, now = before.session, turn.session
    if was is None or was.transaction != now.transaction:
        end = "interrupted" if now.is_cancelled else ""  # taken up after a restart
        turn.edit(notes=VisitNotes(since_s=turn.state.now_s, end=end, step=now.step.value if end else ""))
        return
    notes = now.notes
    if now.step is not was.step:
        spent = _spent(notes, was.step.value, turn.state.now_s)
        notes = replace(notes, since_s=turn.state.now_s, times=spent)
    if (
        turn.state.phase in (Phase.NOTIFIED, Phase.IN_TROUBLE)
        and now.trouble
        and now.trouble not in notes.codes
    ):
        notes = replace(notes, codes=(*notes.codes, now.trouble))
    if not notes.end and (end := _given_up(turn, before, event)):
        notes = replace(notes, end=end, step=was.step.value)
    if notes != now.notes:
        turn.edit(notes=notes)


def _spent(notes: VisitNotes, step: str, now_s: float) -> tuple[tuple[str, float], ...]:
    times = dict(notes.times)
    times[step] = times.get(step, 0.0) + now_s - notes.since_s
    return tuple(times.items())


def _given_up(turn: Turn, before: Kiosk, event: object) -> str:
    """How this event gave the visit up; empty: it did not. After the transaction was opened, it failed."""
    if isinstance(event, TimerExpired) and event.name == "answer":
        return "nobody"
    if isinstance(event, Asked) and isinstance(event.intent, intents.Cancel):
        return "left"
    is_told = turn.state.phase is Phase.NOTIFIED and before.phase is not Phase.NOTIFIED
    if not is_told:
        return ""
    return "failed" if before.session is not None and before.session.number else "refused"


def _ended(session: Session, before: Kiosk, now_s: float) -> VisitEnded:
    notes = session.notes
    printed = [line for line in session.lines if line.stage is LineStage.PRINTED]
    papers: dict[str, int] = {}
    for line in printed:
        papers[line.kind] = papers.get(line.kind, 0) + 1
    is_whole = notes.end != "interrupted"
    times = _spent(notes, session.step.value, now_s) if is_whole else ()
    return VisitEnded(
        language=before.manners.language if is_whole else "",
        end=_end(session, before, len(printed)),
        step=notes.step or session.step.value,
        codes=notes.codes,
        papers=tuple(papers.items()),
        means=(session.means or CASH) if printed else "",
        is_assisted=session.is_assisted,
        manners=_manners(before.manners),
        times=tuple(StepTime(step, round(seconds, 1)) for step, seconds in times),
    )


def _end(session: Session, before: Kiosk, printed: int) -> str:
    if printed and printed == len(session.lines):
        return "issued"
    if printed:
        return "partly"
    if session.notes.end:
        return session.notes.end
    if before.phase in (Phase.IN_TROUBLE, Phase.NOTIFIED) or session.trouble:
        return "failed"
    return "left"


def _manners(manners: Manners) -> tuple[str, ...]:
    changed = []
    if manners.text_size != "S":
        changed.append(f"text-{manners.text_size}")
    if manners.contrast != "normal":
        changed.append(f"contrast-{manners.contrast}")
    if manners.is_voice_on:
        changed.append("voice")
    if manners.is_low_reach:
        changed.append("low")
    return tuple(changed)
