"""The core's start and size: process start → ready (sd_notify) with 5,000 records behind a real seal; memory after.

    python -m benchmarks.core [RUNS]      (the table in core.md; needs the kiosk's users)

A real process with a real configuration and a journal sealed by a real key; the devices are not there, which the core
does not wait for. `python -c pass` beside it says what of the start is the interpreter's own.
"""

from __future__ import annotations

import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from benchmarks.journal import history
from kiosk.clock import SystemClock
from kiosk.enrolment.keys import FileKey
from kiosk.journal.checkpoint import seal
from kiosk.journal.ledger import EMPTY, fold
from kiosk.journal.store import open_store

BEFORE, BEHIND = 20_000, 5_005
"""Together they end with a whole visit: nothing is left open that the start would have to take up."""
PEM, PKCS8, PLAIN = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo

MACHINE = """
[machine]
kiosk = "kiosk-bench"
mode = "demo"
[profile]
page_s = 1.0
[paths]
state = "{0}"
journal = "{0}/journal.db"
[sockets]
view = "{0}/view.sock"
[issuance]
url = "https://localhost:1"
server_ca = "{0}/device.pem"
certificate = "{0}/device.pem"
key = "{0}/device.key"
manifest_key = "{0}/manifest.pem"
[equipment]
card_reader = "card"
certificate_printer = "certificate1"
receipt_printer = "receipt1"
acceptor = "coin1"
faces = ["coin100"]
[equipment.hoppers]
hopper100 = "coin100"
[[device]]
id = "card"
driver = "card_service"
options = {{ socket = "{0}/card.sock" }}
[[device]]
id = "coin1"
driver = "cctalk"
[device.options]
port = "{0}/no-port"
acceptor = {{ id = "coin1", address = 2 }}
hoppers = [{{ id = "hopper100", address = 5, denomination = "coin100" }}]
[[device]]
id = "certificate1"
driver = "ipp"
options = {{ uri = "ipp://localhost:1/ipp/print" }}
[[device]]
id = "receipt1"
driver = "escpos"
options = {{ port = "{0}/no-port" }}
"""


def keys(place: Path) -> None:
    """The kiosk's own key pair, and the server's public one."""
    device = ec.generate_private_key(ec.SECP256R1())
    (place / "device.key").write_bytes(device.private_bytes(PEM, PKCS8, PLAIN))
    (place / "device.pem").write_bytes(device.public_key().public_bytes(PEM, SPKI))
    manifest = ed25519.Ed25519PrivateKey.generate()
    (place / "manifest.pem").write_bytes(manifest.public_key().public_bytes(PEM, SPKI))


def prepare(place: Path) -> list[str]:
    """Keys, configuration and a sealed journal; the configuration's files."""
    keys(place)
    (place / "machine.toml").write_text(MACHINE.format(place))
    town = Path(__file__).parents[1] / "drivers" / "simpanel" / "demo" / "municipality.toml"
    rich = "[town]\ncash_max = 1000000000\n"  # thousands of visits, and nobody collected
    words = town.read_text(encoding="utf-8").replace("[town]\n", rich, 1)
    (place / "town.toml").write_text(words, encoding="utf-8")
    store = open_store(place / "journal.db", clock=SystemClock(), boot="bench")
    records = list(history(BEFORE + BEHIND))
    ledger = EMPTY
    for at, record in enumerate(records[:BEFORE], 1):
        ledger = fold(ledger, at, record)
    store.append(records[:BEFORE])
    store.append([seal(ledger, store.head[1], FileKey(place / "device.key"))])
    store.append(records[BEFORE:])
    store.close()
    return [str(place / "machine.toml"), str(place / "town.toml")]


def start(place: Path, config: list[str]) -> tuple[float, int]:
    """Seconds to READY=1; resident kB two seconds later."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        path = place / "notify.sock"
        path.unlink(missing_ok=True)
        notified.bind(str(path))
        notified.settimeout(20)
        command = [sys.executable, "-m", "kiosk.daemon.main"]
        for each in config:
            command += ["--config", each]
        begin = time.perf_counter()
        core = subprocess.Popen(
            command, env={**os.environ, "NOTIFY_SOCKET": str(path)}, stderr=subprocess.DEVNULL
        )
        try:
            while b"READY=1" not in notified.recv(4096):
                pass
            took = time.perf_counter() - begin
            time.sleep(2)
            status = Path(f"/proc/{core.pid}/status").read_text(encoding="ascii")
        finally:
            core.send_signal(signal.SIGTERM)
            core.wait(20)
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return took, kilobytes


def interpreter() -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - begin


def main(runs: int = 7) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        config = prepare(place)
        start(place, config)  # compiled files and the disk's cache are there, as after the first boot
        found = [start(place, config) for _ in range(runs)]
    bare = statistics.median(interpreter() for _ in range(runs))
    times = sorted(each[0] for each in found)
    print("# The core: start and size\n")
    print(
        f"`python -m benchmarks.core` on {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {runs} runs, load {os.getloadavg()[0]:.1f}\n"
    )
    print("| figure | measured | target |\n|---|---|---|")
    title = f"start → ready, {BEHIND:,} records behind the seal, median"
    print(f"| {title} | {statistics.median(times):.3f} s | <= 0.6 s |")
    print(f"| the same, slowest | {times[-1]:.3f} s | |")
    print(f"| of it, the interpreter alone | {bare:.3f} s | |")
    print(f"| resident after 2 s | {max(each[1] for each in found) / 1024:.0f} MB | <= 100 MB |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
