"""The ID-003 driver and the simulated note recycler keep the contract of kiosk.ports, over TCP and over a pty."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.id003.driver import create
from drivers.transport.serial_port import open_serial
from kiosk.errors import ConfigError, ContractError, DeviceUnavailable
from kiosk.ids import DeviceId, OpId
from kiosk.money import Denomination
from kiosk.ports import (
    AcceptanceSet,
    AcknowledgeCredit,
    AcknowledgePayout,
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    Dispense,
    DispenseEnded,
    Event,
    HopperRead,
    NoteCredited,
    NoteEscrowed,
    NotePresented,
    NoteRefused,
    NoteReturned,
    NoteStacked,
    Outcome,
    ReadHopper,
    ResetNotePath,
    ResolveDispense,
    ReturnNote,
    SetAcceptance,
    StackNote,
    StartNoteAcceptor,
)
from kiosk.ports import Command as CoreCommand
from tests.contract.id003_bench import BOX1, NOTE1, OP, Core, DoomedCore, Sim

D = Denomination
LATE_MS = 150
"""Behind the bench's reply time-out, at the very end of the silence that is waited for after it."""
README = Path(__file__).parents[2] / "drivers/id003/README.md"


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Sim]:
    found = Sim(tmp_path, "--take-ms", "50")
    yield found
    found.stop()


@pytest.fixture(params=["tcp", "pty"])
def by_hand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sim]:
    """Either line; a hand takes each note when it is told to."""
    found = Sim(tmp_path, tcp=request.param == "tcp")
    yield found
    found.stop()


def test_notes_in_and_notes_out(by_hand: Sim) -> None:
    sim = by_hand
    with Core(sim, parity="E" if sim.address.startswith("socket:") else "N") as core:
        core.ready()
        core.open()
        assert core.stack(sim, "1000", "old").issue == "65"
        assert core.wait(NoteCredited).denomination is D.NOTE1000
        assert core.wait(NoteStacked).unit in ("cashbox", "")
        core.stack(sim, "1000", "new", op="op2")
        assert core.wait(NoteStacked).unit in (BOX1, ""), (
            "empty: it was faster than we asked; the count tells"
        )
        assert core.wait(HopperRead).count == 31
        core.escrow(sim, "5000")
        core.driver.perform(ReturnNote(NOTE1))
        assert core.wait(NoteReturned).code == "asked"
        core.pay(1, op="op3")
        core.wait(NotePresented)
        assert sim.do("take-note") == {"note": "N1000F"}
        assert core.wait(DispenseEnded).outcome is Outcome.CONFIRMED
    state = sim.do("state")
    assert state["units"] == {BOX1: {"note1000": 30}, "cashbox": {"note1000": 1}}
    assert (state["places"]["taken"], state["places"]["returned"]) == ({"N1000F": 1}, {"N5000F": 1})
    assert state["unit"]["is_open"] is False, "left closed"
    assert state["exchanges"]["4A"] == 1


def test_an_inhibited_face_comes_back(sim: Sim) -> None:
    with Core(sim) as core:
        core.ready()
        core.open(D.NOTE1000)
        sim.do("insert-note", 10000)
        assert core.wait(NoteRefused).code == "inhibited"
        core.driver.perform(SetAcceptance(NOTE1, ()))
        assert core.wait(AcceptanceSet).denominations == ()
        assert not sim.do("insert-note", 1000)["drawn_in"]


def test_the_core_is_killed_before_the_credit_is_durable(sim: Sim) -> None:
    doomed = DoomedCore(sim, "stack")
    doomed.says("open")
    sim.do("insert-note", 1000)
    doomed.says("told")
    doomed.kill()
    with Core(sim, OP) as core:
        assert core.wait(NoteCredited).op == OP
        assert core.wait(NoteStacked).op == OP
        assert len(core.all(NoteCredited)) == 1
    assert sim.at(BOX1) == 31


def test_the_core_is_killed_in_a_payout_and_the_next_one_reads_what_happened(sim: Sim) -> None:
    doomed = DoomedCore(sim, "pay")
    doomed.says("told")
    doomed.kill()
    with Core(sim) as core:
        read = core.wait(HopperRead)
        core.driver.perform(ResolveDispense(OP, BOX1, 2, 30, -1, read.serial, paid=0))
        ended = core.wait(DispenseEnded)
    assert (ended.outcome, ended.paid, sim.at("taken")) == (Outcome.CONFIRMED, 2, 2)
    assert sim.do("state")["exchanges"]["4A"] == 1


def test_the_device_did_it_and_died_before_it_could_say_so(sim: Sim) -> None:
    with Core(sim) as core:
        before = core.ready()
        sim.do("die-before-reply", "4A")
        core.pay(2)
        sim.died()
        sim.start()
        ended = core.wait(DispenseEnded)
        assert ended.outcome is Outcome.UNKNOWN, "a note left the box and nobody saw it go"
        assert ended.paid == 0
        core.driver.perform(ResetNotePath(NOTE1))
        core.wait(AcceptanceSet)
        core.pay(2)  # the same operation: it never reaches the device again
        core.driver.perform(ReadHopper(BOX1))
        assert core.wait(HopperRead).count == before.count - 1
    assert sim.at("taken") == 0
    assert sim.do("state")["exchanges"].get("4A", 0) == 0


def test_a_power_cut_of_the_device_with_a_note_in_its_mouth(sim: Sim) -> None:
    with Core(sim) as core:
        core.ready()
        core.open()
        sim.do("insert-note", 1000)
        core.wait(NoteEscrowed)
        assert sim.do("power-cycle")["status"] == "power_up_in_acceptor"
        while core.wait(DeviceFault).code != "powered-up-in-acceptor":
            pass
        core.driver.perform(ResetNotePath(NOTE1))
        assert core.wait(NoteReturned).op == ""
    assert (sim.at("returned"), sim.at(BOX1)) == (1, 30)


@pytest.mark.parametrize("kind", ["drop", "delay", "duplicate", "flip", "cut", "lose"])
def test_whatever_the_wire_does_a_note_is_credited_once_and_paid_once(sim: Sim, kind: str) -> None:
    with Core(sim) as core:
        core.ready()
        core.open()
        sim.do("insert-note", 1000)
        core.wait(NoteEscrowed)
        sim.do("fault", kind, 2, "00", LATE_MS)
        core.driver.perform(StackNote(OP, NOTE1))
        core.wait(NoteStacked)
        core.wait(HopperRead)
        sim.do("fault", kind, 1, "4A", LATE_MS)
        ended = core.pay_in_the_end(1)
        assert len(core.all(NoteCredited)) == 1
    assert sim.do("state")["exchanges"].get("4A", 0) == (0 if kind == "lose" else 1)
    assert (ended.outcome, ended.paid) == ((Outcome.REFUSED, 0) if kind == "lose" else (Outcome.CONFIRMED, 1))
    assert sim.at("taken") == ended.paid


def test_a_jam_is_told_and_cleared(sim: Sim) -> None:
    with Core(sim) as core:
        core.ready()
        sim.do("jam", "user")
        fault = core.wait(DeviceFault)
        while fault.clear:
            fault = core.wait(DeviceFault)
        assert (fault.code, fault.is_within_reach) == ("jam-in-acceptor", True)
        sim.do("clear")
        assert core.wait(DeviceFault).clear
        core.wait(AcceptanceSet)


def test_the_line_goes_and_comes_back(sim: Sim) -> None:
    with Core(sim) as core:
        core.ready()
        sim.stop()
        assert core.wait(DeviceLost).code in ("no-answer", "no-port")
        sim.start()
        core.wait(DeviceArrived)
        core.ready()


def test_a_second_process_on_the_port_is_refused(tmp_path: Path) -> None:
    sim = Sim(tmp_path, tcp=False)
    with Core(sim, parity="N") as core:
        core.ready()
        with pytest.raises(DeviceUnavailable):
            open_serial(sim.address)
    sim.stop()


OPTIONS: dict[str, Any] = {
    "port": "socket://127.0.0.1:9",
    "acceptor": {"id": "note1"},
    "boxes": [{"id": "recycler1000", "box": 1, "denomination": "note1000"}],
}


@pytest.mark.parametrize(
    "change",
    [
        {"port": 3},
        {"bauds": 9600},
        {"parity": "O"},
        {"acceptor": {}},
        {"acceptor": {"id": "note1", "stack": 3}},
        {"acceptor": {"id": "note1", "poll_s": 1.0}},
        {"acceptor": {"id": "recycler1000"}},
        {"boxes": [{"id": "b", "box": 3, "denomination": "note1000"}]},
        {"boxes": [{"id": "b", "box": 1, "denomination": "coin100"}]},
        {"boxes": [{"id": "b", "box": 1, "denomination": "note3000"}]},
        {
            "boxes": [
                {"id": "b", "box": 1, "denomination": "note1000"},
                {"id": "c", "box": 1, "denomination": "note1000"},
            ]
        },
    ],
)
def test_wrong_options_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        create(DeviceId("notes"), {**OPTIONS, **change}, lambda _: None)


@pytest.mark.parametrize(
    "command",
    [
        SetAcceptance(NOTE1, (D.NOTE1000,)),
        StackNote(OpId("op"), BOX1),
        AcknowledgeCredit(OpId("op"), NOTE1),
        AcknowledgePayout(OpId("op"), NOTE1, 1),
        Dispense(OpId("op"), BOX1, 0),
        Dispense(OpId("op"), BOX1, 256),
        StartNoteAcceptor(DeviceId("another")),
    ],
)
def test_a_command_that_cannot_be_is_our_own_mistake(command: CoreCommand) -> None:
    posted: list[Event] = []
    driver = create(DeviceId("notes"), OPTIONS, posted.append)
    assert driver.devices == (NOTE1, BOX1)
    with pytest.raises(ContractError):
        driver.perform(command)


def test_every_hazard_has_the_tests_that_the_readme_names() -> None:
    table = README.read_text().partition("## Hazards")[2].partition("\n## ")[0]
    rows = [row for row in table.splitlines() if row.startswith("| ") and "`tests/" not in row]
    assert rows
    written = "".join(
        path.read_text() for path in README.parents[2].joinpath("tests").rglob("test_id003*.py")
    )
    for row in rows:
        names = re.findall(r"`(test_\w+)`", row)
        assert names, row
        assert [name for name in names if f"def {name}(" not in written] == []
