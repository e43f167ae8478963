"""Where one run keeps its things: as the outside sees them, and as the processes inside see them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kiosk.errors import ConfigError

OUT = Path("/run/sim")
"""The run's folder (--out DIR) as processes inside see it: short, and open to every uid wherever DIR lies."""

STATE = OUT / "state"
"""What survives a power cut, one folder per owner."""

LOGS = OUT / "logs"
BENCH = Path("/run/bench")
"""Sockets, ports and cookies of this run: gone with it."""

KIOSK = Path("/run/kiosk")
"""Sockets of the kiosk itself, as tmpfiles.d lays them out."""

LAST = Path("/run/kiosk-sim/last")
"""Outside: a link to the folder of the run that was started last."""

CONTROL_NAME = "control.sock"


def code_root() -> Path:
    """The folder that holds our packages: site-packages, or a checkout."""
    return Path(__file__).resolve().parents[2]


def must_be_open(path: Path) -> None:
    """ConfigError when other users cannot read that folder: they would run what is installed, not this."""
    for folder in (path, *path.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            raise ConfigError(f"the processes run under users of their own, and {folder} is closed to them")


def project_file(relative: str) -> Path:
    """A file that is not in the wheel: from the checkout, the current folder or the system's place.

    ConfigError when there is none.
    """
    name = Path(relative).relative_to("systemd")
    for path in (code_root() / relative, Path.cwd() / relative, Path("/usr/lib") / name, Path("/etc") / name):
        if path.is_file():
            return path.resolve()
    raise ConfigError(
        f"{relative} is neither in the current folder nor installed: start this in the checkout"
    )


def running_folder(out: str | None) -> Path:
    """The folder of the run that is named, or of the last one; ConfigError when none runs."""
    folder = Path(out) if out else LAST
    if not (folder / CONTROL_NAME).exists():
        where = f"in {out}" if out else "on this machine"
        raise ConfigError(f"no kiosk runs {where}: start one with `kiosk-sim up`")
    return folder.resolve()


@contextmanager
def short_path(folder: Path, name: str) -> Iterator[str]:
    """A socket of a folder under a path that always fits: a Unix socket's path is at most 107 bytes."""
    descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)
