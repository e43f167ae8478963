"""The staff desk's thread: a paper that cannot be made costs the paper, never the machine."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

import pytest

from kiosk.daemon.desk import NO_PAPER, DeskDriver, plugs
from kiosk.errors import ContractError, JournalError
from kiosk.ids import OpId
from kiosk.ipc.staff_wire import Read
from kiosk.ports import DESK, Event, FactsRead, MakePaper, PaperMade, ReadFacts, ReadPrinter, Slip
from kiosk.selftest import Finding, State
from kiosk.treasury.refusals import RefusedError

WITHIN_S = 20.0
SLIP = Slip("day", ())


class Office:
    """Says what is asked of it."""

    def made(self, ask: Read) -> tuple[str, Slip | None]:
        match ask.report:
            case "day":
                raise RefusedError("no-day", what="1")
            case "stock":
                raise JournalError("gone")
            case "list":
                return "text", None
        return "text", SLIP


def test_papers_facts_and_their_failures(tmp_path: Path) -> None:
    said: queue.SimpleQueue[Event] = queue.SimpleQueue()
    found = (Finding("disk", State.GOOD, "900 MiB"), Finding("devices", State.BAD, "coin1"))
    office: Any = Office()
    driver = DeskDriver(office, lambda: found, said.put)
    driver.start()
    try:
        for report, slip, words in (
            ("exchange", SLIP, ("", "")),
            ("day", None, None),
            ("stock", None, NO_PAPER),
            ("list", None, NO_PAPER),
        ):
            driver.perform(MakePaper(DESK, OpId(report), report))
            made = said.get(timeout=WITHIN_S)
            assert isinstance(made, PaperMade) and (made.op, made.slip) == (report, slip)
            assert words is None or (made.ja, made.en) == words
        driver.perform(ReadFacts(DESK, OpId("facts")))
        read = said.get(timeout=WITHIN_S)
        assert isinstance(read, FactsRead) and not read.is_well
        assert read.facts[:2] == (("disk", "900 MiB", "ok"), ("devices", "coin1", "bad"))
        with pytest.raises(ContractError):
            driver.perform(ReadPrinter(DESK))
    finally:
        driver.stop()


def test_a_plug_is_seen_in_sysfs(tmp_path: Path) -> None:
    for name, state in (("lo", "unknown"), ("eth0", "up"), ("eth1", "down")):
        folder = tmp_path / "sys/class/net" / name
        folder.mkdir(parents=True)
        (folder / "operstate").write_text(f"{state}\n")
    assert plugs(tmp_path) == (("network", "eth0 up", "ok"), ("network", "eth1 down", "doubt"))
