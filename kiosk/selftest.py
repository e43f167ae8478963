"""The machine looks at itself: devices, permissions, clock, disk, certificate, fonts, journal, ways in for test cards.

Nothing is changed, nobody is asked over a network, and nothing personal is read: the journal is verified, not shown.
`kiosk-check --self-test` prints it, kiosk-selftest.service runs it at each boot.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final

from kiosk.clock import Clock
from kiosk.config import Config, KeyPlace, Mode
from kiosk.daemon.clockwatch import judge
from kiosk.errors import ConfigError, JournalError
from kiosk.journal.checkpoint import FileVerifier
from kiosk.journal.reading import open_for_reading, verify_store
from kiosk.journal.store import ROOM_BYTES
from kiosk.production import findings

CERTIFICATE_SOON: Final = timedelta(days=30)
FONTS: Final = (
    "opentype/noto/NotoSansCJK-Regular.ttc",
    "opentype/noto/NotoSansCJK-Bold.ttc",
    "truetype/noto/NotoSans-Regular.ttf",
    "truetype/noto/NotoSans-Bold.ttf",
)
"""Without these no screen and no slip can be drawn; the other scripts' are asked for by the screens themselves."""


class State(Enum):
    GOOD = "good"
    SOON = "soon"
    """Works, and will not for long."""
    ABSENT = "absent"
    """A device that is not there: an event, not a fault of this machine."""
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    state: State
    detail: str


def run(config: Config, clock: Clock, root: Path = Path("/")) -> tuple[Finding, ...]:
    """Every check, in a fixed order. A check that fails by itself is a finding, never an exception."""
    checks: tuple[tuple[str, Callable[[Config, Clock, Path], Iterator[Finding]]], ...] = (
        ("production", _production),
        ("clock", _clock),
        ("disk", _disk),
        ("certificate", _certificate),
        ("device key", _device_key),
        ("permissions", _permissions),
        ("memory", _memory),
        ("fonts", _fonts),
        ("journal", _journal),
        ("devices", _devices),
    )
    found: list[Finding] = []
    for name, check in checks:
        try:
            said = list(check(config, clock, root))
        except (OSError, ConfigError) as error:
            why = str(error) if isinstance(error, ConfigError) else f"errno {error.errno}"
            said = [Finding(name, State.BAD, f"cannot be checked: {why}")]
        found += said
    return tuple(found)


def _production(config: Config, _: Clock, root: Path) -> Iterator[Finding]:
    refused = findings(config, root)
    for each in refused:
        yield Finding("production", State.BAD, each)
    if not refused:
        mode = config.machine.mode.value
        yield Finding("production", State.GOOD, f"mode {mode}, no simulator and no test root found")


def _clock(config: Config, clock: Clock, root: Path) -> Iterator[Finding]:
    must = config.machine.mode is Mode.PRODUCTION
    said = judge(clock, must_be_synchronised=must, mark=root / "run/systemd/timesync/synchronized")
    now = f"{clock.wall():%Y-%m-%d %H:%M:%S}Z"
    yield Finding("clock", State.GOOD if said.is_good else State.BAD, now if said.is_good else said.code)


def _disk(config: Config, _: Clock, __: Path) -> Iterator[Finding]:
    found = os.statvfs(config.paths.state)
    free = found.f_bavail * found.f_frsize
    inodes = found.f_favail
    state = State.BAD if free < ROOM_BYTES or inodes < 1000 else State.GOOD
    if state is State.GOOD and free < 10 * ROOM_BYTES:
        state = State.SOON
    yield Finding("disk", state, f"{free // 2**20} MiB free for the journal")


def _certificate(config: Config, clock: Clock, _: Path) -> Iterator[Finding]:
    from kiosk.enrolment import paper  # noqa: PLC0415  # loads cryptography

    path = config.issuance.certificate
    if not path.is_file():
        yield Finding("certificate", State.BAD, "not enrolled (kiosk-enrol ask)")
        return
    made = paper.read(path.read_text(encoding="ascii", errors="replace"))
    if made.kiosk != config.machine.kiosk:
        yield Finding("certificate", State.BAD, "for another machine")
        return
    yield Finding("certificate", _life(made.until, clock.wall()), f"until {made.until:%Y-%m-%d}")


def _device_key(config: Config, _: Clock, __: Path) -> Iterator[Finding]:
    """The setting is about the next key; this is the one in use."""
    from kiosk.enrolment.keys import TPM_MARK  # noqa: PLC0415  # loads cryptography

    path = config.issuance.key
    if not path.is_file():
        return
    if path.read_bytes().startswith(TPM_MARK):
        yield Finding("device key", State.GOOD, "of this machine's TPM")
    elif config.issuance.key_in is KeyPlace.TPM:
        yield Finding("device key", State.SOON, "still a file: kiosk-enrol renew --now, then take --restart")
    else:
        yield Finding("device key", State.GOOD, "a file")


def _life(until: datetime, now: datetime) -> State:
    if now >= until:
        return State.BAD
    return State.SOON if now >= until - CERTIFICATE_SOON else State.GOOD


def _permissions(config: Config, _: Clock, root: Path) -> Iterator[Finding]:
    key = config.issuance.key
    bad: list[str] = []
    if key.exists():
        bad += _not_as(key, 0o077, config.paths.state.stat().st_uid)
    bad += _not_as(config.paths.state, 0o077, config.paths.state.stat().st_uid)
    if config.paths.journal.exists():
        bad += _not_as(config.paths.journal, 0o077, config.paths.state.stat().st_uid)
    for name in ("machine.toml", "municipality.toml"):
        path = root / "etc/madoguchi" / name
        if path.exists():
            bad += _not_as(path, 0o022, 0)
    for each in bad:
        yield Finding("permissions", State.BAD, each)
    if not bad:
        yield Finding("permissions", State.GOOD, "key, journal and configuration are their owners' alone")


def _not_as(path: Path, forbidden: int, uid: int) -> Iterator[str]:
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & forbidden:
        yield f"{path}: mode {stat.S_IMODE(status.st_mode):04o}"
    if status.st_uid != uid:
        yield f"{path}: belongs to uid {status.st_uid}"


def _memory(config: Config, _: Clock, root: Path) -> Iterator[Finding]:
    """Memory that could reach a disk: swap, and dumps that are not thrown away. A demo may have both."""
    is_strict = config.machine.mode is Mode.PRODUCTION
    swaps = (root / "proc/swaps").read_text(encoding="ascii").splitlines()[1:]
    pattern = (root / "proc/sys/kernel/core_pattern").read_text(encoding="ascii").strip()
    state = State.BAD if is_strict else State.SOON
    if swaps:
        yield Finding("memory", state, f"{len(swaps)} swap devices: a secret could reach a disk")
    if pattern not in ("|/bin/false", ""):
        yield Finding("memory", state, "core dumps are not thrown away")
    if not swaps and pattern in ("|/bin/false", ""):
        yield Finding("memory", State.GOOD, "no swap, no core dumps")


def _fonts(_: Config, __: Clock, root: Path) -> Iterator[Finding]:
    missing = [each for each in FONTS if not (root / "usr/share/fonts" / each).is_file()]
    for each in missing:
        yield Finding("fonts", State.BAD, f"missing: {each}")
    if not missing:
        yield Finding("fonts", State.GOOD, f"{len(FONTS)} files")


def _journal(config: Config, _: Clock, __: Path) -> Iterator[Finding]:
    path = config.paths.journal
    if not path.is_file():
        yield Finding("journal", State.SOON, "none yet: the first start makes it")
        return
    keys = [
        each
        for each in (config.issuance.certificate, *config.issuance.earlier_certificates)
        if each.is_file()
    ]
    try:
        with closing(open_for_reading(path)) as connection:
            found = verify_store(connection, FileVerifier(*keys) if keys else None)
    except JournalError as error:
        yield Finding("journal", State.BAD, str(error))
        return
    yield Finding("journal", State.GOOD, f"{found.head.seq} records, head {found.head.hash.hex()[:16]}")


def _devices(config: Config, _: Clock, root: Path) -> Iterator[Finding]:
    """Each path of this machine that a driver's options name."""
    for device in config.devices:
        paths = sorted(_paths_of(device.options))
        for path in paths:
            there = root / path.lstrip("/")
            is_there = there.exists()
            state = State.GOOD if is_there else State.ABSENT
            yield Finding("devices", state, f"{device.id}: {path}{'' if is_there else ' is not there'}")
        if not paths:
            yield Finding(
                "devices", State.GOOD, f"{device.id}: by {device.driver}, on the network or by its process"
            )


def _paths_of(option: object) -> Iterator[str]:
    if isinstance(option, Mapping):
        for each in option.values():
            yield from _paths_of(each)
    elif isinstance(option, list):
        for each in option:
            yield from _paths_of(each)
    elif isinstance(option, str) and option.startswith(("/dev/", "/run/")):
        yield option


def as_plain(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """For JSON."""
    return [{"check": each.check, "state": each.state.value, "detail": each.detail} for each in findings]
