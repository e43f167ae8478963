"""The files of an enrolment, changed so that a power cut leaves the old or the new, never half of both.

id-1/device.key, id-1/device.pem     one generation: a key (0600) and its certificate
current -> id-1                       the one in use; exchanged in one rename(2)
device.key -> current/device.key      what the configuration names; the same for device.pem
next -> id-2                          a generation that waits for its certificate, or to be taken
earlier/id-1.pem                      certificates of keys before: they verify old seals of the journal
server-ca.pem, manifest-key.pem       the server's
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kiosk import durable
from kiosk.config import Issuance
from kiosk.enrolment.keys import DeviceKey, make_key, open_key
from kiosk.errors import ConfigError


class Folder:
    """One machine's enrolment, where its configuration says."""

    def __init__(self, issuance: Issuance) -> None:
        if issuance.key.parent != issuance.certificate.parent:
            raise ConfigError("issuance.key: key and certificate are expected in one folder")
        self.path = issuance.key.parent
        self._place = issuance.key_in
        self._key, self._certificate = issuance.key.name, issuance.certificate.name
        self._ca, self._manifest_key = issuance.server_ca, issuance.manifest_key

    @property
    def is_enrolled(self) -> bool:
        return (self.path / self._certificate).is_file()

    @property
    def key(self) -> Path:
        return self.path / self._key

    @property
    def certificate(self) -> Path:
        return self.path / self._certificate

    @property
    def next_key(self) -> Path:
        return self.path / "next" / self._key

    def open_next(self) -> DeviceKey:
        """The key that waits; ConfigError: it cannot be used."""
        return open_key(self.next_key)

    @property
    def next_certificate(self) -> Path:
        return self.path / "next" / self._certificate

    @property
    def authority(self) -> str:
        """The town's TLS authority, which came with the profile: the only thing that is believed beforehand."""
        try:
            return self._ca.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            raise ConfigError(
                f"{self._ca}: the server's authority is missing (`server_ca` of the profile)"
            ) from None

    @property
    def has_next_key(self) -> bool:
        return self.next_key.is_file()

    def begin(self) -> None:
        """A key of the next generation, made once."""
        if self.has_next_key:
            return
        (self.path / "next").unlink(missing_ok=True)
        name = f"id-{1 + max((int(each.name[3:]) for each in self.path.glob('id-[0-9]*')), default=0)}"
        (self.path / name).mkdir(mode=0o700)
        try:
            make_key(self.path / name / self._key, self._place)
        except ConfigError:
            shutil.rmtree(self.path / name)
            raise
        self._link("next", name)

    def keep_certificate(self, pem: str) -> None:
        """What the server gave for the next key."""
        durable.write(self.next_certificate, pem.encode("ascii"))

    def keep_manifest_key(self, pem: str) -> None:
        durable.write(self._manifest_key, pem.encode("ascii"))

    def take(self) -> bool:
        """The next generation is the current one from now on; False when none is whole."""
        if not (self.next_key.is_file() and self.next_certificate.is_file()):
            return False
        name = os.readlink(self.path / "next")
        before = self._adopted()
        if before:
            earlier = self.path / "earlier"
            earlier.mkdir(mode=0o755, exist_ok=True)
            shutil.copyfile(self.path / before / self._certificate, earlier / f"{before}.pem")
        self._link("current", name)
        for file in (self._key, self._certificate):
            self._link(file, f"current/{file}")
        (self.path / "next").unlink()
        if before:
            destroy(self.path / before / self._key)
            shutil.rmtree(self.path / before)
        return True

    def _adopted(self) -> str:
        """The generation in use; files that were carried here become one first. Empty: there is none."""
        current = self.path / "current"
        if current.is_symlink():
            return os.readlink(current)
        if not self.is_enrolled:
            return ""
        (self.path / "id-0").mkdir(mode=0o700, exist_ok=True)
        for file in (self._key, self._certificate):
            shutil.copy2(self.path / file, self.path / "id-0" / file)
        self._link("current", "id-0")
        for file in (self._key, self._certificate):
            self._link(file, f"current/{file}")
        return "id-0"

    def _link(self, name: str, target: str) -> None:
        durable.link(self.path / name, target)


@contextmanager
def as_owner(folder: Path) -> Iterator[None]:
    """Root writes as the folder's owner, so that the core can read what was made."""
    status = folder.stat()
    if os.geteuid() != 0 or status.st_uid == 0:
        yield
        return
    os.setegid(status.st_gid)
    os.seteuid(status.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def destroy(path: Path) -> None:
    """Overwrite, then remove. On flash the old cells may live on until the disk reuses them: see docs/security.md."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
