"""Notes that come in: escrow, stacking, credit. Pure; see device.py for how it is driven.

The device holds VEND VALID until ACK. So: one StackNote, at most one credit, whose key is the operation; ACK only
after AcknowledgeCredit. A device that rests, was not switched off since, and has had no ACK from us for this note
never came to VEND VALID: the note went back. A device that was switched off proves nothing by resting.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from drivers.id003.line import NEVER, Events, Line, acknowledgement, nothing, order
from drivers.id003.messages import (
    POWER_UPS,
    RESTING,
    Command,
    NoteType,
    Status,
    parse_destination,
    refusal_word,
)
from kiosk.ids import DeviceId, OpId
from kiosk.money import Denomination
from kiosk.ports import (
    NoteCredited,
    NoteEscrowed,
    NoteInDoubt,
    NoteRefused,
    NoteReturned,
    NoteStacked,
    StartNoteAcceptor,
)

NO_OP = OpId("")
NO_UNIT = DeviceId("")
_HARMLESS = frozenset({"pause"})
"""Faults that do not move a note."""
_AGAIN_S = 1.0
"""An order that shows no effect for so long was not heard: the note still is in escrow, so it can be given again."""


class Stage(enum.Enum):
    ESCROWED = "escrowed"
    """Held; the core decides."""
    RETURNING = "returning"
    """On its way back, or ordered to be."""
    STACKING = "stacking"
    """Ordered in; not credited."""
    CREDITED = "credited"
    """Told; its credit may not be durable yet."""
    COMMITTED = "committed"
    """Its credit is durable: ACK may go."""


@dataclass(slots=True)
class OpenNote:
    """The one note that is inside and not settled."""

    denomination: Denomination | None
    issue: str = ""
    op: OpId = NO_OP
    stage: Stage = Stage.ESCROWED
    unit: DeviceId = NO_UNIT
    order_again_at: float = NEVER
    decide_by: float = NEVER
    code: str = ""
    """Why it goes back."""
    is_doubtful: bool = False
    """NoteInDoubt was told."""
    is_unproven: bool = False
    """The device was switched off or failed with it: resting proves nothing any more."""


@dataclass(frozen=True, slots=True)
class SlotSettings:
    """`stack`: 2 says VEND VALID when the note is fully in, 1 already at the lever. `decide_s`: how long a note
    waits for a decision before it goes back."""

    stack: Command = Command.STACK_2
    decide_s: float = 5.0


class Slot:
    """Commands: StartNoteAcceptor, StackNote, ReturnNote, AcknowledgeCredit. Events: the note-in family."""

    def __init__(
        self, device: DeviceId, line: Line, settings: SlotSettings, unit_of: Callable[[int | None], DeviceId]
    ) -> None:
        self.device = device
        self.types: Mapping[int, NoteType] = {}
        self.wanted: Collection[int] = ()
        """Codes that may be taken now."""
        self.note: OpenNote | None = None
        self.is_started = False
        self._line = line
        self._settings = settings
        self._unit_of = unit_of
        self._is_rejecting = False
        self._was_vend_valid = False

    # --- commands
    # ----------------------------------------------------------------------------------------------------------

    def start(self, command: StartNoteAcceptor) -> None:
        """What the journal knows of a note without an end. What we know ourselves is never behind it."""
        if self.is_started:
            return
        self.is_started = True
        if command.op:
            stage = Stage.COMMITTED if command.is_credited else Stage.STACKING
            self.note = OpenNote(command.denomination, op=command.op, stage=stage)
            self.note.is_doubtful = self.note.is_unproven = command.is_doubtful and not command.is_credited

    def stack(self, op: OpId, now: float) -> Events:
        note = self.note
        if note is not None and note.op == op:
            return []
        if note is None or note.stage is not Stage.ESCROWED:
            return [NoteReturned(self.device, "not-in-escrow", op)]  # it was on its way back before this came
        note.op, note.stage = op, Stage.STACKING
        self._order(note, self._settings.stack, now)
        return []

    def give_back(self, now: float, code: str = "asked") -> None:
        """ReturnNote, or our own reason. A note that is ordered in cannot be called back."""
        note = self.note
        if note is not None and note.stage is Stage.ESCROWED:
            note.stage, note.code = Stage.RETURNING, code
            self._order(note, Command.RETURN, now)

    def acknowledge(self, op: OpId) -> None:
        note = self.note
        if note is not None and note.op == op and note.stage is Stage.CREDITED:
            note.stage = Stage.COMMITTED
            if self._was_vend_valid:
                self._line.ask(acknowledgement())

    # --- what the device says
    # ----------------------------------------------------------------------------------------------------------

    def on_status(self, status: int, data: bytes, now: float) -> Events:
        """One status, in the order they came."""
        if not self.is_started:
            return []
        self._was_vend_valid = status == Status.VEND_VALID
        was_rejecting, self._is_rejecting = self._is_rejecting, status == Status.REJECTING
        match status:
            case Status.ESCROW:
                return self._on_escrow(data, now)
            case Status.STACKING:
                return self._on_stacking(data)
            case Status.VEND_VALID:
                return self._on_vend_valid()
            case Status.STACKED:
                return self._on_stacked(data)
            case Status.REJECTING:
                return [] if was_rejecting else self._on_rejecting(data)
            case Status.RETURNING:
                return self._on_returning()
            case Status.ACCEPTING | Status.IDLE | Status.INHIBITED:
                return self._on_over(status)
        return []

    def on_power_up(self, status: int, code: str) -> Events:
        """40, 41, 42: the device was without power. It stays in this state until it is reset."""
        if not self.is_started or status not in POWER_UPS:
            return []
        note = self.note
        if note is None and status != Status.POWER_UP:
            self.note = note = OpenNote(None, stage=Stage.STACKING)  # nobody ordered it in, and it is there
        return [] if note is None else self._doubt(note, code)

    def on_fault(self, code: str) -> Events:
        """A fault with a note inside: it may be anywhere."""
        note = self.note
        if note is None or not self.is_started or code in _HARMLESS:
            return []
        if note.stage in (Stage.ESCROWED, Stage.RETURNING):
            note.is_unproven = True  # nobody's credit yet; told only if it is not seen to go back
            return []
        return self._doubt(note, code)

    def on_reset_by_us(self) -> None:
        """The path is being cleared: a note that was held goes one way or the other."""
        if self.note is not None and self.note.stage is Stage.ESCROWED:
            self.note.stage = Stage.RETURNING
            self.note.is_unproven = True

    def went_away(self) -> None:
        """Contact is lost: nothing that it said stands."""
        self.wanted = ()
        self._was_vend_valid = self._is_rejecting = False

    @property
    def may_be_reset(self) -> bool:
        """A note that is held or goes back is the person's; one that is told as credited is not durable yet."""
        return self.is_empty or (
            self.note is not None and self.note.stage in (Stage.ESCROWED, Stage.RETURNING)
        )

    @property
    def is_empty(self) -> bool:
        """No note is inside whose money is not told: a reset can take nothing from anyone."""
        return self.note is None or self.note.is_doubtful or self.note.stage is Stage.COMMITTED

    # --- the way of a note
    # ----------------------------------------------------------------------------------------------------------

    def _on_escrow(self, data: bytes, now: float) -> Events:
        code = data[0] if data else 0
        note = self.note
        events: Events = []
        if note is not None and note.stage in (Stage.CREDITED, Stage.COMMITTED):
            events = self._settle_credited(note)  # the next one is here: the last one is through
            note = None
        if note is None:
            return [*events, *self._new_note(code, now)]
        if not note.issue:  # from an earlier life: whoever put it in is gone, so it goes back
            note.issue, note.stage, note.code = f"{code:02x}", Stage.RETURNING, "restart"
            self._order(note, Command.RETURN, now)
        elif note.stage is Stage.ESCROWED and now >= note.decide_by:
            self.give_back(now, "undecided")
        elif now >= note.order_again_at:
            stacks = note.stage is Stage.STACKING
            self._order(note, self._settings.stack if stacks else Command.RETURN, now)
        return events

    def _new_note(self, code: int, now: float) -> Events:
        kind = self.types.get(code)
        denomination = kind.denomination if kind is not None else None
        self.note = OpenNote(denomination, f"{code:02x}", decide_by=now + self._settings.decide_s)
        if denomination is None or code not in self.wanted:
            self.give_back(now, "unwanted")
            return []
        return [NoteEscrowed(self.device, denomination, self.note.issue)]

    def _on_stacking(self, data: bytes) -> Events:
        note = self.note
        if note is None:
            self.note = note = OpenNote(None, stage=Stage.STACKING)
        note.unit = self._unit_of(parse_destination(data))
        if note.stage in (
            Stage.ESCROWED,
            Stage.RETURNING,
        ):  # it goes in all the same: the device has the last word
            note.stage, note.is_unproven = Stage.STACKING, True
        return [] if note.op else self._doubt(note, "stacked-unasked")

    def _on_vend_valid(self) -> Events:
        note = self.note
        if note is None:
            self.note = note = OpenNote(None, stage=Stage.STACKING)
        if note.stage is Stage.COMMITTED:
            self._line.forget("ack")
            self._line.ask(acknowledgement())
            return []
        return self._credit(note)

    def _credit(self, note: OpenNote) -> Events:
        if note.stage is Stage.CREDITED:
            return []
        if not note.op or note.denomination is None:  # held, not acknowledged: a person decides
            return self._doubt(note, "credit-unasked")
        note.stage = Stage.CREDITED
        note.is_doubtful = False  # this is the evidence that was missing
        unit = note.unit or self._unit_of(None)
        return [NoteCredited(note.op, self.device, note.denomination, note.issue, unit)]

    def _on_stacked(self, data: bytes) -> Events:
        note = self.note
        if note is None:
            return []
        destination = parse_destination(data)
        if destination is not None:
            note.unit = self._unit_of(destination)
        if note.stage is Stage.COMMITTED:
            return self._settle_credited(note)
        return self._credit(note)  # it is in, whatever became of VEND VALID

    def _on_rejecting(self, data: bytes) -> Events:
        note = self.note
        if note is None or note.stage in (Stage.CREDITED, Stage.COMMITTED):
            return [NoteRefused(self.device, refusal_word(data))]
        note.stage, note.code, note.is_unproven = Stage.RETURNING, refusal_word(data), False
        return []

    def _on_returning(self) -> Events:
        note = self.note
        if note is None:
            return []
        if note.stage in (
            Stage.CREDITED,
            Stage.COMMITTED,
        ):  # credited, and given back: only a person can tell
            was_told, note.is_doubtful = note.is_doubtful, True
            return [] if was_told else [NoteInDoubt(self.device, "returned-after-credit", note.op)]
        note.stage, note.is_unproven = Stage.RETURNING, False
        return []

    def _on_over(self, status: int) -> Events:
        """At rest, or the next note is coming: the last one has gone one way or the other."""
        note = self.note
        if note is None:
            return []
        if note.stage is Stage.CREDITED:
            return []  # its credit is told; the answer settles it
        if note.stage is Stage.COMMITTED:
            return self._settle_credited(note)
        self.note = None
        if note.is_unproven:
            return self._doubt(note, "not-seen-to-go")
        code = note.code or ("not-stacked" if status in RESTING else "replaced")
        return [NoteReturned(self.device, code, note.op)]

    def _settle_credited(self, note: OpenNote) -> Events:
        self.note = None
        return [] if note.is_doubtful else [NoteStacked(note.op, self.device, note.unit)]

    def _doubt(self, note: OpenNote, code: str) -> Events:
        """Told once for a note. VEND VALID was the proof that it is in: a credit is in no doubt any more."""
        if note.is_doubtful or note.stage in (Stage.CREDITED, Stage.COMMITTED):
            return []
        note.is_unproven = True
        note.is_doubtful = True
        return [NoteInDoubt(self.device, code, note.op)]

    def _order(self, note: OpenNote, command: Command, now: float) -> None:
        note.order_again_at = now + _AGAIN_S
        self._line.forget("note")
        self._line.ask(order(command, nothing, topic="note"))
