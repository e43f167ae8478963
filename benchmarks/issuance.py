"""What a kiosk waits for its server: every call of a certificate, over real TLS, checks of the paper
included.

Run: python -m benchmarks.issuance. Writes benchmarks/issuance.md.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from issuance import folder, paper
from issuance.clock import SystemClock, town_day
from issuance.paper import Issue
from issuance.register import FileRegister, Records
from issuance.town import read_kinds, read_town
from kiosk.ids import LineId, TransactionId
from kiosk.ports import (
    Authenticate,
    ChallengeIssued,
    Commit,
    Event,
    Order,
    Prepare,
    Prepared,
    ReadIssuance,
    ReportPrinted,
    RequestChallenge,
)
from tests.issuance.desk_of import bound
from tests.issuance.people import KIOSK, NOW, Authority, Card, make_folder, token
from tests.issuance.running import Kiosk, Running, fingerprint

ROUNDS = 60
PEOPLE = {"hanako": "one page", "goro": "two pages, 7 people", "daike": "four pages, 15 people"}


def _visit(kiosk: Kiosk, who: str, card: Card, times: dict[str, list[float]]) -> None:
    def timed(name: str, call: Callable[[], Event]) -> Event:
        begin = time.perf_counter()
        event = call()
        times.setdefault(name, []).append((time.perf_counter() - begin) * 1000)
        return event

    timed("status", lambda: kiosk.ask(ReadIssuance()))
    transaction = TransactionId(token())
    issued = timed("challenge", lambda: kiosk.ask(RequestChallenge(transaction)))
    assert isinstance(issued, ChallengeIssued)
    signature = card.sign(bound(issued.challenge, KIOSK, transaction, ()))
    timed("authentication", lambda: kiosk.ask(Authenticate(transaction, card.der, signature)))
    order = Order(LineId(token()), "juminhyo", (("whom", "self" if who == "hanako" else "household"),))
    name = f"prepare, {PEOPLE[who]}"
    prepared = timed(name, lambda: kiosk.ask(Prepare(transaction, order, fingerprint(card))))
    assert isinstance(prepared, Prepared)
    document = prepared.document
    timed("commit", lambda: kiosk.ask(Commit(transaction, order.line, document.serial)))
    timed(
        "printed", lambda: kiosk.ask(ReportPrinted(transaction, order.line, document.serial, document.pages))
    )


def _drawing(times: dict[str, list[float]]) -> None:
    """Typst alone, each time another 発行番号."""
    town, kinds = read_town(folder.SPECIMEN), read_kinds(folder.CERTIFICATES)
    register, renderer = (
        FileRegister(folder.SPECIMEN, lambda: town_day(NOW)),
        folder.renderer_of(kinds, folder.FONT),
    )
    applicant = register.resident("hanako")
    assert applicant is not None
    for number in range(ROUNDS):
        issue = Issue(KIOSK, token(), token(), f"2026-{number:08d}-00", NOW)
        data = paper.compose(town, kinds["juminhyo"], issue, (applicant,), (applicant,), {}, Records())
        begin = time.perf_counter()
        renderer.render("juminhyo", data, NOW)
        if number:
            times.setdefault("of which drawing, one page", []).append((time.perf_counter() - begin) * 1000)


def main() -> None:
    authority = Authority()
    cards = {who: Card(authority, serial=0x1001 + at) for at, who in enumerate(PEOPLE)}
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        path = make_folder(Path(temporary) / "server", authority, cards, SystemClock())
        begin = time.perf_counter()
        server = Running(path)
        times["start to answering"] = [(time.perf_counter() - begin) * 1000]
        kiosk = Kiosk(path / "kiosk", f"https://localhost:{server.port}")
        kiosk.next()
        for number in range(ROUNDS):
            who = list(PEOPLE)[number % len(PEOPLE)]
            _visit(kiosk, who, cards[who], times)
        resident_kb = Path(f"/proc/{server.process.pid}/status").read_text().partition("VmRSS:")[2].split()[0]
        kiosk.driver.stop()
        server.stop()
    _drawing(times)
    machine = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    model = next(line.split(":")[1].strip() for line in machine.splitlines() if "Model name" in line)
    cores = next(line.split(":")[1].strip() for line in machine.splitlines() if line.startswith("CPU(s):"))
    lines = [
        "# The issuance server: what a kiosk waits",
        "",
        f"`python -m benchmarks.issuance` on {cores} cores of {model}, Python {sys.version.split()[0]};",
        f"{ROUNDS} visits, kiosk and server on the same machine, TLS 1.3 kept alive, SQLite with synchronous=FULL.",
        "Prepare includes the kiosk's own checks of the paper.",
        "",
        "| ms | median | 95th of 100 | worst |",
        "|---|---:|---:|---:|",
    ]
    for name, values in times.items():
        ordered = sorted(values)
        late = ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]
        lines.append(f"| {name} | {statistics.median(values):.1f} | {late:.1f} | {ordered[-1]:.1f} |")
    lines += [
        "",
        f"Limits: prepare 60 ms, every other call 15 ms (median). Server resident: {int(resident_kb) // 1024} MB.",
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
