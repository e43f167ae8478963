"""A sealed code in the card process: digits in, one signature out, with a card or without; never taken for a PIN."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from drivers.card_service import messages, sealed, tool
from kiosk import ports
from kiosk.config import load
from kiosk.daemon.wiring import setup_of
from kiosk.ids import OpId
from kiosk.ports import SealedKey
from kiosk.sealed import Envelope, challenge, signer
from kiosk.view import Role
from tests.config.test_config import SMALL_MACHINE, SMALL_TOWN
from tests.contract.cards import DEVICE, PIN, Desk, desk

OP = OpId("c" * 32)
MESSAGE = challenge("k1", "n" * 32)
WRONG = "0" * sealed.DIGITS


@cache
def made() -> tuple[tuple[str, SealedKey], ...]:
    return sealed.make(), sealed.make()


def ask() -> ports.OpenCodeSlot:
    return ports.OpenCodeSlot(DEVICE, OP, MESSAGE, tuple(key for _, key in made()))


@pytest.fixture
def on() -> Desk:
    return desk()


@pytest.mark.parametrize("at", [0, 1])
def test_without_a_reader_each_code_signs_with_its_own_key(on: Desk, at: int) -> None:
    code, key = made()[at]
    assert len(code) == sealed.DIGITS == 16 and code.isdigit()
    on.session.obey(ask())
    assert on.last() == ports.PinSlotOpened(DEVICE, on.slots.slot, 0, 16, 16)
    typed = on.enter(code.encode())
    assert set(typed) == {0}, "wiped"
    said = on.last()
    assert isinstance(said, ports.CodeSigned) and (said.op, said.public) == (OP, key.public)
    holders = tuple(Envelope(f"h{n}", Role.TECHNICIAN, each) for n, (_, each) in enumerate(made()))
    found = signer(holders, said.public, MESSAGE, said.signature)
    assert found is not None and found.holder == f"h{at}"
    assert signer(holders, said.public, challenge("k2", "n" * 32), said.signature) is None, "another machine"
    assert signer(holders[1 - at : 2 - at], said.public, MESSAGE, said.signature) is None, "another envelope"
    assert code.encode() not in b"".join(messages.line(each) for each in on.events)


def test_a_wrong_code_is_told_and_the_slot_is_used_up(on: Desk) -> None:
    on.session.obey(ask())
    on.enter(WRONG.encode())
    assert on.last() == ports.CodeRejected(DEVICE)
    on.enter(made()[0][0].encode())
    assert on.last() == ports.CodeRejected(DEVICE), "one slot, one packet"


def test_a_card_that_comes_takes_the_keypad_and_its_pin_is_no_code(on: Desk) -> None:
    on.session.obey(ask())
    on.insert()
    on.session.obey(ports.OpenPinSlot(DEVICE))
    assert on.names()[-2:] == ["PinSlotClosed", "PinSlotOpened"]
    on.enter(PIN.encode())
    assert on.last() == ports.PinAccepted(DEVICE)


@pytest.mark.parametrize(
    "command",
    [
        ports.ClosePinSlot(DEVICE),
        ports.EndCardSession(DEVICE),
        ports.OpenNumberSlot(DEVICE, ports.NumberPart.BIRTH),
    ],
)
def test_whatever_ends_the_question_says_so_and_a_late_code_is_nothing(
    on: Desk, command: messages.CardCommand
) -> None:
    on.insert()
    on.session.obey(ask())
    on.session.obey(command)
    assert "PinSlotClosed" in on.names()
    if not isinstance(command, ports.OpenNumberSlot):
        on.enter(made()[0][0].encode())
    assert not any(isinstance(each, ports.CodeSigned | ports.CodeRejected) for each in on.events)


def test_a_card_in_the_reader_is_no_hindrance_and_is_not_asked(on: Desk) -> None:
    on.insert()
    before = on.held.exchanges
    on.session.obey(ask())
    on.enter(made()[1][0].encode())
    assert isinstance(on.last(), ports.CodeSigned) and on.held.exchanges == before


def test_what_the_tool_prints_is_what_the_machine_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, on: Desk
) -> None:
    monkeypatch.setattr(tool, "harden", lambda: None)
    assert tool.main(["seal", "--holder", "t-0042", "--role", "cash_officer"]) == 0
    first, _, *table = capsys.readouterr().out.splitlines()
    machine, town = tmp_path / "machine.toml", tmp_path / "town.toml"
    machine.write_text(SMALL_MACHINE + "\n" + "\n".join(table), encoding="utf-8")
    town.write_text(SMALL_TOWN, encoding="utf-8")
    code = "".join(re.findall(r"\d{4}", first))
    assert code not in machine.read_text(encoding="utf-8")
    (envelope,) = setup_of(load([machine, town])).seals
    assert (envelope.holder, envelope.role) == ("t-0042", Role.CASH_OFFICER)
    on.session.obey(ports.OpenCodeSlot(DEVICE, OP, MESSAGE, (envelope.key,)))
    on.enter(code.encode())
    said = on.last()
    assert isinstance(said, ports.CodeSigned)
    assert signer((envelope,), said.public, MESSAGE, said.signature) == envelope
