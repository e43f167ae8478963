"""ccTalk messages by header name: what a request carries and what its reply means. Pure.

Names and layouts: ccTalk Generic Specification 4.7 part 2; event and fault codes: part 3 (tables 2 and 3).
Each `parse_*` takes the data of a reply and raises PeerProtocolError when it cannot be that reply.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from kiosk.errors import PeerProtocolError
from kiosk.money import Denomination

POSITIONS: Final = 16
"""Coin positions of an acceptor."""
BUFFERED: Final = 5
"""Events that an acceptor still tells with header 229."""
ENABLE_CODE: Final = 0xA5
LIFETIME_RANGE: Final = 1 << 24
"""Header 168 is a 24-bit counter."""


class Header(enum.IntEnum):
    """Requests by their name in the specification."""

    RESET_DEVICE = 1
    REQUEST_COMMS_REVISION = 4
    EMERGENCY_STOP = 172
    REQUEST_HOPPER_COIN = 171
    REQUEST_HOPPER_DISPENSE_COUNT = 168
    DISPENSE_HOPPER_COINS = 167
    REQUEST_HOPPER_STATUS = 166
    ENABLE_HOPPER = 164
    TEST_HOPPER = 163
    PUMP_RNG = 161
    REQUEST_CIPHER_KEY = 160
    REQUEST_COIN_ID = 184
    REQUEST_DEFAULT_SORTER_PATH = 188
    MODIFY_DEFAULT_SORTER_PATH = 189
    REQUEST_BUILD_CODE = 192
    REQUEST_SORTER_PATHS = 209
    MODIFY_SORTER_PATHS = 210
    REQUEST_PAYOUT_LEVEL = 217
    REQUEST_SORTER_OVERRIDE = 221
    MODIFY_SORTER_OVERRIDE = 222
    REQUEST_MASTER_INHIBIT = 227
    MODIFY_MASTER_INHIBIT = 228
    READ_BUFFERED_CREDIT = 229
    REQUEST_INHIBITS = 230
    MODIFY_INHIBITS = 231
    PERFORM_SELF_CHECK = 232
    READ_OPTO_STATES = 236
    REQUEST_SOFTWARE_REVISION = 241
    REQUEST_SERIAL_NUMBER = 242
    REQUEST_PRODUCT_CODE = 244
    REQUEST_EQUIPMENT_CATEGORY = 245
    REQUEST_MANUFACTURER = 246
    REQUEST_STATUS = 248
    REQUEST_POLLING_PRIORITY = 249
    ADDRESS_RANDOM = 250
    ADDRESS_CHANGE = 251
    ADDRESS_CLASH = 252
    ADDRESS_POLL = 253
    SIMPLE_POLL = 254


class HopperFlag(enum.IntFlag):
    """Header 163, registers 1 to 3 (register 1 in the low byte)."""

    CURRENT_EXCEEDED = 1 << 0
    PAYOUT_TIMEOUT = 1 << 1
    MOTOR_REVERSED = 1 << 2
    OPTO_BLOCKED_IDLE = 1 << 3
    OPTO_SHORT_IDLE = 1 << 4
    OPTO_BLOCKED_PAYOUT = 1 << 5
    POWER_UP = 1 << 6
    PAYOUT_DISABLED = 1 << 7
    OPTO_SHORT_PAYOUT = 1 << 8
    SINGLE_COIN_MODE = 1 << 9
    USE_OTHER_HOPPER = 1 << 10
    OPTO_FRAUD = 1 << 11
    REVERSE_LIMIT = 1 << 12
    COIL_FAULT = 1 << 13
    MEMORY_FAULT = 1 << 14
    PIN_MECHANISM = 1 << 15
    POWER_DOWN_IN_PAYOUT = 1 << 16
    UNKNOWN_COIN_PAID = 1 << 17
    PIN_INCORRECT = 1 << 18
    CIPHER_INCORRECT = 1 << 19
    ENCRYPTED = 1 << 20


FAULT_WORDS: Final[dict[HopperFlag, str]] = {
    HopperFlag.OPTO_BLOCKED_IDLE: "exit-blocked",
    HopperFlag.OPTO_BLOCKED_PAYOUT: "exit-blocked",
    HopperFlag.OPTO_SHORT_IDLE: "exit-sensor",
    HopperFlag.OPTO_SHORT_PAYOUT: "exit-sensor",
    HopperFlag.OPTO_FRAUD: "exit-fraud",
    HopperFlag.CURRENT_EXCEEDED: "jam",
    HopperFlag.REVERSE_LIMIT: "jam",
    HopperFlag.PAYOUT_TIMEOUT: "empty-or-jam",
    HopperFlag.COIL_FAULT: "coin-sensor",
    HopperFlag.MEMORY_FAULT: "memory",
    HopperFlag.PIN_INCORRECT: "pin",
    HopperFlag.CIPHER_INCORRECT: "cipher",
}
"""What stands in the way of a payout, as a word for events; most telling first."""

ACCEPTOR_EVENTS: Final[dict[int, str]] = {
    1: "reject",
    2: "inhibited",
    3: "multiple-window",
    4: "wake-up-timeout",
    5: "validation-timeout",
    6: "credit-sensor-timeout",
    7: "sorter-timeout",
    8: "close-coin",
    9: "gate-not-ready",
    10: "credit-sensor-not-ready",
    11: "sorter-not-ready",
    12: "reject-not-cleared",
    13: "validation-sensor-not-ready",
    14: "credit-sensor-blocked",
    15: "sorter-blocked",
    16: "credit-sequence",
    17: "coin-backwards",
    18: "coin-too-fast",
    19: "coin-too-slow",
    20: "coin-on-string",
    21: "dce-timeout",
    22: "dce-not-seen",
    23: "credit-sensor-early",
    24: "reject-repeated",
    25: "slug",
    26: "reject-sensor-blocked",
    27: "games-overload",
    28: "meter-pulses",
    29: "gate-open-not-closed",
    30: "gate-closed-not-open",
    31: "manifold-timeout",
    32: "manifold-blocked",
    33: "manifold-not-ready",
    34: "security-changed",
    35: "motor",
    36: "swallowed",
    37: "coin-too-fast",
    38: "coin-too-slow",
    39: "missorted",
    40: "light-attack",
    253: "data-block",
    254: "return-lever",
}

ACCEPTOR_FAULTS: Final[dict[int, str]] = {
    1: "eeprom",
    2: "coils",
    3: "credit-sensor",
    4: "piezo",
    5: "reflective-sensor",
    6: "diameter-sensor",
    7: "wake-up-sensor",
    8: "sorter-exit-sensor",
    9: "nvram",
    14: "return-mechanism-open",
    15: "string-mechanism",
    19: "calibration",
    20: "gate",
    22: "reject-sensor",
    26: "solenoid",
    30: "data-block",
    33: "power-supply",
    34: "temperature",
    36: "dce",
}


def event_word(code: int) -> str:
    """The word of an acceptor's event code; unknown codes keep their number."""
    if 128 <= code <= 159:  # "inhibited coin, type n"
        return "inhibited"
    return ACCEPTOR_EVENTS.get(code, f"event-{code}")


def fault_word(code: int) -> str:
    """The word of an acceptor's self-check code; unknown codes keep their number."""
    return ACCEPTOR_FAULTS.get(code, f"fault-{code}")


def blocking_faults(flags: HopperFlag) -> tuple[str, ...]:
    """The words of those flags that stop a payout, each once, most telling first."""
    return tuple(dict.fromkeys(word for flag, word in FAULT_WORDS.items() if flag in flags))


@dataclass(frozen=True, slots=True)
class CreditEvent:
    """One pair of header 229. `position` 0: no coin, and `detail` is the event code; else `detail` is the
    sorter path."""

    position: int
    detail: int


@dataclass(frozen=True, slots=True)
class CreditBuffer:
    """Header 229: the counter and the last five events, newest first."""

    counter: int
    events: tuple[CreditEvent, ...]


@dataclass(frozen=True, slots=True)
class HopperStatus:
    """Header 166: the truth after any doubt about a payout."""

    counter: int
    remaining: int
    paid: int
    unpaid: int


@dataclass(frozen=True, slots=True)
class Level:
    """Header 217. A sensor that is not fitted says nothing."""

    is_low: bool
    is_high: bool


def next_counter(counter: int) -> int:
    """An event counter's next value: 0 is only ever the value after a reset, so 255 goes on with 1."""
    return counter % 255 + 1


def events_between(old: int, new: int) -> int:
    """How many events moved a counter from `old` to `new` (0 to 254), when no reset lies between."""
    return new if old == 0 else (new - old) % 255


def parse_credits(data: bytes) -> CreditBuffer:
    pairs = _sized(data, 1 + 2 * BUFFERED)[1:]
    events = (CreditEvent(pairs[at], pairs[at + 1]) for at in range(0, 2 * BUFFERED, 2))
    return CreditBuffer(data[0], tuple(events))


def parse_hopper_status(data: bytes) -> HopperStatus:
    counter, remaining, paid, unpaid = _sized(data, 4)
    return HopperStatus(counter, remaining, paid, unpaid)


def parse_hopper_flags(data: bytes) -> HopperFlag:
    """One to three registers: later devices have more."""
    if not 1 <= len(data) <= 3:
        raise PeerProtocolError("cctalk: reply length")
    return HopperFlag(int.from_bytes(data, "little") & (HopperFlag.ENCRYPTED * 2 - 1))


def parse_level(data: bytes) -> Level:
    (level,) = _sized(data, 1)
    return Level(level & 0x11 == 0x11, level & 0x22 == 0x22)


def parse_count(data: bytes) -> int:
    """A 24-bit counter or serial number, low byte first (headers 242, 168)."""
    return int.from_bytes(_sized(data, 3), "little")


def parse_byte(data: bytes) -> int:
    return _sized(data, 1)[0]


def parse_mask(data: bytes) -> int:
    """A coin mask, position 1 in bit 0 (header 230)."""
    return int.from_bytes(_sized(data, 2), "little")


def parse_text(data: bytes) -> str:
    """ASCII of an identity request, cleaned for a log line; at most 32 characters."""
    if not data or len(data) > 64:
        raise PeerProtocolError("cctalk: reply length")
    return "".join(chr(each) if 0x20 < each < 0x7F else " " for each in data).strip()[:32]


def parse_coin_id(data: bytes) -> Denomination | None:
    """`JP100A` is a 100-yen coin (country, value in yen, issue letter: part 3, appendix 3.1); None: not
    Japanese money.

    Old and new issues (500 yen) differ only in the letter and are one denomination.
    """
    text = _sized(data, 6).decode("ascii", "replace")
    if text[:2] != "JP" or not (text[2:5].isascii() and text[2:5].isdigit()):
        return None
    try:
        return Denomination(f"coin{int(text[2:5])}")
    except ValueError:
        return None


def coin_mask(mask: int) -> bytes:
    """The two bytes of header 231; a set bit accepts."""
    return mask.to_bytes(2, "little")


def _sized(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise PeerProtocolError("cctalk: reply length")
    return data
