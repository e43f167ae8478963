"""Wants of what must not be: files, packages, units that a machine of another kind left; and the proof of it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from provisioning.machine.host import Host, SetupError
from provisioning.machine.wants import Memory, Packages, is_enabled


@dataclass(frozen=True)
class Gone:
    """Nothing matches these patterns. What does is taken away for good: no undo brings a key back."""

    patterns: tuple[str, ...]

    def _found(self, host: Host) -> list[Path]:
        return sorted({each for pattern in self.patterns for each in host.root.glob(pattern.lstrip("/"))})

    def differs(self, host: Host) -> str:
        found = [f"/{each.relative_to(host.root)}" for each in self._found(host)]
        return f"must not be there: {' '.join(found)}" if found else ""

    def make(self, host: Host, memory: Memory, step: str) -> None:
        for path in self._found(host):
            memory.note(step, "gone", what=f"/{path.relative_to(host.root)}")
            if path.is_dir() and not path.is_symlink():
                for each in path.rglob("*"):
                    _overwrite(each)
                shutil.rmtree(path)
            else:
                _overwrite(path)
                path.unlink()


def _overwrite(path: Path) -> None:
    """A key's bytes do not stay on the disk where the disk writes in place; a flash disk may keep them, and the key
    must be revoked all the same."""
    if path.suffix != ".key" or path.is_symlink() or not path.is_file():
        return
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True)
class Purged:
    """None of these Debian packages is installed."""

    names: tuple[str, ...]

    def _there(self, host: Host) -> list[str]:
        return sorted(set(self.names) - set(Packages(self.names).missing(host)))

    def differs(self, host: Host) -> str:
        there = self._there(host)
        return f"packages must not be there: {' '.join(there)}" if there else ""

    def make(self, host: Host, memory: Memory, step: str) -> None:
        there = self._there(host)
        memory.note(step, "gone", what=" ".join(there))
        with host.no_services():
            host.run("apt-get", "remove", "-q", "-y", "--purge", *there)


@dataclass(frozen=True)
class Disabled:
    """Units that do not start with the machine."""

    units: tuple[str, ...]

    def _on(self, host: Host) -> list[str]:
        return [each for each in self.units if is_enabled(host, each)]

    def differs(self, host: Host) -> str:
        on = self._on(host)
        return f"enabled: {' '.join(on)}" if on else ""

    def make(self, host: Host, memory: Memory, step: str) -> None:
        on = self._on(host)
        memory.note(step, "disabled", units=on)
        host.run("systemctl", "--quiet", "--root=/", "disable", *on)


@dataclass(frozen=True)
class Proven:
    """A command of the machine's says yes. There is nothing to make: what it names must be mended by a person."""

    command: tuple[str, ...]

    def differs(self, host: Host) -> str:
        if host.is_good(*self.command):
            return ""
        refused = [line for line in host.said(*self.command).splitlines() if line.startswith("REFUSED ")]
        return "; ".join(refused) or f"{Path(self.command[0]).name} does not say yes"

    def make(self, host: Host, memory: Memory, step: str) -> None:
        del memory, step
        raise SetupError(self.differs(host))
