"""Each kind of want, in a folder that stands for a machine: looked at, made, made again, undone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provisioning.machine.host import Host, SetupError
from provisioning.machine.wants import (
    Accepted,
    Derived,
    FirstLink,
    Folder,
    Initramfs,
    Link,
    Memory,
    NoPassword,
    TextFile,
    Users,
    Want,
    undo,
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners are set: needs root")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nkeeper:x:1234:1234::/:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\nkeeper:x:1234:\nlp:x:7:\n")
    (tmp_path / "etc/shadow").write_text("root:$6$salt$hash:1::::::\nkeeper:!:1::::::\n")
    return Host(tmp_path)


def everything(host: Host) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in sorted(host.root.rglob("*")):
        name = str(path.relative_to(host.root))
        if name.startswith("var"):
            continue
        status = path.lstat()
        kept = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[name] = (status.st_mode, status.st_uid, status.st_gid, kept)
    return found


WANTS = [
    TextFile("/etc/new/deep/file", "what\n", 0o640, "keeper:lp"),
    TextFile("/etc/there", "ours\n"),
    Folder("/etc/folder", 0o2750, "keeper"),
    Link("/etc/localtime", "/usr/share/zoneinfo/Asia/Tokyo"),
    Link("/etc/there", "/dev/null"),
]


@pytest.mark.parametrize("want", WANTS, ids=repr)
def test_a_want_is_made_once_and_taken_back_whole(host: Host, want: Want) -> None:
    (host.root / "etc/there").write_text("theirs\n")
    (host.root / "etc/there").chmod(0o600)
    os.chown(host.root / "etc/there", 1234, 1234)
    before = everything(host)
    memory = Memory(host)
    assert want.differs(host)
    want.make(host, memory, "step")
    assert want.differs(host) == ""
    assert everything(host) != before
    assert undo(host, memory, "step")
    assert everything(host) == before
    assert memory.changes() == []
    assert want.differs(host)


def test_another_owner_or_mode_is_a_difference(host: Host) -> None:
    want = TextFile("/etc/file", "x", 0o600, "keeper:keeper")
    want.make(host, Memory(host), "step")
    path = host.path("/etc/file")
    path.chmod(0o644)
    assert "mode 0644, not 0600" in want.differs(host)
    path.chmod(0o600)
    os.chown(path, 0, 0)
    assert "keeper:keeper" in want.differs(host)
    os.chown(path, 1234, 1234)
    assert want.differs(host) == ""


def test_two_changes_of_one_file_are_undone_to_the_first(host: Host) -> None:
    memory = Memory(host)
    for text in ("one\n", "two\n"):
        TextFile("/etc/file", text).make(host, memory, "step")
    TextFile("/etc/other", "stays\n").make(host, memory, "another")
    undo(host, memory, "step")
    assert not host.path("/etc/file").exists()
    assert host.path("/etc/other").read_text() == "stays\n"


def test_what_is_not_accepted_is_not_installed(host: Host, tmp_path: Path) -> None:
    files = (TextFile("/etc/a.toml", "good\n"), TextFile("/etc/b.toml", "bad\n"))

    class Says(Host):
        def run(self, *command: str) -> str:
            texts = [self.path(each).read_text() for each in command[1:]]
            if "bad\n" in texts:
                raise SetupError("check: b.toml:1: refused")
            return ""

    says = Says(host.root)
    (host.root / "run").mkdir()
    with pytest.raises(SetupError, match="refused"):
        Accepted(files, ("check", "{0}", "{1}")).make(says, Memory(host), "step")
    assert not host.path("/etc/a.toml").exists()
    assert list((host.root / "run").iterdir()) == []
    good = Accepted((files[0],), ("check", "{0}"))
    good.make(says, Memory(host), "step")
    assert good.differs(host) == ""


def test_a_password_is_noticed(host: Host) -> None:
    assert NoPassword("root").differs(host) == "root: has a password"
    assert NoPassword("keeper").differs(host) == ""


def test_missing_users_are_named(host: Host) -> None:
    host.path("/etc/users.conf").write_text('u keeper - "x" / -\nu kiosk-core - "y" / -\ng kiosk-view -\n')
    assert Users("/etc/users.conf").differs(host) == "users are missing: kiosk-core"
    assert Users("/etc/none.conf").differs(host) == "/etc/none.conf: is missing"


def test_what_is_derived_is_made_again_when_its_source_is_newer(host: Host) -> None:
    source, product = host.path("/etc/source"), host.path("/etc/product")
    source.write_text("one")

    class Makes(Host):
        def run(self, *command: str) -> str:
            assert command == ("make-it",)
            self.path("/etc/product").write_text(self.path("/etc/source").read_text())
            return ""

    makes = Makes(host.root)
    want = Derived("/etc/product", "/etc/source", ("make-it",))
    assert "missing" in want.differs(makes)
    want.make(makes, Memory(host), "step")
    assert want.differs(makes) == ""
    os.utime(source, (product.stat().st_mtime + 5,) * 2)
    assert "older" in want.differs(makes)


def test_a_first_link_may_lead_elsewhere_afterwards(host: Host) -> None:
    want = FirstLink("/etc/active", "versions/0")
    want.make(host, Memory(host), "step")
    assert os.readlink(host.path("/etc/active")) == "versions/0"
    host.path("/etc/active").unlink()
    host.path("/etc/active").symlink_to("versions/7")
    assert want.differs(host) == ""


def test_an_initramfs_is_made_anew_only_where_there_is_a_kernel(host: Host) -> None:
    want = Initramfs("/etc/source")
    host.path("/etc/source").write_text("x")
    assert want.differs(host) == ""
    for path in ("/usr/sbin/update-initramfs", "/boot/initrd.img-6.1"):
        host.path(path).parent.mkdir(parents=True, exist_ok=True)
        host.path(path).touch()
    assert want.differs(host) == ""
    os.utime(host.path("/boot/initrd.img-6.1"), (1, 1))
    assert want.differs(host) == "/boot: initrd.img-6.1 is older than /etc/source"
