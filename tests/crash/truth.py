"""Every yen: what people put in and got, against what the books say."""

from __future__ import annotations

from drivers.transport.sim.pieces import Pieces
from kiosk.journal.ledger import Ledger, imbalances
from kiosk.money import Denomination


def worth(world: Pieces, place: str) -> int:
    """Yen that lie at a place."""
    faces = ((world.face_of(kind), count) for kind, count in world.places.get(place, {}).items())
    return sum(Denomination(face).face.value * count for face, count in faces)


def lost_or_gained(ledger: Ledger, inserted: int, given: int) -> str:
    """Empty when nobody lost or gained one yen; else what is wrong. `given`: what is in the hands of people."""
    if wrong := imbalances(ledger):
        return wrong[0]
    receipts = sum(each.amount.value for each in ledger.totals.receipts.values())
    owed = sum(each.amount.value for each in ledger.slips.values())
    held = sum(each.held.value for each in ledger.accounts.values()) + ledger.unassigned.total.value
    sure = (
        given + receipts + owed + held + ledger.totals.redeemed.value
    )  # what the counter paid, the machine kept
    if sure > inserted:
        return f"{sure} yen are given, booked, owed or held; {inserted} came in"
    if inserted > sure + doubt(ledger):
        return f"{inserted} yen came in, {sure} are known and {doubt(ledger)} in doubt"
    return ""


def doubt(ledger: Ledger) -> int:
    """Yen of which nobody can say yet where they are."""
    notes = sum(each.note_doubt.value for each in ledger.accounts.values())
    coins = sum(each.at_most * 500 for each in ledger.credit_doubts)
    return ledger.in_doubt.value + notes + coins
