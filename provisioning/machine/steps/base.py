"""Packages, users, and where the machine stands."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.machine.host import Host
from provisioning.machine.profile import Display, Profile, Purpose
from provisioning.machine.steps import training
from provisioning.machine.wants import Derived, Link, NoPassword, Packages, TextFile, Users, Want

ALWAYS = (
    "fontconfig",  # Plymouth's part of the initramfs copies its files and calls fc-cache, and fails without them
    "ca-certificates",  # the issuance server's certificate may be of a public authority
    "fonts-ipamj-mincho",  # names as the family register writes them
    "fonts-morisawa-bizud-gothic",  # the screens
    "fonts-noto-cjk",
    "fonts-noto-core",
    "libegl1",  # what Kivy's wheel loads
    "libfribidi0",
    "libgl1",
    "libgl1-mesa-dri",
    "libgles2",
    "libmtdev1",
    "libpcsclite1",
    "libsystemd0",
    "libzbar0",  # two-dimensional codes, in the camera's process
    "locales",
    "nftables",
    "pcscd",
    "plymouth",  # a quiet picture until the screens are there
    "python3",
    "python3-venv",
    "systemd-timesyncd",
    "usbguard",
)
"""The kiosk's own; further ones come with what the profile has."""


WITH_CAGE = ("cage", "dbus", "libpam-systemd", "seatd", "xwayland")
WITH_QUEUE = ("cups-client", "cups-daemon", "cups-filters")
WITH_AUDIO = ("alsa-utils", "espeak-ng", "opus-tools")
WITH_UPS = ("nut-client", "nut-server")
WITH_LOGS = ("rsyslog", "rsyslog-gnutls")
WITH_TPM = ("libtss2-tcti-device0", "openssl", "tpm2-openssl")
WITH_UPDATES = ("unattended-upgrades",)


def packages(host: Host, profile: Profile) -> Sequence[Want]:
    del host
    named = {each.purpose for each in profile.peers}
    names = {
        *ALWAYS,
        *(WITH_CAGE if profile.display is Display.CAGE else ()),
        *(WITH_QUEUE if profile.queue else ()),
        *(WITH_AUDIO if profile.audio else ()),
        *(WITH_UPS if profile.ups else ()),
        *(WITH_TPM if profile.has_tpm else ()),
        *(training.PACKAGES if profile.is_training else ()),
        *(WITH_LOGS if Purpose.LOGS in named else ()),
        *(WITH_UPDATES if Purpose.UPDATES in named else ()),
    }
    return [Packages(tuple(sorted(names)))]


def every_package() -> tuple[str, ...]:
    """What any profile may want, for the medium."""
    return tuple(
        sorted(
            {
                *ALWAYS,
                *WITH_CAGE,
                *WITH_QUEUE,
                *WITH_AUDIO,
                *WITH_UPS,
                *WITH_LOGS,
                *WITH_TPM,
                *WITH_UPDATES,
                *training.PACKAGES,
            }
        )
    )


def users(host: Host, profile: Profile) -> Sequence[Want]:
    del profile
    file = "/usr/lib/sysusers.d/madoguchi.conf"
    text = (host.checkout / "systemd/sysusers.d/madoguchi.conf").read_text(encoding="utf-8")
    return [TextFile(file, text), Users(file), NoPassword("root")]


def place(host: Host, profile: Profile) -> Sequence[Want]:
    del host
    names = sorted({(each.address, each.name) for each in profile.peers})
    hosts = "".join(f"{address}\t{name}\n" for address, name in names)
    return [
        TextFile("/etc/hostname", f"{profile.kiosk}\n"),
        TextFile(
            "/etc/hosts",
            "# Every name that this machine needs; no DNS is asked.\n"
            f"127.0.0.1\tlocalhost\n127.0.1.1\t{profile.kiosk}\n::1\tlocalhost\n{hosts}",
        ),
        TextFile("/etc/resolv.conf", "# Names are in /etc/hosts.\n"),
        Link("/etc/localtime", f"/usr/share/zoneinfo/{profile.timezone}"),
        TextFile("/etc/timezone", f"{profile.timezone}\n"),
        TextFile("/etc/locale.conf", f"LANG={profile.locale}\n"),
        TextFile("/etc/default/locale", f"LANG={profile.locale}\n"),
        TextFile("/etc/locale.gen", f"{profile.locale} UTF-8\n"),
        Derived("/usr/lib/locale/locale-archive", "/etc/locale.gen", ("locale-gen",)),
    ]
