"""ESC/POS as the simulated printer reads it, and what its paper shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from drivers.escpos.codec import ASK_SENSOR, CLEAR, INITIALISE, cut, query, raster
from drivers.escpos.sim.mechanism import FAULTS, Mechanism
from drivers.escpos.sim.stream import (
    AskSensor,
    Cut,
    Feed,
    Frame,
    Initialise,
    LineFeed,
    NeedData,
    Raster,
    RealTimeReader,
    SetAutoStatus,
    Skipped,
    Stream,
    Text,
)

DOTS = bytes(range(72)) * 4


def frames(*chunks: bytes) -> list[Frame]:
    stream = Stream()
    seen: list[Frame] = []
    for chunk in chunks:
        stream.feed(chunk)
        while True:
            frame = stream.next_frame()
            if isinstance(frame, NeedData):
                break
            seen.append(frame)
    return seen


def test_a_slip_is_read_command_by_command() -> None:
    slip = INITIALISE + raster(72, 4, DOTS) + b"\x1bJ\x18" + cut(40) + ASK_SENSOR + b"\x1da\xff"
    assert frames(slip) == [
        Initialise(),
        Raster(72, 4, raster(72, 4, DOTS)[8:]),
        Feed(24),
        Cut(40),
        AskSensor(1),
        SetAutoStatus(0xFF),
    ]


def test_text_is_printed_with_its_line_feed() -> None:
    assert frames(b"abc", b"d\x1bE\x01e\n") == [Text(b"abcd"), Skipped(b"\x1bE\x01"), Text(b"e"), LineFeed()]


@pytest.mark.parametrize(
    "command",
    [
        b"\x1b*\x21\x02\x00" + b"\x00" * 6,  # ESC * m=33: three bytes a column
        b"\x1b*\x00\x02\x00" + b"\x00" * 2,
        b"\x1dk\x04ABC\x00",  # barcode up to NUL
        b"\x1dk\x49\x03ABC",  # barcode by length
        b"\x1d(k\x03\x00\x31\x43\x05",  # QR
        b"\x1d8L\x02\x00\x00\x00\x30\x32",
        b"\x1bD\x08\x10\x00",
        b"\x1bp\x00\x19\x19",
        b"\x1c.",
        b"\x1d!\x11",
        b"\x10\x04\x01",
    ],
)
def test_a_command_that_means_nothing_here_is_skipped_whole(command: bytes) -> None:
    assert frames(command + b"\n") == [Skipped(command), LineFeed()]


@given(st.binary(max_size=200), st.data())
def test_split_anywhere_it_reads_the_same(stream: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(stream)))
    assert frames(stream[:at], stream[at:]) == frames(stream)


@given(st.binary(max_size=80), st.lists(st.integers(0, 80), max_size=4))
def test_real_time_commands_are_found_once_wherever_the_bytes_are_cut(noise: bytes, cuts: list[int]) -> None:
    stream = noise + query(2) + noise + CLEAR + query(4)
    whole = [(kind, number) for kind, number, _ in RealTimeReader().read(stream)]
    reader, found, last = RealTimeReader(), [], 0
    for at in [*sorted(cuts), len(stream)]:
        found += [(kind, number) for kind, number, _ in reader.read(stream[last:at])]
        last = max(last, at)
    assert found == whole


# --- paper --------------------------------------------------------------------------------------------------


class Printer:
    def __init__(self, folder: Path) -> None:
        self.said = b""
        self.folder = folder
        self.mechanism = Mechanism(folder, self.answer)

    def answer(self, data: bytes) -> None:
        self.said += data

    def ask(self, data: bytes) -> bytes:
        self.said = b""
        self.mechanism.receive(data)
        return self.said

    def papers(self) -> list[str]:
        return sorted(each.name for each in self.folder.iterdir())


@pytest.fixture
def printer(tmp_path: Path) -> Printer:
    return Printer(tmp_path)


def black(rows: int) -> bytes:
    return raster(72, rows, b"\xff" * 72 * rows)


def ink_rows(path: Path) -> int:
    with Image.open(path) as picture:
        assert picture.width == 576
        return sum(1 for row in range(picture.height) if picture.getpixel((0, row)) == 0)


def test_a_slip_becomes_a_picture_with_every_dot(printer: Printer) -> None:
    assert printer.ask(black(100) + cut(0) + ASK_SENSOR) == b"\x00"
    assert printer.papers() == ["0001.png"]
    assert ink_rows(printer.folder / "0001.png") == 100


def test_a_question_overtakes_the_buffer_and_the_sensor_answer_does_not(printer: Printer) -> None:
    printer.mechanism.set_fault("cover-open")
    assert printer.ask(black(10) + cut(0) + ASK_SENSOR + query(2)) == b"\x16"
    assert printer.papers() == []
    printer.said = b""
    printer.mechanism.set_fault("cover-open", is_on=False)
    assert printer.said == b"\x00"
    assert printer.papers() == ["0001.png"]


def test_the_roll_ends_in_the_middle_and_goes_on_after_a_new_one(printer: Printer) -> None:
    printer.mechanism.run_out_after(30)
    printer.ask(black(100) + cut(0))
    assert printer.ask(query(4)) == b"\x7e"
    assert printer.papers() == ["0001-part.png"]
    assert ink_rows(printer.folder / "0001-part.png") == 30
    printer.mechanism.set_fault("paper-out", is_on=False)
    assert ink_rows(printer.folder / "0002.png") == 70


def test_what_is_cleared_never_comes_out(printer: Printer) -> None:
    printer.mechanism.run_out_after(30)
    printer.ask(black(100) + cut(0))
    assert printer.ask(CLEAR) == b"\x37\x25\x00"
    printer.mechanism.set_fault("paper-out", is_on=False)
    printer.ask(black(5) + cut(0))
    assert printer.papers() == ["0001-part.png", "0002.png"]
    assert ink_rows(printer.folder / "0002.png") == 5


def test_a_picture_that_spells_a_question_is_answered_as_by_a_real_printer(printer: Printer) -> None:
    """The trap that `defuse` is for."""
    bomb = b"\x1dv0\x00\x48\x00\x01\x00" + (b"\x10\x04\x01" * 24)
    assert printer.ask(bomb) == b"\x12" * 24
    assert printer.ask(raster(72, 1, b"\x10\x04\x01" * 24)) == b""


@pytest.mark.parametrize(
    ("fault", "answers"),
    [
        ("paper-out", "1a327e"),
        ("near-end", "12121e"),
        ("cover-open", "1a1612"),
        ("cutter-error", "1a5212"),
    ],
)
def test_each_fault_shows_in_its_bits(printer: Printer, fault: str, answers: str) -> None:
    printer.mechanism.set_fault(fault)
    assert printer.ask(query(1) + query(2) + query(4)).hex() == answers
    assert printer.mechanism.faults == (fault,)


def test_a_change_is_told_unasked_when_a_stranger_wants_it(printer: Printer) -> None:
    assert printer.ask(b"\x1da\xff") == b"\x10\x00\x00\x00"
    printer.said = b""
    for fault in FAULTS:
        printer.mechanism.set_fault(fault)
    assert printer.said == bytes.fromhex("1800 0f00 3800 0f00 3808 0f00".replace(" ", ""))


@given(st.binary(max_size=300))
def test_a_printer_survives_whatever_it_is_sent(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    printer = Printer(tmp_path_factory.mktemp("paper"))
    printer.ask(noise)
    printer.ask(CLEAR)
    assert printer.ask(query(1)) == b"\x12"
