"""A hopper that failed in a payout is left out until somebody has seen to it, and no longer: no restart is needed."""

from __future__ import annotations

import pytest

from kiosk import intents
from kiosk.engine.payout import EXCHANGED
from kiosk.engine.state import Phase
from kiosk.money import Denomination
from kiosk.ports import DeviceFault
from tests.engine.world import World
from tests.treasury.desk import OFFICER, ask, code, moved, start

FAULT = ("hopper100", "payout")


@pytest.fixture
def jammed() -> World:
    """Change of 300 yen came out in other coins; the hopper is free again."""
    world = World().boot()
    world.physics.jammed.add("hopper100")
    world.until_pay()
    world.insert(Denomination.COIN500)
    world.take_all()
    world.tap(intents.Next)
    world.physics.jammed.clear()
    assert FAULT in world.loop.state.faults
    assert world.phase is Phase.IDLE
    return world


def test_when_its_incident_is_closed(jammed: World) -> None:
    (incident,) = jammed.ledger.incidents
    assert code(jammed, OFFICER, intents.CloseIncident(incident=incident, reason="freed")) == ""
    assert FAULT not in jammed.loop.state.faults


def test_when_its_box_was_open(jammed: World) -> None:
    number = start(jammed, "recount", "hopper100")
    assert FAULT in jammed.loop.state.faults
    there = jammed.physics.units["hopper100"]
    units = (moved(counted=there),)
    assert ask(jammed, OFFICER, intents.EndExchange(exchange=number, units=units)).refusal is None
    assert FAULT not in jammed.loop.state.faults
    assert jammed.ledger.incidents, "which somebody still has to look at"


def test_a_coin_unit_in_another_ones_place_takes_coins_when_somebody_has_counted() -> None:
    """Its driver says it once: without this it would stay wrong until the next power cut."""
    world = World().boot()
    acceptor = world.loop.state.setup.acceptor
    world.event(DeviceFault(acceptor, EXCHANGED))
    assert (acceptor, EXCHANGED) in world.loop.state.faults
    number = start(world, "recount", "hopper100")
    units = (moved(counted=world.physics.units["hopper100"]),)
    assert ask(world, OFFICER, intents.EndExchange(exchange=number, units=units)).refusal is None
    assert (acceptor, EXCHANGED) not in world.loop.state.faults


def test_not_for_another_incident(jammed: World) -> None:
    number = start(jammed, "recount", "hopper50")
    units = (moved("hopper50", counted=jammed.physics.units["hopper50"]),)
    assert ask(jammed, OFFICER, intents.EndExchange(exchange=number, units=units)).refusal is None
    assert FAULT in jammed.loop.state.faults
