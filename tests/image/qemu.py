"""A computer in QEMU: its plug, its display, its USB sockets, and a way to ask what is going on inside."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

QEMU = "qemu-system-x86_64"
MEMORY_MB = 2048
TRIAL_S = 6.0
ASK_S = 300.0
WIDTH, HEIGHT = 1920, 1080
"""The panel lies on its side, as panels are made; the profile turns it."""

Pairs = Mapping[str, Any]


def accelerator(kernel: Path, scratch: Path) -> str:
    """`kvm` where it really starts a kernel (the device alone says nothing), else `tcg`: all is translated."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    said = scratch / "trial"
    said.unlink(missing_ok=True)
    words = [QEMU, "-accel", "kvm", "-cpu", "host", "-m", "256", "-display", "none", "-monitor", "none"]
    words += [
        "-serial",
        f"file:{said}",
        "-kernel",
        str(kernel),
        "-append",
        "console=ttyS0 panic=-1",
        "-no-reboot",
    ]
    trial = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + TRIAL_S
    try:
        while time.monotonic() < deadline:
            if said.exists() and said.stat().st_size:
                return "kvm"
            time.sleep(0.2)
        return "tcg"
    finally:
        trial.kill()
        trial.wait(10)


@dataclass(frozen=True)
class Boot:
    """What it starts from, and what is plugged in (QEMU's own words)."""

    accel: str
    kernel: Path
    initrd: Path
    disk: Path
    command_line: str
    devices: tuple[str, ...]
    scratch: Path


class Computer:
    """One life of it, from the plug to the end."""

    def __init__(self, boot: Boot) -> None:
        self.boot = boot
        self._qmp = boot.scratch / "qmp.sock"
        self._probe = boot.scratch / "probe.sock"
        for old in (self._qmp, self._probe):
            old.unlink(missing_ok=True)
        self.plugged_in_s = time.monotonic()
        self._process = subprocess.Popen(
            self._words(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(boot.scratch / "qemu.log").open("ab"),
        )
        self._control = _Lines(self._qmp, self._process)
        self._control.take()  # its greeting
        self._ask("qmp_capabilities")
        self._inside = _Lines(self._probe, self._process)
        self._numbers = 0

    def _words(self) -> list[str]:
        boot = self.boot
        fast = ("-cpu", "host") if boot.accel == "kvm" else ("-cpu", "Nehalem")
        accel = "kvm" if boot.accel == "kvm" else "tcg,thread=multi"
        words = [
            QEMU,
            "-accel",
            accel,
            *fast,
            "-smp",
            "2",
            "-m",
            str(MEMORY_MB),
            "-no-reboot",
            "-display",
            "none",
        ]
        words += ["-nodefaults", "-device", f"virtio-vga,xres={WIDTH},yres={HEIGHT}"]
        words += ["-kernel", str(boot.kernel), "-initrd", str(boot.initrd), "-append", boot.command_line]
        words += ["-drive", f"file={boot.disk},format=raw,if=virtio,cache=writeback", "-monitor", "none"]
        words += ["-serial", f"file:{boot.scratch / 'serial.log'}"]
        words += ["-qmp", f"unix:{self._qmp},server=on,wait=off"]
        words += [
            "-device",
            "virtio-serial",
            "-chardev",
            f"socket,id=probe,path={self._probe},server=on,wait=off",
        ]
        words += ["-device", "virtserialport,chardev=probe,name=madoguchi.probe"]
        return [*words, *boot.devices]

    # --- inside ---

    def run(self, *command: str, within_s: float = ASK_S) -> tuple[int, str]:
        """As root, inside: exit code and what it said. OSError when the machine does not answer in time."""
        self._numbers += 1
        self._inside.give({"number": self._numbers, "command": command})
        deadline = time.monotonic() + within_s
        while True:
            answer = self._inside.take(deadline - time.monotonic())
            if answer.get("number") == self._numbers:
                return int(answer["code"]), str(answer["said"])

    def shell(self, script: str, within_s: float = ASK_S) -> str:
        return self.run("sh", "-c", script, within_s=within_s)[1].strip()

    def wait_for_probe(self, within_s: float) -> None:
        """It is up so far that it can be asked; words that were sent before are lost, so they are sent again."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                if self.run("true", within_s=3.0)[0] == 0:
                    return
        raise TimeoutError("nothing inside answers")

    def until(self, is_so: Callable[[], bool], words: str, within_s: float = ASK_S) -> float:
        """Wait for a condition; seconds since the plug went in. TimeoutError names it."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if is_so():
                return time.monotonic() - self.plugged_in_s
            time.sleep(0.5)
        raise TimeoutError(words)

    # --- outside ---

    def _ask(self, command: str, **arguments: Any) -> Any:
        self._control.give({"execute": command, "arguments": arguments})
        while True:
            answer = self._control.take()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise OSError(str(answer["error"]))

    def picture(self, path: Path) -> Path:
        """What the display shows, as a PNG."""
        self._ask("screendump", filename=str(path), format="png")
        return path

    def keys(self, *names: str) -> None:
        """These keys of a keyboard at once (QEMU's QKeyCode), pressed and let go."""
        self._ask("send-key", keys=[{"type": "qcode", "data": each} for each in names])

    def point(self, x: float, y: float, *, is_down: bool | None = None) -> None:
        """The pointer to a place of the display (0 to 1 each way); a button goes down or up there."""
        events: list[Pairs] = [
            {"type": "abs", "data": {"axis": axis, "value": round(at * 0x7FFF)}}
            for axis, at in (("x", x), ("y", y))
        ]
        if is_down is not None:
            events.append({"type": "btn", "data": {"button": "left", "down": is_down}})
        self._ask("input-send-event", events=events)

    def plug(self, driver: str, name: str, **facts: Any) -> None:
        self._ask("device_add", driver=driver, id=name, **facts)

    def unplug(self, name: str) -> None:
        self._ask("device_del", id=name)

    def medium(self, name: str, path: Path) -> None:
        """A file that a USB stick may hold."""
        self._ask(
            "blockdev-add",
            **{"node-name": name, "driver": "raw", "file": {"driver": "file", "filename": str(path)}},
        )

    def cable(self, name: str, *, is_in: bool) -> None:
        """A network cable."""
        self._ask("set_link", name=name, up=is_in)

    @property
    def is_on(self) -> bool:
        return self._process.poll() is None

    def cut(self) -> None:
        """The plug is pulled: nothing inside hears of it."""
        self._process.kill()
        self._process.wait(30)
        self._control.close()
        self._inside.close()


class _Lines:
    """JSON lines over a socket that QEMU listens on."""

    def __init__(self, path: Path, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 30
        self._socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self._socket.connect(os.fspath(path))
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self._left = b""

    def give(self, words: Pairs) -> None:
        self._socket.sendall(json.dumps(words).encode() + b"\n")

    def take(self, within_s: float = 60.0) -> dict[str, Any]:
        """The next line that is one; TimeoutError. A machine that starts writes noise on its port."""
        while True:
            line, found, rest = self._left.partition(b"\n")
            if found:
                self._left = rest
                with contextlib.suppress(ValueError):
                    answer = json.loads(line)
                    if isinstance(answer, dict):
                        return answer
                continue
            self._socket.settimeout(max(0.01, within_s))
            more = self._socket.recv(65536)
            if not more:
                raise ConnectionError("the machine is off")
            self._left += more

    def close(self) -> None:
        self._socket.close()


def usb_serial(name: str, port: int, serial: str) -> Sequence[str]:
    """A serial adapter (QEMU plays FTDI's) whose line ends at a TCP port of ours."""
    return (
        "-chardev",
        f"socket,id={name},host=127.0.0.1,port={port},server=off,reconnect=1",
        "-device",
        f"usb-serial,bus=usb.0,chardev={name},id=usb-{name},serial={serial}",
    )
