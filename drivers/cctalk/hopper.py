"""A ccTalk hopper. Pure; see device.py for how it is driven.

One dispense command (header 167) per operation leaves this file, ever: after it only counters are read, until
they prove what happened (payout.py). "This command should not be repeated to avoid over-payment" (SCH2 TSP016
p.40).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from drivers.cctalk.device import Device, Events, Presence, Request, Settings, Step, noted, nothing
from drivers.cctalk.messages import (
    ENABLE_CODE,
    Header,
    HopperFlag,
    HopperStatus,
    Level,
    blocking_faults,
    parse_coin_id,
    parse_count,
    parse_hopper_flags,
    parse_hopper_status,
    parse_level,
)
from drivers.cctalk.payout import NO_LIFETIME, Evidence, OpenPayout, Stage, Verdict, judge
from kiosk.errors import ContractError, PeerProtocolError
from kiosk.ids import OpId
from kiosk.money import Denomination
from kiosk.ports import (
    Command,
    DeviceFault,
    Dispense,
    DispenseEnded,
    DispenseProgressed,
    HopperRead,
    Outcome,
    ReadHopper,
    ResolveDispense,
)

STICKY = HopperFlag.PAYOUT_TIMEOUT | HopperFlag.CIPHER_INCORRECT | HopperFlag.PIN_INCORRECT
"""Flags that tell of the last payout and stay until the next: no reason not to try, and no fault of now."""

_SETTLE_S = 0.3
"""A dispense that has not moved the counter by then never arrived."""
_STATUS_EVERY_S = 0.05
_HEALTH_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class HopperSettings:
    """What the configuration says beyond the common settings."""

    denomination: Denomination
    cipher: Callable[[bytes], bytes] | None = None
    """Security bytes from the device's key (headers 161, 160); None: the device wants its serial number
    instead."""
    nonce: Callable[[], bytes] = lambda: bytes(8)
    lost_after_s: float = 10.0
    """A payout is UNKNOWN when the device has been silent for so long."""
    stall_s: float = 60.0
    """A payout that does not move for so long is stopped (header 172)."""


class Hopper(Device):
    """Commands: ReadHopper, Dispense, ResolveDispense. Events: HopperRead and the dispense family of
    kiosk.ports."""

    category = "payout"

    def __init__(self, settings: Settings, hopper: HopperSettings) -> None:
        super().__init__(settings)
        self._hopper = hopper
        self._status = HopperStatus(0, 0, 0, 0)
        self._lifetime = NO_LIFETIME
        self._lifetime_of = ""
        """The serial number of the device whose count that is."""
        self._level = Level(is_low=False, is_high=False)
        self._flags = HopperFlag(0)
        self._published: HopperRead | None = None
        self._payout: OpenPayout | None = None
        self._seen: set[OpId] = set()
        self._waiting: deque[ResolveDispense] = deque()
        self._faults: tuple[str, ...] = ()
        self._next_status = 0.0
        self._next_health = 0.0
        self._is_closing = False

    # --- commands
    # ---------------------------------------------------------------------------------------------------

    def perform(self, command: Command, now: float) -> Events:
        match command:
            case ReadHopper():
                if self.presence is Presence.HERE and self._payout is None:
                    self._ask(*self._reading(), self._last_step(lambda _now: self._publish()))
                return []
            case Dispense():
                return self._dispense(command, now)
            case ResolveDispense():
                return self._resolve(command, now)
        raise ContractError(f"not a command for a hopper: {self.device}")

    def tick(self, now: float) -> Events:
        """Give up on a device that has been silent for too long. UNKNOWN is a result."""
        payout = self._payout
        if payout is None or now - payout.heard < self._hopper.lost_after_s:
            return []
        outcome = Outcome.REFUSED if payout.stage is Stage.CHECKING else Outcome.UNKNOWN
        return self._end(Verdict(outcome, payout.proven, "no-answer"), now, is_fresh=False)

    def stop_payout(self) -> None:
        """Emergency stop (header 172), at most once for a payout. Its outcome is read from the counters as
        ever."""
        payout = self._payout
        if payout is not None and payout.stage is Stage.WATCHING and not payout.is_stopped:
            payout.is_stopped = True
            self._ask(Step(Request(Header.EMERGENCY_STOP), noted, nothing, topic="payout"))

    def close_down(self, now: float) -> Events:
        self._is_closing = True
        if self._payout is not None and self._payout.stage is Stage.CHECKING:
            return self._end(Verdict(Outcome.REFUSED, 0, "closing"), now, is_fresh=False)
        return []

    @property
    def is_safe(self) -> bool:
        return self._payout is None

    # --- dispensing
    # -------------------------------------------------------------------------------------------------

    def _dispense(self, command: Dispense, now: float) -> Events:
        if command.op in self._seen:
            return []  # told before; it has ended or will end
        self._seen.add(command.op)
        published = self._published
        if self.presence is not Presence.HERE or published is None or self._payout or self._is_closing:
            return [self._ended(command.op, command.count, Verdict(Outcome.REFUSED, 0, self._why_not()))]
        before = Evidence(published.event_counter, published.lifetime)
        self._payout = OpenPayout(command.op, command.count, before, self.identity.serial, now, now, now)
        self._ask(*self._reading(), self._last_step(self._on_checked, "payout"))
        return []

    def _why_not(self) -> str:
        if self._is_closing:
            return "closing"
        return "busy" if self._payout else "away"

    def _on_checked(self, now: float) -> Events:
        """All that can be known before is known: go, or say why not."""
        payout = self._payout
        if payout is None:
            return []
        faults = blocking_faults(self._flags & ~STICKY)
        if faults:
            return self._end(Verdict(Outcome.REFUSED, 0, faults[0]), now)
        if self._status.remaining:
            return self._end(Verdict(Outcome.REFUSED, 0, "busy"), now)
        if payout.asked > 1 and HopperFlag.SINGLE_COIN_MODE in self._flags:
            return self._end(Verdict(Outcome.REFUSED, 0, "single-coin-mode"), now)
        if Evidence(self._status.counter, self._lifetime) != payout.before:
            # The intent holds counters that are not true any more: after a crash they would prove nothing.
            return self._end(Verdict(Outcome.REFUSED, 0, "stale-evidence"), now)
        self._ask(Step(Request(Header.ENABLE_HOPPER, bytes((ENABLE_CODE,))), noted, topic="payout"))
        if self._hopper.cipher is None:
            self._ask(self._dispense_step(int(self.identity.serial).to_bytes(3, "little"), payout.asked))
            return []
        self._ask(
            Step(Request(Header.PUMP_RNG, self._hopper.nonce()), noted, topic="payout"),
            Step(Request(Header.REQUEST_CIPHER_KEY), self._on_key, topic="payout"),
        )
        return []

    def _on_key(self, data: bytes, _now: float) -> Events:
        if len(data) != 8 or self._hopper.cipher is None:
            raise PeerProtocolError("cctalk: reply length")
        if self._payout is not None:  # else it was given up while the key was on its way
            self._ask(self._dispense_step(self._hopper.cipher(data), self._payout.asked))
        return []

    def _dispense_step(self, security: bytes, count: int) -> Step:
        request = Request(Header.DISPENSE_HOPPER_COINS, security + bytes((count,)))
        return Step(request, noted, nothing, is_once=True, topic="payout")

    def request(self, now: float) -> Request:
        request = super().request(now)
        if request.header == Header.DISPENSE_HOPPER_COINS:
            # From here on it may be out, whatever the line does next.
            payout = self._open_payout()
            payout.stage = Stage.WATCHING
            payout.since = payout.moved = now
        return request

    # --- watching
    # ---------------------------------------------------------------------------------------------------

    def _resolve(self, command: ResolveDispense, now: float) -> Events:
        if self._payout is not None:
            if self._payout.op != command.op:
                self._waiting.append(command)
            return []
        self._seen.add(command.op)
        before = Evidence(command.event_counter_before, command.lifetime_before)
        self._payout = OpenPayout(
            command.op, command.asked, before, command.serial, now, now, now, Stage.WATCHING
        )
        return self._check_serial(now)

    def _check_serial(self, now: float) -> Events:
        """A device with another serial number can say nothing about the old one's payout."""
        payout = self._payout
        if payout is None or self.presence is not Presence.HERE or payout.serial == self.identity.serial:
            return []
        return self._end(Verdict(Outcome.UNKNOWN, 0, "wrong-serial"), now, is_fresh=False)

    def _on_watched(self, data: bytes, now: float) -> Events:
        status = parse_hopper_status(data)
        payout = self._payout
        if payout is None:  # given up while the answer was on its way
            return []
        payout.heard = now
        before, payout.status = payout.status, status
        if status != before:
            payout.moved = now
        is_untaken = status.counter == payout.before.counter
        if status.remaining == 0 and (not is_untaken or now - payout.since >= _SETTLE_S):
            payout.stage = Stage.CLOSING
            self._ask(*self._reading(), self._last_step(self._on_stopped, "payout"))
            return []
        if now - payout.moved >= self._hopper.stall_s:
            if payout.is_stopped:
                return self._end(Verdict(Outcome.UNKNOWN, payout.proven, "stalled"), now, is_fresh=False)
            payout.moved = now
            self.stop_payout()
        if payout.proven and (before is None or before.paid != status.paid):
            return [DispenseProgressed(payout.op, self.device, payout.proven)]
        return []

    def _on_stopped(self, now: float) -> Events:
        payout = self._payout
        if payout is None:
            return []
        if self._status.remaining:  # it moved again between two readings
            payout.stage = Stage.WATCHING
            return []
        verdict = judge(payout.asked, payout.before, self._status, self._lifetime)
        self._ask(Step(Request(Header.ENABLE_HOPPER, b"\x00"), noted, if_unanswered=nothing))
        return self._end(verdict, now)

    def _end(self, verdict: Verdict, now: float, *, is_fresh: bool = True) -> Events:
        """Tell it. `is_fresh`: the counters were read just now; else they are asked for before anyone relies
        on them."""
        payout, self._payout = self._open_payout(), None
        self._forget("payout")  # a dispense that still waits for the line must never leave
        events: Events = [self._ended(payout.op, payout.asked, verdict)]
        if verdict.is_doubtful:
            events.append(DeviceFault(self.device, "counts-disagree"))
        if self.presence is Presence.HERE and is_fresh:
            events += self._publish()
        elif self.presence is Presence.HERE:
            self._published = None
            self._ask(*self._reading(), self._last_step(lambda _now: self._publish()))
        if self._waiting:
            events += self._resolve(self._waiting.popleft(), now)
        return events

    def _ended(self, op: OpId, asked: int, verdict: Verdict) -> DispenseEnded:
        code = verdict.code
        if code == "short":
            code = next(iter(blocking_faults(self._flags)), "short")
        counter = self._status.counter
        return DispenseEnded(
            op, self.device, verdict.outcome, asked, verdict.paid, counter, self._lifetime, code
        )

    def _open_payout(self) -> OpenPayout:
        if self._payout is None:
            raise ContractError(f"no payout is open: {self.device}")
        return self._payout

    # --- reading
    # ----------------------------------------------------------------------------------------------------

    def _reading(self) -> tuple[Step, ...]:
        return (
            Step(Request(Header.REQUEST_HOPPER_STATUS), self._note_status),
            self._lifetime_step(),
            Step(Request(Header.TEST_HOPPER), self._note_flags),
            Step(Request(Header.REQUEST_PAYOUT_LEVEL), self._note_level, nothing),
        )

    def _lifetime_step(self) -> Step:
        """A device that has once told its life's count must tell it: without it a reset could prove nothing."""
        may_be_unknown = self._lifetime == NO_LIFETIME
        request = Request(Header.REQUEST_HOPPER_DISPENSE_COUNT)
        return Step(request, self._note_lifetime, self._note_no_lifetime if may_be_unknown else None)

    def _last_step(self, then: Callable[[float], Events], topic: str = "") -> Step:
        return Step(Request(Header.SIMPLE_POLL), lambda _data, now: then(now), topic=topic)

    def _note_status(self, data: bytes, now: float) -> Events:
        self._status = parse_hopper_status(data)
        if self._payout is not None:
            self._payout.heard = now
        return []

    def _note_lifetime(self, data: bytes, _now: float) -> Events:
        self._lifetime = parse_count(data)
        return []

    def _note_no_lifetime(self, _now: float) -> Events:
        self._lifetime = NO_LIFETIME
        return []

    def _note_flags(self, data: bytes, _now: float) -> Events:
        self._flags = parse_hopper_flags(data)
        found = blocking_faults(self._flags & ~STICKY)
        gone = [DeviceFault(self.device, code, clear=True) for code in self._faults if code not in found]
        come = [DeviceFault(self.device, code) for code in found if code not in self._faults]
        self._faults = found
        return [*gone, *come]

    def _note_level(self, data: bytes, _now: float) -> Events:
        self._level = parse_level(data)
        return []

    def _publish(self) -> Events:
        self._published = HopperRead(
            self.device,
            self._hopper.denomination,
            self.identity.serial,
            self._status.counter,
            self._lifetime,
            self._level.is_low,
            self._level.is_high,
        )
        return [self._published]

    # --- coming, going, idling
    # --------------------------------------------------------------------------------------

    def _introduction(self) -> list[Step]:
        if self._lifetime_of != self.identity.serial:
            self._lifetime, self._lifetime_of = NO_LIFETIME, self.identity.serial
        return [Step(Request(Header.REQUEST_HOPPER_COIN), self._check_coin, nothing), *self._reading()]

    def _check_coin(self, data: bytes, now: float) -> Events:
        """Where the hopper knows its coin it must be ours; most hoppers do not know."""
        coin = parse_coin_id(data) if len(data) == 6 else None
        if coin is not None and coin is not self._hopper.denomination:
            return self._reject_device("wrong-coin", now)
        return []

    def _on_here(self, now: float) -> Events:
        self._next_health = now + _HEALTH_EVERY_S
        if self._payout is None:
            return self._publish()
        self._payout.stage = Stage.WATCHING
        self._payout.heard = now
        return self._check_serial(now)

    def _on_away(self, now: float) -> Events:
        self._published = None
        self._faults = ()
        if self._payout is None:
            return []
        if self._payout.stage is Stage.CHECKING:
            return self._end(Verdict(Outcome.REFUSED, 0, "no-answer"), now)
        self._payout.stage = Stage.WATCHING
        return []

    def _idle_due(self) -> float:
        return self._next_status if self._payout is not None else self._next_health

    def _idle_step(self, now: float) -> Step:
        if self._payout is not None:
            self._next_status = now + _STATUS_EVERY_S
            return Step(Request(Header.REQUEST_HOPPER_STATUS), self._on_watched)
        self._next_health = now + _HEALTH_EVERY_S
        self._ask(*self._reading()[1:], self._last_step(self._on_health))
        return self._reading()[0]

    def _on_health(self, _now: float) -> Events:
        before = self._published
        events = self._publish()
        return events if self._published != before else []
