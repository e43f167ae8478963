"""What a machine in use must not have: ways in for cards that anybody can make, what training left behind. And what a
training machine must not have: a real key. For kiosk-check, on the machine.

The configuration's own refusals are in kiosk/config.py, the core's in the drivers, the server's in the server; this
looks at what lies beside them on the disk, and asks the server who it says it is.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kiosk import issuance_client
from kiosk.config import Config, Mode
from kiosk.errors import ConfigError
from kiosk.ids import DeviceId
from kiosk.ports import Event, IssuanceFailed, IssuanceStatus, ReadIssuance

CV_ROOTS: Final = "etc/madoguchi/cv-roots.txt"
STATES_IDS: Final = ("500002", "500003")
"""How key ids of the state's record signers begin; test cards' begin with 6, ours with 9."""

_UNITS: Final = (
    "etc/systemd/system/kiosk-card*",
    "etc/systemd/system/kiosk-card*.d/*.conf",
    "run/systemd/system/kiosk-card*",
    "usr/lib/systemd/system/kiosk-card*",
    "lib/systemd/system/kiosk-card*",
)
_VIRTUAL_DRIVERS: Final = ("usr/lib/pcsc/drivers/serial/libifdvpcd.so*", "etc/reader.conf.d/vpcd*")
_DEVICE_KEYS: Final = ("var/lib/madoguchi/**/device.key", "etc/madoguchi/**/device.key")
_TRAINING_LEFT: Final = (
    "opt/madoguchi/venv/lib/python3*/site-packages/drivers/simpanel",  # the full wheel: simulators
    "var/lib/madoguchi/*training*",
    "etc/madoguchi/*training*",
    "etc/systemd/system/kiosk-sim*",
)
TEST_ISSUER: Final = "KIOSK-TEST"
"""O of everything that simulators sign."""
_SERVER_WAIT_S: Final = 20.0


def findings(config: Config, root: Path = Path("/")) -> tuple[str, ...]:
    """Why this machine may not be used for residents (production), or may not be shown to a class (training); none on a
    demo machine, which may have all of it."""
    if config.machine.mode is Mode.TRAINING:
        return tuple(_real_keys(root))
    if config.machine.mode is not Mode.PRODUCTION:
        return ()
    return (*_virtual_reader(root), *_card_process(root), *_roots(root), *_staff(config), *_training(root))


def server_findings(config: Config) -> tuple[str, ...]:
    """The same of the server: is it there, and one in use? Asks it, so it takes a moment."""
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    given = config.issuance
    client = issuance_client.create(
        DeviceId("issuance"),
        {
            "url": given.url,
            "kiosk": config.machine.kiosk,
            "key": str(given.key),
            "certificate": str(given.certificate),
            "ca": str(given.server_ca),
            "manifest_key": str(given.manifest_key),
            "is_production": config.machine.mode is Mode.PRODUCTION,
            "is_training": config.machine.mode is Mode.TRAINING,
        },
        heard.put,
    )
    client.start()
    try:
        client.perform(ReadIssuance())
        while True:
            try:
                event = heard.get(timeout=_SERVER_WAIT_S)
            except queue.Empty:
                return ("server: no answer",)
            match event:
                case IssuanceStatus(stop=stop):
                    return () if stop in ("", "closed") else (f"server: {stop}",)
                case IssuanceFailed(code=code):
                    return (f"server: {code}",)
    finally:
        client.stop()


def _virtual_reader(root: Path) -> Iterator[str]:
    for pattern in _VIRTUAL_DRIVERS:
        for found in sorted(root.glob(pattern)):
            yield f"virtual-reader: {found} lets anybody lay a card (apt purge vsmartcard-vpcd)"


def _card_process(root: Path) -> Iterator[str]:
    for unit in sorted({each for pattern in _UNITS for each in root.glob(pattern) if each.is_file()}):
        if "--allow-virtual" in unit.read_text(encoding="utf-8", errors="replace"):
            yield f"virtual-reader: {unit} starts kiosk-card with --allow-virtual"


def _roots(root: Path) -> Iterator[str]:
    path = root / CV_ROOTS
    if not path.exists():
        return
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{path}: the roots of the card's records cannot be read") from None
    for number, line in enumerate(lines, 1):
        words = line.split("#", 1)[0].split()
        if words and not words[0].startswith(STATES_IDS):
            yield f"test-root: {path}:{number} is the root of a test card"


def _real_keys(root: Path) -> Iterator[str]:
    """A machine that anybody may play with holds no key that the town's server knows."""
    for pattern in _DEVICE_KEYS:
        for found in sorted(root.glob(pattern)):
            if "training" not in str(found.relative_to(root)):
                yield f"device-key: {found} is a real machine's (revoke it, and take it away)"


def _training(root: Path) -> Iterator[str]:
    """Going back is done when nothing of the class is left."""
    for pattern in _TRAINING_LEFT:
        for found in sorted(root.glob(pattern)):
            yield f"training: {found} was left from training"


def _staff(config: Config) -> Iterator[str]:
    """The simulator's staff authority signs a card for anybody who asks it."""
    from kiosk.badges import authorities_of, issuer_of  # noqa: PLC0415  # loads cryptography

    for path in config.staff_authorities:
        try:
            found = authorities_of(path.read_bytes())
        except (OSError, ValueError):
            raise ConfigError(f"{path}: no certificates in PEM") from None
        if any(TEST_ISSUER in issuer_of(each) for each in found):
            yield f"test-root: {path} is the authority of virtual staff cards"
