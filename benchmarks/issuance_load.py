"""The issuance server under load: certificates a second, waiting at half of that, CPU by stage, memory, and what a town
of 1.4 million costs more than one of ten thousand. Server, PostgreSQL and load on this one machine.

Run: python -m benchmarks.issuance_load [RESIDENTS] [SECONDS]. Writes benchmarks/issuance_load.md. The big town takes
two minutes to make and load; RESIDENTS 0 leaves it out.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import json
import os
import re
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from issuance import auth, check, folder, paper, render
from issuance.clock import SystemClock
from issuance.desk import Desk
from issuance.documents import Documents
from issuance.messages import (
    AuthenticationRequest,
    ChallengeRequest,
    LineRequest,
    PrepareRequest,
    PrintedRequest,
)
from issuance.office import Office
from issuance.paper import Issue
from issuance.rules import entitlements
from issuance.sample_town import write
from issuance.seal import Claim
from issuance.store import Kiosk, Link, Tx
from tests.issuance.desk_of import bound
from tests.issuance.people import FONT, KIOSK, Authority, Card, Machine, make_folder, token
from tests.issuance.postgres import Cluster
from tests.issuance.processes import Workers

SMALL = 10_000
HOLDERS = 100
ROUNDS = 150
THREADS = 32
"""Each visit waits for the beat of its authentication (250 ms): so many are on their way at once."""
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")


class Town:
    """A server's folder whose register holds so many people, and cards for some of them."""

    def __init__(self, path: Path, residents: int, database: str = "") -> None:
        authority = Authority()
        self.path = make_folder(path / "server", authority, {}, SystemClock(), database)
        write(path / "delivery", residents=residents, seed=1, as_of=SystemClock().now())
        folder.load_register(self.path, path / "delivery", SystemClock())
        office = self.office()
        self.cards = {
            who: Card(authority, serial=0x9001 + at) for at, who in enumerate(_holders(office, residents))
        }
        rows = [
            Link(auth.link_key(authority.certificate, card.serial), who) for who, card in self.cards.items()
        ]

        def make_known(tx: Tx) -> None:
            for row in (*rows, *map(_attested, tx.find(Kiosk))):
                tx.put(row)

        office.store.run_now(make_known)
        office.store.close()

    def office(self) -> Office:
        return folder.open_office(self.path, font=FONT, clock=SystemClock())


def _attested(kiosk: Kiosk) -> Kiosk:
    return replace(kiosk, version="9.0.0")


def _holders(office: Office, residents: int) -> list[str]:
    """Residents from all over the register who may have a 住民票."""
    found, now = [], office.clock.now()
    step = max(1, residents // (HOLDERS * 3))
    for number in range(1, residents + 1, step):
        person = office.register.resident(f"{number:010d}")
        if person is None or not person.lives_here or person.age_on(now.date()) < 20:
            continue
        offers = {each.kind: each.refusal for each in entitlements(office.case(person, now))}
        if not offers["juminhyo"]:
            found.append(person.id)
        if len(found) == HOLDERS:
            break
    return found


# --- in this process: CPU -----------------------------------------------------------------------------------


async def _visit(office: Office, kiosk: Kiosk, machine: Machine, card: Card) -> None:
    desk, documents = Desk(office), Documents(office)
    transaction = token()
    challenge = (await desk.challenge(kiosk, ChallengeRequest(transaction))).challenge
    signature = card.sign(bound(challenge, KIOSK, transaction, ()))
    await desk.authenticate(kiosk, AuthenticationRequest(transaction, card.der, signature))
    order = machine.order(transaction, card)
    prepared = await documents.prepare(kiosk, PrepareRequest(**order))
    await documents.commit(kiosk, prepared.serial, LineRequest(transaction, order["line"]))
    pages = json.loads(prepared.manifest)["pages"]
    await documents.printed(kiosk, prepared.serial, PrintedRequest(transaction, order["line"], pages))


def cost_ms(town: Town) -> float:
    """CPU of one certificate from challenge to printed, the card's own signature included; the median of rounds."""
    office = town.office()
    office.warm()
    machine = Machine.of(town.path / "kiosk")
    (kiosk,) = office.store.run_now(lambda tx: tx.find(Kiosk))
    cards = list(town.cards.values())
    times = []
    for at in range(ROUNDS):
        begin = time.process_time()
        asyncio.run(_visit(office, kiosk, machine, cards[at % len(cards)]))
        times.append((time.process_time() - begin) * 1000)
    office.store.close()
    return statistics.median(times[20:])


def stages(town: Town) -> dict[str, float]:
    """CPU in milliseconds, median, of the parts of prepare."""
    office = town.office()
    office.warm()
    kind = office.kinds["juminhyo"]
    times: dict[str, list[float]] = {}
    spent: dict[str, float] = {}

    def timed(name: str, work: Any, *arguments: Any) -> Any:
        begin = time.process_time()
        found = work(*arguments)
        spent[name] = spent.get(name, 0.0) + (time.process_time() - begin) * 1000
        return found

    for at, who in enumerate(list(town.cards) * 2):
        now = office.clock.now()
        person = office.register.resident(who)
        assert person is not None
        case = timed("register and rules", office.case, person, now)
        timed("register and rules", entitlements, case)
        issue = Issue(KIOSK, token(), token(), f"2026-{at:08d}-00", now)
        given: tuple[Any, ...] = ((person,), case.household, {}, case.records)
        data = timed("composed", paper.compose, office.town, kind, issue, *given)
        fronts = [paper.printed(kind, data, sheet) for sheet in range(len(data["sheets"]))]
        codes = timed("sealed", office.draughtsman._codes, kind, issue, fronts)
        pdf = timed("rendered", office.renderer.draw, kind.key, data | codes, now)
        pages = timed("read again and compared", render.read, pdf)
        timed("read again and compared", check.faults, pages, data | codes, fronts)
        timed("signed", office.signer.sign, hashlib.sha256(pdf).digest() * 20)
        timed("signed", office.sealer.text, Claim("99201", "juminhyo", issue.serial, 0))
        for name, value in spent.items():
            times.setdefault(name, []).append(value)
        spent.clear()
    office.store.close()
    return {name: statistics.median(values[10:]) for name, values in times.items()}


# --- over TLS, with workers ---------------------------------------------------------------------------------


class Line:
    """One kept-alive connection of a kiosk that does not look at its papers: the load, not the kiosk, is measured. The
    requests are a kiosk's, byte for byte; they are written and their answers taken with as little Python as will do."""

    def __init__(self, town: Town, port: int) -> None:
        files = town.path / "kiosk"
        context = ssl.create_default_context(cafile=files / "server-ca.pem")
        context.load_cert_chain(files / "device.pem", files / "device.key")
        plain = socket.create_connection(("localhost", port), timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tls = context.wrap_socket(plain, server_hostname="localhost")
        self._machine = Machine.of(files)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        data = msgspec.json.encode(body)  # bytes become base64, as the contract wants
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        self._tls.sendall(head.encode() + data)
        status, answer = self._answer()
        found: dict[str, Any] = msgspec.json.decode(answer)
        if status >= 300:
            raise RuntimeError(f"{path}: {found}")
        return found

    def _answer(self) -> tuple[int, bytes]:
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._received(65536)
        head, _, rest = got.partition(b"\r\n\r\n")
        length = int(_LENGTH.findall(head)[0])
        parts, missing = [rest], length - len(rest)
        while missing > 0:
            parts.append(self._received(missing))
            missing -= len(parts[-1])
        return int(head[9:12]), b"".join(parts)

    def _received(self, most: int) -> bytes:
        part = self._tls.recv(most)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part

    def visit(self, card: Card) -> dict[str, float]:
        """A certificate; how long each call took, in milliseconds."""
        times: dict[str, float] = {}

        def timed(name: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
            begin = time.perf_counter()
            found = self.post(path, body)
            times[name] = (time.perf_counter() - begin) * 1000
            return found

        transaction = token()
        challenge = timed("challenge", "/v1/challenges", {"transaction": transaction})["challenge"]
        message = bound(base64.b64decode(challenge), KIOSK, transaction, ())
        body = {"transaction": transaction, "certificate": card.der, "signature": card.sign(message)}
        timed("authentication", "/v1/authentications", body)
        order = self._machine.order(transaction, card)
        prepared = timed("prepare", "/v1/documents", order)
        ids = {"transaction": transaction, "line": order["line"]}
        pages = json.loads(base64.b64decode(prepared["manifest"]))["pages"]
        path = f"/v1/documents/{prepared['serial']}"
        timed("commit", f"{path}/commit", ids)
        timed("printed", f"{path}/printed", ids | {"pages": pages})
        return times


def load(town: Town, port: int, seconds: float, pace: float | None) -> tuple[float, dict[str, list[float]]]:
    """Certificates a second, and each call's times; `pace`: so many a second are begun, else as many as go."""
    lines = [Line(town, port) for _ in range(THREADS)]
    cards = list(town.cards.values())
    found: dict[str, list[float]] = {}
    lock, issued, begun = threading.Lock(), [0], [0]
    start = time.perf_counter()

    def live(line: Line) -> None:
        while True:
            with lock:
                number = begun[0]
                begun[0] += 1
            due = start + (number / pace if pace else 0)
            if due > start + seconds or time.perf_counter() > start + seconds:
                return
            threading.Event().wait(max(0.0, due - time.perf_counter()))
            times = line.visit(cards[number % len(cards)])
            with lock:
                issued[0] += 1
                for name, value in times.items():
                    found.setdefault(name, []).append(value)

    threads = [threading.Thread(target=live, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return issued[0] / (time.perf_counter() - start), found


def _spent_s(pids: list[int]) -> float:
    """CPU that these processes have used, user and system."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _resident_mb(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0]) // 1024


def main() -> None:
    big = int(sys.argv[1]) if len(sys.argv) > 1 else 1_400_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    rows: list[tuple[str, str, str]] = []
    cluster = Cluster()
    with tempfile.TemporaryDirectory() as temporary:
        try:
            small = Town(Path(temporary) / "small", SMALL)
            cost = cost_ms(small)
            rows.append((f"CPU of a certificate, {SMALL:,} residents", f"{cost:.1f} ms", ""))
            if big:
                other = cost_ms(Town(Path(temporary) / "big", big))
                rows.append((f"CPU of a certificate, {big:,} residents", f"{other:.1f} ms", ""))
                rows.append(("the same, times", f"{other / cost:.2f}", "<= 1.2"))
            wanted = {"rendered": "<= 15 ms", "sealed": "<= 15 ms, with signed"}
            for name, value in stages(small).items():
                rows.append((f"of which {name}", f"{value:.1f} ms", wanted.get(name, "")))
            gc.collect()
            rows += _under_load(Path(temporary), cluster, seconds)
        finally:
            cluster.stop()
    _write(rows, seconds)


def _under_load(path: Path, cluster: Cluster, seconds: float) -> list[tuple[str, str, str]]:
    town = Town(path / "load", SMALL, cluster.make())
    text = (town.path / "town" / "municipality.toml").read_text(encoding="utf-8")
    (town.path / "town" / "municipality.toml").write_text(
        text.replace("visits_per_minute = 600", "visits_per_minute = 600000"), encoding="utf-8"
    )
    server = Workers(town.path, 2)
    try:
        _until_it_answers(town, server.port)
        postmaster = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])

        def spent() -> dict[str, float]:
            return {
                "the workers": _spent_s(server.children()),
                "the database": _spent_s([postmaster, *_children(postmaster)]),
                "the load": _spent_s([os.getpid()]),
            }

        before = spent()
        rate, all_out = load(town, server.port, seconds, None)
        issued = len(all_out["printed"])
        cost = {name: (value - before[name]) * 1000 / issued for name, value in spent().items()}
        _, calm = load(town, server.port, seconds, rate / 2)
        memory = max(_resident_mb(pid) for pid in server.children())
    finally:
        server.stop()
    rows = [
        ("certificates a second, sustained", f"{rate:.1f}", ">= 30"),
        *((f"CPU of each, {name}", f"{value:.1f} ms", "") for name, value in cost.items()),
        ("a worker, resident", f"{memory} MB", "<= 250 MB"),
    ]
    for name, values in calm.items():
        ordered = sorted(values)
        late = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        limit = "p99 <= 300 ms"
        rows.append(
            (f"{name} at half that load", f"{statistics.median(ordered):.0f} ms, p99 {late:.0f} ms", limit)
        )
    return rows


def _until_it_answers(town: Town, port: int) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            Line(town, port).visit(next(iter(town.cards.values())))
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.2)


def _write(rows: list[tuple[str, str, str]], seconds: float) -> None:
    machine = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    model = next(line.split(":")[1].strip() for line in machine.splitlines() if "Model name" in line)
    lines = [
        "# The issuance server under load",
        "",
        f"`python -m benchmarks.issuance_load` on {os.cpu_count()} cores of {model}, Python {sys.version.split()[0]};",
        f"two workers, PostgreSQL (without fsync) and {THREADS} load connections on the same machine, "
        f"{seconds:.0f} s each;",
        f"1-minute load of the machine at the end: {os.getloadavg()[0]:.1f}. CPU includes the card's own signature.",
        "",
        "| figure | measured | limit |",
        "|---|---:|---|",
        *(f"| {name} | {value} | {limit} |" for name, value, limit in rows),
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
