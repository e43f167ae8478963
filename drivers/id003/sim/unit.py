"""A simulated note recycler: one cash box, one recycler box. What a status says is on disk before it is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.id003.codec import Frame
from drivers.id003.messages import (
    FIRST_CODE,
    RECYCLER,
    Command,
    Extended,
    Status,
    codes_of,
)
from drivers.id003.sim.world import (
    BEZEL,
    CASHBOX,
    HEAD,
    INSERTED,
    PATH,
    PULLED_OUT,
    RETURNED,
    STACKER,
    TAKEN,
    World,
)
from drivers.id003.sim.world import RECYCLER as BOX

NOTES: Mapping[int, str] = {
    0x61: "N5000F",
    0x62: "N1000F",
    0x63: "N10000F",
    0x64: "N2000D",
    0x65: "N1000E",
    0x66: "N10000E",
    0x67: "N5000E",
}
"""Escrow code -> note: face and series (F: 2024, E: 2004, D: 2000). Out of order on purpose: a host that assumes an
order is found out."""

RECYCLED = "N1000F"
COUNTRY = 0x6A
"""Invented: the real code of Japan is not in public sources."""
VERSION = b"S(JPN)-SIM-RC ID003-01V100-00 21NOV26"
ACK = Frame(Command.ACK)
INVALID = Frame(Status.INVALID_COMMAND)
_EXPONENTS = {"1000": (1, 3), "2000": (2, 3), "5000": (5, 3), "10000": (1, 4)}
_REJECT_INHIBITED, _REJECT_UNKNOWN = 0x79, 0x76


@dataclass(frozen=True, slots=True)
class Mechanics:
    """How fast it moves; how long a note waits in escrow and in the bezel; when a hand takes a note that is paid
    (None: when it is told to); how many notes the recycler box takes."""

    move_s: float = 0.3
    escrow_s: float = 10.0
    bezel_s: float = 30.0
    take_s: float | None = None
    capacity: int = 100


class SimUnit:
    """The device. `handle` answers a request, `advance` lets the mechanics run."""

    def __init__(self, world: World, mechanics: Mechanics) -> None:
        self._world = world
        self._mechanics = mechanics
        self.fault = 0
        self._fault_data = b""
        self._settings: dict[int, bytes] = {}
        self._get: dict[int, Callable[[], bytes]] = {
            Command.VERSION: lambda: VERSION,
            Command.CURRENCIES: _table,
            **{
                0x80 + at: (lambda at=at: self._settings[0xC0 + at])  # type: ignore[misc]  # bound at once
                for at in range(6)
            },
        }
        self.power_up(0.0)

    # --- power, and what a service tool would see
    # ----------------------------------------------------------------------------------------------------------

    def power_up(self, now: float) -> None:
        """All that is not in EEPROM is lost; sensors tell whether a note is inside."""
        head, stacker = self._world.count(HEAD), self._world.count(STACKER) + self._world.count(PATH)
        head += self._world.count(BEZEL)
        state = (
            Status.POWER_UP_IN_STACKER
            if stacker
            else Status.POWER_UP_IN_ACCEPTOR
            if head
            else Status.POWER_UP
        )
        self._lose_settings()
        self.fault, self._fault_data = 0, b""
        self._to_pay = 0
        self._unit: int = self._world.memory.get("unit", 0)  # where the last note went is kept
        self._go(state, now)

    def picture(self) -> dict[str, int | bool | str]:
        return {
            "status": Status(self.status).name.lower(),
            "is_open": self._settings[Command.SET_INHIBIT] == b"\x00",
            "count": self._world.memory["count"],
        }

    @property
    def status(self) -> int:
        return self.fault or self._state

    def next_move(self) -> float | None:
        """When the mechanics do something by themselves."""
        return self._until if self._until != float("inf") and not self.fault else None

    # --- hands
    # ----------------------------------------------------------------------------------------------------------

    def insert(self, issue: str, now: float) -> bool:
        """A note is put in the mouth. False: it is not drawn in."""
        if self.status != Status.IDLE:
            return False
        self._world.move(INSERTED, HEAD, issue)
        self._issue = issue
        self._go(Status.ACCEPTING, now, self._mechanics.move_s)
        return True

    def take(self, now: float) -> str:
        """A hand takes the note that waits in the bezel."""
        issue = self._world.only(BEZEL)
        if self._state != Status.PAY_STAY or not issue:
            raise ValueError("no note waits in the bezel")
        self._world.move(BEZEL, TAKEN, issue)
        self._go(Status.PAY_VALID, now)
        return issue

    def fail(self, status: int, data: bytes = b"") -> None:
        """Something is wrong until `clear`."""
        self.fault, self._fault_data = status, data

    def clear(self, now: float) -> None:
        """Hands end it: what was in the path is pulled out; then it starts anew."""
        self.fault, self._fault_data = 0, b""
        for place in (HEAD, STACKER, PATH, BEZEL):
            for issue, notes in dict(self._world.places.get(place, {})).items():
                self._world.move(place, PULLED_OUT, issue, notes)
        self._lose_settings()
        self._to_pay = 0
        self._go(Status.INITIALIZE, now, self._mechanics.move_s)

    # --- the mechanics
    # ----------------------------------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Let it run up to `now`."""
        while not self.fault and now >= self._until:
            self._next(self._until)

    def _go(self, state: int, now: float, for_s: float = float("inf")) -> None:
        self._state = state
        self._until = now + for_s

    def _next(self, now: float) -> None:
        move_s = self._mechanics.move_s
        match self._state:
            case Status.INITIALIZE:
                self._clear_path(now)
            case Status.ACCEPTING:
                self._recognised(now)
            case Status.ESCROW:
                self._go(Status.RETURNING, now, move_s)
            case Status.HOLDING:
                self._go(Status.ESCROW, now, self._mechanics.escrow_s)
            case Status.STACKING:
                if self._is_early:
                    self._world.remember(pending=1)
                    self._world.move(HEAD, STACKER, self._issue)
                else:
                    self._lay_down()
                self._go(Status.VEND_VALID, now)
            case Status.RETURNING | Status.REJECTING:
                self._world.move(HEAD, RETURNED, self._world.only(HEAD))
                self._rest(now)
            case Status.STACKED:
                self._rest(now)
            case _:
                self._next_of_payout(now)

    def _recognised(self, now: float) -> None:
        code = next((each for each, issue in NOTES.items() if issue == self._issue), 0)
        disabled = int.from_bytes(self._settings[Command.SET_DENOMINATIONS], "little")
        if code and not disabled >> (code - FIRST_CODE) & 1:
            self._go(Status.ESCROW, now, self._mechanics.escrow_s)
            return
        self._reason = _REJECT_INHIBITED if code else _REJECT_UNKNOWN
        self._go(Status.REJECTING, now, self._mechanics.move_s)

    def _lay_down(self) -> None:
        """The note comes to lie where it belongs: it is counted, and VEND VALID is owed."""
        place = HEAD if self._world.count(HEAD) else STACKER
        self._world.remember(pending=1, unit=self._unit)
        if self._unit:
            self._world.remember(count=self._world.memory["count"] + 1)
        self._world.move(place, BOX if self._unit else CASHBOX, self._issue)

    def _clear_path(self, now: float) -> None:
        """After a reset: notes in the head go back, notes further in go to the cash box. With the power recovery
        option VEND VALID that was not acknowledged is said again."""
        for place in (STACKER, PATH):
            for issue, notes in dict(self._world.places.get(place, {})).items():
                self._world.move(place, CASHBOX, issue, notes)
        for issue, notes in dict(self._world.places.get(BEZEL, {})).items():
            self._world.move(BEZEL, RETURNED, issue, notes)
        if self._world.memory.get("pending") and self._settings[Command.SET_OPTIONS][0] & 2:
            self._go(Status.VEND_VALID, now)
        elif self._world.count(HEAD):
            self._go(Status.RETURNING, now, self._mechanics.move_s)
        else:
            self._rest(now)

    def _rest(self, now: float) -> None:
        is_open = self._settings[Command.SET_INHIBIT] == b"\x00"
        self._go(Status.IDLE if is_open else Status.INHIBITED, now)

    # --- paying
    # ----------------------------------------------------------------------------------------------------------

    def _pay_next(self, now: float) -> None:
        issue = self._world.only(BOX)
        if self._to_pay <= 0 or not issue:
            self._to_pay = 0
            self._rest(now)
            return
        self._to_pay -= 1
        self._world.remember(count=max(0, self._world.memory["count"] - 1))
        self._world.move(BOX, PATH, issue)
        self._go(Status.PAYING, now, self._mechanics.move_s)

    def _next_of_payout(self, now: float) -> None:
        mechanics = self._mechanics
        match self._state:
            case Status.PAYING:
                self._world.move(PATH, BEZEL, self._world.only(PATH))
                waits_s = mechanics.bezel_s if mechanics.take_s is None else mechanics.take_s
                self._go(Status.PAY_STAY, now, waits_s)
            case Status.PAY_STAY if mechanics.take_s is not None:
                self.take(now)
            case Status.PAY_STAY:
                self._world.move(BEZEL, PATH, self._world.only(BEZEL))
                self._go(Status.RETURN_TO_BOX, now, mechanics.move_s)
            case Status.RETURN_TO_BOX:
                self._world.remember(count=self._world.memory["count"] + 1)
                self._world.move(PATH, BOX, self._world.only(PATH))
                self._to_pay = 0
                self._rest(now)

    # --- what the host asks
    # ----------------------------------------------------------------------------------------------------------

    def handle(self, frame: Frame, now: float) -> Frame | None:
        """Do what is asked; the answer, or None for none."""
        self.advance(now)
        command = frame.command
        if command == Command.STATUS:
            return self._tell_status()
        if command == Command.ACK:
            self._acknowledged(now)
            return None
        if command in self._get:
            return Frame(command, self._get[command]())
        if command in self._settings and len(frame.data) == len(self._settings[command]):
            self._set(command, frame.data, now)
            return frame
        if command == Command.EXTENDED and frame.data[:1] == bytes((RECYCLER,)) and len(frame.data) > 1:
            return self._extended(frame.data[1], frame.data[2:], now)
        return self._operation(command, now)

    def _tell_status(self) -> Frame:
        status = self.status
        if status == Status.ESCROW:
            code = next(each for each, issue in NOTES.items() if issue == self._issue)
            return Frame(status, bytes((code,)))
        if status in (Status.STACKING, Status.STACKED):
            return Frame(status, bytes((self._unit,)))
        if status == Status.REJECTING:
            return Frame(status, bytes((self._reason,)))
        return Frame(status, self._fault_data if self.fault else b"")

    def _acknowledged(self, now: float) -> None:
        if self._state == Status.VEND_VALID:
            self._world.remember(pending=0)
            if self._world.count(STACKER):
                self._lay_down()
                self._world.remember(pending=0)
            self._world.save()
            self._go(Status.STACKED, now, self._mechanics.move_s)
        elif self._state == Status.PAY_VALID:
            self._pay_next(now)

    def _set(self, command: int, data: bytes, now: float) -> None:
        self._settings[command] = data
        if command == Command.SET_INHIBIT and self._state in (Status.IDLE, Status.INHIBITED):
            self._rest(now)

    def _operation(self, command: int, now: float) -> Frame:
        move_s = self._mechanics.move_s
        is_held = self._state in (Status.ESCROW, Status.HOLDING) and not self.fault
        match command:
            case Command.RESET:
                self._lose_settings()
                self._to_pay = 0
                self._go(Status.INITIALIZE, now, move_s)
                return ACK
            case Command.STACK_1 | Command.STACK_2 if is_held:
                is_recycled = self._is_recycled() and self._world.memory["count"] < self._limit()
                self._unit = 1 if is_recycled else 0
                self._is_early = command == Command.STACK_1
                self._go(Status.STACKING, now, move_s)
                return ACK
            case Command.RETURN if is_held:
                self._go(Status.RETURNING, now, move_s)
                return ACK
            case Command.HOLD if is_held:
                self._go(Status.HOLDING, now, self._mechanics.escrow_s)
                return ACK
            case Command.WAIT:
                return ACK
        return INVALID

    def _extended(self, command: int, data: bytes, now: float) -> Frame:
        count = self._world.memory["count"]
        answers = {
            Extended.STATUS: None,
            Extended.VERSION: VERSION,
            Extended.GET_CURRENCY: bytes((self._recycled_mask(), 0, 0, 0)),
            Extended.GET_LIMIT: self._limit().to_bytes(2, "little") + bytes(2),
            Extended.GET_COUNT: count.to_bytes(2, "little") + bytes(2),
        }
        if command == Extended.STATUS:
            state = 0x40 if self.fault == Status.RECYCLER_FAILURE else 0x11 if not count else 0x10
            return Frame(Command.EXTENDED, bytes((RECYCLER, state)))
        answer = answers.get(Extended(command)) if command in set(Extended) else None
        if answer is not None:
            return Frame(Command.EXTENDED, bytes((RECYCLER, command)) + answer)
        is_resting = self._state in (Status.IDLE, Status.INHIBITED) and not self.fault
        match command:
            case Extended.PAYOUT if len(data) == 2 and data[0] and data[1] == 1 and is_resting:
                self._to_pay = data[0]
                self._pay_next(now)
                return ACK
            case Extended.STOP:
                self._to_pay = 0
                return ACK
            case Extended.SET_CURRENCY if len(data) == 6 and is_resting:
                self._world.remember(recycles=data[0])
                self._world.save()
                return Frame(Command.EXTENDED, bytes((RECYCLER, command)) + data)
            case Extended.SET_COUNT | Extended.SET_LIMIT if len(data) == 3 and data[2] in (1, 2):
                if data[2] == 1:
                    name = "count" if command == Extended.SET_COUNT else "limit"
                    self._world.remember(**{name: int.from_bytes(data[:2], "little")})
                    self._world.save()
                return Frame(Command.EXTENDED, bytes((RECYCLER, command)) + data)
        return INVALID

    def _limit(self) -> int:
        """So many notes the box keeps; kept without power."""
        return min(int(self._world.memory.get("limit", self._mechanics.capacity)), self._mechanics.capacity)

    def _recycled_mask(self) -> int:
        """What the box recycles; kept without power."""
        first = next(code - FIRST_CODE for code, issue in NOTES.items() if issue == RECYCLED)
        return int(self._world.memory.get("recycles", 1 << first))

    def _is_recycled(self) -> bool:
        """The note in hand is one of those."""
        return self._issue in {NOTES.get(code) for code in codes_of(self._recycled_mask())}

    def _lose_settings(self) -> None:
        self._settings = {
            Command.SET_DENOMINATIONS: b"\x00\x00",
            Command.SET_SECURITY: b"\x00\x00",
            Command.SET_COMM_MODE: b"\x00",
            Command.SET_INHIBIT: b"\x01",
            Command.SET_DIRECTION: b"\x00",
            Command.SET_OPTIONS: b"\x00\x00",
        }
        self._issue, self._reason, self._is_early = "", 0, False


def _table() -> bytes:
    groups = b""
    for code in range(FIRST_CODE, FIRST_CODE + 8):
        value, power = _EXPONENTS[NOTES[code][1:-1]] if code in NOTES else (0, 0)
        groups += bytes((code, COUNTRY if value else 0, value, power))
    return groups
