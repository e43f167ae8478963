"""The disk: a bare Debian with a kernel, made a kiosk by provisioning/install, enrolled, with a probe for the test.

    python -m tests.image.build OUT      (root; asks Debian's mirror; OUT/root and OUT/disk.raw are made)

Everything is what a technician installs, in its order. Three things are the test's own and are named here: the probe
(root's ear on a virtio port, a unit of its own), the enrolment laid down instead of asked for, and no boot loader: QEMU
gives kernel and initramfs, with the command line that the provisioning wrote for GRUB.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from issuance import folder
from issuance.clock import SystemClock
from tests.image.lobby import log_certificate

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
INCLUDE = "ca-certificates,systemd,systemd-sysv,udev,dbus"
KERNEL = "linux-image-amd64"
SIZE = "6G"
STEP_S = 3600.0
QUICKER = "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\n"
TURNS = (
    ('kiosk = "demo-0001"', 'kiosk = "image-0001"'),
    ('"/run/kiosk/sim/cctalk"', '"/dev/kiosk/coin1"'),
    ('"/run/kiosk/sim/id003"', '"/dev/kiosk/note1"'),
    ('"/run/kiosk/sim/receipt"', '"/dev/kiosk/receipt1"'),
    ('parity = "N"', 'parity = "E"'),
    ("ipp://127.0.0.1:8631/ipp/print", "ipp://192.0.2.30:631/ipp/print"),
    ("https://localhost:8443", "https://issuance.town.example:8443"),
)
"""The demo's configuration with the devices where a real machine has them."""

PROBE = """import json, subprocess
with open("/dev/virtio-ports/madoguchi.probe", "r+b", buffering=0) as port:
    while True:
        line = port.readline()
        if not line:
            continue
        asked = json.loads(line)
        done = subprocess.run(asked["command"], capture_output=True, text=True, errors="replace")
        answer = {"number": asked["number"], "code": done.returncode, "said": done.stdout + done.stderr}
        port.write(json.dumps(answer).encode() + b"\\n")
"""
PROBE_UNIT = """[Unit]
Description=The test's ear (tests/image); on no machine of a town
DefaultDependencies=no
After=systemd-tmpfiles-setup-dev.service
[Service]
ExecStart=/usr/bin/python3 /root/probe.py
Restart=always
RestartSec=1
[Install]
WantedBy=sysinit.target
"""


def build(out: Path) -> dict[str, float]:
    """What is there already stays (`out/root` of an earlier run); seconds of what was done."""
    took: dict[str, float] = {}
    root, profile = out / "root", out / "profile"
    out.mkdir(parents=True, exist_ok=True)
    out.chmod(0o755)
    configure(out, profile)

    def timed(name: str, *words: object) -> None:
        began = time.monotonic()
        done = subprocess.run(
            [str(each) for each in words],
            capture_output=True,
            text=True,
            check=False,
            timeout=STEP_S,
            cwd=ROOT,
        )
        if done.returncode:
            raise SystemExit(f"{name}: {(done.stderr or done.stdout)[-3000:]}")
        took[name] = round(time.monotonic() - began, 1)

    timed("wheels", ROOT / "provisioning/medium.sh", "--out", out / "medium")
    if not (root / "boot").is_dir() or not list((root / "boot").glob("vmlinuz-*")):
        shutil.rmtree(root, ignore_errors=True)
        timed("debootstrap", "debootstrap", "--variant=minbase", f"--include={INCLUDE}", "bookworm", root)
        (root / "etc/dpkg/dpkg.cfg.d").mkdir(parents=True, exist_ok=True)
        (root / "etc/dpkg/dpkg.cfg.d/quicker").write_text(QUICKER)
        timed("kernel", *_inside(root), f"apt-get install -q -y --no-install-recommends {KERNEL}")
    install = (ROOT / "provisioning/install", "--profile", profile / "profile.toml", "--root", root)
    timed("install", *install, "--medium", out / "medium")
    timed("verify", *install, "--medium", out / "medium", "--verify")
    finish(out)
    disk = out / "disk.raw"
    disk.unlink(missing_ok=True)
    timed("disk", "mke2fs", "-q", "-t", "ext4", "-d", root, "-L", "kiosk", disk, SIZE)
    return took


def _inside(root: Path) -> tuple[str, ...]:
    """Nothing of that Debian is started while its packages come."""
    policy = root / "usr/sbin/policy-rc.d"
    words = f"printf '#!/bin/sh\\nexit 101\\n' >{policy}; chmod 755 {policy}; "
    words += (
        f'chroot {root} sh -ec "export DEBIAN_FRONTEND=noninteractive; apt-get update -q; $0"; rm {policy}'
    )
    return (
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        f"--mount-proc={root}/proc",
        "bash",
        "-ec",
        words,
    )


def configure(out: Path, profile: Path) -> None:
    """The town's server with its keys, and what the technician was given: profile, two files, two authorities."""
    profile.mkdir(exist_ok=True)
    server = out / "server"
    if not server.exists():
        hosts = ["issuance.town.example", "192.0.2.20"]
        folder.init(server, kiosk="image-0001", hosts=hosts, town=folder.SPECIMEN, clock=SystemClock())
        log_certificate(out)
    shutil.copy(server / "tls/ca.pem", out / "senders-ca.pem")
    shutil.copy(server / "tls/ca.pem", profile / "server-ca.pem")
    shutil.copy(out / "log-ca.pem", profile / "log-ca.pem")
    shutil.copy(HERE / "profile.toml", profile / "profile.toml")
    shutil.copy(ROOT / "provisioning/config/town.demo.toml", profile / "town.toml")
    text = (ROOT / "provisioning/config/machine.demo.toml").read_text(encoding="utf-8")
    for old, new in TURNS:
        assert old in text, old
        text = text.replace(old, new)
    (profile / "machine.toml").write_text(text, encoding="utf-8")


def finish(out: Path) -> None:
    """What the test adds to the technician's work (see above)."""
    root = out / "root"
    (root / "etc/fstab").write_text("/dev/vda / ext4 errors=remount-ro 0 1\n")
    (root / "root/probe.py").write_text(PROBE)
    (root / "etc/systemd/system/image-probe.service").write_text(PROBE_UNIT)
    wants = root / "etc/systemd/system/sysinit.target.wants"
    wants.mkdir(exist_ok=True)
    link = wants / "image-probe.service"
    link.unlink(missing_ok=True)
    link.symlink_to("../image-probe.service")
    place = root / "var/lib/madoguchi/enrolment"
    shutil.copytree(out / "server/kiosk", place, dirs_exist_ok=True)
    passwd = (root / "etc/passwd").read_text().splitlines()
    owner = next(line.split(":") for line in passwd if line.startswith("kiosk-core:"))
    for path in (place.parent, place, *place.iterdir()):
        os.chown(path, int(owner[2]), int(owner[3]))


def start_of(out: Path) -> tuple[Path, Path, str]:
    """Kernel, initramfs, command line."""
    boot = out / "root/boot"
    kernel, initrd = sorted(boot.glob("vmlinuz-*"))[-1], sorted(boot.glob("initrd.img-*"))[-1]
    grub = (out / "root/etc/default/grub.d/madoguchi.cfg").read_text(encoding="utf-8")
    found = re.search(r'^GRUB_CMDLINE_LINUX_DEFAULT="([^"]*)"$', grub, re.MULTILINE)
    assert found is not None
    return kernel, initrd, f"root=/dev/vda ro {found[1]}"


if __name__ == "__main__":
    for what, seconds in build(Path(sys.argv[1])).items():
        print(f"{what}: {seconds:.0f} s")
