"""What this machine is made of, as the kernel tells it: written down at each boot when it changed.

A device that was exchanged, a disk that is another, a network card that appeared: seen afterwards, by date. No serial
number of a person's thing can be here: what is listed is what is built in or plugged in while nobody is served.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from kiosk import durable

KEPT = 200
"""Changes that are remembered."""


def take(root: Path = Path("/")) -> dict[str, Any]:
    """Everything that stays the same from boot to boot."""
    system = root / "sys"
    return {
        "machine": _texts(
            system / "class/dmi/id", ("sys_vendor", "product_name", "product_serial", "bios_version")
        ),
        "system": _release(root / "etc/os-release"),
        "kernel": os.uname().release,
        "processor": _processor(root / "proc/cpuinfo"),
        "memory_mib": _memory(root / "proc/meminfo"),
        "disks": [
            _texts(each, ("size", "device/model")) | {"name": each.name}
            for each in _sorted(system / "class/block")
            if (each / "device").exists() and not (each / "partition").exists()
        ],
        "networks": [
            {"name": each.name, "mac": _text(each / "address")}
            for each in _sorted(system / "class/net")
            if (each / "device").exists()
        ],
        "usb": [
            _texts(each, ("idVendor", "idProduct", "product", "serial")) | {"port": each.name}
            for each in _sorted(system / "bus/usb/devices")
            if (each / "idVendor").exists()
        ],
        "names": [each.name for each in _sorted(root / "dev/kiosk")],
    }


def digest(inventory: dict[str, Any]) -> str:
    """The same machine has the same one."""
    text = json.dumps(inventory, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def keep(inventory: dict[str, Any], folder: Path, now: datetime) -> bool:
    """Add it to the record of this machine when it is not what the last boot found; whether it changed."""
    path = folder / "inventory.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    known = digest(inventory)
    if lines and json.loads(lines[-1])["digest"] == known:
        return False
    entry = {"at": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "digest": known, "inventory": inventory}
    lines = [*lines[-KEPT + 1 :], json.dumps(entry, ensure_ascii=False)]
    durable.write(path, "".join(f"{line}\n" for line in lines).encode("utf-8"))
    return len(lines) > 1


def _sorted(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()[:80]
    except OSError:
        return ""


def _texts(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    return {name.rpartition("/")[2]: _text(folder / name) for name in names}


def _release(path: Path) -> str:
    for line in _lines(path):
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return ""


def _processor(path: Path) -> str:
    names = [line.partition(":")[2].strip() for line in _lines(path) if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else ""


def _memory(path: Path) -> int:
    for line in _lines(path):
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) // 1024
    return 0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
