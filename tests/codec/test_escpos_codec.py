"""A receipt printer's answers, their meaning, and the bytes that we send."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from drivers.escpos import raster
from drivers.escpos.codec import (
    CLEAR,
    NEED_DATA,
    AutoStatus,
    Block,
    FlowControl,
    Frame,
    Parser,
    RealTimeStatus,
    SensorStatus,
    cut,
    defuse,
    query,
)
from drivers.escpos.device import BITS, NEAR_END, Status, judge_end, read_status
from kiosk.errors import PeerProtocolError
from kiosk.ports import Outcome

GOOD = 0x12


def frames(*chunks: bytes) -> list[Frame | str]:
    parser = Parser()
    seen: list[Frame | str] = []
    for chunk in chunks:
        parser.feed(chunk)
        while True:
            try:
                frame = parser.next_frame()
            except PeerProtocolError as refusal:
                assert str(refusal).startswith("escpos: ")
                seen.append("refused")
                continue
            if frame is NEED_DATA:
                break
            assert not isinstance(frame, type(NEED_DATA))
            seen.append(frame)
    return seen


def test_each_kind_of_answer_is_told_apart() -> None:
    stream = b"\x16" + b"\x0c" + b"\x14\x00\x0f\x00" + b"\x11\x13" + b"\x37\x25\x00" + b"\x12"
    assert frames(stream) == [
        RealTimeStatus(0x16),
        SensorStatus(0x0C),
        AutoStatus(b"\x14\x00\x0f\x00"),
        FlowControl(may_send=True),
        FlowControl(may_send=False),
        Block(b"\x25"),
        RealTimeStatus(0x12),
    ]


@given(st.binary(max_size=120), st.data())
def test_split_anywhere_it_reads_the_same_and_nothing_else_is_raised(
    stream: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(stream)))
    assert frames(stream[:at], stream[at:]) == frames(stream)


@pytest.mark.parametrize("byte", [0x80, 0x92, 0xFF, 0x32 | 0x01])
def test_a_byte_of_no_answer_is_refused_and_dropped(byte: int) -> None:
    assert frames(bytes([byte]) + b"\x12") == ["refused", RealTimeStatus(0x12)]


# --- the four bytes -----------------------------------------------------------------------------------------


def test_a_good_printer_has_no_fault() -> None:
    assert read_status(GOOD, GOOD, GOOD, GOOD) == Status()


@pytest.mark.parametrize(("question", "bits", "code"), BITS)
def test_each_bit_of_the_table_has_its_word(question: int, bits: int, code: str) -> None:
    for bit in (1 << at for at in range(8) if bits & (1 << at)):
        answers = [GOOD | bit if number == question else GOOD for number in (1, 2, 3, 4)]
        status = read_status(*answers)
        assert status.warnings == ((NEAR_END,) if code == NEAR_END else ())
        assert status.faults == (() if code == NEAR_END else (code,))


def test_offline_without_a_cause_is_a_fault_of_its_own() -> None:
    assert read_status(GOOD | 0x08, GOOD, GOOD, GOOD).faults == ("offline",)
    assert read_status(GOOD | 0x08, GOOD | 0x40, GOOD, GOOD).faults == ("error",)
    assert read_status(GOOD | 0x08, GOOD | 0x04, GOOD, GOOD).faults == ("cover-open",)


@given(*[st.integers(0, 255)] * 4)
def test_ready_means_that_no_byte_names_a_fault(printer: int, offline: int, error: int, paper: int) -> None:
    status = read_status(printer, offline, error, paper)
    is_clean = not (printer & 0x08 or offline & 0x6C or error & 0x6C or paper & 0x60)
    assert status.is_ready is is_clean


@pytest.mark.parametrize(
    ("has_answered", "status", "expected"),
    [
        (True, Status(), (Outcome.CONFIRMED, "")),
        (True, Status(warnings=(NEAR_END,)), (Outcome.CONFIRMED, "")),
        (True, Status(faults=("cutter-error",)), (Outcome.UNKNOWN, "cutter-error")),
        (False, Status(), (Outcome.UNKNOWN, "no-end")),
        (False, Status(faults=("paper-end",)), (Outcome.UNKNOWN, "paper-end")),
        (False, None, (Outcome.UNKNOWN, "no-answer")),
        (True, None, (Outcome.UNKNOWN, "no-answer")),
    ],
)
def test_a_slip_is_confirmed_by_the_answer_behind_the_cut_and_a_clean_status(
    has_answered: bool, status: Status | None, expected: tuple[Outcome, str]
) -> None:
    assert judge_end(has_answered, status) == expected


# --- what we send -------------------------------------------------------------------------------------------

REAL_TIME = re.compile(rb"\x10[\x04\x05\x14]")


@given(st.lists(st.sampled_from([0x10, 0x04, 0x05, 0x14, 0x00, 0x18]), max_size=60).map(bytes))
def test_no_dots_spell_a_real_time_command(dots: bytes) -> None:
    defused = defuse(dots)
    assert not REAL_TIME.search(defused)
    assert len(defused) == len(dots)
    changed = [(old, new) for old, new in zip(dots, defused, strict=True) if old != new]
    assert all((old, new) == (0x10, 0x18) for old, new in changed)


def test_a_picture_is_what_python_escpos_itself_would_send() -> None:
    """`Escpos.image(impl="bitImageRaster")`, which we do not call: its import costs 0.2 s and leaves
    files."""
    from escpos.printer import Dummy  # noqa: PLC0415  # slow: only here

    picture = Image.effect_mandelbrot((576, 300), (-2.0, -1.5, 1.0, 1.5), 100).convert("1")
    theirs = Dummy()
    theirs.image(picture, impl="bitImageRaster", fragment_height=raster.FRAGMENT_ROWS)
    assert b"".join(raster.commands(picture)) == defuse(theirs.output)


def test_the_commands_are_epsons() -> None:
    assert [query(number) for number in (1, 4)] == [b"\x10\x04\x01", b"\x10\x04\x04"]
    assert cut(24) == b"\x1dVB\x06"
    assert CLEAR == bytes([0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8])
