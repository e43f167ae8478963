"""Somebody stands in front of the machine: each thing that he tries, and what came of it. docs/security.md keeps the
results of the last run by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.image.lobby import KIOSK
from tests.image.qemu import Computer

KEYS = (
    ("ctrl", "alt", "f1"),
    ("ctrl", "alt", "f2"),
    ("ctrl", "alt", "f7"),
    ("ctrl", "alt", "delete"),
    ("ctrl", "alt", "backspace"),
    ("alt", "sysrq", "b"),
    ("alt", "sysrq", "r"),
    ("alt", "sysrq", "k"),
    ("alt", "f4"),
    ("alt", "tab"),
    ("meta_l",),
    ("meta_l", "l"),
    ("ctrl", "alt", "t"),
    ("f1",),
    ("f11",),
    ("esc",),
    ("ctrl", "c"),
    ("ctrl", "d"),
    ("ctrl", "z"),
    ("print",),
    ("power",),
    ("sleep",),
    ("a", "b", "c"),
)
PORTS_AT_ONCE = 2048
ANSWER_S = 1.5
UDP = (53, 67, 68, 123, 137, 161, 514, 631, 1900, 3493, 5353, 5355)
TOUCHES = 400
START = (0.5, 0.84)
"""The start button on the screen as it stands: a pointer's places are not turned with the panel."""
SEED = 20261129


@dataclass
class Findings:
    """What was tried, and what came of it; `wrong` when the machine should not have let it."""

    lines: list[tuple[str, bool, str]] = field(default_factory=list)

    def note(self, tried: str, is_good: bool, came: str) -> None:
        self.lines.append((tried, is_good, came))
        print(f"{'held ' if is_good else 'WRONG'}  {tried}: {came}", flush=True)

    @property
    def wrong(self) -> int:
        return sum(not is_good for _, is_good, _ in self.lines)


@dataclass(frozen=True)
class Standing:
    """What must stay as it is whatever somebody does in front."""

    boot: str
    screens: str
    core: str
    console: str
    restarts: str

    @classmethod
    def of(cls, computer: Computer) -> Standing:
        said = computer.shell(
            "cat /proc/sys/kernel/random/boot_id;"
            "systemctl show -P MainPID kiosk-ui; systemctl show -P MainPID kiosk-core;"
            "cat /sys/class/tty/tty0/active; systemctl show -P NRestarts kiosk-ui kiosk-core | xargs"
        ).splitlines()
        return cls(*said)


def screen_of(computer: Computer) -> str:
    """The screen that the resident's view names now, asked as the screens' user at the core's own socket."""
    script = (
        "import json,socket\ns=socket.socket(socket.AF_UNIX)\ns.settimeout(20)\n"
        "s.connect('/run/kiosk/core/view.sock')\n"
        "body=json.loads(s.makefile().readline())['view']['body']\n"
        "print(body.get('screen') or body['type'])"
    )
    words = (
        "setpriv",
        "--reuid",
        "kiosk-assist",
        "--regid",
        "kiosk-assist",
        "--init-groups",
        "python3",
        "-c",
        script,
    )
    return computer.run(*words)[1].strip()


def keyboard(computer: Computer, found: Findings, pictures: Path) -> None:
    """A PS/2 keyboard, which no usbguard sees: what the rest of the machine makes of keys."""
    before = Standing.of(computer)
    for keys in KEYS:
        computer.keys(*keys)
        time.sleep(0.6)
    time.sleep(5)
    after = Standing.of(computer)
    computer.picture(pictures / "after-keys.png")
    name = screen_of(computer)
    found.note(
        f"{len(KEYS)} key combinations at a PS/2 keyboard (Ctrl-Alt-F1/F2/Del, SysRq, Alt-F4, Alt-Tab, Super, F1 …)",
        before == after and name == "Attract",
        f"same boot, same processes, console {after.console}, screen {name}"
        if before == after
        else f"{before} -> {after}",
    )


def usb(computer: Computer, found: Findings, scratch: Path) -> None:
    """A keyboard and a stick in a free socket."""

    def inside(script: str) -> str:
        return computer.shell(script)

    computer.plug("usb-kbd", "evil-keyboard", bus="usb.0")
    time.sleep(4)
    typed = inside("grep -c 'QEMU USB Keyboard' /proc/bus/input/devices")
    said = inside("usbguard list-devices | grep -i keyboard")
    found.note(
        "a USB keyboard",
        typed == "0" and " allow " not in said,
        said or "not even listed: refused and removed",
    )
    computer.unplug("evil-keyboard")
    stick = scratch / "stick.raw"
    subprocess.run(["truncate", "-s", "64M", stick], check=True, timeout=30)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", stick], check=True, timeout=60)
    computer.medium("stick", stick)
    computer.plug("usb-storage", "evil-stick", bus="usb.0", drive="stick")
    time.sleep(4)
    disks = inside("ls /dev/sd* /sys/block 2>/dev/null | xargs")
    module = inside("modprobe usb-storage; lsmod | grep -c -E '^(usb_storage|uas)'")
    mounted = inside("grep -c '/dev/sd' /proc/mounts")
    is_good = "sd" not in disks.replace("vda", "") and module.splitlines()[0] == "0" and mounted == "0"
    found.note(
        "a USB stick",
        is_good,
        f"block devices: {disks}; its driver, asked for by root: not loaded; nothing mounted",
    )
    computer.unplug("evil-stick")


def network(computer: Computer, found: Findings) -> None:
    """From the town's own network, with the addresses of its servers: every TCP port; some UDP; routing; a ping."""
    opened = asyncio.run(_scan(KIOSK, range(1, 65536)))
    found.note(
        "all 65535 TCP ports, from the town's network", opened == [], f"open or refused: {opened or 'none'}"
    )
    other = asyncio.run(_scan("198.51.100.10", range(1, 4097), source="198.51.100.20"))
    found.note(
        "TCP ports 1 to 4096, from the payment network", other == [], f"open or refused: {other or 'none'}"
    )
    heard = []
    for port in UDP:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(0.5)
            line.connect((KIOSK, port))
            with contextlib.suppress(OSError):
                line.send(b"\0" * 32)
                heard.append((port, line.recv(64)))
    found.note("UDP: DNS, DHCP, mDNS, LLMNR, SNMP, syslog, UPS …", heard == [], f"answers: {heard or 'none'}")
    ping = subprocess.run(["ping", "-c", "2", "-W", "1", KIOSK], capture_output=True, check=False, timeout=30)
    found.note("ping", ping.returncode != 0, "no answer" if ping.returncode else "answered")
    found.note("from one network to the other through the machine", not _is_routed(), "nothing came through")
    out = computer.run("python3", "-c", _OUTWARD)[1].strip()
    found.note(
        "from inside, as root, to what the profile does not name", out == "refused refused refused", out
    )


_OUTWARD = """
import socket
said = []
for place in (("192.0.2.20", 22), ("192.0.2.1", 53), ("198.51.100.20", 80)):
    try:
        socket.create_connection(place, 3).close()
        said.append("open")
    except ConnectionRefusedError:
        said.append("refused")
    except OSError as error:
        said.append(type(error).__name__)
print(*said)
"""


async def _scan(address: str, ports: range, source: str | None = None) -> list[int]:
    """Ports that answer at all: open, or refused aloud. A firewall that drops says nothing."""
    heard: list[int] = []
    gate = asyncio.Semaphore(PORTS_AT_ONCE)

    async def ask(port: int) -> None:
        async with gate:
            try:
                local = (source, 0) if source else None
                asked = asyncio.open_connection(address, port, local_addr=local)
                _, writer = await asyncio.wait_for(asked, ANSWER_S)
                writer.close()
                heard.append(port)
            except ConnectionRefusedError:
                heard.append(port)
            except (TimeoutError, OSError):
                return

    await asyncio.gather(*(ask(port) for port in ports))
    return sorted(heard)


def _is_routed() -> bool:
    """Whether a packet that is handed to the kiosk for the payment network comes out there."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003)) as ear:
        ear.bind(("paynet", 0))
        ear.settimeout(0.2)
        with _raw() as line:
            for _ in range(5):
                line.send(_frame())
                deadline = time.monotonic() + 0.6
                while time.monotonic() < deadline:
                    with contextlib.suppress(TimeoutError):
                        if b"madoguchi-through" in ear.recv(2048):
                            return True
    return False


@contextlib.contextmanager
def _raw() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as line:
        line.bind(("lobby", 0))
        yield line


def _frame() -> bytes:
    """Ethernet to the kiosk's first card, IPv4 to an address of the payment network, UDP."""
    text = b"madoguchi-through"
    udp = struct.pack("!HHHH", 4000, 9100, 8 + len(text), 0) + text
    source, target = socket.inet_aton("192.0.2.20"), socket.inet_aton("198.51.100.20")
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, source, target)
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[12:]
    own = json.loads(subprocess.check_output(["ip", "-j", "link", "show", "lobby"], timeout=30))[0]["address"]
    ends = bytes.fromhex("020000000001" + own.replace(":", ""))
    return ends + b"\x08\x00" + head + udp


def cables(computer: Computer, found: Findings, pictures: Path) -> None:
    """The network's, the coin unit's, the reader's: out, and in again."""
    before = Standing.of(computer)
    for name, out, back in (
        ("the town's network", ("cable", "lobby"), ("cable", "lobby")),
        ("the coin unit's USB plug", ("usb", "coin1"), ("usb", "coin1")),
        ("the card reader's USB plug", ("usb", "reader"), ("usb", "reader")),
    ):
        picture = pictures / f"without-{out[1]}.png"
        attract = computer.picture(picture).read_bytes()
        began = time.monotonic()
        _pull(computer, *out, is_in=False)
        try:
            computer.until(lambda: screen_of(computer) == "OutOfService", "it closes", 180)
            closed = time.monotonic() - began
            with contextlib.suppress(TimeoutError):  # the core knows it before the screens have drawn it
                computer.until(partial(_is_other, computer, picture, attract), "it is drawn", 30)
            began = time.monotonic()
            _pull(computer, *back, is_in=True)
            computer.until(lambda: screen_of(computer) == "Attract", "it opens again", 300)
            said = (
                f"closed after {closed:.0f} s, open again {time.monotonic() - began:.0f} s after it was back"
            )
            found.note(f"{name} pulled and put back", Standing.of(computer) == before, said)
        except TimeoutError as error:
            found.note(
                f"{name} pulled and put back", False, f"not in time: {error}; screen {screen_of(computer)}"
            )


def panel(computer: Computer, found: Findings) -> None:
    """The touch panel's plug, out and in: the screens start again, and the first touch of it counts."""
    before, shown = Standing.of(computer), _screens_shown(computer)
    _pull(computer, "usb", "panel", is_in=False)
    time.sleep(4)
    _pull(computer, "usb", "panel", is_in=True)
    try:
        computer.until(
            lambda: Standing.of(computer).screens not in (before.screens, "0"), "another process", 180
        )
        computer.until(lambda: _screens_shown(computer) > shown, "its first screen", 300)
        said = f"screens started again, press {_heard(computer)} heard"
        found.note("the touch panel's USB plug pulled and put back", True, said)
        computer.until(lambda: screen_of(computer) == "Attract", "back", 400)
    except TimeoutError as error:
        found.note("the touch panel's USB plug pulled and put back", False, f"not in time: {error}")


def _screens_shown(computer: Computer) -> int:
    return int(
        computer.shell("journalctl -b -q --no-pager -u kiosk-ui | grep -c 'the first screen is shown'")
    )


def _is_other(computer: Computer, picture: Path, before: bytes) -> bool:
    return computer.picture(picture).read_bytes() != before


def _heard(computer: Computer) -> int:
    """Which press of the start button was heard: the first one after the screens started was not (benchmarks/image.md).
    TimeoutError: none was."""
    for at in range(1, 4):
        _press(computer, START[0] + at / 100, START[1])
        with contextlib.suppress(TimeoutError):
            computer.until(lambda: screen_of(computer) != "Attract", "the start button", 30)
            return at
    raise TimeoutError("the start button")


def _press(computer: Computer, x: float, y: float) -> None:
    computer.point(x, y)
    computer.point(x, y, is_down=True)
    time.sleep(0.3)
    computer.point(x, y, is_down=False)


def _pull(computer: Computer, kind: str, name: str, *, is_in: bool) -> None:
    if kind == "cable":
        computer.cable(name, is_in=is_in)
    elif name == "reader":
        computer.plug("usb-ccid", "reader", bus="usb.0") if is_in else computer.unplug("reader")
    elif name == "panel":
        computer.plug("usb-tablet", "panel", bus="usb.0") if is_in else computer.unplug("panel")
    elif is_in:
        computer.plug("usb-serial", f"usb-{name}", bus="usb.0", chardev=name, serial=name.upper())
    else:
        computer.unplug(f"usb-{name}")


def touches(computer: Computer, found: Findings, pictures: Path) -> None:
    """A pointer (QEMU has no touch panel): hundreds of taps anywhere, long ones, swipes from every edge, corners. That
    it is heard at all is looked at first: the start button, then the way back."""
    before = Standing.of(computer)
    try:
        heard = _heard(computer)
        found.note(
            "(the pointer is heard)",
            True,
            f"press {heard} of the start button leads to {screen_of(computer)}",
        )
    except TimeoutError:
        found.note("(the pointer is heard)", False, "the start button did nothing: the rest says little")
    dice = random.Random(SEED)
    for at in range(TOUCHES):
        x, y = dice.random(), dice.random()
        computer.point(x, y, is_down=True)
        time.sleep(1.5 if at % 20 == 0 else 0.05)
        computer.point(x, y, is_down=False)
        time.sleep(0.05)
    for x1, y1, x2, y2 in (
        (0, 0.5, 1, 0.5),
        (1, 0.5, 0, 0.5),
        (0.5, 0, 0.5, 1),
        (0.5, 1, 0.5, 0),
        (0, 0, 1, 1),
    ):
        computer.point(x1, y1, is_down=True)
        for part in range(1, 21):
            computer.point(x1 + (x2 - x1) * part / 20, y1 + (y2 - y1) * part / 20)
            time.sleep(0.02)
        computer.point(x2, y2, is_down=False)
    computer.picture(pictures / "after-touches.png")
    where = screen_of(computer)
    try:
        computer.until(lambda: screen_of(computer) == "Attract", "back", 400)
        is_back, said = (
            True,
            f"after {TOUCHES} taps and 5 swipes it stood at {where}, and went back to the attract screen by itself",
        )
    except TimeoutError:
        is_back, said = False, f"stands at {screen_of(computer)}"
    found.note("wild touching", is_back and Standing.of(computer) == before, said)


def try_everything(computer: Computer, out: Path) -> Findings:
    """All of it, one after the other, on one machine; after each the attract screen must be there."""
    found = Findings()
    attempts: tuple[tuple[str, Callable[[], None]], ...] = (
        ("keys", lambda: keyboard(computer, found, out)),
        ("USB", lambda: usb(computer, found, out)),
        ("touching", lambda: touches(computer, found, out)),
        ("cables", lambda: cables(computer, found, out)),
        ("the panel", lambda: panel(computer, found)),
        ("network", lambda: network(computer, found)),
    )
    for name, attempt in attempts:
        try:
            attempt()
        except (OSError, ValueError) as error:  # one attempt that could not be made does not hide the others
            found.note(name, False, f"could not be tried: {error}")
    return found
