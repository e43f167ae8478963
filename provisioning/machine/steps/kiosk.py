"""The kiosk's own program, its configuration, its devices and its units."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kiosk.errors import ConfigError
from provisioning.machine.host import Host
from provisioning.machine.profile import Audio, Device, FiveKeys, Line, Profile, Purpose, TenKey
from provisioning.machine.steps import training
from provisioning.machine.texts import with_value
from provisioning.machine.wants import (
    Accepted,
    Derived,
    Enabled,
    FirstLink,
    Folder,
    Link,
    Madoguchi,
    TextFile,
    Want,
)

ETC = "/etc/madoguchi"
STATE = "/var/lib/madoguchi"
NAMES = ("machine.toml", "municipality.toml")
UNITS = (
    "kiosk.target",
    "kiosk-core.service",
    "kiosk-card.socket",
    "kiosk-card@.service",
    "kiosk-ui.service",
    "kiosk-assist.service",
    "kiosk-vision.socket",
    "kiosk-vision@.service",
    "kiosk-settle.service",
    "kiosk-selftest.service",
    "kiosk-renew.service",
    "kiosk-renew.timer",
    "kiosk-relay.service",
    "kiosk-metrics.socket",
    "kiosk-metrics@.service",
    "kiosk-figures.service",
    "kiosk-figures.timer",
    "kiosk-voice.socket",
    "kiosk-voice.service",
    "kiosk-read.socket",
    "kiosk-read@.service",
    "pcscd.socket.d/madoguchi.conf",
    "seatd.service.d/madoguchi.conf",
)

STARTED = (
    "kiosk.target",
    "kiosk-ui.service",
    "kiosk-renew.timer",
    "kiosk-settle.service",
    "kiosk-selftest.service",
    "kiosk-metrics.socket",
    "kiosk-figures.timer",
)


TOOLS = (
    "kiosk-bundle",
    "kiosk-card",
    "kiosk-cash",
    "kiosk-check",
    "kiosk-enrol",
    "kiosk-journal",
    "kiosk-letters",
    "kiosk-paper",
    "kiosk-relay",
    "kiosk-stats",
)
"""What people type, found by its name in every shell."""


def program(host: Host, profile: Profile) -> Sequence[Want]:
    del host
    links = (Link(f"/usr/local/bin/{name}", f"/opt/madoguchi/venv/bin/{name}") for name in TOOLS)
    return [Madoguchi(is_whole=profile.is_training), *links]


def configuration(host: Host, profile: Profile) -> Sequence[Want]:
    """What the kiosk's own check refuses is not installed at all. It is version 0; a signed bundle may stand before it
    (kiosk/bundles/shelf.py)."""
    del host
    files = tuple(
        TextFile(f"{ETC}/versions/0/{name}", text) for name, text in zip(NAMES, _texts(profile), strict=True)
    )
    check = ("/opt/madoguchi/venv/bin/kiosk-check", "--config", "{0}", "--config", "{1}")
    return [
        Folder(ETC),
        Folder(f"{ETC}/versions"),
        Folder(f"{ETC}/versions/0"),
        *_trust(profile),
        Accepted(files, check),
        FirstLink(f"{ETC}/active", "versions/0"),
        *(Link(f"{ETC}/{name}", f"active/{name}") for name in NAMES),
    ]


def _texts(profile: Profile) -> tuple[str, str]:
    """The machine's and the town's. The machine has one name, the profile's: a town may write one file for a dozen."""
    machine, town = _files(profile)
    return with_value(machine, ("machine", "kiosk"), profile.kiosk), town


def _files(profile: Profile) -> tuple[str, str]:
    found = [path.read_text(encoding="utf-8") for path in profile.config]
    if profile.is_training:
        return training.machine_text(), found[0] if found else training.town_text()
    if len(found) != len(NAMES):
        raise ConfigError("machine.config: two files are expected, the machine's and the town's")
    return found[0], found[1]


def _trust(profile: Profile) -> list[Want]:
    """Whom a machine without a certificate believes, and the folder of its keys: the rest of its enrolment it makes and
    fetches by itself, as the user who owns that folder."""
    place, owner = f"{STATE}/enrolment", "kiosk-core:kiosk-core"
    wanted: list[Want] = (
        [] if profile.is_training else [Folder(STATE, 0o700, owner), Folder(place, 0o700, owner)]
    )
    if profile.bundle_key is not None:
        wanted.append(TextFile(f"{ETC}/bundle-key.pem", profile.bundle_key.read_text(encoding="ascii")))
    if profile.server_ca is not None:
        text = profile.server_ca.read_text(encoding="ascii")
        wanted.append(TextFile(f"{place}/server-ca.pem", text, 0o644, owner))
    return wanted


TPM_RULE = (
    "# The TPM, through the kernel's resource manager, for the device key (kiosk/enrolment/tpm.py).\n"
    'SUBSYSTEM=="tpmrm", KERNEL=="tpmrm0", OWNER="root", GROUP="kiosk-core", MODE="0660"\n'
)
TPM_UNITS = ("kiosk-core.service", "kiosk-renew.service")
TPM_DROP_IN = (
    "# The device key may be in the TPM (tpm = true of the machine's profile).\n"
    "[Service]\nPrivateDevices=no\nDevicePolicy=closed\nDeviceAllow=/dev/tpmrm0 rw\n"
)


def devices(host: Host, profile: Profile) -> Sequence[Want]:
    del host
    return [
        TextFile("/etc/udev/rules.d/60-madoguchi.rules", udev_rules(profile.lines, profile.ten_key)),
        TextFile("/etc/udev/rules.d/62-madoguchi-hands.rules", hands_rules(profile.five_keys, profile.audio)),
        TextFile("/etc/usbguard/rules.conf", usb_rules(profile.devices), mode=0o600),
        *([TextFile("/etc/udev/rules.d/64-madoguchi-tpm.rules", TPM_RULE)] if profile.has_tpm else []),
        Enabled(("usbguard.service",)),
    ]


def udev_rules(lines: Sequence[Line], ten_key: TenKey | None = None) -> str:
    head = "# /dev/kiosk/NAME by what the adapter is and where it is plugged in, never by the order of finding.\n"
    return head + "".join(map(_udev_rule, lines)) + (_ten_key_rule(ten_key) if ten_key else "")


def hands_rules(pad: FiveKeys | None, audio: Audio | None) -> str:
    """After 61, which keeps every keyboard from the compositor: the five keys may. Jack and hook are for the voice."""
    rules = ["# Five keys for the screens; headphone jack and hook for the voice.\n"]
    if pad is not None:
        rules.append(
            f'SUBSYSTEM=="input", KERNEL=="event*", ATTRS{{idVendor}}=="{pad.vendor}", '
            f'ATTRS{{idProduct}}=="{pad.product}", SYMLINK+="kiosk/fivekeys", ENV{{LIBINPUT_IGNORE_DEVICE}}="0"\n'
        )
    for link, name in (("jack", audio.jack), ("hook", audio.hook)) if audio is not None else ():
        if name:
            rules.append(
                f'SUBSYSTEM=="input", KERNEL=="event*", ATTRS{{name}}=="{name}", SYMLINK+="kiosk/{link}", '
                'OWNER="root", GROUP="kiosk-ears", MODE="0640", ENV{LIBINPUT_IGNORE_DEVICE}="1", TAG-="uaccess"\n'
            )
    return "".join(rules)


def voice(host: Host, profile: Profile) -> Sequence[Want]:
    """What it speaks with; a machine without sound has no such process at all."""
    del host
    folder = "/etc/systemd/system"
    audio = profile.audio
    if audio is None:
        return []
    ears = (
        f"--headphones-jack /dev/kiosk/jack --headphones-device {audio.headphones}"
        if audio.headphones
        else ""
    )
    hand = (
        f"--handset /dev/kiosk/hook:{audio.hook_code} --handset-device {audio.handset}"
        if audio.handset
        else ""
    )
    private = " ".join(each for each in (ears, hand) if each)
    lines = {
        "kiosk-voice.service": f"kiosk-voice --speaker-device {audio.speaker} {private}",
        "kiosk-read@.service": f"kiosk-read {private}",
    }
    clips = "/var/lib/madoguchi-voice"
    command = ("/opt/madoguchi/venv/bin/kiosk-voice", "--render", clips)
    return [
        Derived(f"{clips}/.made", "/opt/madoguchi/venv/.installed", command),
        *(
            TextFile(
                f"{folder}/{unit}.d/audio.conf",
                "# [audio] of the machine's profile.\n"
                f"[Service]\nExecStart=\nExecStart=/opt/madoguchi/venv/bin/{line.strip()}\n",
            )
            for unit, line in lines.items()
        ),
    ]


def _ten_key_rule(pad: TenKey) -> str:
    """The card process reads it and nobody else does; no display server takes it for a keyboard."""
    return (
        f'SUBSYSTEM=="input", KERNEL=="event*", ATTRS{{idVendor}}=="{pad.vendor}", '
        f'ATTRS{{idProduct}}=="{pad.product}", SYMLINK+="kiosk/tenkey", OWNER="root", GROUP="kiosk-card", '
        'MODE="0640", ENV{LIBINPUT_IGNORE_DEVICE}="1", TAG-="uaccess"\n'
    )


def _udev_rule(line: Line) -> str:
    parts = [
        'SUBSYSTEM=="tty"',
        f'ATTRS{{idVendor}}=="{line.vendor}"',
        f'ATTRS{{idProduct}}=="{line.product}"',
    ]
    if line.serial:
        parts.append(f'ATTRS{{serial}}=="{line.serial}"')
    # Two parents cannot be asked in one rule: the socket is part of the path that the kernel gives.
    if line.port:
        parts.append(f'DEVPATH=="*/{line.port}/*"')
    return ", ".join([*parts, f'SYMLINK+="kiosk/{line.name}"', 'GROUP="dialout"', 'MODE="0660"']) + "\n"


def usb_rules(devices: Sequence[Device]) -> str:
    """usbguard's rules: hubs and what the profile names, each with the interfaces that it may have; nothing else."""
    rules = ["allow with-interface equals { 09:00:* } # hubs"]
    for each in devices:
        serial = f' serial "{each.serial}"' if each.serial else ""
        interfaces = " ".join(each.interfaces)
        rules.append(
            f"allow id {each.vendor}:{each.product}{serial} with-interface equals {{ {interfaces} }} # {each.name}"
        )
    return "\n".join([*rules, "reject", ""])


def queue(host: Host, profile: Profile) -> Sequence[Want]:
    """A printer without IPP hides behind a queue of this machine; it hears of this machine only."""
    if not profile.queue:
        return []
    printers = " ".join(each.address for each in profile.peers_for(Purpose.PRINTER))
    return [
        TextFile(
            "/etc/cups/cupsd.conf",
            "# For one printer of this machine. Nothing is kept of any job.\n"
            "Listen localhost:631\nBrowsing No\nWebInterface No\nDefaultShared No\n"
            "PreserveJobHistory No\nPreserveJobFiles No\nMaxJobTime 600\nErrorPolicy abort-job\n"
            "LogLevel error\nAccessLogLevel actions\nPageLogFormat\n"
            "<Location />\n  Order allow,deny\n  Allow localhost\n</Location>\n",
            mode=0o640,
            owner="root:lp",
        ),
        TextFile(
            "/etc/systemd/system/cups.service.d/madoguchi.conf",
            "# What is on its way to the printer never reaches a disk.\n"
            "[Service]\nTemporaryFileSystem=/var/spool/cups:mode=0710\n",
        ),
        TextFile(
            "/etc/systemd/system/kiosk-queue.service",
            (host.checkout / "systemd/system/kiosk-queue.service").read_text(encoding="utf-8"),
        ),
        TextFile(
            "/etc/systemd/system/kiosk-queue.service.d/queue.conf",
            "# [queue] of the machine's profile.\n[Service]\n"
            f'Environment="QUEUE_URI={profile.queue}" "QUEUE_MODEL={profile.queue_model}"\n'
            f"IPAddressAllow=localhost {printers}".rstrip()
            + "\n",
        ),
        Enabled(("kiosk-queue.service",)),
    ]


def units(host: Host, profile: Profile) -> Sequence[Want]:
    if profile.is_training:
        return training.units(host, profile)
    folder = host.checkout / "systemd"
    files = [
        TextFile(f"/etc/systemd/system/{name}", _unit(folder, name).read_text(encoding="utf-8"))
        for name in UNITS
    ]
    tmpfiles = (folder / "tmpfiles.d/madoguchi.conf").read_text(encoding="utf-8")
    return [
        TextFile("/usr/lib/tmpfiles.d/madoguchi.conf", tmpfiles),
        *files,
        *(
            TextFile(f"/etc/systemd/system/{name}.d/tpm.conf", TPM_DROP_IN)
            for name in (TPM_UNITS if profile.has_tpm else ())
        ),
        Link("/etc/systemd/system/default.target", "/lib/systemd/system/graphical.target"),
        Enabled(STARTED),
    ]


def _unit(folder: Path, name: str) -> Path:
    for place in (folder / "system" / name, folder / name):
        if place.is_file():
            return place
    raise ConfigError(f"systemd: no unit {name}")
