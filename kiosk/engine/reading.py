"""The certificate, read aloud to its owner: on request, after printing, to headphones or handset only. Pure.

The core hands over the text and hears when it is over; whether anybody else could hear is the reading process's own to
see. Nothing of it is written down.
"""

from __future__ import annotations

from kiosk import intents
from kiosk.engine.inner import Asked
from kiosk.engine.state import Kiosk, LineStage, Phase, Turn
from kiosk.ports import ReadingEnded, ReadPaper, StartTimer, StopReading

LONGEST_S = 1800.0
"""So long the machine waits for a reading."""


def pages(state: Kiosk) -> tuple[str, ...]:
    """What stands on the fronts of everything that was printed for this person."""
    if state.session is None:
        return ()
    printed = [line for line in state.session.lines if line.stage is LineStage.PRINTED]
    return tuple(page for line in printed if line.document is not None for page in line.document.fronts)


def may_read(state: Kiosk) -> bool:
    """There is a reader, somebody who listens, and a paper that came out."""
    return bool(state.setup.reader) and state.manners.is_voice_on and bool(pages(state))


def asked(turn: Turn, event: Asked) -> None:
    """Begin, or stop. The next reading is a new process."""
    if not isinstance(event.intent, intents.ReadAloud):
        return
    reader, manners = turn.state.setup.reader, turn.state.manners
    if not event.intent.is_on:
        stop(turn)
    elif not turn.session.is_reading:
        turn.edit(is_reading=True)
        turn.do(ReadPaper(reader, pages(turn.state), manners.loudness, manners.pace))
        turn.do(StartTimer("stage", LONGEST_S))


def stop(turn: Turn) -> None:
    """It ends with whatever ends the session, and with a touch."""
    session = turn.state.session
    if session is not None and session.is_reading:
        turn.do(StopReading(turn.state.setup.reader))


def ended(turn: Turn, _: ReadingEnded) -> None:
    """The machine waits as it did before."""
    session = turn.state.session
    if session is None or not session.is_reading:
        return
    turn.edit(is_reading=False)
    timeouts = turn.state.setup.timeouts
    waits = {Phase.TAKING_THINGS: timeouts.take_s, Phase.FINISHED: timeouts.done_s}
    if turn.state.phase in waits:
        turn.do(StartTimer("stage", waits[turn.state.phase]))
