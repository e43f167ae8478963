"""The receipt printer's driver against the simulated printer, on a pty and on TCP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from drivers.escpos.driver import EscposDriver, create
from drivers.escpos.render import Painter
from drivers.escpos.sim.process import Printer
from drivers.transport.pty import Line, PtyLine, TcpLine
from kiosk.errors import ConfigError, ContractError
from kiosk.ids import DeviceId, OpId
from kiosk.ports import (
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    DeviceWarned,
    Outcome,
    PrintSlip,
    ReadPrinter,
    Slip,
    SlipLine,
    SlipPrinted,
)
from tests.contract.told import PATIENCE_S, Told

DEVICE = DeviceId("receipt1")
SLIP = Slip(
    kind="receipt",
    lines=(
        SlipLine(text="領収書", size=3, is_centred=True),
        *(SlipLine(text=f"住民票の写し {each}", right="¥200") for each in range(20)),
        SlipLine(text="合計", right="¥4,000", size=2, is_bold=True),
    ),
)


class Rig:
    """A printer on a cable, and a driver at the other end."""

    def __init__(self, line: Line, address: str, folder: Path) -> None:
        self.line = line
        self.folder = folder
        self.printer = Printer(line, folder)
        self.told = Told()
        self._listener = threading.Thread(target=self.printer.run, daemon=True)
        self._listener.start()
        options: dict[str, Any] = {"port": address, "poll_s": 0.1, "answer_timeout_s": 0.3}
        self.driver: EscposDriver = create(DEVICE, {**options, "print_timeout_s": 5.0}, self.told)

    def unplug(self) -> None:
        self.printer.leave()
        self._listener.join(PATIENCE_S)
        self.line.close()

    def print(self, op: str = "one") -> SlipPrinted:
        self.driver.perform(PrintSlip(op=OpId(op), device=DEVICE, slip=SLIP))
        return self.told.until(SlipPrinted, lambda ended: ended.op == op)

    def papers(self) -> list[str]:
        return sorted(each.name for each in self.folder.iterdir())


@pytest.fixture(params=["pty", "tcp"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    (tmp_path / "paper").mkdir()
    line: Line
    if request.param == "pty":
        line, address = PtyLine(tmp_path / "tty"), str(tmp_path / "tty")
    else:
        line = tcp = TcpLine(0)
        address = f"socket://127.0.0.1:{tcp.port}"
    rig = Rig(line, address, tmp_path / "paper")
    rig.driver.start()
    rig.told.until(DeviceArrived)
    yield rig
    rig.driver.stop()
    rig.unplug()


def test_a_slip_comes_out_dot_by_dot_and_is_confirmed(rig: Rig) -> None:
    assert rig.print().outcome is Outcome.CONFIRMED
    assert rig.papers() == ["0001.png"]
    drawn = Painter().draw(SLIP).convert("L")
    with Image.open(rig.folder / "0001.png") as picture:
        paper = picture.convert("L").crop((0, 0, drawn.width, drawn.height))
    difference = ImageChops.difference(drawn, paper).histogram()
    assert difference[255] <= 8, "no more dots differ than real-time commands were defused"


@pytest.mark.parametrize(
    ("verb", "code"),
    [("paper-out", "paper-end"), ("cover-open", "cover-open"), ("cutter-error", "cutter-error")],
)
def test_a_fault_before_is_told_and_nothing_is_sent(rig: Rig, verb: str, code: str) -> None:
    rig.printer.verbs()[verb]()
    assert rig.told.until(DeviceFault) == DeviceFault(device=DEVICE, code=code)
    ended = rig.print()
    assert (ended.outcome, ended.code) == (Outcome.REFUSED, code)
    rig.printer.clear()
    assert rig.told.until(DeviceFault) == DeviceFault(device=DEVICE, code=code, clear=True)
    assert rig.print("two").outcome is Outcome.CONFIRMED
    assert rig.papers() == ["0001.png"]


def test_a_roll_near_its_end_prints_on_and_is_a_warning_to_staff(rig: Rig) -> None:
    rig.printer.fault("near-end")
    assert rig.told.until(DeviceWarned) == DeviceWarned(DEVICE, ("paper-near-end",))
    assert rig.print().outcome is Outcome.CONFIRMED
    assert rig.told.of(DeviceFault) == []
    rig.printer.clear()
    assert rig.told.until(DeviceWarned, lambda warned: not warned.codes).device == DEVICE


@pytest.mark.parametrize("rows", ["1", "300", "700"])
def test_paper_out_in_the_middle_is_unknown_and_never_goes_on_later(rig: Rig, rows: str) -> None:
    rig.printer.paper_out(rows)
    ended = rig.print()
    assert (ended.outcome, ended.code) == (Outcome.UNKNOWN, "paper-end")
    rig.printer.clear()
    rig.told.until(DeviceFault, lambda fault: fault.clear)
    assert rig.print("two").outcome is Outcome.CONFIRMED
    assert rig.papers() == ["0001-part.png", "0002.png"]
    with Image.open(rig.folder / "0002.png") as second:
        assert second.height < Painter().draw(SLIP).height + 100, (
            "the rest of the first slip is on the second"
        )


def test_a_dead_cable_is_no_answer_and_never_no_paper(rig: Rig) -> None:
    rig.printer.die()
    assert rig.told.until(DeviceLost).code == "no-answer"
    ended = rig.print()
    assert (ended.outcome, ended.code) == (Outcome.REFUSED, "no-answer")
    assert rig.told.of(DeviceFault) == []
    rig.printer.restart()
    rig.told.until(DeviceArrived)
    assert rig.print("two").outcome is Outcome.CONFIRMED


def test_a_printer_that_dies_in_the_middle_is_unknown(rig: Rig) -> None:
    """The power goes when half of the first picture is there."""
    receive = rig.printer._mechanism.receive

    def receive_and_die(data: bytes) -> None:
        is_picture = b"\x1dv0" in data
        receive(data[: len(data) // 2] if is_picture else data)
        rig.printer._has_power = not is_picture

    rig.printer._mechanism.receive = receive_and_die  # type: ignore[method-assign]  # a trick for this test
    ended = rig.print()
    assert (ended.outcome, ended.code) == (Outcome.UNKNOWN, "no-answer")


def test_a_line_that_goes_away_is_no_port(rig: Rig) -> None:
    rig.unplug()
    assert rig.told.until(DeviceLost).code == "no-port"
    ended = rig.print()
    assert (ended.outcome, ended.code) == (Outcome.REFUSED, "no-port")


def test_noise_on_the_line_is_survived(rig: Rig) -> None:
    for _ in range(5):
        rig.line.write(b"\xff\x80\x37\x92")
        assert rig.print().outcome is Outcome.CONFIRMED


def test_a_stranger_prints_and_asks_with_python_escpos(tmp_path: Path) -> None:
    """The library's own client on our simulator: text, picture, status, cut."""
    from escpos.printer import Serial  # noqa: PLC0415  # slow: only here

    line = PtyLine(tmp_path / "tty")
    folder = tmp_path / "paper"
    folder.mkdir()
    rig = Rig(line, str(tmp_path / "tty"), folder)
    stranger = Serial(devfile=str(tmp_path / "tty"), timeout=0.3)
    try:
        stranger.text("Hello\n")
        stranger.image(Image.new("1", (400, 64), 0), impl="bitImageRaster")
        assert stranger.is_online()
        assert stranger.paper_status() == 2
        rig.printer.fault("near-end")
        assert stranger.paper_status() == 1
        rig.printer.fault("paper-out")
        assert stranger.paper_status() == 0
        assert not stranger.is_online()
        rig.printer.clear()
        stranger.cut()
        assert stranger.is_online()
    finally:
        stranger.close()
        rig.unplug()
    assert rig.papers()[-1].endswith(".png")


@pytest.mark.parametrize("options", [{}, {"port": 5}, {"port": "/dev/null", "speed": 9600}])
def test_a_wrong_option_is_a_configuration_error(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        create(DEVICE, options, Told())


def test_a_command_of_another_kind_is_our_own_bug(rig: Rig) -> None:
    with pytest.raises(ContractError):
        rig.driver.perform(ReadPrinter(device=DEVICE))
