"""A simulated coin acceptor with a sorter."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.cctalk.messages import BUFFERED, POSITIONS, Header, next_counter
from drivers.cctalk.sim.slave import ACK, REFUSED, Answer, Label, Slave
from drivers.cctalk.sim.world import CASHBOX, INSERTED, RETURN_TRAY, World

COINS: Mapping[int, str] = {2: "JP100A", 3: "JP010A", 5: "JP500B", 6: "JP500C", 7: "JP050A"}
"""Position -> coin. Out of order on purpose: a host that assumes an order is found out. 500 yen has two
issues."""

DEAD_MAN_S = 1.0
"""Not polled for so long it lets nothing in (SR5 p.5)."""

REJECT, INHIBITED, SENSOR_BLOCKED, ON_A_STRING = 1, 2, 14, 20
_SENSOR_FAULT, _STRING_FAULT = 3, 15
_NO_COIN = b"......"
_CASHBOX_PATH = 1


class SimAcceptor(Slave):
    """Paths: 1 is the cash box, 2 and up are the hoppers in order."""

    def __init__(
        self,
        address: int,
        serial: int,
        world: World,
        hoppers: Mapping[str, str],
        *,
        nak_unknown: bool = False,
    ) -> None:
        label = Label("Coin Acceptor", "SIM-CA", serial)
        super().__init__("acceptor", address, label, nak_unknown=nak_unknown)
        self._world = world
        self._units = [CASHBOX, *hoppers]
        by_coin = {coin[:5]: at + 2 for at, coin in enumerate(hoppers.values())}
        self._home_paths = {
            position: by_coin.get(coin[:5], _CASHBOX_PATH) for position, coin in COINS.items()
        }
        self.is_jammed = False
        self.has_string = False
        """Somebody holds a coin on a string in it."""
        self.handlers |= {
            Header.READ_BUFFERED_CREDIT: self._read_credits,
            Header.MODIFY_INHIBITS: self._modify_inhibits,
            Header.REQUEST_INHIBITS: lambda _data, _now: Answer(data=self._mask.to_bytes(2, "little")),
            Header.MODIFY_MASTER_INHIBIT: self._modify_master,
            Header.REQUEST_MASTER_INHIBIT: lambda _data, _now: Answer(data=bytes((self._master,))),
            Header.REQUEST_COIN_ID: self._coin_id,
            Header.REQUEST_SORTER_PATHS: self._sorter_path,
            Header.MODIFY_SORTER_PATHS: self._modify_path,
            Header.REQUEST_SORTER_OVERRIDE: lambda _data, _now: Answer(data=bytes((self._override,))),
            Header.MODIFY_SORTER_OVERRIDE: self._modify_override,
            Header.REQUEST_DEFAULT_SORTER_PATH: lambda _data, _now: Answer(data=bytes((self._default_path,))),
            Header.MODIFY_DEFAULT_SORTER_PATH: self._modify_default,
            Header.PERFORM_SELF_CHECK: lambda _data, _now: Answer(data=bytes((self._fault(),))),
            Header.REQUEST_STATUS: lambda _data, _now: Answer(data=b"\x00"),
            Header.REQUEST_POLLING_PRIORITY: lambda _data, _now: Answer(data=bytes((2, 20))),  # 20 x 10 ms
            Header.READ_OPTO_STATES: lambda _data, _now: Answer(data=bytes((1 if self.is_jammed else 0,))),
        }
        self.power_up()

    def power_up(self) -> None:
        self._counter = 0
        self._events = [(0, 0)] * BUFFERED
        self._mask = 0
        self._master = 1  # the specification's default: open; the mask is what closes it
        self._override = 0xFF
        self._default_path = _CASHBOX_PATH
        self._paths = dict(self._home_paths)
        self._last_poll = float("-inf")

    # --- a hand puts a coin in
    # --------------------------------------------------------------------------------------

    def insert(self, coin: str, now: float) -> str:
        """One coin falls in. Where it lies in the end: a unit, or the return tray."""
        position = next((each for each, known in COINS.items() if known == coin), 0)
        code = self._why_not(position, now)
        if code:
            self._world.move(INSERTED, RETURN_TRAY, coin)
            self._record(0, code)
            return RETURN_TRAY
        path = self._paths.get(position, _CASHBOX_PATH)
        if not self._override >> (path - 1) & 1:
            path = self._default_path
        unit = self._units[path - 1] if path <= len(self._units) else CASHBOX
        self._world.move(INSERTED, unit, coin)  # it lies there before the host can hear of it
        self._record(position, path)
        return unit

    def jam(self) -> None:
        self.is_jammed = True
        self._record(0, SENSOR_BLOCKED)

    def be_cheated(self) -> None:
        """A coin on a string is pulled back out: nothing is credited, and the device says so until it is cleared."""
        self.has_string = True
        self._record(0, ON_A_STRING)

    def clear(self) -> None:
        self.is_jammed = self.has_string = False

    def _fault(self) -> int:
        return _SENSOR_FAULT if self.is_jammed else _STRING_FAULT if self.has_string else 0

    def set_counter(self, value: int) -> None:
        """As after a long day: for tests of the wrap."""
        self._counter = value

    def picture(self) -> dict[str, int | bool]:
        """What a service tool would show, for `state`."""
        return {
            "counter": self._counter,
            "mask": self._mask,
            "is_open": bool(self._master and self._mask),
            "is_jammed": self.is_jammed,
        }

    def _why_not(self, position: int, now: float) -> int:
        if self.is_jammed:
            return SENSOR_BLOCKED
        if self.has_string:
            return ON_A_STRING
        if not position:
            return REJECT
        is_open = self._master & 1 and self._mask >> (position - 1) & 1
        return 0 if is_open and now - self._last_poll <= DEAD_MAN_S else INHIBITED

    def _record(self, position: int, detail: int) -> None:
        self._counter = next_counter(self._counter)
        self._events = [(position, detail), *self._events[: BUFFERED - 1]]

    # --- what the host asks
    # -----------------------------------------------------------------------------------------

    def _read_credits(self, _data: bytes, now: float) -> Answer:
        self._last_poll = now
        return Answer(data=bytes((self._counter, *(byte for pair in self._events for byte in pair))))

    def _modify_inhibits(self, data: bytes, _now: float) -> Answer:
        if len(data) != 2:
            return REFUSED
        self._mask = int.from_bytes(data, "little")
        return ACK

    def _modify_master(self, data: bytes, _now: float) -> Answer:
        if len(data) != 1:
            return REFUSED
        self._master = data[0] & 1
        return ACK

    def _coin_id(self, data: bytes, _now: float) -> Answer:
        if len(data) != 1 or not 1 <= data[0] <= POSITIONS:
            return REFUSED
        return Answer(data=COINS[data[0]].encode() if data[0] in COINS else _NO_COIN)

    def _sorter_path(self, data: bytes, _now: float) -> Answer:
        if len(data) != 1 or not 1 <= data[0] <= POSITIONS:
            return REFUSED
        return Answer(data=bytes((self._paths.get(data[0], self._default_path),)))

    def _modify_path(self, data: bytes, _now: float) -> Answer:
        if len(data) < 2 or not 1 <= data[0] <= POSITIONS or not 1 <= data[1] <= 8:
            return REFUSED
        self._paths[data[0]] = data[1]
        return ACK

    def _modify_override(self, data: bytes, _now: float) -> Answer:
        if len(data) != 1:
            return REFUSED
        self._override = data[0]
        return ACK

    def _modify_default(self, data: bytes, _now: float) -> Answer:
        if len(data) != 1 or not 1 <= data[0] <= 8:
            return REFUSED
        self._default_path = data[0]
        return ACK
