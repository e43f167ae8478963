"""The card's own word on who its holder is, by the PIN of that record (券面事項入力補助用). Pure.

Where a town asks it (`record_by_pin`) and no 照合番号B has opened it. It signs nothing: what is read is compared with
the server's word and the paper later (DESIGN 6 e). What does not end well leads to the counter.
"""

from __future__ import annotations

from kiosk.engine.number import ask_slot
from kiosk.engine.session import advance, notify
from kiosk.engine.state import Phase, Turn
from kiosk.ports import CardKind, OpenPinSlot, SecretKind, SurfaceFailed, SurfaceRead


def enter_record(turn: Turn) -> None:
    """A phone has no such record; a card's opens once."""
    session = turn.session
    if session.holder is not None:
        advance(turn)
    elif session.card is not None and session.card.kind is not CardKind.MY_NUMBER:
        notify(turn, "C-112")
    else:
        turn.go(Phase.OPENING_PIN)
        turn.edit(slot="", is_checking=False)
        ask_slot(turn, OpenPinSlot(turn.state.setup.card_reader, SecretKind.RECORD))


def record_read(turn: Turn, event: SurfaceRead) -> None:
    card = turn.session.card
    if card is None or event.fingerprint != card.fingerprint:
        notify(turn, "C-108")
        return
    turn.edit(holder=event.holder, slot="", was_wrong=False, attempts_left=card.attempts_left)
    advance(turn)


def record_failed(turn: Turn, event: SurfaceFailed) -> None:
    """Few tries, none left, or not believed."""
    if event.code == "not-believed":
        turn.set(is_staff_called=True)
        notify(turn, "C-113")
    else:
        notify(turn, "P-204")


def record_rejected(turn: Turn, left: int) -> None:
    """Once more; the last try is never used here."""
    wrong = turn.session.wrong_tries + 1
    turn.edit(wrong_tries=wrong, attempts_left=left, was_wrong=True)
    if left <= 1 or wrong >= turn.state.setup.max_wrong_tries:
        notify(turn, "P-204")
    else:
        enter_record(turn)
