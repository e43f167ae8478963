"""Made from catalogue.toml by `python -m kiosk.messages.make`: change that file, not this one."""

from __future__ import annotations

import logging
from enum import Enum

FIELDS = {
    "version": r"[0-9A-Za-z.+-]{1,32}",
    "why": r"[^\x00-\x1f\x7f]{1,240}",
    "before": r"[A-Za-z0-9_.-]{1,40}",
    "after": r"[a-z_]{1,40}",
    "event": r"[A-Za-z]{1,40}",
    "command": r"[A-Za-z]{1,40}",
    "device": r"[a-z][a-z0-9_-]{0,31}",
    "report": r"[a-z_]{1,40}",
    "error": r"[A-Za-z]{1,60}",
    "extra": r"[a-z]{1,20}",
    "code": r"[a-z0-9 -]{1,80}",
    "while_": r"[a-z -]{1,40}",
    "library": r"[A-Za-z0-9_]{1,40}",
    "fingerprint": r"[0-9a-f:]{8,95}",
    "until": r"[0-9-]{10}",
    "checks": r"[0-9]{1,4}",
    "inventory": r"[0-9a-f]{8,64}",
    "check": r"[a-z-]{1,40}",
    "screen": r"[A-Za-z]{1,40}",
    "records": r"[0-9]{1,12}",
    "head": r"[0-9a-f]{8,64}",
    "files": r"[0-9]{1,6}",
}
"""Field -> the form of its value (a regular expression that matches it as a whole)."""


class Message(Enum):
    """Every message there is: id, level, words, fields."""

    def __init__(self, id: str, level: int, text: str, *fields: str) -> None:
        self.id = id
        self.level = level
        self.text = text
        self.fields = fields

    CORE_READY = (
        "58b0b26a4463e7e3f474fee295970a47",
        logging.INFO,
        "ready, version {version}",
        "version",
    )
    CORE_FAILED = (
        "7edcb74c0a9b083002ccfa7952312997",
        logging.CRITICAL,
        "the core ends: {why}",
        "why",
    )
    CONFIG_REFUSED = (
        "171d273e9533c7acaa87cbc50b0a5c0a",
        logging.CRITICAL,
        "configuration refused: {why}",
        "why",
    )
    CANNOT_START = (
        "ba670441da8d232dced645c141631622",
        logging.CRITICAL,
        "cannot start: {why}",
        "why",
    )
    STAFF_DESK_CLOSED = (
        "aa806c708a0efdbde4d796708d70948e",
        logging.CRITICAL,
        "no staff can act at this core: {why}",
        "why",
    )
    DESK_OPENED_BY_TWO = (
        "c6fee3f8707549f4fc22cae452d44abb",
        logging.ERROR,
        "two people opened the staff desk together",
    )
    SEALED_CODE_USED = (
        "2266a272e63c87b0cde965e77d665a59",
        logging.ERROR,
        "a sealed code was used: {fingerprint}",
        "fingerprint",
    )
    PHASE_CHANGED = (
        "7be3762c82d43798c6e4b2f40f0226ca",
        logging.INFO,
        "phase {before} -> {after} on {event}",
        "before",
        "after",
        "event",
    )
    NO_DRIVER = (
        "0afd117909f610ec804e4b07b47a8148",
        logging.WARNING,
        "no driver for {command} of {device}",
        "command",
        "device",
    )
    JOURNAL_DIED = (
        "84867f347a398a238bc5d004c37c9b6e",
        logging.CRITICAL,
        "the journal cannot be written: cash is closed",
    )
    REPORT_FAILED = (
        "8dfa216b1132cee7cf818e49feb99288",
        logging.ERROR,
        "report {report} failed: {error}",
        "report",
        "error",
    )
    PROCESS_HANGS = (
        "3dcbcf5cba845265e466d4d39f94260e",
        logging.WARNING,
        "{device}: its process hangs",
        "device",
    )
    PROCESS_SPOKE_NONSENSE = (
        "cb03df9f9e304ec5332972d70a43824d",
        logging.WARNING,
        "{device}: its process spoke out of turn",
        "device",
    )
    CORE_WENT_AWAY = (
        "83b19907bc1a0bfc046c6cfb7f368afd",
        logging.INFO,
        "the core went away",
    )
    EXTRA_MISSING = (
        "af60989e0a03fac531ac14cefda11154",
        logging.ERROR,
        "the extra `{extra}` is not installed",
        "extra",
    )
    ATTESTATION_REFUSED = (
        "79dab6e27e1c447baafac7457f9f1df7",
        logging.WARNING,
        "the server does not take our attestation",
    )
    SERVER_SPOKE_NONSENSE = (
        "0f495a290a21d843a52369b4a6dd4302",
        logging.ERROR,
        "{command}: {why}",
        "command",
        "why",
    )
    KEYS_UNUSABLE = (
        "817c69dea21bb4422c05e6b320c915fe",
        logging.ERROR,
        "{device}: the keys cannot be used",
        "device",
    )
    DEVICE_LOST = (
        "9ee7e4ed898dc147b90525f90aebc49c",
        logging.WARNING,
        "{device}: {why}",
        "device",
        "why",
    )
    DEVICE_WARNED = (
        "4f4c8316ae195915d7b099777167c4c8",
        logging.WARNING,
        "{device}: {code}",
        "device",
        "code",
    )
    OLD_JOB_CANCELLED = (
        "dbe7aebd8a6c9a5449684bdf0925b8a2",
        logging.WARNING,
        "{device}: cancelling a job left from before",
        "device",
    )
    PRINT_DOUBTFUL = (
        "265b080d9bc76e72dbccb033c40fa02e",
        logging.WARNING,
        "{device}: {while_}: {why}",
        "device",
        "while_",
        "why",
    )
    SLIP_NOT_DRAWN = (
        "4c52ac469a0f0123d9d3e7cace91474e",
        logging.ERROR,
        "{device}: {why}",
        "device",
        "why",
    )
    TEN_KEY_ABSENT = (
        "5f0abb7107c23022d77f99ecc034b1ec",
        logging.WARNING,
        "ten-key: {while_}, {why}",
        "while_",
        "why",
    )
    FONTS_MISSING = (
        "e15e127470e284e69bb9009a482657c8",
        logging.ERROR,
        "the screens cannot be drawn: {why}",
        "why",
    )
    LIBRARY_SAID = (
        "d50bc1376430b4760cc622575bc119fa",
        logging.WARNING,
        "a library warned: {library}",
        "library",
    )
    ENROLMENT_ASKED = (
        "afb54af61288d0f3f6575856566e8dcc",
        logging.INFO,
        "enrolment asked, key {fingerprint}",
        "fingerprint",
    )
    ENROLLED = (
        "1a1459c291c514173385ac5fc2216f13",
        logging.INFO,
        "enrolled, certificate until {until}",
        "until",
    )
    CERTIFICATE_RENEWED = (
        "ffad85831ebd5a725fa9d2498400a987",
        logging.INFO,
        "certificate renewed until {until}",
        "until",
    )
    RENEWAL_FAILED = (
        "d6ab1678726cc693ced3b108d2445fdf",
        logging.ERROR,
        "the certificate was not renewed: {why}",
        "why",
    )
    PEER_TURNED_AWAY = (
        "cd5f0cd4867b0870fa866f281d3f93c1",
        logging.WARNING,
        "{device}: somebody who may not ask was turned away",
        "device",
    )
    LINE_NOT_SPOKEN = (
        "98947f5f167a9815fc24f77dafa1738d",
        logging.WARNING,
        "{device}: {why}",
        "device",
        "why",
    )
    BUNDLE_APPLIED = (
        "dafab5e0dbc237ed8f243e6f99ed99f9",
        logging.INFO,
        "configuration {version} is in force",
        "version",
    )
    BUNDLE_REFUSED = (
        "36c828f1cbb693d9540776cb06aaf488",
        logging.ERROR,
        "configuration refused: {why}",
        "why",
    )
    BUNDLE_ROLLED_BACK = (
        "6b0d82a55294a428ef11e6706884b581",
        logging.ERROR,
        "configuration {version} did not come ready; {before} is back",
        "version",
        "before",
    )
    SELF_TEST_PASSED = (
        "735a8291d78208c67b950fbbcde7d1da",
        logging.INFO,
        "self test: {checks} checks, inventory {inventory}",
        "checks",
        "inventory",
    )
    SELF_TEST_FOUND = (
        "da4a8021cecd78c4faa9f6fb9056e5cd",
        logging.WARNING,
        "self test: {check}: {why}",
        "check",
        "why",
    )
    FIRST_SCREEN = (
        "15288e74683a6fcfa4aa79e755d50679",
        logging.INFO,
        "the first screen is shown: {screen}",
        "screen",
    )
    READY_FOR_RESIDENTS = (
        "001a1985be8424a5cbd3138ce93bfaef",
        logging.INFO,
        "the first resident may come: the attract screen is shown",
    )
    BACKUP_MADE = (
        "dc57a2bb1f94b5c4cdb177086af11644",
        logging.INFO,
        "journal backed up: {records} records, head {head}",
        "records",
        "head",
    )
    JOURNAL_RESTORED = (
        "d4e93ac3d1b8a246cbc3ec4a0a7bef0d",
        logging.WARNING,
        "journal restored: {records} records, head {head}",
        "records",
        "head",
    )
    DECOMMISSIONED = (
        "41fd40a844f6414619cb876ee64e3a08",
        logging.WARNING,
        "decommissioned: {files} files destroyed",
        "files",
    )
    POWER_LOST = (
        "4215afc6ea93999ab268b847d5bd3de3",
        logging.WARNING,
        "on battery: {why}",
        "why",
    )
    RELAY_READY = (
        "86d90fe8f03ceaae75adf699540a2357",
        logging.INFO,
        "the relay for panels elsewhere is ready",
    )
    PANEL_LEFT = (
        "e9e390cc5cedc1d3a17cf744e986edea",
        logging.INFO,
        "a panel left: {why}",
        "why",
    )
