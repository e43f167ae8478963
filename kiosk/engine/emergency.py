"""The building's alarm: nothing new begins, every conversation ends as if the person had said 「やめる」. Pure.

What is under way (a page, a payout) goes on to its end by itself, and what a person leaves behind is found as ever
(taking.things_left). The screens say one thing only: leave the building.
"""

from __future__ import annotations

from kiosk.engine.state import Manners, Turn
from kiosk.journal.records import EmergencySeen
from kiosk.ports import EmergencyBegan, EmergencyEnded


def began(turn: Turn, _: EmergencyBegan) -> None:
    if not turn.state.is_emergency:
        turn.set(is_emergency=True)
        turn.note(EmergencySeen(is_on=True))


def ended(turn: Turn, _: EmergencyEnded) -> None:
    if turn.state.is_emergency:
        turn.set(is_emergency=False)
        if turn.state.session is None:  # what somebody chose on the idle screen before they left the building
            turn.set(manners=Manners(language=turn.state.setup.languages[0]))
        turn.note(EmergencySeen(is_on=False))
