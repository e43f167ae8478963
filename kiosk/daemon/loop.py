"""The loop: one event at a time through the engine, its commands performed in order, the view published.

Drivers' threads, the view server's thread and signals may only put events on the inbox. `Append` is performed here,
synchronously: what follows from a record is handled before anything else from outside.
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from kiosk.clock import Clock
from kiosk.engine.inner import (
    AnswerStaff,
    Append,
    Asked,
    DuplicateCredit,
    JournalDied,
    Recorded,
    RoomJudged,
    Seal,
)
from kiosk.engine.interpreter import allowed, handle
from kiosk.engine.project import project
from kiosk.engine.state import Kiosk
from kiosk.engine.two_people import BY_TWO
from kiosk.errors import ContractError, JournalError
from kiosk.ids import DeviceId
from kiosk.intents import Intent
from kiosk.journal.ledger import Ledger
from kiosk.journal.records import AnyRecord, Checkpoint, IncidentOpened, SealUsed, TransactionOpened
from kiosk.messages import Message, say
from kiosk.ports import Command, Driver, Event, StartTimer, StopTimer, TimerExpired
from kiosk.view import Role, SessionView

VIEWERS = (Role.RESIDENT, Role.ASSISTANT)


class Journal(Protocol):
    """What the loop asks of the store."""

    def append(self, records: list[AnyRecord]) -> list[int]: ...

    def reserve(self) -> None: ...

    @property
    def head(self) -> tuple[int, str]: ...


class Screens(Protocol):
    """What the loop asks of the view server."""

    def publish(self, views: Mapping[Role, SessionView]) -> None: ...

    def refuse(self, role: Role, step: int, reason: str) -> None: ...


Sealer = Callable[[Ledger, str], Checkpoint | None]


class Loop:
    """Owns the state. `turn()` handles what is on the inbox; `run()` does so until `stop()`."""

    def __init__(
        self, state: Kiosk, journal: Journal, screens: Screens, clock: Clock, seal: Sealer | None = None
    ) -> None:
        self.state = state
        self._journal = journal
        self._screens = screens
        self._clock = clock
        self._seal = seal
        self._inbox: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._next: deque[Event] = deque()
        self._timers: dict[str, float] = {}
        self._performers: dict[DeviceId, Driver] = {}
        self._issuance: Driver | None = None
        self._answer_staff: Callable[[AnswerStaff], None] | None = None
        self._views: dict[Role, SessionView] = {}
        self._rev = 0
        self._is_stopping = False

    # --- from any thread ----------------------------------------------------------------------------------------------

    def post(self, event: Event) -> None:
        """Put an event on the inbox."""
        self._inbox.put(event)

    def ask(self, role: Role, intent: Intent) -> None:
        """An intent from a screen whose role its peer credentials have decided."""
        self._inbox.put(Asked(role, intent))

    def stop(self) -> None:
        """End `run()` after the event in hand."""
        self._is_stopping = True
        self._inbox.put(None)

    # --- wiring -------------------------------------------------------------------------------------------------------

    def add_driver(self, driver: Driver) -> None:
        """Commands for these devices go to this driver."""
        for device in driver.devices:
            if device in self._performers:
                raise ContractError(f"two drivers for {device}")
            self._performers[device] = driver

    def set_issuance(self, driver: Driver) -> None:
        self._issuance = driver

    def set_staff_desk(self, answer: Callable[[AnswerStaff], None]) -> None:
        """Where answers to staff go; it returns at once."""
        self._answer_staff = answer

    def record(self, record: AnyRecord) -> None:
        """A record of the machine's own life; from the thread of the loop only."""
        if self._append([record]):
            self._drain()

    def perform_all(self, commands: list[Command]) -> None:
        """The first commands of a life."""
        for command in commands:
            self._perform(command)

    # --- the loop -----------------------------------------------------------------------------------------------------

    def run(self, alive: Callable[[], None], alive_every_s: float) -> None:
        """Until stop(). `alive` is called at least every `alive_every_s` by this very loop: it feeds the watchdog."""
        alive_at_s = 0.0
        while not self._is_stopping:
            now_s = self._clock.monotonic_s()
            if now_s >= alive_at_s:
                alive()
                alive_at_s = now_s + alive_every_s
            self._expire(now_s)
            due_s = min((*self._timers.values(), alive_at_s))
            try:
                event = self._inbox.get(timeout=max(0.0, due_s - now_s))
            except queue.Empty:
                continue
            if event is not None:
                self.take(event)

    def _expire(self, now_s: float) -> None:
        for name in [name for name, due_s in self._timers.items() if due_s <= now_s]:
            del self._timers[name]
            self.take(TimerExpired(name))

    def take(self, event: Event) -> None:
        """One event from outside and all that follows from it; then the view."""
        if isinstance(event, Asked) and event.intent.step != self.state.step:
            self._screens.refuse(event.role, event.intent.step, "stale")
            return
        self._next.append(event)
        self._drain()

    def _drain(self) -> None:
        while self._next:
            self._handle(self._next.popleft())
        self._publish()

    def _handle(self, event: Event) -> None:
        before = self.state.phase
        self.state, commands = handle(self.state, event, self._clock.monotonic_s(), self._clock.wall())
        if self.state.phase is not before:
            say(
                Message.PHASE_CHANGED,
                before=before.value,
                after=self.state.phase.value,
                event=type(event).__name__,
            )
        for command in commands:
            if not self._perform(command):
                break

    def _perform(self, command: Command) -> bool:
        """False when the journal refused: what was to follow must not happen."""
        match command:
            case Append(records=records):
                return self._append(list(records))
            case Seal():
                made = self._seal(self.state.ledger, self._journal.head[1]) if self._seal else None
                return made is None or self._append([made])
            case StartTimer(name=name, after_s=after_s):
                self._timers[name] = self._clock.monotonic_s() + after_s
            case StopTimer(name=name):
                self._timers.pop(name, None)
            case AnswerStaff():
                if self._answer_staff is not None:
                    self._answer_staff(command)
            case _:
                self._send(command)
        return True

    def _send(self, command: Command) -> None:
        device = getattr(command, "device", None)
        driver = self._issuance if device is None else self._performers.get(device)
        if driver is None:
            say(Message.NO_DRIVER, command=type(command).__name__, device=device or "issuance")
            return
        driver.perform(command)

    def _append(self, records: list[AnyRecord]) -> bool:
        if self.state.journal_is_dead:
            return False
        if any(isinstance(record, TransactionOpened) for record in records) and not self.has_room():
            self._next.append(RoomJudged(False))
            return False
        try:
            numbers = self._journal.append(records)
        except JournalError:
            say(Message.JOURNAL_DIED)
            self._next.append(JournalDied())
            return False
        _tell_the_log(records)
        entries = tuple((seq, record) for seq, record in zip(numbers, records, strict=True) if seq)
        self._next.append(Recorded(entries) if entries else DuplicateCredit())
        return True

    def has_room(self) -> bool:
        """Whether the disk takes a whole visit now."""
        try:
            self._journal.reserve()
        except JournalError:
            return False
        return True

    def _publish(self) -> None:
        """Each role's view, if it says anything new."""
        fresh: dict[Role, SessionView] = {}
        for role in VIEWERS:
            view = project(self.state, role, allowed(self.state, role), 0)
            if view != self._views.get(role):
                self._views[role] = view
                fresh[role] = view
        if fresh:
            self._rev += 1
            self._screens.publish({role: replace(view, rev=self._rev) for role, view in fresh.items()})


def _tell_the_log(records: Sequence[AnyRecord]) -> None:
    """What the town's log server hears at once, when it is on record: two opened the desk, a code was used."""
    for record in records:
        if isinstance(record, SealUsed):
            say(Message.SEALED_CODE_USED, fingerprint=record.seal)
        elif isinstance(record, IncidentOpened) and record.code in BY_TWO:
            say(Message.DESK_OPENED_BY_TWO)
