"""The input/output module: golden frames, any bytes whatever, what two polls agree on, and the whole line in memory."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.codec import (
    MOST,
    NEED_DATA,
    AnswerReader,
    Inputs,
    Question,
    QuestionReader,
    ReadInputs,
    Refused,
    WriteCoils,
    Written,
    crc16,
    encode,
    encode_answer,
)
from drivers.modbus.device import read_options
from drivers.modbus.driver import ModbusIo
from drivers.modbus.sim import Bench, SimModule
from drivers.transport.line_thread import LineSettings, LineThread
from drivers.transport.sim.memory import FarEnd, MemoryPair, VirtualClock
from drivers.transport.sim.wire import Wire
from kiosk.errors import ConfigError, ContractError, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.ports import (
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    EmergencyBegan,
    EmergencyEnded,
    Event,
    PaperTaken,
    SetSignal,
    SheetLeft,
    TrayFilled,
)

PANEL, LAMP = DeviceId("panel1"), DeviceId("lamp1")
OPTIONS = {
    "port": "/dev/null",
    "lamp": "lamp1",
    "inputs": {"certificate": 0, "change": 1, "receipt": 2, "emergency": 3},
    "outputs": {"call": 0, "buzzer": 1},
}


def test_golden_frames() -> None:
    """CRC-16/MODBUS: check value 4B37 (catalogue of parametrised CRC algorithms)."""
    assert crc16(b"123456789") == 0x4B37
    assert crc16(b"\x01\x02") == 0xE181
    assert encode(ReadInputs(1, 8)) == bytes.fromhex("010200000008 79CC")
    assert encode(WriteCoils(1, (True, False, True))) == bytes.fromhex("010F0000000301054F54")
    assert crc16(bytes.fromhex("010F0013000A02CD01")) == 0xCB72, "the example of the protocol's own text"


questions = st.one_of(
    st.builds(ReadInputs, st.integers(1, 247), st.integers(1, MOST)),
    st.builds(WriteCoils, st.integers(1, 247), st.lists(st.booleans(), min_size=1, max_size=MOST).map(tuple)),
)


@given(question=questions, data=st.data())
def test_what_is_asked_is_heard_and_what_is_answered_is_read(question: Question, data: st.DataObject) -> None:
    module, reader = QuestionReader(), AnswerReader()
    raw = encode(question)
    at = data.draw(st.integers(0, len(raw)))
    module.feed(raw[:at])
    assert at == len(raw) or module.next_frame() is NEED_DATA
    module.feed(raw[at:])
    assert module.next_frame() == question
    if isinstance(question, ReadInputs):
        bits = data.draw(st.lists(st.booleans(), min_size=question.count, max_size=question.count).map(tuple))
        wanted: Any = data.draw(st.sampled_from([Inputs(bits), Refused(2)]))
        answer = encode_answer(question.address, 0x02, wanted)
    else:
        wanted = data.draw(st.sampled_from([Written(), Refused(4)]))
        answer = encode_answer(question.address, 0x0F, wanted, len(question.on))
    reader.expect(question)
    for byte in answer[:-1]:
        reader.feed(bytes((byte,)))
        assert reader.next_frame() is NEED_DATA
    reader.feed(answer[-1:])
    assert reader.next_frame() == wanted
    wrong = bytearray(answer)
    wrong[data.draw(st.integers(0, len(answer) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    reader.expect(question)
    reader.feed(bytes(wrong))
    with pytest.raises(PeerProtocolError):
        if reader.next_frame() is NEED_DATA:
            raise PeerProtocolError("never whole")


@given(question=questions, raw=st.binary(max_size=300))
def test_any_bytes_give_an_answer_or_a_protocol_error(question: Question, raw: bytes) -> None:
    reader, module = AnswerReader(), QuestionReader()
    reader.expect(question)
    for each in (reader, module):
        each.feed(raw)
        for _ in range(50):
            try:
                if each.next_frame() is NEED_DATA:
                    break
            except PeerProtocolError:
                break


@pytest.mark.parametrize("question", [ReadInputs(0, 1), ReadInputs(1, MOST + 1), WriteCoils(1, ())])
def test_what_no_module_can_be_asked(question: Question) -> None:
    with pytest.raises(ContractError):
        encode(question)


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": None},
        {"inputs": {}},
        {"inputs": {"door": 1}},
        {"inputs": {"certificate": 99}},
        {"inputs": {"certificate": 1, "change": 1}},
        {"inverted": ["door"]},
        {"speed": 1},
    ],
)
def test_options_are_read_strictly(wrong: dict[str, Any]) -> None:
    options = {name: value for name, value in {**OPTIONS, **wrong}.items() if value is not None}
    with pytest.raises(ConfigError):
        read_options(PANEL, options)


class Cabinet:
    """Driver, wire and module on one clock."""

    def __init__(self, **more: Any) -> None:
        self.clock = VirtualClock()
        self.pair = MemoryPair(self.clock)
        self.module = SimModule()
        wire = Wire(FarEnd(self.pair), self.module, clock=self.clock, pause=self.pair.pause)
        self.pair.far = wire.hear
        self.hands = Bench(self.module, wire).verbs()
        self.events: list[Event] = []
        talk = ModbusIo(read_options(PANEL, {**OPTIONS, **more}))
        self.line = LineThread(
            "t", talk, LineSettings("x"), self.events.append, clock=self.clock, open_port=self.pair.open
        )
        self.wire = wire

    def after(self, seconds: float = 0.5) -> list[Event]:
        """What happened meanwhile."""
        until = self.clock.now_s + seconds
        while self.clock.now_s < until:
            self.clock.now_s = max(self.clock.now_s, min(until, self.line.wake_at))
            self.line.step()
        told, self.events[:] = list(self.events), []
        return told


def test_trays_and_the_alarm_are_told_once_and_a_bounce_never() -> None:
    cabinet = Cabinet()
    assert cabinet.after() == [DeviceArrived(PANEL, "modbus:1")]
    cabinet.hands["fill"]("certificate")
    cabinet.hands["emergency"]()
    assert cabinet.after() == [TrayFilled(PANEL, "certificate"), EmergencyBegan(PANEL)]
    cabinet.hands["take"]("certificate")
    cabinet.hands["emergency"]("off")
    assert cabinet.after() == [PaperTaken(PANEL, "certificate"), EmergencyEnded(PANEL)]
    cabinet.hands["fill"]("change")
    cabinet.after(0.1)  # one poll saw it
    cabinet.hands["take"]("change")
    assert cabinet.after() == []


def exits(**more: Any) -> Cabinet:
    cabinet = Cabinet(inputs={"certificate": 0, "certificate_exit": 5, "spare_exit": 6}, **more)
    cabinet.after()
    return cabinet


def test_each_sheet_that_leaves_an_outlet_is_told_once() -> None:
    cabinet = exits()
    cabinet.hands["pass"]("certificate", "3")
    cabinet.hands["pass"]("spare")
    found = cabinet.after(6)
    assert found.count(SheetLeft(PANEL, "certificate")) == 3
    assert found.count(SheetLeft(PANEL, "spare")) == 1
    assert len(found) == 4


def test_a_sheet_that_stays_in_the_outlet_has_not_left() -> None:
    cabinet = exits()
    cabinet.hands["stick"]("certificate_exit", "on")
    assert cabinet.after(3) == []
    cabinet.hands["stick"]("certificate_exit", "free")
    assert cabinet.after() == [SheetLeft(PANEL, "certificate")]


def test_a_blind_sensor_tells_nothing() -> None:
    cabinet = exits()
    cabinet.hands["stick"]("certificate_exit")
    cabinet.hands["stick"]("certificate")
    cabinet.hands["pass"]("certificate", "2")
    cabinet.hands["fill"]("certificate")
    assert cabinet.after(4) == []


@pytest.mark.parametrize("kind", ["drop", "flip", "cut", "duplicate", "delay"])
def test_one_hurt_answer_while_sheets_leave_costs_none(kind: str) -> None:
    cabinet = exits()
    cabinet.hands["pass"]("certificate", "2")
    cabinet.wire.add_fault(kind, 1, 3, 0.1)
    assert cabinet.after(4) == [SheetLeft(PANEL, "certificate")] * 2


def test_an_inverted_input_is_a_barrier_that_light_crosses() -> None:
    cabinet = Cabinet(inverted=["receipt"])
    assert TrayFilled(PANEL, "receipt") in cabinet.after()
    cabinet.module.inputs[2] = True
    assert cabinet.after() == [PaperTaken(PANEL, "receipt")]


def test_the_lamp_is_lit_kept_and_put_out() -> None:
    cabinet = Cabinet()
    cabinet.after()
    cabinet.line.perform(SetSignal(LAMP, "called"))
    cabinet.after(0.2)
    assert cabinet.hands["state"]()["outputs"] == {"call": True, "buzzer": True}
    cabinet.hands["die"]()
    assert cabinet.after(3) == [DeviceLost(PANEL, "no-answer")]
    cabinet.hands["live"]()
    assert cabinet.after(3) == [DeviceArrived(PANEL, "modbus:1")]
    assert cabinet.hands["state"]()["outputs"]["call"], "what it forgot without power is told it again"
    cabinet.line.perform(SetSignal(LAMP, "coming"))
    cabinet.after(0.2)
    assert cabinet.hands["state"]()["outputs"] == {"call": True, "buzzer": False}
    cabinet.line.stop()
    cabinet.after(0.3)
    assert cabinet.hands["state"]()["outputs"] == {"call": False, "buzzer": False}
    assert cabinet.line.may_leave


@pytest.mark.parametrize("kind", ["drop", "flip", "cut", "duplicate", "delay"])
def test_one_hurt_answer_changes_nothing(kind: str) -> None:
    cabinet = Cabinet()
    cabinet.hands["fill"]("receipt")
    cabinet.after()
    cabinet.wire.add_fault(kind, 1, 0, 0.3)
    assert cabinet.after(2) == []
    cabinet.hands["take"]("receipt")
    assert cabinet.after() == [PaperTaken(PANEL, "receipt")]


def test_a_module_that_refuses_is_a_fault_and_not_away() -> None:
    cabinet = Cabinet(inputs={"certificate": 20})
    assert cabinet.after() == [DeviceArrived(PANEL, "modbus:1"), DeviceFault(PANEL, "exception-2")]


def test_no_other_command_is_for_it() -> None:
    cabinet = Cabinet()
    with pytest.raises(ContractError):
        cabinet.line.perform(SetSignal(DeviceId("other"), "off"))
