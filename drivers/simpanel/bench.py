"""The bench of one run: its own network, mounts and processes, so that two runs never meet and end whole.

Never a user namespace: every peer would be uid 65534, and roles would go untested.
"""

from __future__ import annotations

import grp
import os
import pwd
import secrets
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from drivers.simpanel import places
from kiosk.errors import ConfigError

USERS = (
    "kiosk-core",
    "kiosk-card",
    "kiosk-ui",
    "kiosk-assist",
    "kiosk-vision",
    "kiosk-voice",
    "kiosk-read",
    "kiosk-issuance",
    "kiosk-sim",
)
SYSUSERS = "systemd/sysusers.d/madoguchi.conf"
TMPFILES = "systemd/tmpfiles.d/madoguchi.conf"

OWNERS = {
    "core": "kiosk-core",
    "camera": "kiosk-sim",
    "card": "kiosk-sim",
    "staffcard": "kiosk-sim",
    "cctalk": "kiosk-sim",
    "changer": "kiosk-sim",
    "escpos": "kiosk-sim",
    "gateway": "kiosk-sim",
    "id003": "kiosk-sim",
    "ipp": "kiosk-sim",
    "ipp2": "kiosk-sim",
    "issuance": "kiosk-issuance",
    "lamp": "kiosk-sim",
    "modbus": "kiosk-sim",
    "terminal": "kiosk-sim",
    "webhook": "kiosk-sim",
    "voice": "kiosk-voice",
    "read": "kiosk-read",
}
"""Folders of a run's state, and whose they are."""

_PRIVATE_MOUNTS = ("/run", "/tmp")  # noqa: S108  # each run gets its own of both


def run(*argv: str, pass_fds: tuple[int, ...] = ()) -> None:
    """A system tool of preparation; ConfigError with its own words when it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, pass_fds=pass_fds)
    if done.returncode:
        raise ConfigError(f"{argv[0]} failed: {(done.stderr or done.stdout).strip()}")


def make_users() -> None:
    """The users of all processes, from the file that an appliance installs. Safe to repeat."""
    try:
        for name in USERS:
            pwd.getpwnam(name)
    except KeyError:
        run("systemd-sysusers", str(places.project_file(SYSUSERS)))


def enter(argv: list[str]) -> NoReturn:
    """Become the same command as process 1 of fresh namespaces: what it starts dies with it."""
    inside = [sys.executable, "-P", "-m", "drivers.simpanel.cli", *argv, "--inside"]
    environment = {**os.environ, "PYTHONPATH": str(places.code_root())}
    unshare = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--")
    os.execvpe("unshare", [*unshare, *inside], environment)  # noqa: S606  # no shell is wanted


class Outside:
    """Things of the outside that a run needs inside; taken hold of before its own mounts hide them."""

    def __init__(self, out: Path, display: str | None, configured: Sequence[str] = ()) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._binds = {places.OUT: os.open(out, os.O_PATH)}
        for path in (places.code_root(), Path(sys.prefix).resolve()):
            if any(path.is_relative_to(mount) for mount in _PRIVATE_MOUNTS):
                self._binds[path] = os.open(path, os.O_PATH)
        self.cookies = b""
        if display:
            socket_path = _display_socket(display)
            self._binds[socket_path] = os.open(socket_path, os.O_PATH)
            cookies = Path(os.environ.get("XAUTHORITY") or Path.home() / ".Xauthority")
            self.cookies = cookies.read_bytes() if cookies.is_file() else b""
        self.configured = {Path(name).name: Path(name).read_text(encoding="utf-8") for name in configured}
        self.tmpfiles = places.project_file(TMPFILES).read_text()

    def bring_inside(self) -> None:
        """Mount fresh /run and /tmp, and put what was held back at its place."""
        run("ip", "link", "set", "lo", "up")
        for mount, mode in (("/run", "0755"), ("/tmp", "1777")):  # noqa: S108
            run("mount", "-t", "tmpfs", "-o", f"mode={mode},nosuid,nodev", "tmpfs", mount)
        _own_terminals()
        x11 = Path("/tmp/.X11-unix")  # noqa: S108
        x11.mkdir()
        x11.chmod(0o1777)
        for path, descriptor in self._binds.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            source = f"/proc/self/fd/{descriptor}"
            if Path(source).is_dir():
                path.mkdir(exist_ok=True)
            else:
                path.touch()
            # not canonicalised: the descriptor's own path is hidden by now
            run("mount", "--no-canonicalize", "--bind", source, str(path), pass_fds=(descriptor,))
            os.close(descriptor)
        _lay_out()
        make_runtime_folders(self.tmpfiles)


def _own_terminals() -> None:
    """Ptys of this run alone: a simulator's freed number would else be given to another run's, and a core would
    find a stranger's device at the end of its line. /dev/ptmx finds the instance that is mounted beside it.
    """
    options = f"newinstance,ptmxmode=0666,mode=0620,gid={grp.getgrnam('tty').gr_gid}"
    run("mount", "-t", "devpts", "-o", options, "devpts", "/dev/pts")


def _display_socket(display: str) -> Path:
    host, _, number = display.partition(":")
    path = Path("/tmp/.X11-unix") / f"X{number.partition('.')[0]}"  # noqa: S108
    if host not in {"", "unix"} or not path.exists():
        raise ConfigError(
            f"display {display} is not on this machine: log in at its screen, or use --display none"
        )
    return path


def own(path: Path, user: str, mode: int, group: str | None = None) -> None:
    """Give a file or folder its owner and mode."""
    os.chown(path, pwd.getpwnam(user).pw_uid, grp.getgrnam(group or user).gr_gid)
    path.chmod(mode)


def hand_over(source: Path, target: Path, user: str) -> None:
    """Copy a file from one user's folder to another's: readable by that user alone."""
    target.parent.mkdir(exist_ok=True)
    own(target.parent, user, 0o755 if target.parent.is_relative_to(places.BENCH) else 0o700)
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    target.write_bytes(source.read_bytes())
    own(target, user, 0o400)


def _lay_out() -> None:
    places.OUT.chmod(0o755)
    for folder in (places.LOGS, places.STATE, places.BENCH):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    for name, user in OWNERS.items():
        state = places.STATE / name
        state.mkdir(exist_ok=True)
        own(state, user, 0o700)
        sockets = places.BENCH / name
        sockets.mkdir()
        own(sockets, user, 0o755)
    for name, user in (("screen", "kiosk-ui"), ("assist", "kiosk-assist")):
        for folder, mode in ((places.BENCH / name, 0o750), (Path("/run") / user, 0o700)):
            folder.mkdir()
            own(folder, user, mode)


def make_runtime_folders(tmpfiles: str) -> None:
    """/run/kiosk as a boot leaves it: fresh, with the modes that an appliance has."""
    shutil.rmtree(places.KIOSK, ignore_errors=True)
    rules = places.BENCH / "tmpfiles.conf"
    rules.write_text("\n".join(line for line in tmpfiles.splitlines() if "/var/" not in line) + "\n")
    run("systemd-tmpfiles", "--create", str(rules))


def write_cookie(path: Path, cookie: bytes, user: str, group: str, mode: int) -> None:
    """An X authority file (Xauth(7), libXau): one cookie, for any host and any display number."""
    any_family = 0xFFFF
    fields = (b"", b"", b"MIT-MAGIC-COOKIE-1", cookie)
    data = struct.pack(">H", any_family) + b"".join(struct.pack(">H", len(each)) + each for each in fields)
    path.touch(mode=0o600)
    path.write_bytes(data)
    own(path, user, mode, group)


def new_cookie() -> bytes:
    return secrets.token_bytes(16)
