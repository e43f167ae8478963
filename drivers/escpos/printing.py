"""The work of the receipt printer's thread: blocking calls on one line, told as events."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.escpos.codec import INITIALISE, cut
from drivers.escpos.device import Status, judge_end
from drivers.escpos.line import Line
from drivers.escpos.options import Options
from kiosk.clock import Clock
from kiosk.errors import DeviceUnavailable, MadoguchiError
from kiosk.ids import DeviceId
from kiosk.messages import Message, say
from kiosk.ports import (
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    DeviceWarned,
    Event,
    Outcome,
    PrintSlip,
    Slip,
    SlipLine,
    SlipPrinted,
)

if TYPE_CHECKING:
    from drivers.escpos.render import Painter


_LOOK_S = 0.25
"""So often, while a slip is on its way, the printer is asked whether something is wrong."""


class Printing:
    """Reads the printer and prints on it. Every call blocks; all from one thread."""

    def __init__(
        self,
        device: DeviceId,
        options: Options,
        post: Callable[[Event], None],
        clock: Clock,
        is_stopping: threading.Event,
    ) -> None:
        self._device = device
        self._options = options
        self._post = post
        self._clock = clock
        self._is_stopping = is_stopping
        self._painter: Painter | None = None
        self._line: Line | None = None
        self._lost = ""
        self._is_known = False
        self._told: tuple[str, ...] = ()
        self._warned: tuple[str, ...] = ()

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def warm_up(self) -> None:
        """Import what draws and open the fonts, while nobody waits."""
        try:
            self._fragments(Slip(kind="", lines=(SlipLine(text="領収書"), SlipLine(text="¥", is_bold=True))))
        except MadoguchiError as why:
            say(Message.SLIP_NOT_DRAWN, device=self._device, why=str(why))

    def _fragments(self, slip: Slip) -> tuple[bytes, ...]:
        # Late: Pillow takes 30 ms to import, and the line can be asked without.
        from drivers.escpos import raster, render  # noqa: PLC0415

        painter = self._painter = self._painter or render.Painter(Path(self._options.fonts))
        return raster.commands(painter.draw(slip))

    # --- reading --------------------------------------------------------------------------------------------

    def read(self) -> Status | None:
        """Ask all four status bytes and tell what changed. None: no line, or no answer."""
        try:
            status = self._open().status()
        except MadoguchiError as why:
            self._tell_lost(why)
            return None
        self._tell(status)
        return status

    def _open(self) -> Line:
        if self._line is None:
            self._line = Line.open(
                self._device,
                self._options.port,
                self._options.baud,
                self._options.parity,
                self._clock,
                self._options.answer_timeout_s,
            )
        return self._line

    def _tell(self, status: Status) -> None:
        self._lost = ""
        if not self._is_known:
            self._is_known = True
            self._post(DeviceArrived(device=self._device, identity="ESC/POS printer"))
        for code in self._told:
            if code not in status.faults:
                self._post(DeviceFault(device=self._device, code=code, clear=True))
        for code in status.faults:
            if code not in self._told:
                self._post(DeviceFault(device=self._device, code=code))
        self._told = status.faults
        if status.warnings != self._warned:  # no fault: there are metres of paper left
            code = " ".join(status.warnings) or "no warning any more"
            say(Message.DEVICE_WARNED, device=self._device, code=code)
            self._post(DeviceWarned(self._device, status.warnings))
        self._warned = status.warnings

    def _tell_lost(self, why: MadoguchiError) -> None:
        self.close()
        code = "no-port" if isinstance(why, DeviceUnavailable) else "no-answer"
        if code != self._lost:
            say(Message.DEVICE_LOST, device=self._device, why=str(why))
            self._post(DeviceLost(device=self._device, code=code))
        self._lost, self._is_known, self._told, self._warned = code, False, (), ()

    # --- printing -------------------------------------------------------------------------------------------

    def print(self, command: PrintSlip) -> None:
        """Exactly one SlipPrinted (none when the core is stopping)."""
        try:
            fragments = self._fragments(command.slip)
        except MadoguchiError as why:
            say(Message.SLIP_NOT_DRAWN, device=self._device, why=str(why))
            return self._end(command, Outcome.REFUSED, "no-font")
        status = self.read()
        if status is None:
            return self._end(command, Outcome.REFUSED, self._lost)
        if status.faults:
            return self._end(command, Outcome.REFUSED, status.faults[0])
        try:
            ended = self._print(self._open(), fragments)
        except MadoguchiError as why:
            self._tell_lost(why)
            ended = (Outcome.UNKNOWN, self._lost)
        if ended is not None:
            self._end(command, *ended)

    def _print(self, line: Line, fragments: tuple[bytes, ...]) -> tuple[Outcome, str] | None:
        """Send all, then wait for the answer that stands behind the cut. None: the core is stopping."""
        until_s = self._clock.monotonic_s() + self._options.print_timeout_s
        has_answered = False
        line.send(INITIALISE, self._left_s(until_s))
        for fragment in fragments:
            line.send(fragment, self._left_s(until_s))
            if self._has_trouble(line):
                break
        else:
            line.ask_sensor_after(cut(self._options.cut_feed_dots), self._left_s(until_s))
            while not has_answered and self._left_s(until_s) and not self._has_trouble(line):
                if self._is_stopping.is_set():
                    return None
                has_answered = line.has_sensor_answer(_LOOK_S)
        status = line.status()
        self._tell(status)
        outcome, code = judge_end(has_answered, status)
        if outcome is not Outcome.CONFIRMED:
            line.clear()
        return outcome, code

    def _left_s(self, until_s: float) -> float:
        return max(0.0, until_s - self._clock.monotonic_s())

    def _has_trouble(self, line: Line) -> bool:
        status = line.status()
        self._tell(status)
        return not status.is_ready

    def _end(self, command: PrintSlip, outcome: Outcome, code: str) -> None:
        self._post(SlipPrinted(op=command.op, device=self._device, outcome=outcome, code=code))
