"""What the staff desk needs of disk and computer: papers, and the self test, in a thread of their own. Reads only."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

from kiosk.cash_office import Office
from kiosk.errors import ContractError, MadoguchiError
from kiosk.ids import DeviceId
from kiosk.ipc.staff_wire import Read
from kiosk.messages import Message, say
from kiosk.ports import DESK, Command, Event, FactsRead, MakePaper, PaperMade, ReadFacts
from kiosk.report_pdf import pages_of
from kiosk.selftest import Finding, State
from kiosk.treasury.refusals import RefusedError

STOP_S = 10.0
NO_PAPER = (
    "この帳票は作れませんでした。記録は変わっていません。",
    "The paper could not be made. Nothing has changed.",
)


class DeskDriver:
    """Driver (kiosk.ports) of no device. A fault in a paper costs the paper."""

    def __init__(
        self, office: Office, look: Callable[[], tuple[Finding, ...]], post: Callable[[Event], None]
    ) -> None:
        """`look`: the self test."""
        self._office = office
        self._look = look
        self._post = post
        self._wanted: queue.SimpleQueue[MakePaper | ReadFacts | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (DESK,)

    def start(self) -> None:
        self._thread.start()

    def perform(self, command: Command) -> None:
        if not isinstance(command, MakePaper | ReadFacts):
            raise ContractError("not a command for the desk")
        self._wanted.put(command)

    def stop(self) -> None:
        self._wanted.put(None)
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            self._post(self._made(wanted) if isinstance(wanted, MakePaper) else self._seen(wanted))

    def _made(self, wanted: MakePaper) -> PaperMade:
        try:
            ask = Read(wanted.report, wanted.of)
            _, slip = self._office.made(ask)
            document, pages = pages_of(self._office.paper_of(ask)) if wanted.has_pages else (b"", 0)
        except RefusedError as error:
            return PaperMade(wanted.op, None, error.refusal.ja, error.refusal.en)
        except MadoguchiError as error:
            say(Message.REPORT_FAILED, report=wanted.report, error=type(error).__name__)
            return PaperMade(wanted.op, None, *NO_PAPER)
        words = ("", "") if slip is not None else NO_PAPER
        return PaperMade(wanted.op, slip, *words, document, pages)

    def _seen(self, wanted: ReadFacts) -> FactsRead:
        found = self._look()
        facts = tuple((each.check, each.detail, _MARKS[each.state]) for each in found)
        return FactsRead(wanted.op, (*facts, *plugs()), all(each.state is not State.BAD for each in found))


_MARKS = {State.GOOD: "ok", State.SOON: "doubt", State.ABSENT: "doubt", State.BAD: "bad"}


def plugs(root: Path = Path("/")) -> tuple[tuple[str, str, str], ...]:
    """Each network socket and whether something is plugged into it (sysfs-class-net)."""
    found = []
    for each in sorted((root / "sys/class/net").glob("*")):
        if each.name == "lo":
            continue
        try:
            state = (each / "operstate").read_text(encoding="ascii").strip()
        except OSError:
            state = "unknown"
        found.append(("network", f"{each.name} {state}", "ok" if state == "up" else "doubt"))
    return tuple(found)
