"""Staff at a kiosk in one process: who asks, what the core answers."""

from __future__ import annotations

from itertools import count

from kiosk import intents
from kiosk.engine.inner import AnswerStaff, StaffAsked
from kiosk.journal.records import UnitAfter
from kiosk.money import NO_CASH, Cash, Denomination
from kiosk.treasury.acts import Staff
from kiosk.view import Role
from tests.engine.world import World

OFFICER = Staff("officer1", Role.CASH_OFFICER)
SECOND = Staff("officer2", Role.CASH_OFFICER)
TECHNICIAN = Staff("tech1", Role.TECHNICIAN)
TREASURER = Staff("treasurer1", Role.TREASURER)
C100 = Denomination.COIN100
_requests = count(1)


def ask(world: World, staff: Staff, intent: intents.StaffIntent) -> AnswerStaff:
    """The answer, when the core has taken the act."""
    answers: list[AnswerStaff] = []
    world.loop.set_staff_desk(answers.append)
    world.event(StaffAsked(next(_requests), staff, intent))
    (answer,) = answers
    return answer


def code(world: World, staff: Staff, intent: intents.StaffIntent) -> str:
    """Why it was refused; empty: it was done."""
    answer = ask(world, staff, intent)
    return answer.refusal.code if answer.refusal is not None else ""


def start(world: World, purpose: str = "replenish", *units: str) -> str:
    """The number of an exchange that is open now."""
    answer = ask(world, OFFICER, intents.StartExchange(purpose=purpose, units=units))
    assert answer.refusal is None, answer.refusal
    return world.ledger.exchange.exchange


def moved(
    unit: str = "hopper100", *, counted: int | None = None, put_in: int = 0, taken_out: int = 0
) -> UnitAfter:
    """Pieces of the unit's one face."""
    face = Denomination(f"coin{unit.removeprefix('hopper')}")

    def pieces(number: int) -> Cash:
        return Cash({face: number}) if number else NO_CASH

    hand = None if counted is None else pieces(counted)
    return UnitAfter(unit, hand, pieces(put_in), pieces(taken_out))
