"""The engine with two real printers behind two real drivers: the spare takes over, and nothing comes out twice.

The spare's outlet has a sensor, on a module at the end of a real line: its papers are out when that says so, too.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from drivers.ipp.driver import IppDriver, create
from drivers.modbus.driver import create as modbus
from drivers.modbus.sim import Bench as ModuleBench
from drivers.modbus.sim import SimModule
from drivers.transport.pty import TcpLine
from drivers.transport.sim.wire import Wire
from kiosk import ports
from kiosk.engine.printers import reading_of
from kiosk.engine.state import Phase
from kiosk.ids import DeviceId
from kiosk.money import Denomination
from tests.codec.pdfs import make_pdf
from tests.contract.ipp_bench import Bench
from tests.contract.told import PATIENCE_S
from tests.engine.world import SETUP, World

pytestmark = pytest.mark.system

FIRST, SPARE, PANEL = SETUP.certificate_printer, DeviceId("certificate2"), DeviceId("panel1")
WATCHED = replace(SETUP, spare_printer=SPARE, panel=PANEL, sheet_sensors=("spare",))
PORTS = {FIRST: 8631, SPARE: 8632}


class Sensors:
    """An input/output module in a thread, and the driver at the other end of its line."""

    def __init__(self, told: Callable[[ports.Event], None]) -> None:
        line = TcpLine(0)
        module = SimModule()
        self._wire = Wire(line, module)
        self.hands = ModuleBench(module, self._wire).verbs()
        self._far = threading.Thread(target=self._wire.run, daemon=True)
        self._far.start()
        options = {"port": f"socket://127.0.0.1:{line.port}", "inputs": {"spare_exit": 6}}
        self._driver = modbus(PANEL, options, told)
        self._driver.start()

    def stop(self) -> None:
        self._driver.stop()
        self._wire.leave()
        self._far.join(PATIENCE_S)
        self._wire.line.close()


class Hall(World):
    """The engine's world, whose certificate printers are real."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(setup=WATCHED)
        self._told: queue.SimpleQueue[ports.Event] = queue.SimpleQueue()
        self.identities: set[str] = set()
        self.drivers = {device: self._driver(device, port) for device, port in PORTS.items()}
        self.boot()
        with bench.network():
            for driver in self.drivers.values():
                driver.start()
        self.sensors = Sensors(self._told.put)

    def _driver(self, device: DeviceId, port: int) -> IppDriver:
        options: dict[str, Any] = {"uri": f"ipp://127.0.0.1:{port}/ipp/print", "poll_s": 0.2}
        options |= {"page_timeout_s": 1.5, "cancel_timeout_s": 2.0, "settle_timeout_s": 1.5}
        return create(device, options, self._told.put)

    def until(self, what: Callable[[], bool], why: str) -> None:
        while not what():
            try:
                event = self._told.get(timeout=PATIENCE_S)
            except queue.Empty:
                raise AssertionError(f"{why}: {self.phase}") from None
            if isinstance(event, ports.DeviceArrived):
                self.identities.add(event.identity)
            self.event(event)

    def is_ready(self, device: DeviceId) -> bool | None:
        reading = reading_of(self.loop.state, device)
        return reading.is_ready if reading is not None else None

    def ended_by(self, device: DeviceId) -> bool:
        """That printer is done, and its sensor is waited for."""
        lines = self.loop.state.session.lines if self.loop.state.session is not None else ()
        return any(each.ended is not None and each.ended.device == device for each in lines)

    def _print(self, command: ports.PrintDocument) -> None:
        pdf = make_pdf(command.pages)
        real = replace(command, document=pdf, sha256=hashlib.sha256(pdf).hexdigest())
        self.drivers[command.device].perform(real)

    def _read(self, command: ports.ReadPrinter) -> None:
        self.drivers[command.device].perform(command)

    _on_PrintDocument, _on_ReadPrinter = _print, _read  # noqa: N815  # as the world names them

    def pays(self) -> None:
        self.until_pay()
        for _ in range(2):
            self.insert(Denomination.COIN100)

    def goes(self) -> None:
        self.take_all()
        self.time_out("stage")
        assert self.phase is Phase.IDLE


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench(printers=2) as running:
        yield running


def test_the_spare_takes_over_and_gives_back(bench: Bench) -> None:
    hall = Hall(bench)
    try:
        hall.until(lambda: len(hall.identities) == 2, "both answer")
        hall.pays()
        hall.until(lambda: hall.phase is Phase.TAKING_THINGS, "printed")
        assert (len(bench.printed), len(bench.printed_by_second)) == (1, 0)
        hall.goes()

        # It runs empty between two residents: known before the next one comes.
        bench.do("out-of-paper")
        hall.until(lambda: hall.is_ready(FIRST) is False, "the first says that it is empty")
        assert hall.phase is Phase.IDLE
        hall.pays()
        hall.until(lambda: hall.ended_by(SPARE), "the spare says that it is done")
        assert hall.phase is Phase.ISSUING, "nobody saw a sheet leave"
        hall.sensors.hands["pass"]("spare")
        hall.until(lambda: hall.phase is Phase.TAKING_THINGS, "printed by the spare")
        assert (len(bench.printed), len(bench.printed_by_second)) == (1, 1)
        hall.goes()
        bench.do("clear")
        hall.until(lambda: hall.is_ready(FIRST) is True, "the first is filled")

        # It opens after the money was taken, before the core has heard of it: refused there, printed here, once.
        hall.until_pay()
        bench.do("cover-open")
        for _ in range(2):
            hall.insert(Denomination.COIN100)
        hall.until(lambda: hall.ended_by(SPARE), "refused by the first, printed by the spare")
        hall.sensors.hands["pass"]("spare")
        hall.until(lambda: hall.phase is Phase.TAKING_THINGS, "and seen to leave")
        assert (len(bench.printed), len(bench.printed_by_second)) == (1, 2)
        hall.goes()
        bench.do("clear")
        hall.until(lambda: hall.is_ready(FIRST) is True, "the cover is shut")

        # It jams with a page on its way: a doubt, and the spare that stands ready is not asked.
        bench.do("slow", "30")
        hall.pays()
        hall.until(lambda: len(bench.printed) == 2, "the job has come to the paper path")
        bench.do("jam")
        hall.until(lambda: any(each.code == "R-503" for each in hall.ledger.incidents.values()), "a doubt")
        assert (bench.printed[-1][0], len(bench.printed_by_second)) == (0, 2)
        hall.check()
    finally:
        hall.sensors.stop()
        for driver in hall.drivers.values():
            driver.stop()
