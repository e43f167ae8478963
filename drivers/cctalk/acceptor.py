"""A ccTalk coin acceptor. Pure; see device.py for how it is driven.

It is closed until the core opens it, and closed again after every loss, reset or change of device. Which
position is which coin is read from the device (header 184), never assumed. Credits are told by counter
(credits.py), never by message: a reply may be lost or come twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.cctalk.credits import Advance, Fresh, advance, begin
from drivers.cctalk.device import NEVER, Device, Events, Presence, Request, Settings, Step, noted, nothing
from drivers.cctalk.messages import (
    POSITIONS,
    CreditBuffer,
    Header,
    coin_mask,
    event_word,
    fault_word,
    parse_byte,
    parse_coin_id,
    parse_credits,
    parse_mask,
)
from kiosk.errors import ContractError, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.money import Denomination
from kiosk.ports import (
    AcceptanceSet,
    AcceptorReset,
    CoinAccepted,
    CoinRefused,
    Command,
    CreditMark,
    CreditsLost,
    DeviceFault,
    SetAcceptance,
    StartAcceptor,
)

CASHBOX = DeviceId("cashbox")
AT_MOST_LOST = 5
"""Pieces that may have come between our last reading and a reset: what the device's buffer holds."""
_SWALLOWED = 36
_FAULT_EVENTS = frozenset({14, 15, 20, 26, 29, 30, 32, 34, 35, 40})
"""Event codes that say that the device, not a coin, is wrong; the self-check tells when it is over."""
_CHECK_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class AcceptorSettings:
    """What the configuration says beyond the common settings."""

    paths: Mapping[int, DeviceId] = field(default_factory=dict)
    """Sorter path -> unit; a path that is not named leads to the cash box."""
    settle_s: float = 0.15
    """A coin that was let in just before the slot closed still has to pass the credit sensor: so long after
    closing, the device is read once more before anyone is told that it is closed."""
    poll_s: float = 0.1
    """Reading interval. The device closes itself when it is not read for 1 s (SR5 p.5): a dead man's
    switch."""


class Acceptor(Device):
    """Commands: StartAcceptor, SetAcceptance. Events: the coin family of kiosk.ports."""

    category = "coin acceptor"

    def __init__(self, settings: Settings, acceptor: AcceptorSettings) -> None:
        super().__init__(settings)
        self._paths = acceptor.paths
        self._poll_s = acceptor.poll_s
        self._settle_s = acceptor.settle_s
        self._coins: dict[int, Denomination] = {}
        self._coin_paths: dict[int, int] = {}
        self._is_started = False
        self._mark: CreditMark | None = None
        self._is_counting = False
        """We have met the device's counter ourselves, so we know what was open since."""
        self._open: tuple[Denomination, ...] = ()
        """What we last let in; may be wider than the truth, never narrower."""
        self._faults: set[str] = set()
        self._next_poll = 0.0
        self._next_check = NEVER
        self._settled_at = NEVER
        """When what fell before closing is through; NEVER while nothing closes."""
        self._is_closing = False

    # --- commands
    # ---------------------------------------------------------------------------------------------------

    def perform(self, command: Command, now: float) -> Events:
        match command:
            case StartAcceptor(mark=mark):
                return self._start(mark, now)
            case SetAcceptance(denominations=wanted):
                if self.presence is Presence.HERE and not self._is_closing:
                    self._set_acceptance(wanted)
                return []
        raise ContractError(f"not a command for an acceptor: {self.device}")

    def close_down(self, now: float) -> Events:
        self._is_closing = True
        if self.presence is Presence.HERE:
            self._set_acceptance(())
        return []

    @property
    def is_safe(self) -> bool:
        is_told = self._settled_at == NEVER and not (self._line.steps or self._line.in_flight)
        return is_told or self.presence is not Presence.HERE

    def _start(self, mark: CreditMark | None, now: float) -> Events:
        """The first mark counts. Later ones come with each arrival, and what we know ourselves is never
        behind them."""
        if self._is_started:
            return []
        self._is_started = True
        self._mark = mark
        self._next_poll = now
        return []

    # --- opening and closing
    # ----------------------------------------------------------------------------------------

    def _set_acceptance(self, wanted: tuple[Denomination, ...]) -> None:
        """Closing: the master switch first. Opening: the mask first, read back, then the switch."""
        self._forget("acceptance")
        self._settled_at = NEVER
        if wanted and not self._faults:
            self._next_check = NEVER  # a self-check is for when nobody puts coins in
        faces = tuple(each for each in wanted if each in self._coins.values())
        mask = sum(1 << (position - 1) for position, coin in self._coins.items() if coin in faces)
        self._open = tuple({*self._open, *faces})
        switch = [
            self._acceptance_step(Header.MODIFY_MASTER_INHIBIT, bytes((1 if mask else 0,))),
            self._confirm_step(Header.REQUEST_MASTER_INHIBIT, 1 if mask else 0),
        ]
        masks = [
            self._acceptance_step(Header.MODIFY_INHIBITS, coin_mask(mask)),
            self._confirm_step(Header.REQUEST_INHIBITS, mask),
        ]
        self._ask(*(masks + switch if mask else switch + masks))
        last = Step(
            Request(Header.SIMPLE_POLL), lambda _data, now: self._on_set(faces, now), topic="acceptance"
        )
        self._ask(last)

    def _acceptance_step(self, header: Header, data: bytes) -> Step:
        return Step(Request(header, data), noted, topic="acceptance")

    def _confirm_step(self, header: Header, expected: int) -> Step:
        def on_reply(data: bytes, _now: float) -> Events:
            found = parse_byte(data) & 1 if header is Header.REQUEST_MASTER_INHIBIT else parse_mask(data)
            if found != expected:
                raise PeerProtocolError("cctalk: the device did not take the inhibits")
            return []

        return Step(Request(header), on_reply, topic="acceptance")

    def _on_set(self, faces: tuple[Denomination, ...], now: float) -> Events:
        if not faces:
            self._settled_at = now + self._settle_s
            self._next_poll = min(self._next_poll, self._settled_at)
            return []
        self._open = faces
        return [AcceptanceSet(self.device, faces)]

    def _on_settled(self, now: float) -> Events:
        """The slot is shut and the last reading is in: now it can be told."""
        if now < self._settled_at:
            return []
        self._settled_at = NEVER
        self._open = ()
        if not self._is_closing:
            self._next_check = now  # a self-check disturbs nobody now
        return [AcceptanceSet(self.device, ())]

    # --- coming and going
    # -------------------------------------------------------------------------------------------

    def _introduction(self) -> list[Step]:
        self._coins = {}
        self._coin_paths = {}
        return [
            Step(Request(Header.MODIFY_MASTER_INHIBIT, b"\x00"), noted),
            *(self._coin_step(position) for position in range(1, POSITIONS + 1)),
            Step(Request(Header.SIMPLE_POLL), self._check_currency),
        ]

    def _coin_step(self, position: int) -> Step:
        def on_reply(data: bytes, _now: float) -> Events:
            coin = parse_coin_id(data)
            if coin is not None:
                self._coins[position] = coin
            return []

        return Step(Request(Header.REQUEST_COIN_ID, bytes((position,))), on_reply, if_unanswered=nothing)

    def _check_currency(self, _data: bytes, now: float) -> Events:
        if not self._coins:
            return self._reject_device("wrong-currency", now)
        for step in reversed([self._path_step(position) for position in self._coins]):
            self._line.steps.appendleft(step)
        return []

    def _path_step(self, position: int) -> Step:
        def on_reply(data: bytes, _now: float) -> Events:
            if data:
                self._coin_paths[position] = data[0]  # the primary path comes first
            return []

        return Step(Request(Header.REQUEST_SORTER_PATHS, bytes((position,))), on_reply, if_unanswered=nothing)

    def _on_here(self, now: float) -> Events:
        self._next_poll = now
        self._set_acceptance(())
        return []

    def _on_away(self, _now: float) -> Events:
        self._next_check = self._settled_at = NEVER
        self._faults.clear()
        return []

    # --- reading
    # ----------------------------------------------------------------------------------------------------

    def _idle_due(self) -> float:
        return min(self._next_poll, self._next_check)

    def _is_idle_first(self, now: float) -> bool:
        return self.presence is Presence.HERE and now >= self._next_poll

    def _idle_step(self, now: float) -> Step:
        if self._next_check <= now < self._next_poll:
            self._next_check = NEVER
            return Step(
                Request(Header.PERFORM_SELF_CHECK), self._on_checked, if_unanswered=self._on_uncheckable
            )
        self._next_poll = now + self._poll_s
        if now < self._settled_at:
            self._next_poll = min(self._next_poll, self._settled_at)
        return Step(Request(Header.READ_BUFFERED_CREDIT), self._on_credits)

    def _on_credits(self, data: bytes, now: float) -> Events:
        buffer = parse_credits(data)
        return [*self._count(buffer, now), *self._on_settled(now)]

    def _count(self, buffer: CreditBuffer, now: float) -> Events:
        if not self._is_started:
            return []
        if self._mark is None:
            self._mark = begin(self.device, self.identity.serial, buffer)
            self._is_counting = True
            return [self._reset_event(self._mark, at_most=0)]
        moved = advance(self._mark, self.identity.serial, buffer)
        events = self._tell(moved, buffer, now)
        self._mark = moved.mark
        self._is_counting = True
        return events

    def _tell(self, moved: Advance, buffer: CreditBuffer, now: float) -> Events:
        events: Events = []
        if moved.is_new_epoch:
            # A device that we knew to be closed cannot have swallowed anything between two readings.
            at_most = 0 if self._is_counting and not self._open else AT_MOST_LOST
            start = CreditMark(self.device, moved.mark.epoch, 0, 0, moved.mark.serial)
            events.append(self._reset_event(start if moved.fresh else moved.mark, at_most))
            if self._mark is not None and self._mark.serial != moved.mark.serial:
                events.append(DeviceFault(self.device, "serial-changed"))
            self._set_acceptance(())  # all is inhibited after a reset: what we thought open is not
        if moved.lost:
            events.append(CreditsLost(self.device, moved.mark.epoch, moved.lost))
        for fresh in moved.fresh:
            events += self._tell_one(fresh, moved.mark, now)
        return events

    def _reset_event(self, mark: CreditMark, at_most: int) -> AcceptorReset:
        return AcceptorReset(self.device, mark.epoch, mark.serial, raw=mark.raw, at_most=at_most)

    def _tell_one(self, fresh: Fresh, mark: CreditMark, now: float) -> Events:
        position, detail = fresh.event.position, fresh.event.detail
        if position:
            return self._tell_coin(fresh, mark)
        if detail == _SWALLOWED:
            return [CreditsLost(self.device, mark.epoch, 1)]
        if detail in _FAULT_EVENTS:
            self._next_check = now + _CHECK_EVERY_S
            return self._raise_fault(event_word(detail))
        if detail == 0:
            return []
        return [
            CoinRefused(
                self.device, event_word(detail), mark.epoch, fresh.seq, raw=fresh.raw, serial=mark.serial
            )
        ]

    def _tell_coin(self, fresh: Fresh, mark: CreditMark) -> Events:
        position, path = fresh.event.position, fresh.event.detail
        coin = self._coins.get(position)
        if coin is None:  # it is in, and nobody can name it
            return [CreditsLost(self.device, mark.epoch, 1), *self._raise_fault("unknown-coin")]
        unit = self._paths.get(path or self._coin_paths.get(position, 0), CASHBOX)
        return [CoinAccepted(self.device, mark.epoch, fresh.seq, fresh.raw, coin, unit, serial=mark.serial)]

    # --- health
    # -----------------------------------------------------------------------------------------------------

    def _on_checked(self, data: bytes, now: float) -> Events:
        if not data:
            raise PeerProtocolError("cctalk: reply length")
        if data[0] == 0:
            return self._on_uncheckable(now)
        self._next_check = now + _CHECK_EVERY_S
        return self._raise_fault(fault_word(data[0]))

    def _on_uncheckable(self, _now: float) -> Events:
        events: Events = [DeviceFault(self.device, code, clear=True) for code in sorted(self._faults)]
        self._faults.clear()
        return events

    def _raise_fault(self, code: str) -> Events:
        if code in self._faults:
            return []
        self._faults.add(code)
        return [DeviceFault(self.device, code)]
