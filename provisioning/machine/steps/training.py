"""A machine for classes, and the way back: what must be there, what must be gone, and kiosk-check's word (ADR 0076)."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

from drivers.simpanel import demo_config
from provisioning.machine.host import Host
from provisioning.machine.leaving import Disabled, Gone, Proven, Purged
from provisioning.machine.profile import Profile
from provisioning.machine.wants import Enabled, TextFile, Want

PACKAGES = (
    "avahi-daemon",  # the simulated printer does not start without it
    "cups-ipp-utils",  # ippeveprinter
    "dbus",
    "iproute2",  # the run's own network
    "vsmartcard-vpcd",  # the virtual card reader
    "xauth",
    "xinit",
    "xserver-xephyr",  # one nested X server per panel
    "xserver-xorg-core",
    "xserver-xorg-input-libinput",
)
HOME = "/var/lib/madoguchi/training"
UNIT = "kiosk-sim-training.service"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
REAL = (
    "/var/lib/madoguchi/enrolment/**/device.key",
    "/var/lib/madoguchi/enrolment/server-ca.pem",
    "/etc/madoguchi/**/device.key",
    "/etc/madoguchi/bundle-key.pem",
)
"""What the town's server knows this machine by, and what it knows the town by."""
OF_A_CLASS = ("/var/lib/madoguchi/*training*", "/etc/madoguchi/*training*", UNIT_FILE)
OF_A_DEMO = ("/etc/systemd/system/kiosk-sim*",)
"""What a demo machine may have, and a machine in use may not."""
KIOSK = ("kiosk.target", "kiosk-ui.service")
SHAPE = demo_config.Shape(
    has_cashless=True, has_sensors=True, has_lamp=True, has_message=True, is_training=True
)
CHECK = (
    "/opt/madoguchi/venv/bin/kiosk-check",
    *("--config", "/etc/madoguchi/machine.toml", "--config", "/etc/madoguchi/municipality.toml"),
)
_UNIT = f"""# A machine for classes: every device simulated, the kiosk and the buttons in two windows.
[Unit]
Description=Madoguchi training machine
After=systemd-user-sessions.service
Conflicts=getty@tty1.service

[Service]
RuntimeDirectory=kiosk-sim-display
RuntimeDirectoryMode=0700
Environment=XAUTHORITY=/run/kiosk-sim-display/auth HOME=/root
ExecStartPre=/bin/sh -c 'xauth -q add :0 . "$(mcookie)"'
ExecStart=/usr/bin/xinit /opt/madoguchi/venv/bin/kiosk-sim up --training --panel --cashless \\
  --sensors --lamp --webhook --display :0 --out {HOME} \\
  --config /etc/madoguchi/machine.toml --config /etc/madoguchi/municipality.toml \\
  -- /usr/bin/Xorg :0 vt1 -nolisten tcp -auth /run/kiosk-sim-display/auth
Restart=always
RestartSec=2
StandardInput=null
LimitCORE=0

[Install]
WantedBy=graphical.target
"""


def clean(host: Host, profile: Profile) -> Sequence[Want]:
    """Before the program: of the other kind of machine nothing is left. Real books (the journal) are never touched."""
    del host
    if profile.is_training:
        return [Disabled(KIOSK), Gone(REAL)]
    gone: list[Want] = [Disabled((UNIT,)), Gone(OF_A_CLASS)]
    return [*gone, Gone(OF_A_DEMO), Purged(("vsmartcard-vpcd",))] if _is_production(profile) else gone


def machine_text() -> str:
    """The machine's file: the simulators', as `kiosk-sim up --training` has them."""
    return demo_config.files(SHAPE)["machine.toml"]


def town_text() -> str:
    """The demo town's, where a profile names none of its own."""
    return demo_config.files(SHAPE)["municipality.toml"]


def units(host: Host, profile: Profile) -> Sequence[Want]:
    """Instead of the kiosk's own start."""
    del host, profile
    return [TextFile(UNIT_FILE, _UNIT), Enabled((UNIT,))]


def fit(host: Host, profile: Profile) -> Sequence[Want]:
    """kiosk-check's word that nothing is here that must not be: no way in for test cards, or no real key. Of a demo
    machine, which may have all of it, there is nothing to prove."""
    del host
    if not profile.is_training and not _is_production(profile):
        return []
    return [Proven(CHECK)]


def _is_production(profile: Profile) -> bool:
    machine = tomllib.loads(profile.config[0].read_text(encoding="utf-8")).get("machine", {})
    return isinstance(machine, dict) and machine.get("mode") == "production"
