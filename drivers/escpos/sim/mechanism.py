"""Head, roll, cutter and sensors of the simulated printer.

What lies in `directory` is what a hand would take: `0001.png` was printed and cut, `0002-part.png` broke off (no
paper, cover open, cutter stuck, power gone).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from drivers.escpos.sim.stream import (
    LINE_ROWS,
    NEED_DATA,
    AskIdentity,
    AskSensor,
    Cut,
    Feed,
    Frame,
    Initialise,
    LineFeed,
    Raster,
    RealTimeKind,
    RealTimeReader,
    SetAutoStatus,
    Stream,
    Text,
)

WIDTH = 576
FAULTS = ("paper-out", "cover-open", "cutter-error", "near-end")
_STOPPING = ("paper-out", "cover-open", "cutter-error")
_CUTTER_ROWS = 40
"""From the head to the cutter."""

_CLEARED = b"\x37\x25\x00"
_IDENTITY = {66: b"Madoguchi", 67: b"Simulated 80 mm", 65: b"0.1", 68: b"SIM-0002"}


class Mechanism:
    """One printer with power. Not thread-safe: the caller holds a lock."""

    def __init__(self, directory: Path, answer: Callable[[bytes], None]) -> None:
        self._directory = directory
        self._answer = answer
        self._stream = Stream()
        self._real_time = RealTimeReader()
        self._faults: set[str] = set()
        self._rows_left: int | None = None
        self._paper: list[Image.Image] = []
        self._waiting: list[Image.Image] = []
        self._words = b""
        self._auto_bits = 0
        self._pending_cut = False
        self._count = max((int(each.stem[:4]) for each in directory.glob("[0-9]*.png")), default=0)

    # --- what a hand does -----------------------------------------------------------------------------------

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(each for each in FAULTS if each in self._faults)

    @property
    def slips(self) -> int:
        return self._count

    def set_fault(self, fault: str, is_on: bool = True) -> None:
        """A stopping fault in the middle of a slip leaves its beginning for a hand to tear off."""
        before = self._auto_status()
        (self._faults.add if is_on else self._faults.discard)(fault)
        if is_on and fault in _STOPPING and self._paper:
            self._keep("-part")
        if fault == "paper-out" and not is_on:
            self._rows_left = None
        self._tell_change(before)
        self.run()

    def run_out_after(self, rows: int) -> None:
        """The roll ends after so many more rows."""
        self._rows_left = rows

    def lose_power(self) -> None:
        """Everything in the buffers is gone; what was printed stays where it is."""
        if self._paper:
            self._keep("-part")
        self._forget()
        self._auto_bits = 0

    def last(self) -> Path | None:
        return max(self._directory.glob("[0-9]*.png"), default=None)

    # --- the line -------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Bytes as they come: real-time commands at once, the rest in turn."""
        at = 0
        for kind, number, end in self._real_time.read(data):
            if kind is RealTimeKind.CLEAR:
                self._forget()
                at = max(0, end)
                self._answer(_CLEARED)
            elif kind is RealTimeKind.RECOVER and number and "cutter-error" in self._faults:
                self._forget() if number == 2 else None
            elif kind is RealTimeKind.QUERY:
                self._answer(bytes([self._real_time_status(number)]))
        self._stream.feed(data[at:])
        self.run()

    def _forget(self) -> None:
        self._stream.clear()
        self._waiting = []
        self._words = b""
        self._pending_cut = False

    def run(self) -> None:
        """Carry out what is in the buffer until it is empty or something stops the printer."""
        while not self._is_stopped:
            if self._waiting:
                self._print_rows(self._waiting.pop(0))
            elif self._pending_cut:
                self._pending_cut = False
                self._keep("")
            else:
                frame = self._stream.next_frame()
                if frame is NEED_DATA:
                    return
                self._do(frame)

    @property
    def _is_stopped(self) -> bool:
        return any(each in self._faults for each in _STOPPING)

    def _do(self, frame: Frame) -> None:
        match frame:
            case Text(content=content):
                self._words += content
            case LineFeed():
                words, self._words = self._words, b""
                self._wait_for(_text(words))
            case Raster():
                self._wait_for(_picture(frame))
            case Feed(rows=rows):
                self._wait_for(_white(rows))
            case Cut(rows_before=rows):
                self._wait_for(_white(_CUTTER_ROWS + rows))
                self._pending_cut = True
            case AskSensor(number=1 | 49):
                self._answer(bytes([self._sensor_bits()]))
            case SetAutoStatus(bits=bits):
                self._auto_bits = bits
                if bits:
                    self._answer(self._auto_status())
            case AskIdentity(number=number) if number in _IDENTITY:
                self._answer(b"_" + _IDENTITY[number] + b"\0")
            case Initialise() | _:
                pass

    def _wait_for(self, picture: Image.Image) -> None:
        """Next under the head; what is left of a line of text goes before it."""
        words, self._words = self._words, b""
        self._waiting += [_text(words), picture] if words else [picture]

    def _print_rows(self, picture: Image.Image) -> None:
        """As far as the roll goes."""
        if self._rows_left is None or self._rows_left >= picture.height:
            self._paper.append(picture)
            self._rows_left = None if self._rows_left is None else self._rows_left - picture.height
            return
        if self._rows_left:
            self._paper.append(picture.crop((0, 0, WIDTH, self._rows_left)))
        self._waiting.insert(0, picture.crop((0, self._rows_left, WIDTH, picture.height)))
        self.set_fault("paper-out")

    def _keep(self, mark: str) -> None:
        """What hangs out of the slot becomes a picture of its own."""
        self._count += 1
        whole = Image.new("1", (WIDTH, max(1, sum(each.height for each in self._paper))), 1)
        top = 0
        for each in self._paper:
            whole.paste(each, (0, top))
            top += each.height
        self._paper = []
        whole.save(self._directory / f"{self._count:04}{mark}.png")

    # --- what the sensors say (bits: Epson's ESC/POS reference) ---------------------------------------------

    def _real_time_status(self, number: int) -> int:
        has = self._faults.__contains__
        return 0x12 | {
            1: 0x08 * self._is_stopped,
            2: 0x04 * has("cover-open") | 0x20 * has("paper-out") | 0x40 * has("cutter-error"),
            3: 0x08 * has("cutter-error"),
            4: 0x0C * (has("near-end") or has("paper-out")) | 0x60 * has("paper-out"),
        }.get(number, 0)

    def _sensor_bits(self) -> int:
        has = self._faults.__contains__
        return 0x03 * (has("near-end") or has("paper-out")) | 0x0C * has("paper-out")

    def _auto_status(self) -> bytes:
        has = self._faults.__contains__
        first = 0x10 | 0x08 * self._is_stopped | 0x20 * has("cover-open")
        return bytes([first, 0x08 * has("cutter-error"), self._sensor_bits(), 0])

    def _tell_change(self, before: bytes) -> None:
        now = self._auto_status()
        if self._auto_bits and now != before:
            self._answer(now)


def _picture(raster: Raster) -> Image.Image:
    """On paper WIDTH wide; what is wider is lost at the right, as on paper."""
    size = (raster.width_bytes * 8, raster.height)
    paper = Image.new("1", (WIDTH, max(1, raster.height)), 1)
    if all(size):
        dots = Image.frombytes("1", size, bytes(each ^ 0xFF for each in raster.dots))
        paper.paste(dots, (0, 0))
    return paper


def _white(rows: int) -> Image.Image:
    return Image.new("1", (WIDTH, max(1, rows)), 1)


def _text(content: bytes) -> Image.Image:
    """A stranger's text, in a font of ours: to be recognised, not to be judged."""
    paper = Image.new("1", (WIDTH, LINE_ROWS), 1)
    ImageDraw.Draw(paper).text((0, 2), content.decode("cp437"), fill=0, font=ImageFont.load_default(22))
    return paper
