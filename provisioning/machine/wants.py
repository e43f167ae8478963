"""What a step can want of a machine. A want knows what differs, how to make it so, and how to take it back.

Every kind is idempotent: when nothing differs, nothing is done. What stood there before is kept in the `Memory`, so
that undo gives back the machine that was found.
"""

from __future__ import annotations

import grp
import hashlib
import json
import os
import pwd
import shutil
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from provisioning.machine.host import Host, SetupError

MEMORY = "/var/lib/madoguchi-install"


class Memory:
    """What each step changed, in order, on the machine itself: one JSON line a change, and the files of before."""

    def __init__(self, host: Host) -> None:
        self._folder = host.path(MEMORY)
        self._file = self._folder / "changes.jsonl"

    def changes(self) -> list[dict[str, Any]]:
        if not self._file.exists():
            return []
        return [json.loads(line) for line in self._file.read_text(encoding="utf-8").splitlines()]

    def note(self, step: str, kind: str, **facts: Any) -> None:
        """Written before the change is made: an interrupted run can be undone."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "kind": kind, **facts}, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def keep(self, path: Path) -> str:
        """Copy what stands there (a link as a link); the name of the copy, or `` when nothing stands there."""
        if not path.is_symlink() and not path.exists():
            return ""
        before = self._folder / "before"
        before.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = str(sum(1 for _ in before.iterdir()))
        shutil.copy2(path, before / name, follow_symlinks=False)
        status = path.lstat()
        os.chown(before / name, status.st_uid, status.st_gid, follow_symlinks=False)
        return name

    def kept(self, name: str) -> Path:
        return self._folder / "before" / name

    def forget(self, step: str) -> None:
        """The step is undone."""
        left = [each for each in self.changes() if each["step"] != step]
        text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in left)
        partial = self._file.with_suffix(".part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(self._file)


class Want(Protocol):
    def differs(self, host: Host) -> str:
        """In words, what is not as wanted; empty: all is."""

    def make(self, host: Host, memory: Memory, step: str) -> None:
        """Make it so; called only when it differs. SetupError: it cannot be done."""


def _owner_ids(host: Host, owner: str) -> tuple[int, int]:
    """uid and gid on that machine, which need not be those of ours."""
    user, _, group = owner.partition(":")
    if host.is_here:
        return pwd.getpwnam(user).pw_uid, grp.getgrnam(group or user).gr_gid

    def look(file: str, name: str) -> int:
        for line in host.path(file).read_text(encoding="utf-8").splitlines():
            fields = line.split(":")
            if fields[0] == name:
                return int(fields[2])
        raise SetupError(f"{file}: no {name} on that machine")

    return look("/etc/passwd", user), look("/etc/group", group or user)


@dataclass(frozen=True)
class TextFile:
    """A file with exactly this content, mode and owner."""

    path: str
    text: str
    mode: int = 0o644
    owner: str = "root:root"

    def differs(self, host: Host) -> str:
        path = host.path(self.path)
        if path.is_symlink() or not path.is_file():
            return f"{self.path}: is missing"
        if path.read_bytes() != self.text.encode():
            return f"{self.path}: has another content"
        status = path.stat()
        if stat.S_IMODE(status.st_mode) != self.mode:
            return f"{self.path}: has mode {stat.S_IMODE(status.st_mode):04o}, not {self.mode:04o}"
        try:
            if (status.st_uid, status.st_gid) != _owner_ids(host, self.owner):
                return f"{self.path}: belongs to somebody else than {self.owner}"
        except (KeyError, SetupError):
            return f"{self.path}: {self.owner} does not exist"
        return ""

    def make(self, host: Host, memory: Memory, step: str) -> None:
        path = host.path(self.path)
        _make_room(host, memory, step, self.path)
        partial = path.with_name(path.name + ".part")
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        os.chown(partial, *_owner_ids(host, self.owner))
        partial.write_text(self.text, encoding="utf-8")
        partial.chmod(self.mode)
        partial.replace(path)


@dataclass(frozen=True)
class Accepted:
    """Files that go in together, and only when this command, run on the machine over copies of them, accepts them."""

    files: tuple[TextFile, ...]
    command: tuple[str, ...]
    """Each `{N}` becomes the path of the Nth file's copy."""

    def differs(self, host: Host) -> str:
        return next((words for file in self.files if (words := file.differs(host))), "")

    def make(self, host: Host, memory: Memory, step: str) -> None:
        folder = "/run/madoguchi-new"
        host.path(folder).mkdir(mode=0o755, parents=True, exist_ok=True)
        try:
            copies = [f"{folder}/{at}-{Path(file.path).name}" for at, file in enumerate(self.files)]
            for copy, file in zip(copies, self.files, strict=True):
                host.path(copy).write_text(file.text, encoding="utf-8")
            host.run(*(part.format(*copies) for part in self.command))
        finally:
            shutil.rmtree(host.path(folder))
        for file in self.files:
            if file.differs(host):
                file.make(host, memory, step)


@dataclass(frozen=True)
class Folder:
    path: str
    mode: int = 0o755
    owner: str = "root:root"

    def differs(self, host: Host) -> str:
        path = host.path(self.path)
        if not path.is_dir():
            return f"{self.path}: is missing"
        status = path.stat()
        right = (self.mode, *_owner_ids(host, self.owner))
        if (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) != right:
            return f"{self.path}: has another mode or owner than {self.mode:04o} {self.owner}"
        return ""

    def make(self, host: Host, memory: Memory, step: str) -> None:
        path = host.path(self.path)
        if not path.exists():
            memory.note(step, "folder", path=self.path)
            path.mkdir(parents=True)
        os.chown(path, *_owner_ids(host, self.owner))
        path.chmod(self.mode)


@dataclass(frozen=True)
class Link:
    """A symbolic link: a unit that is masked, a default that is chosen."""

    path: str
    target: str

    def differs(self, host: Host) -> str:
        path = host.path(self.path)
        if not path.is_symlink():
            return f"{self.path}: is no link to {self.target}"
        return "" if os.readlink(path) == self.target else f"{self.path}: leads to another place"

    def make(self, host: Host, memory: Memory, step: str) -> None:
        path = host.path(self.path)
        _make_room(host, memory, step, self.path)
        path.unlink(missing_ok=True)
        path.symlink_to(self.target)


@dataclass(frozen=True)
class FirstLink(Link):
    """A link that is made once; where it leads afterwards is the machine's own matter."""

    def differs(self, host: Host) -> str:
        return "" if host.path(self.path).is_symlink() else f"{self.path}: is missing"


@dataclass(frozen=True)
class Packages:
    """Debian packages, from the network that apt knows or from the medium."""

    names: tuple[str, ...]

    def missing(self, host: Host) -> list[str]:
        form = "--showformat=${db:Status-Status} ${Package}\\n"
        listed = host.run("dpkg-query", "--show", form).splitlines()
        there = {line.split()[1] for line in listed if line.startswith("installed ")}
        return sorted(set(self.names) - there)

    def differs(self, host: Host) -> str:
        missing = self.missing(host)
        return f"packages are missing: {' '.join(missing)}" if missing else ""

    def make(self, host: Host, memory: Memory, step: str) -> None:
        missing = self.missing(host)
        before = set(host.run("dpkg-query", "--show", "--showformat=${Package}\\n").split())
        memory.note(step, "packages", names=missing)
        with host.archive() as where, host.no_services():
            host.run("apt-get", *where, "update", "-q")
            host.run("apt-get", *where, "install", "-q", "-y", "--no-install-recommends", *missing)
        after = set(host.run("dpkg-query", "--show", "--showformat=${Package}\\n").split())
        memory.note(step, "packages", names=sorted(after - before - set(missing)))


@dataclass(frozen=True)
class Users:
    """The users and groups of a sysusers.d file; none of them can log in."""

    path: str

    def _names(self, host: Host) -> list[str]:
        text = host.path(self.path).read_text(encoding="utf-8") if host.path(self.path).exists() else ""
        return [line.split()[1] for line in text.splitlines() if line.startswith("u ")]

    def differs(self, host: Host) -> str:
        known = {line.split(":")[0] for line in host.path("/etc/passwd").read_text("utf-8").splitlines()}
        names = self._names(host)
        missing = [name for name in names if name not in known]
        if not names:
            return f"{self.path}: is missing"
        return f"users are missing: {' '.join(missing)}" if missing else ""

    def make(self, host: Host, memory: Memory, step: str) -> None:
        del memory, step  # a user that owned files is never taken away again
        host.run("systemd-sysusers", self.path)


@dataclass(frozen=True)
class NoPassword:
    """Nobody logs in with a password as this user: the account is locked."""

    user: str

    def differs(self, host: Host) -> str:
        for line in host.path("/etc/shadow").read_text(encoding="utf-8").splitlines():
            name, secret = line.split(":")[:2]
            if name == self.user:
                return "" if secret.startswith(("!", "*")) else f"{self.user}: has a password"
        return ""

    def make(self, host: Host, memory: Memory, step: str) -> None:
        memory.note(step, "locked", user=self.user)
        host.run("passwd", "--quiet", "--lock", self.user)


def is_enabled(host: Host, unit: str) -> bool:
    return host.is_good("systemctl", "--quiet", "--root=/", "is-enabled", unit)


@dataclass(frozen=True)
class Enabled:
    """Units that start with the machine."""

    units: tuple[str, ...]

    def _off(self, host: Host) -> list[str]:
        return [unit for unit in self.units if not is_enabled(host, unit)]

    def differs(self, host: Host) -> str:
        off = self._off(host)
        return f"not enabled: {' '.join(off)}" if off else ""

    def make(self, host: Host, memory: Memory, step: str) -> None:
        off = self._off(host)
        memory.note(step, "enabled", units=off)
        host.run("systemctl", "--quiet", "--root=/", "enable", *off)


@dataclass(frozen=True)
class Derived:
    """A file that a command of the machine makes from another one, made again when that one is newer."""

    path: str
    source: str
    command: tuple[str, ...]

    def differs(self, host: Host) -> str:
        path, source = host.path(self.path), host.path(self.source)
        if not path.is_file():
            return f"{self.path}: is missing"
        if source.is_file() and source.stat().st_mtime > path.stat().st_mtime:
            return f"{self.path}: is older than {self.source}"
        return ""

    def make(self, host: Host, memory: Memory, step: str) -> None:
        del memory, step  # it is worth nothing without its source, whose removal is noted
        host.run(*self.command)


@dataclass(frozen=True)
class Initramfs:
    """What the kernel starts from holds this file as it is now; where there is no kernel, nothing is to do."""

    source: str

    def _images(self, host: Host) -> list[Path]:
        if not host.path("/usr/sbin/update-initramfs").exists():
            return []
        return sorted(host.path("/boot").glob("initrd.img-*"))

    def differs(self, host: Host) -> str:
        source = host.path(self.source)
        if not source.is_file():
            return ""
        old = [each.name for each in self._images(host) if each.stat().st_mtime < source.stat().st_mtime]
        return f"/boot: {', '.join(old)} is older than {self.source}" if old else ""

    def make(self, host: Host, memory: Memory, step: str) -> None:
        del memory, step
        host.run("update-initramfs", "-u", "-k", "all")


@dataclass(frozen=True)
class Madoguchi:
    """The appliance's Python environment, made of wheels only, each by its hash; again when the wheels changed."""

    venv: str = "/opt/madoguchi/venv"
    is_whole: bool = False
    """With simulators and server, for a training machine; else the appliance's."""

    def _wanted(self, host: Host) -> str:
        wheel = self._own_wheel(host)
        return f"{wheel.name} {hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"

    def _own_wheel(self, host: Host) -> Path:
        folder = (host.medium or host.checkout / "build" / "medium") / "wheels"
        found = sorted(folder.glob("madoguchi-*.whl"))
        if len(found) != 1:
            raise SetupError(f"{folder}: one wheel of madoguchi is expected there (make medium)")
        if self.is_whole and not _has_simulators(found[0]):
            raise SetupError(f"{folder}: a machine for classes wants the whole (make medium ARGS=--demo)")
        return found[0]

    def differs(self, host: Host) -> str:
        made = host.path(f"{self.venv}/.installed")
        if not made.is_file():
            return f"{self.venv}: is missing"
        return "" if made.read_text("utf-8") == self._wanted(host) else f"{self.venv}: is of another version"

    def make(self, host: Host, memory: Memory, step: str) -> None:
        wheels = self._own_wheel(host).parent
        memory.note(step, "tree", path=self.venv)
        inside = "/run/madoguchi-wheels"
        copy = host.path(inside)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(wheels, copy)
        try:
            shutil.rmtree(host.path(self.venv), ignore_errors=True)
            host.run("/usr/bin/python3", "-m", "venv", self.venv)
            pip = [f"{self.venv}/bin/python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
            pip += ["--disable-pip-version-check", "--root-user-action=ignore", "--require-hashes"]
            host.run(*pip, "--find-links", inside, "-r", f"{inside}/wheels.lock")
        finally:
            shutil.rmtree(copy, ignore_errors=True)
        host.path(f"{self.venv}/.installed").write_text(self._wanted(host), encoding="utf-8")


def _has_simulators(wheel: Path) -> bool:
    with zipfile.ZipFile(wheel) as file:
        return "drivers/simpanel/up.py" in file.namelist()


def _make_room(host: Host, memory: Memory, step: str, name: str) -> None:
    """Before something is laid at this path: what stood there is kept and noted, and its folder is there."""
    path = host.path(name)
    memory.note(step, "file", path=name, before=memory.keep(path), folder=_made_folder(path, host))
    path.parent.mkdir(parents=True, exist_ok=True)


def _made_folder(path: Path, host: Host) -> str:
    """The topmost folder that will be made for this file, as the machine names it; `` when all are there."""
    made = ""
    for folder in path.parents:
        if folder.exists():
            break
        made = "/" + str(folder.relative_to(host.root))
    return made


def undo(host: Host, memory: Memory, step: str) -> list[str]:
    """Take back what this step changed, last change first; what was done, in words."""
    done = []
    for change in reversed([each for each in memory.changes() if each["step"] == step]):
        done.append(_UNDO[change["kind"]](host, memory, change))
    memory.forget(step)
    return [each for each in done if each]


def _undo_file(host: Host, memory: Memory, change: dict[str, Any]) -> str:
    path = host.path(change["path"])
    path.unlink(missing_ok=True)
    if change["before"]:
        kept = memory.kept(change["before"])
        shutil.copy2(kept, path, follow_symlinks=False)
        status = kept.lstat()
        os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)
        return f"{change['path']}: as before"
    folder = path.parent
    while change["folder"] and folder.is_relative_to(host.path(change["folder"])):
        if not folder.is_dir() or any(folder.iterdir()):
            break
        folder.rmdir()
        folder = folder.parent
    return f"{change['path']}: removed"


def _undo_folder(host: Host, memory: Memory, change: dict[str, Any]) -> str:
    del memory
    path = host.path(change["path"])
    if path.is_dir() and not any(path.iterdir()):
        path.rmdir()
        return f"{change['path']}: removed"
    return f"{change['path']}: stays, it is not empty"


def _undo_tree(host: Host, memory: Memory, change: dict[str, Any]) -> str:
    del memory
    shutil.rmtree(host.path(change["path"]), ignore_errors=True)
    return f"{change['path']}: removed"


def _undo_packages(host: Host, memory: Memory, change: dict[str, Any]) -> str:
    del memory
    names: Sequence[str] = change["names"]
    there = set(names) - set(Packages(tuple(names)).missing(host))
    if not there:
        return ""
    with host.no_services():
        host.run("apt-get", "remove", "-q", "-y", "--purge", *sorted(there))
    return f"packages removed: {' '.join(sorted(there))}"


def _undo_enabled(host: Host, memory: Memory, change: dict[str, Any]) -> str:
    del memory
    done = [
        unit for unit in change["units"] if host.is_good("systemctl", "--quiet", "--root=/", "disable", unit)
    ]
    return f"not enabled any more: {' '.join(done)}" if done else ""


def _undo_locked(host: Host, memory: Memory, change: dict[str, Any]) -> str:
    del memory
    if host.is_good("passwd", "--quiet", "--unlock", change["user"]):
        return f"{change['user']}: unlocked"
    return f"{change['user']}: stays locked, it has no password"


def _undo_gone(host: Host, memory: Memory, change: dict[str, Any]) -> str:
    del host, memory
    return f"{change['what']}: stays away"


def _undo_disabled(host: Host, memory: Memory, change: dict[str, Any]) -> str:
    del memory
    done = [
        unit for unit in change["units"] if host.is_good("systemctl", "--quiet", "--root=/", "enable", unit)
    ]
    return f"enabled again: {' '.join(done)}" if done else ""


_UNDO = {
    "gone": _undo_gone,
    "disabled": _undo_disabled,
    "file": _undo_file,
    "folder": _undo_folder,
    "tree": _undo_tree,
    "packages": _undo_packages,
    "enabled": _undo_enabled,
    "locked": _undo_locked,
}
