"""Where configurations lie, and which one is in force. Exchanged by one rename(2).

/etc/madoguchi/versions/0/     what the machine's profile installed (provisioning/install, step 35)
/etc/madoguchi/versions/N/     a bundle that was accepted
/etc/madoguchi/active          -> versions/N
/etc/madoguchi/machine.toml    -> active/machine.toml      (what every command names; the same for the town's)
/etc/madoguchi/on-trial        while a new version has not come ready yet: the version before it
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kiosk import durable
from kiosk.bundles.sealed import ALL, MACHINE, NAMES, TOWN, Bundle
from kiosk.config import Config, load
from kiosk.errors import ConfigError
from kiosk.messages import Message, say
from kiosk.production import findings

KEPT = 3
"""Versions that stay beside the one in force and the profile's own."""


class Manager(Protocol):
    """Who starts the core."""

    def is_idle(self) -> bool:
        """No visit, no money, no staff at the cash."""

    def restart(self) -> bool:
        """Start the core again; whether it came ready."""

    def is_ready(self) -> bool:
        """Whether the core is ready now (at boot)."""


class Shelf:
    def __init__(self, root: Path, judge: Callable[[Config], tuple[str, ...]] = findings) -> None:
        self._root = root
        self._judge = judge

    @property
    def active(self) -> int:
        """The version in force. ConfigError: this machine's configuration is no shelf."""
        try:
            return int(Path(os.readlink(self._root / "active")).name)
        except (OSError, ValueError):
            raise ConfigError(f"{self._root}: no active version (provisioning/install --step 35)") from None

    @property
    def on_trial(self) -> int | None:
        """The version to go back to, while a new one has not come ready."""
        try:
            return int((self._root / "on-trial").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def versions(self) -> list[int]:
        found = (self._root / "versions").iterdir()
        return sorted(int(each.name) for each in found if each.name.isdigit())

    def files(self, version: int | None = None) -> list[Path]:
        folder = self._root / "versions" / str(self.active if version is None else version)
        return [folder / name for name in NAMES]

    def accept(self, bundle: Bundle) -> int:
        """Lay it on the shelf, not yet in force. ConfigError: older, of another machine, or a value is refused."""
        before = load(self.files())
        if bundle.kiosk not in (ALL, before.machine.kiosk):
            raise ConfigError(f"bundle: for {bundle.kiosk}, and this is {before.machine.kiosk}")
        if bundle.version <= max(self.versions()):
            raise ConfigError(f"bundle: version {bundle.version} is not newer than {max(self.versions())}")
        part = self._root / "versions" / ".part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o755)
        machine = bundle.files.get(MACHINE) or self.files()[0].read_text(encoding="utf-8")
        for name, text in ((MACHINE, machine), (TOWN, bundle.files[TOWN])):
            durable.write(part / name, text.encode())
        try:
            made = load([part / name for name in NAMES])
            if made.machine.kiosk != before.machine.kiosk:
                raise ConfigError("machine.kiosk: a bundle gives a machine no other name")
            if refused := self._judge(made):
                raise ConfigError(refused[0])
        except ConfigError as error:
            shutil.rmtree(part)
            raise ConfigError(str(error).replace(f"{part}/", "")) from None
        part.rename(self._root / "versions" / str(bundle.version))
        durable.sync(self._root / "versions")
        return bundle.version

    def put_in_force(self, version: int, manager: Manager) -> bool:
        """Exchange, start the core again, and take it back when it does not come ready; whether it did."""
        before = self.active
        if version == before:
            return True
        durable.write(self._root / "on-trial", f"{before}\n".encode())
        self._point(version)
        if manager.restart():
            self._settled(version)
            return True
        self._roll_back(before, version)
        manager.restart()
        return False

    def settle(self, manager: Manager) -> None:
        """After a start: was the power cut while a version was on trial? Then it stays only if the core is ready."""
        before = self.on_trial
        if before is None:
            return
        version = self.active
        if manager.is_ready():
            self._settled(version)
        elif before != version:
            self._roll_back(before, version)
            manager.restart()

    def _settled(self, version: int) -> None:
        (self._root / "on-trial").unlink(missing_ok=True)
        say(Message.BUNDLE_APPLIED, version=version)
        for old in [each for each in self.versions() if 0 < each < version][:-KEPT]:
            shutil.rmtree(self._root / "versions" / str(old))

    def _roll_back(self, before: int, version: int) -> None:
        self._point(before)
        (self._root / "on-trial").unlink(missing_ok=True)
        say(Message.BUNDLE_ROLLED_BACK, version=version, before=before)

    def _point(self, version: int) -> None:
        durable.link(self._root / "active", f"versions/{version}")
