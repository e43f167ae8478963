"""Property 3 and 7 of a cash journal: when an irreversible command leaves the core, its record is durable already."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kiosk import ports
from kiosk.journal import records as r
from tests.crash.test_kill_sweep import VISITS, Visit
from tests.engine.notes_world import NotesWorld
from tests.engine.world import World

NEEDS: dict[type[ports.Command], type[r.Record]] = {
    ports.Dispense: r.DispenseIntended,
    ports.PrintDocument: r.PrintIntended,
    ports.Commit: r.CommitIntended,
    ports.StackNote: r.NoteIntended,
    ports.AcknowledgeCredit: r.NoteIn,
    ports.AcknowledgePayout: r.DispenseAdvanced,
    ports.PrintSlip: r.ReceiptIntended,
}
"""Command -> the record that permits it, of the same operation (of the same line for a commit)."""


def watch(world: World) -> list[str]:
    """What left too early; the irreversible commands that were seen at all stand in it with a `+`."""
    found: list[str] = []
    send = world.loop._send

    def watched(command: ports.Command) -> None:
        wanted = NEEDS.get(type(command))
        if isinstance(command, ports.PrintSlip) and command.slip.kind not in ("receipt", "statement"):
            wanted = None  # a second slip of the same number does no harm
        if wanted is not None:
            key = "op" if hasattr(command, "op") else "line"
            value = getattr(command, key)
            is_there = any(isinstance(e, wanted) and getattr(e, key) == value for e in world.records)
            found.append(f"{'+' if is_there else 'too early: '}{type(command).__name__}")
        send(command)

    world.loop._send = watched
    return found


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.__name__)
def test_no_act_before_its_record(visit: Visit) -> None:
    world = World().boot()
    found = watch(world)
    visit(world)
    assert found and not [each for each in found if not each.startswith("+")]


def a_note_and_change(world: NotesWorld) -> None:
    world.until_pay()
    world.run(1)
    world.note()
    world.run(4)


@pytest.mark.parametrize("visit", [a_note_and_change])
def test_no_note_is_acknowledged_before_its_credit(visit: Callable[[NotesWorld], None]) -> None:
    world = NotesWorld().boot()
    found = watch(world)
    visit(world)
    assert {"+StackNote", "+AcknowledgeCredit"} <= set(found)
    assert not [each for each in found if not each.startswith("+")]
