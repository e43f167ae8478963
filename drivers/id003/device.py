"""A note validator, with or without a recycler: coming, being set up, being opened and closed. Pure.

Settings hold only from one reset to the next, so they are made again after every INITIALIZE (1B). The device is
closed after every arrival, reset or loss. It is never reset but by ResetNotePath: a reset moves a note that may be
inside, and after a power cut what it may be must be in the journal first.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from drivers.id003.acceptance import SHUT, Acceptance
from drivers.id003.codec import Frame
from drivers.id003.line import Events, Line, Step, marker, nothing, order, question, setting
from drivers.id003.messages import (
    EXTENDED_STATUS,
    FAULTS,
    POWER_UPS,
    RESTING,
    WITHIN_REACH,
    Command,
    Extended,
    NoteType,
    Status,
    extended,
    fault_word,
    parse_currencies,
    parse_version,
)
from drivers.id003.paying import Payer
from drivers.id003.settings import Settings
from drivers.id003.slot import Slot
from kiosk.errors import ContractError, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.money import Denomination
from kiosk.ports import (
    AcknowledgeCredit,
    AcknowledgePayout,
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    Dispense,
    NoteStacked,
    ReadHopper,
    ResetNotePath,
    ResolveDispense,
    ReturnNote,
    SetAcceptance,
    StackNote,
    StartNoteAcceptor,
    StopDispense,
)
from kiosk.ports import Command as CoreCommand

CASHBOX = DeviceId("cashbox")
_STATUSES = frozenset(Status) - {Status.COMM_ERROR, Status.INVALID_COMMAND}
"""The two say that it did not understand: asked again."""
_POWER_UP_WORDS: Mapping[int, str] = {
    Status.POWER_UP: "powered-up",
    Status.POWER_UP_IN_ACCEPTOR: "powered-up-in-acceptor",
    Status.POWER_UP_IN_STACKER: "powered-up-in-stacker",
}
_POWER_RECOVERY = b"\x02\x00"
"""C5: say VEND VALID again after a power cut in stacking [K]."""


class Presence(enum.Enum):
    AWAY = "away"
    HERE = "here"
    """It has told its version. Whether it can work its status tells."""


class SetUp(enum.Enum):
    NOT = "not"
    READ = "read"
    """It wants a reset or a hand first: all that can be read is read."""
    SET = "set"
    """Its settings are made; its boxes are not read yet."""
    DONE = "done"


class NoteUnit:
    """Commands: those of notes and of hoppers. Events: the note family, the hopper family, AcceptanceSet."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.device = settings.device
        self.presence = Presence.AWAY
        self.identity = ""
        self.line = Line()
        self.slot = Slot(self.device, self.line, settings.slot, self._unit_of)
        self.acceptance = Acceptance(self.device, self.line, self.slot)
        self.boxes = Payer(settings.boxes, self.line, self.acceptance.shut, self._why_not)
        self._types: dict[int, NoteType] = {}
        self._set_up = SetUp.NOT
        self._status = 0
        self._next_poll = 0.0
        self._lost_code = ""
        self._fault = ""
        self._why = ""
        """Why the recycler failed, as it said when it was asked."""
        self._is_closing = False

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (self.device, *self.boxes.devices)

    # --- for the driver
    # ----------------------------------------------------------------------------------------------------------

    def due(self) -> float:
        """When this machine wants the line."""
        if self.line.steps:
            return self.line.not_before
        return max(self.line.not_before, self._next_poll)

    def request(self, now: float) -> Step:
        """The next question. When it has a reply, answer with `replied` or `unanswered` before asking again. The
        status is asked in between whatever waits: nothing may keep it from being read."""
        if self.presence is Presence.AWAY and not self.line.has("hello"):
            self.line.clear()  # what was asked of it before it went says nothing to it now
        if self.line.steps and (now < self._next_poll or self.presence is Presence.AWAY):
            step = self.line.steps.popleft()
        else:
            self._next_poll = now + self.settings.poll_s
            step = Step(Frame(Command.STATUS), self._on_status)
        return self.line.send(step, now)

    def replied(self, frame: Frame, now: float) -> Events:
        return self._go_on(self.line.replied(frame, now), now)

    def unanswered(self, now: float) -> Events:
        if self.presence is Presence.AWAY:
            self.line.drop_in_flight()
            return self._went_away("no-answer", now)
        return self._go_on(self.line.unanswered(now), now)

    def port_lost(self, now: float) -> Events:
        """The line itself is gone."""
        self.line.drop_in_flight()
        return self._went_away("no-port", now)

    def tick(self, now: float) -> Events:
        """What only time decides."""
        return self.boxes.tick(now)

    def perform(self, command: CoreCommand, now: float) -> Events:
        """One command of the core."""
        match command:
            case StartNoteAcceptor():
                self.slot.start(command)
            case SetAcceptance(denominations=wanted):
                self._set_acceptance(wanted)
            case StackNote(op=op):
                return self.slot.stack(op, now)
            case ReturnNote():
                self.slot.give_back(now)
            case AcknowledgeCredit(op=op):
                self.slot.acknowledge(op)
            case ResetNotePath():
                return self._reset()
            case ReadHopper():
                self.boxes.read()
            case Dispense():
                return self.boxes.dispense(command, now)
            case ResolveDispense():
                return self.boxes.resolve(command, now)
            case AcknowledgePayout():
                self.boxes.acknowledge(command)
            case StopDispense():
                self.boxes.stop(command)
            case _:
                raise ContractError(f"not a command for notes: {self.device}")
        return []

    def close_down(self, now: float) -> Events:
        """Begin to leave the device safe: shut, a note that is held goes back, a payout is seen to its end."""
        self._is_closing = True
        if self.presence is Presence.HERE:
            self._set_acceptance(())
            self.slot.give_back(now, "closing")
        return self.boxes.close_down(now)

    @property
    def is_safe(self) -> bool:
        """Nothing is left to be done before the line may be closed."""
        if self.presence is Presence.AWAY:
            return self.boxes.open is None
        return (
            not self.line.steps
            and not self.acceptance.is_telling
            and self.slot.is_empty
            and self.boxes.open is None
        )

    # --- what the device says
    # ----------------------------------------------------------------------------------------------------------

    def _on_status(self, frame: Frame, now: float) -> Events:
        if frame.command not in _STATUSES:
            raise PeerProtocolError("id003: not a status")
        if self.presence is Presence.AWAY:
            self.line.clear()
            self.line.ask(question(Command.VERSION, self._on_version, topic="hello"))
            return []
        before, self._status = self._status, frame.command
        if frame.command in POWER_UPS:
            return self._on_power_up(frame.command, now)
        if frame.command in FAULTS:
            return self._on_fault(frame, now)
        events = self._clear_fault()
        if frame.command == Status.INITIALIZE:
            self._on_initialize(before)
            return events
        if frame.command in RESTING and self._set_up is not SetUp.DONE:
            self._ask_setup()
            return events
        if self._set_up is SetUp.NOT and self._read_first():
            return events  # busy with money since before we came: its table first
        notes = self.slot.on_status(frame.command, frame.data, now)
        if any(isinstance(event, NoteStacked) for event in notes):
            self.boxes.read()  # one more may lie in a box
        events += notes
        events += self.boxes.on_status(frame.command, now)
        return [*events, *self.acceptance.on_status(frame.command)]

    def _on_version(self, data: bytes, now: float) -> Events:
        self.identity = parse_version(data)
        if self.settings.identity not in self.identity:
            return self._went_away("wrong-device", now)
        self.presence = Presence.HERE
        self._set_up = SetUp.NOT
        self._lost_code = ""
        return [DeviceArrived(self.device, self.identity)]

    def _on_power_up(self, status: int, now: float) -> Events:
        """It was without power and waits to be reset. What was under way is told; the reset is not ours to give."""
        if self._read_first():
            return []
        word = _POWER_UP_WORDS[status]
        events = self.slot.on_power_up(status, word)
        events += self.boxes.on_power_up(now)
        return [*events, *self._raise_fault(word)]

    def _on_fault(self, frame: Frame, now: float) -> Events:
        if self._read_first():
            return []
        word = fault_word(frame.command, frame.data)
        if frame.command == Status.RECYCLER_FAILURE and self._fault == "":
            self.line.ask(Step(extended(Extended.STATUS), self._on_recycler_status, nothing))
        events = self.slot.on_fault(word)
        events += self.boxes.on_fault(word, now)
        return [*events, *self._raise_fault(word)]

    def _on_recycler_status(self, frame: Frame, _now: float) -> Events:
        """Why the recycler failed, in its own words; the fault stands already."""
        if frame.command != Command.EXTENDED or len(frame.data) < 2:
            raise PeerProtocolError("id003: not an answer to that")
        word = EXTENDED_STATUS.get(frame.data[1], "")
        if not word or self._why or not self._fault:
            return []
        self._why = f"recycler-{word}"
        return [DeviceFault(self.device, self._why)]

    # --- setting up
    # ----------------------------------------------------------------------------------------------------------

    def _read_first(self) -> bool:
        """Once: what can be read of a device that cannot work. True while that is under way."""
        if self._set_up is not SetUp.NOT:
            return self.line.has("setup")
        self._set_up = SetUp.READ
        self.line.ask(
            question(Command.CURRENCIES, self._on_currencies, nothing),
            *self.boxes.bring_up(self._types, self.identity, is_full=False),
            marker(nothing, "setup"),
        )
        return True

    def _on_initialize(self, before: int) -> None:
        """It was reset: what was set is not set any more, and it may wait for the settings."""
        if before != Status.INITIALIZE:
            self._set_up = SetUp.NOT
            self.acceptance.forget()
        if self._set_up is not SetUp.SET:
            self._ask_setup()

    def _ask_setup(self) -> None:
        if self.line.has("setup"):
            return
        if self._set_up is SetUp.SET:
            known = marker(self._on_set_up, "setup")
            self.line.ask(*self.boxes.bring_up(self._types, self.identity, is_full=True), known)
            return
        self.line.ask(
            question(Command.CURRENCIES, self._on_currencies),
            setting(Command.SET_COMM_MODE, b"\x00", nothing),
            setting(Command.SET_DIRECTION, b"\x00", nothing),
            setting(Command.SET_OPTIONS, _POWER_RECOVERY, nothing),
            setting(Command.SET_INHIBIT, SHUT),
            marker(self._on_settings, "setup"),
        )

    def _on_settings(self, now: float) -> Events:
        if not any(kind.denomination for kind in self._types.values()):
            return self._went_away("wrong-currency", now)
        self._set_up = SetUp.SET
        return []

    def _on_set_up(self, _now: float) -> Events:
        self._set_up = SetUp.DONE
        self.acceptance.shut()
        return []

    def _on_currencies(self, data: bytes, _now: float) -> Events:
        self._types = {kind.code: kind for kind in parse_currencies(data, self.settings.country)}
        self.slot.types = self._types
        return []

    def _reset(self) -> Events:
        """Not while a payout is open, nor while a note is inside whose money is not told."""
        if self.boxes.open is not None or self.presence is Presence.AWAY or not self.slot.may_be_reset:
            return [
                DeviceFault(self.device, "reset-refused"),
                DeviceFault(self.device, "reset-refused", clear=True),
            ]
        self.slot.on_reset_by_us()
        self._set_up = SetUp.NOT
        self.line.clear()
        self.line.ask(order(Command.RESET))
        return []

    def _set_acceptance(self, wanted: tuple[Denomination, ...]) -> None:
        if self._set_up is not SetUp.DONE:
            return  # it is shut; that it can be opened is told by AcceptanceSet
        is_shut = self._is_closing or self._fault or self.boxes.open is not None
        self.acceptance.set(() if is_shut else wanted)

    # --- coming, going, faults
    # ----------------------------------------------------------------------------------------------------------

    def _why_not(self) -> str:
        if self._is_closing:
            return "closing"
        if self.presence is Presence.AWAY or self._set_up is not SetUp.DONE:
            return "away"
        if self._fault:
            return self._fault
        return "" if self.slot.note is None else "busy"

    def _went_away(self, code: str, now: float) -> Events:
        was_told = self._lost_code == code or (self._lost_code != "" and self.presence is Presence.AWAY)
        self.presence = Presence.AWAY
        self._set_up = SetUp.NOT
        self._status, self._fault, self._why = 0, "", ""
        self.acceptance.forget()
        self.slot.went_away()
        self.line.clear()
        self.line.not_before = now + self.settings.retry_s
        events = self.boxes.went_away(code, now)
        if was_told:
            return []
        self._lost_code = code
        return [DeviceLost(self.device, code), *events]

    def _go_on(self, events: Events | None, now: float) -> Events:
        """What came of an exchange (None: one silence too many), and all that waited only for it."""
        if events is None:
            return self._went_away("no-answer", now)
        while (step := self.line.local()) is not None:
            events = [*events, *step.on_reply(step.request, now)]
        return events

    def _raise_fault(self, word: str) -> Events:
        if self._fault == word:
            return []
        events = self._clear_fault()
        self._fault = word
        return [*events, DeviceFault(self.device, word, is_within_reach=word in WITHIN_REACH)]

    def _clear_fault(self) -> Events:
        words = [word for word in (self._why, self._fault) if word]
        self._why = self._fault = ""
        return [DeviceFault(self.device, word, clear=True) for word in words]

    def _unit_of(self, destination: int | None) -> DeviceId:
        """0, an unknown box and silence all mean the cash box: change is never promised from a guess."""
        return self.boxes.unit_of(destination) or CASHBOX
