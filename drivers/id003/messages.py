"""ID-003 commands and statuses by name, and what their data mean. Pure.

Marks as in the README: [M] printed manual, [O] read in an open driver, [K] general knowledge, to be confirmed.
Each `parse_*` takes the data of a reply and raises PeerProtocolError when it cannot be that reply.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from drivers.id003.codec import Frame
from kiosk.errors import PeerProtocolError
from kiosk.money import Denomination

RECYCLER: Final = 0x20
"""The unit that an extended command (F0) is for."""
FIRST_CODE: Final = 0x61
"""Escrow codes are 61 to 70; bit 0 of a mask is 61."""
CODES: Final = 16
BOXES: Final = 2


class Command(enum.IntEnum):
    """Requests; a reply to a set or get command carries the same number."""

    STATUS = 0x11
    RESET = 0x40
    STACK_1 = 0x41
    STACK_2 = 0x42
    RETURN = 0x43
    HOLD = 0x44
    WAIT = 0x45
    ACK = 0x50
    GET_DENOMINATIONS = 0x80
    GET_SECURITY = 0x81
    GET_COMM_MODE = 0x82
    GET_INHIBIT = 0x83
    GET_DIRECTION = 0x84
    GET_OPTIONS = 0x85
    VERSION = 0x88
    CURRENCIES = 0x8A
    SET_DENOMINATIONS = 0xC0
    SET_SECURITY = 0xC1
    SET_COMM_MODE = 0xC2
    SET_INHIBIT = 0xC3
    SET_DIRECTION = 0xC4
    SET_OPTIONS = 0xC5
    EXTENDED = 0xF0


class Extended(enum.IntEnum):
    """Commands of the recycler extension [O]."""

    STATUS = 0x1A
    PAYOUT = 0x4A
    STOP = 0x4D
    GET_CURRENCY = 0x90
    GET_LIMIT = 0x92
    VERSION = 0x93
    GET_COUNT = 0xA2
    SET_CURRENCY = 0xD0
    SET_LIMIT = 0xD2
    SET_COUNT = 0xE2


class Status(enum.IntEnum):
    """What the device says of itself when it is asked with 11."""

    IDLE = 0x11
    ACCEPTING = 0x12
    ESCROW = 0x13
    STACKING = 0x14
    VEND_VALID = 0x15
    STACKED = 0x16
    REJECTING = 0x17
    RETURNING = 0x18
    HOLDING = 0x19
    INHIBITED = 0x1A
    INITIALIZE = 0x1B
    PAYING = 0x20
    COLLECTING = 0x21
    COLLECTED = 0x22
    PAY_VALID = 0x23
    PAY_STAY = 0x24
    RETURN_TO_BOX = 0x25
    RETURN_PAY_OUT_NOTE = 0x26
    RETURN_ERROR = 0x2F
    POWER_UP = 0x40
    POWER_UP_IN_ACCEPTOR = 0x41
    POWER_UP_IN_STACKER = 0x42
    STACKER_FULL = 0x43
    STACKER_OPEN = 0x44
    JAM_IN_ACCEPTOR = 0x45
    JAM_IN_STACKER = 0x46
    PAUSE = 0x47
    CHEATED = 0x48
    FAILURE = 0x49
    COMM_ERROR = 0x4A
    INVALID_COMMAND = 0x4B
    RECYCLER_FAILURE = 0x4C


POWER_UPS: Final = frozenset({Status.POWER_UP, Status.POWER_UP_IN_ACCEPTOR, Status.POWER_UP_IN_STACKER})
RESTING: Final = frozenset({Status.IDLE, Status.INHIBITED})
PAYING: Final = frozenset(
    {
        Status.PAYING,
        Status.PAY_VALID,
        Status.PAY_STAY,
        Status.RETURN_TO_BOX,
        Status.RETURN_PAY_OUT_NOTE,
        Status.RETURN_ERROR,
    }
)

REFUSALS: Final[Mapping[int, str]] = {
    0x71: "insertion",
    0x72: "magnetic",
    0x73: "note-left-in-head",
    0x74: "calibration",
    0x75: "transport",
    0x76: "not-recognised",
    0x77: "pattern",
    0x78: "light",
    0x79: "inhibited",
    0x7B: "operation",
    0x7C: "note-left-in-stacker",
    0x7D: "length",
    0x7E: "pattern-2",
    0x7F: "not-genuine",
}
"""Why it is rejecting [K]."""

FAILURES: Final[Mapping[int, str]] = {
    0xA2: "stack-motor",
    0xA5: "transport-speed",
    0xA6: "transport-motor",
    0xA8: "solenoid",
    0xA9: "pressure-bar",
    0xAB: "cash-box-not-ready",
    0xAF: "head-removed",
    0xB0: "boot-rom",
    0xB1: "external-rom",
    0xB2: "ram",
    0xB3: "external-rom-write",
}
"""What has failed [K]."""

FAULTS: Final[Mapping[int, str]] = {
    Status.STACKER_FULL: "stacker-full",
    Status.STACKER_OPEN: "stacker-open",
    Status.JAM_IN_ACCEPTOR: "jam-in-acceptor",
    Status.JAM_IN_STACKER: "jam-in-stacker",
    Status.PAUSE: "pause",
    Status.CHEATED: "cheated",
    Status.FAILURE: "failure",
    Status.RECYCLER_FAILURE: "recycler-failure",
}

WITHIN_REACH: Final = frozenset({"jam-in-acceptor", "pause"})
"""Faults that the person in front may end: a note stands in the mouth, or a second one came behind it."""

EXTENDED_STATUS: Final[Mapping[int, str]] = {
    0x00: "not-connected",
    0x40: "jam",
    0x41: "door-open",
    0x42: "motor",
    0x43: "memory",
    0x44: "payout-note",
    0x45: "box-open",
    0x4A: "hardware",
}
"""Extended statuses that say why the recycler failed [O, one driver]."""

_YEN: Final = {each.face.value: each for each in Denomination if each.is_note}


@dataclass(frozen=True, slots=True)
class NoteType:
    """One line of the device's own table. `denomination` is None for money that is not yen."""

    code: int
    country: int
    denomination: Denomination | None

    @property
    def issue(self) -> str:
        """The device's name of it, for the journal."""
        return f"{self.code:02x}"


def extended(command: Extended, data: bytes = b"") -> Frame:
    """A request of the recycler extension."""
    return Frame(Command.EXTENDED, bytes((RECYCLER, command)) + data)


def parse_currencies(data: bytes, country: int | None) -> tuple[NoteType, ...]:
    """The currency table (8A): groups of code, country, value, power of ten; value 0 is a line not used.

    `country`: the one that means yen here. None: the table itself must leave no doubt, one country and only faces
    of yen notes (the country code of Japan is not in public sources).
    """
    if not data or len(data) % 4:
        raise PeerProtocolError("id003: reply length")
    groups = [data[at : at + 4] for at in range(0, len(data), 4)]
    used = [(code, land, value * 10**power) for code, land, value, power in groups if value and power <= 9]
    if any(not FIRST_CODE <= code < FIRST_CODE + CODES for code, _, _ in used):
        raise PeerProtocolError("id003: escrow code")
    is_plain = len({land for _, land, _ in used}) == 1 and all(worth in _YEN for _, _, worth in used)
    return tuple(
        NoteType(code, land, _YEN.get(worth) if (is_plain if country is None else land == country) else None)
        for code, land, worth in used
    )


def mask_of(codes: Iterable[int]) -> bytes:
    """Two bytes with the bits of these codes set: first 61 to 68, then 69 to 70."""
    return sum(1 << (code - FIRST_CODE) for code in set(codes)).to_bytes(2, "little")


def codes_of(mask: int) -> frozenset[int]:
    """The codes whose bits are set."""
    return frozenset(FIRST_CODE + bit for bit in range(CODES) if mask >> bit & 1)


def disable_all_but(codes: Iterable[int]) -> bytes:
    """The data of C0: bit 1 = disabled."""
    allowed = int.from_bytes(mask_of(codes), "little")
    return (0xFFFF & ~allowed).to_bytes(2, "little")


def parse_version(data: bytes) -> str:
    """The version text (88); it is all that the device says of itself: there is no serial number."""
    text = "".join(chr(byte) if 0x20 < byte < 0x7F else " " for byte in data)
    return " ".join(text.split())[:80]


def parse_destination(data: bytes) -> int | None:
    """Where a stacking or stacked note goes: 0 the cash box, 1 and 2 the recycler's boxes; None: it does not
    say [O]."""
    return data[0] if data and data[0] <= BOXES else None


def parse_extended(frame: Frame, command: Extended) -> bytes:
    """The data of an extended reply to that command."""
    if frame.command != Command.EXTENDED or frame.data[:2] != bytes((RECYCLER, command)):
        raise PeerProtocolError("id003: not an answer to that")
    return frame.data[2:]


def parse_counts(data: bytes) -> dict[int, int]:
    """Pieces by box (A2): 16 bits each, low byte first [O]."""
    if len(data) != 2 * BOXES:
        raise PeerProtocolError("id003: reply length")
    return {box: int.from_bytes(data[2 * box - 2 : 2 * box], "little") for box in range(1, BOXES + 1)}


def parse_recycled(data: bytes) -> dict[int, frozenset[int]]:
    """Codes by box (90): a 16-bit mask each, with or without the box's number behind it [O, drivers differ]."""
    if len(data) not in (2 * BOXES, 3 * BOXES):
        raise PeerProtocolError("id003: reply length")
    size = len(data) // BOXES
    return {
        box: codes_of(int.from_bytes(data[size * (box - 1) : size * (box - 1) + 2], "little"))
        for box in range(1, BOXES + 1)
    }


def recycled(codes: Mapping[int, Iterable[int]]) -> bytes:
    """The data of D0: mask and number of each box."""
    return b"".join(mask_of(codes.get(box, ())) + bytes((box,)) for box in range(1, BOXES + 1))


def payout(count: int, box: int) -> Frame:
    """Pay `count` notes of that box (4A). Never sent twice for one operation."""
    return extended(Extended.PAYOUT, bytes((count, box)))


def refusal_word(data: bytes) -> str:
    """Why a note is being rejected."""
    return REFUSALS.get(data[0], f"reason-{data[0]:02x}") if data else "reason-unknown"


def fault_word(status: int, data: bytes) -> str:
    """A fault as a word, with what failed where the device says it."""
    if status == Status.FAILURE and data:
        return f"failure-{FAILURES.get(data[0], f'{data[0]:02x}')}"
    return FAULTS[status]
