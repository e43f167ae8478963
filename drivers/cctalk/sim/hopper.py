"""A simulated hopper: one coin after the other falls into the tray, and each is on disk before it is told."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from drivers.cctalk.messages import ENABLE_CODE, LIFETIME_RANGE, Header, HopperFlag, next_counter
from drivers.cctalk.sim.slave import ACK, REFUSED, Answer, Label, Slave
from drivers.cctalk.sim.world import PAYOUT_TRAY, World

LOW_BELOW = 10
HIGH_FROM = 250


@dataclass(frozen=True, slots=True)
class Mechanics:
    """How fast it pays, how long it tries, and how it wants a dispense command proven: `serial`, `cipher`, or
    either (a switch on real devices; so that hosts of both kinds find their hopper)."""

    coin_s: float = 0.06
    timeout_s: float = 0.6
    security: str = "either"


class SimHopper(Slave):
    """Serial-number mode wants its serial number in header 167; cipher mode its own last key, which rolls
    each time."""

    def __init__(
        self,
        name: str,
        address: int,
        serial: int,
        world: World,
        coin: str,
        mechanics: Mechanics,
        *,
        nak_unknown: bool = False,
    ) -> None:
        super().__init__(name, address, Label("Payout", "SIM-HP", serial), nak_unknown=nak_unknown)
        self._world = world
        self.coin = coin
        self._mechanics = mechanics
        self.jam = ""
        """`motor`: it turns and nothing comes; `exit`: a coin stands in the exit."""
        self.handlers |= {
            Header.TEST_HOPPER: self._test,
            Header.ENABLE_HOPPER: self._enable,
            Header.REQUEST_HOPPER_STATUS: lambda _data, _now: Answer(data=self._status()),
            Header.REQUEST_HOPPER_DISPENSE_COUNT: lambda _data, _now: Answer(
                data=self._world.recall(self.name, "lifetime").to_bytes(3, "little")
            ),
            Header.REQUEST_HOPPER_COIN: lambda _data, _now: Answer(data=self.coin.encode()),
            Header.REQUEST_PAYOUT_LEVEL: lambda _data, _now: Answer(data=bytes((self._level(),))),
            Header.READ_OPTO_STATES: lambda _data, _now: Answer(
                data=bytes((1 if self.jam == "exit" else 0,))
            ),
            Header.DISPENSE_HOPPER_COINS: self._dispense,
            Header.EMERGENCY_STOP: self._emergency_stop,
        }
        if mechanics.security != "serial":
            self.handlers |= {Header.PUMP_RNG: self._pump, Header.REQUEST_CIPHER_KEY: self._cipher_key}
        self.power_up()

    def power_up(self) -> None:
        self._counter = 0
        self._remaining = getattr(self, "_remaining", 0)
        if self._remaining:  # what was being paid stays in EEPROM as paid and unpaid
            self._world.remember(self.name, unpaid=self._remaining)
            self._world.save()
        self._remaining = 0
        self._next_coin: float | None = None
        self._give_up = 0.0
        self._is_enabled = False
        self._flags = HopperFlag.POWER_UP
        self._key = b""

    def exchange(self) -> None:
        self._remaining = 0
        self._world.remember(self.name, lifetime=0, paid=0, unpaid=0)
        self._world.save()
        super().exchange()

    def advance(self, now: float) -> None:
        while self._next_coin is not None and self._next_coin <= now:
            if self.jam == "motor" or not self._world.count(self.name):
                self._turn_in_vain(now)
                return
            fell = self._next_coin
            self._pay_one()
            if self._remaining:
                self._next_coin = fell + self._mechanics.coin_s
                self._give_up = self._next_coin + self._mechanics.timeout_s

    def next_move(self) -> float | None:
        return self._next_coin

    def clear(self) -> None:
        """A technician has looked into it: nothing stands in the way, and the flags are reset."""
        self.jam = ""
        self._flags &= HopperFlag.POWER_UP

    def pay_at_once(self, pieces: int) -> None:
        """Those of the running payout fall now (for a power cut at an exact piece)."""
        for _ in range(min(pieces, self._remaining, self._world.count(self.name))):
            self._pay_one()

    def set_counter(self, value: int) -> None:
        """As after a long day: for tests of the wrap."""
        self._counter = value

    def picture(self) -> dict[str, int | str]:
        """What a service tool would show, for `state`."""
        return {
            "coin": self.coin,
            "counter": self._counter,
            "remaining": self._remaining,
            "jam": self.jam,
        }

    # --- mechanics
    # --------------------------------------------------------------------------------------------------

    def _pay_one(self) -> None:
        lifetime = (self._world.recall(self.name, "lifetime") + 1) % LIFETIME_RANGE
        paid = self._world.recall(self.name, "paid") + 1
        self._world.remember(self.name, lifetime=lifetime, paid=paid, unpaid=self._remaining - 1)
        falls = next(iter(self._world.places[self.name]))  # old and new issues lie mixed
        self._world.move(self.name, PAYOUT_TRAY, falls)
        self._remaining -= 1
        if not self._remaining:
            self._next_coin = None

    def _turn_in_vain(self, now: float) -> None:
        if now < self._give_up:
            self._next_coin = self._give_up
            return
        self._flags |= HopperFlag.PAYOUT_TIMEOUT
        if self.jam == "motor":
            self._flags |= HopperFlag.CURRENT_EXCEEDED
        self._halt()

    def _halt(self) -> None:
        self._world.remember(self.name, unpaid=self._remaining)
        self._world.save()
        self._remaining = 0
        self._next_coin = None

    def _level(self) -> int:
        pieces = self._world.count(self.name)
        return 0x30 | (1 if pieces < LOW_BELOW else 0) | (2 if pieces >= HIGH_FROM else 0)

    # --- what the host asks
    # -----------------------------------------------------------------------------------------

    def _status(self) -> bytes:
        paid = self._world.recall(self.name, "paid")
        unpaid = 0 if self._remaining else self._world.recall(self.name, "unpaid")
        return bytes((self._counter, self._remaining, min(paid, 255), unpaid))

    def _test(self, _data: bytes, _now: float) -> Answer:
        flags = self._flags
        if self.jam == "exit":
            flags |= HopperFlag.OPTO_BLOCKED_IDLE
        if self.jam == "fraud":
            flags |= HopperFlag.OPTO_FRAUD
        if not self._is_enabled:
            flags |= HopperFlag.PAYOUT_DISABLED
        if self._mechanics.security == "cipher":
            flags |= HopperFlag.ENCRYPTED
        self._flags &= ~HopperFlag.POWER_UP  # told once
        return Answer(data=int(flags).to_bytes(3, "little"))

    def _enable(self, data: bytes, _now: float) -> Answer:
        self._is_enabled = data == bytes((ENABLE_CODE,))
        return ACK

    def _pump(self, data: bytes, _now: float) -> Answer:
        return ACK if len(data) == 8 else REFUSED

    def _cipher_key(self, _data: bytes, _now: float) -> Answer:
        self._key = secrets.token_bytes(8)
        return Answer(data=self._key)

    def _dispense(self, data: bytes, now: float) -> Answer:
        """Every attempt moves the counter, also a refused one (Flow p.18)."""
        proof, count = data[:-1], data[-1] if data else 0
        is_proven = self._is_proof(proof)
        self._key = b""  # it rolls per attempt: a repeat is refused
        if self._remaining:  # busy: the counters belong to the payout that runs
            return REFUSED
        self._counter = next_counter(self._counter)
        self._flags &= ~(HopperFlag.PAYOUT_TIMEOUT | HopperFlag.CIPHER_INCORRECT)
        self._world.remember(self.name, paid=0, unpaid=0)
        is_stopped = self.jam in ("exit", "fraud") or HopperFlag.CURRENT_EXCEEDED in self._flags
        if not (is_proven and count and self._is_enabled) or is_stopped:
            if not is_proven and len(proof) == 8:
                self._flags |= HopperFlag.CIPHER_INCORRECT
            self._world.remember(self.name, unpaid=count)
            self._world.save()
            return REFUSED
        self._world.save()
        self._remaining = count
        self._next_coin = now + self._mechanics.coin_s
        self._give_up = self._next_coin + self._mechanics.timeout_s
        return Answer(data=bytes((self._counter,)))

    def _is_proof(self, proof: bytes) -> bool:
        by_serial = self._mechanics.security != "cipher" and proof == self.label.serial.to_bytes(3, "little")
        by_key = self._mechanics.security != "serial" and len(self._key) == 8 and proof == self._key
        return by_serial or by_key

    def _emergency_stop(self, _data: bytes, _now: float) -> Answer:
        left = self._remaining
        if left:
            self._halt()
        return Answer(data=bytes((left,)))
