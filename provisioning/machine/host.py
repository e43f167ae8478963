"""The machine that is set up: this one, or a folder with a Debian in it (an image, a test)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_INSIDE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
"""Commands of another Debian see its own processes only, and end with us."""
_DEBIAN = "/run/madoguchi-debian"
"""Where another Debian sees the medium's packages."""


class SetupError(Exception):
    """A step could not be done. The text is for the technician: what, and the tool's own words."""


@dataclass(frozen=True)
class Host:
    root: Path = Path("/")
    medium: Path | None = None
    """A folder with `wheels/` and `debian/` (docs/technician.md): nothing is asked of any network."""
    checkout: Path = field(default_factory=lambda: Path(__file__).resolve().parents[2])

    @property
    def is_here(self) -> bool:
        """Whether it is the running system: services can be asked, not only files."""
        return self.root == Path("/")

    def path(self, absolute: str) -> Path:
        """Where a path of the machine lies from here."""
        return self.root / absolute.lstrip("/")

    def run(self, *command: str) -> str:
        """Run on the machine; its output. SetupError when it fails."""
        done = self._run(command)
        if done.returncode:
            raise SetupError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def said(self, *command: str) -> str:
        """Whatever it says, however it ends: output, then errors."""
        done = self._run(command)
        return done.stdout + done.stderr

    def is_good(self, *command: str) -> bool:
        """Whether this command ends well on the machine."""
        return self._run(command).returncode == 0

    @contextmanager
    def archive(self) -> Iterator[tuple[str, ...]]:
        """apt's options for packages of the medium and of nothing else; none where the medium has none. Nothing of it
        stays on the machine, whose updates would else ask for the medium for ever."""
        debian = self._debian
        if debian is None:
            yield ()
            return
        place = str(debian) if self.is_here else _DEBIAN
        sources = self.path("/run/madoguchi.list")
        self.path(_DEBIAN).mkdir(parents=True, exist_ok=True)
        sources.write_text(f"deb [trusted=yes] file:{place} ./\n", encoding="utf-8")
        try:
            yield ("-oDir::Etc::SourceList=/run/madoguchi.list", "-oDir::Etc::SourceParts=-")
        finally:
            sources.unlink()
            self.path(_DEBIAN).rmdir()

    @property
    def _debian(self) -> Path | None:
        """The medium's Debian packages."""
        found = self.medium / "debian" if self.medium is not None else None
        return found if found is not None and found.is_dir() else None

    @contextmanager
    def no_services(self) -> Iterator[None]:
        """While packages come and go in a Debian that is not running, nothing of it is started or stopped."""
        policy = self.path("/usr/sbin/policy-rc.d")  # invoke-rc.d(8)
        if self.is_here or policy.exists():
            yield
            return
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        policy.chmod(0o755)
        try:
            yield
        finally:
            policy.unlink()

    def _entered(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """The command in that Debian, which sees the medium's packages while they are installed (`archive`)."""
        inside = ("chroot", str(self.root), *command)
        place = self.path(_DEBIAN)
        if self._debian is None or not place.is_dir():
            return inside
        return (
            "sh",
            "-c",
            'mount --bind "$0" "$1" && shift && exec "$@"',
            str(self._debian),
            str(place),
            *inside,
        )

    def _run(self, command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        argv = (
            command if self.is_here else (*_INSIDE, f"--mount-proc={self.root}/proc", *self._entered(command))
        )
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        for name in ("http_proxy", "https_proxy"):
            if name in os.environ:
                environment[name] = os.environ[name]
        try:
            return subprocess.run(
                argv, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, check=False
            )
        except OSError as error:
            return subprocess.CompletedProcess(argv, 127, "", f"errno {error.errno}")
