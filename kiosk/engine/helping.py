"""A floor assistant beside the resident: help begins and ends where both can see it, points, and is written down. Pure.

The assistant's panel is a second client of the same session with a projection of its own (project.py). What it may do
is kiosk/rights.py's word; most of that only while help is on, which the resident sees and can end at any moment.
"""

from __future__ import annotations

from msgspec.structs import replace

from kiosk import intents
from kiosk.engine.inner import Asked
from kiosk.engine.state import Kiosk, Turn
from kiosk.journal.records import StaffHelped
from kiosk.view import Role

HELPED_TIMES, HEARD_TIMES = 3.0, 2.0
"""So many times as long the machine waits before it asks whether anyone is there."""

TARGETS = ("main", "back", "cancel", "language", "voice", "call")
"""What can be pointed at: keys of the resident's layout that are on many screens, and no key of a keypad."""


def begin_help(turn: Turn, _: object) -> None:
    turn.set(manners=replace(turn.state.manners, is_helped=True), is_staff_called=False)


def end_help(turn: Turn, _: object) -> None:
    turn.set(manners=replace(turn.state.manners, is_helped=False, is_helper_here=False, pointed=""))


def point(turn: Turn, event: Asked) -> None:
    """A ring appears on the resident's screen round what is meant; it goes with the step."""
    if isinstance(event.intent, intents.Point) and event.intent.target in TARGETS:
        turn.set(manners=replace(turn.state.manners, pointed=event.intent.target))


def write_down(turn: Turn, event: object) -> None:
    """Each act of the assistant, by its name: what was done to the machine, never what was chosen."""
    session = turn.state.session
    if isinstance(event, Asked) and event.role is Role.ASSISTANT and session is not None:
        turn.edit(is_assisted=True)
        turn.record(StaffHelped(session.transaction, type(event.intent).__name__))


def patience(state: Kiosk, seconds: float) -> float:
    """Longer while somebody helps, for two people talk; and for who listens, for to hear takes longer than to see."""
    if state.manners.is_helped:
        return seconds * HELPED_TIMES
    return seconds * (HEARD_TIMES if state.manners.is_voice_on else 1.0)
