"""The simulated change machine: an escrow for what comes in, stacks by face, a motor that pays piece by piece."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from drivers.changer.codec import LineReader, Message, cash_of, counts_of, encode
from drivers.transport.sim.pieces import FILLED, INSERTED, TAKEN, Pieces
from drivers.transport.sim.wire import Request
from kiosk.errors import PeerProtocolError
from kiosk.money import Denomination, Yen, make_change

ESCROW, STOCK, TRAY, RETURNED = "escrow", "stock", "tray", "returned"
FACES = tuple(Denomination(each) for each in ("coin10", "coin50", "coin100", "coin500", "note1000"))
NUMBERS = {
    "hello": 1,
    "status": 2,
    "counts": 3,
    "begin": 4,
    "pause": 5,
    "restart": 6,
    "fix": 7,
    "end": 8,
    "pay": 9,
}
"""How faults name a verb."""


class World(Pieces):
    """Where every piece is; `memory` holds what the machine says that it holds."""

    def __init__(self, folder: Path | None, pieces: int) -> None:
        super().__init__(folder)
        if self.is_new:
            for face in FACES:
                self.move(FILLED, STOCK, face.value, pieces, is_last=False)
            self.memory = {"counts": {face.value: pieces for face in FACES}, "discrepancy": 0}
            self.save()

    def face_of(self, kind: str) -> str:
        return kind


class Machine:
    """drivers/transport/sim/wire.py: Devices."""

    gap_s = 0.5

    def __init__(self, world: World, piece_s: float = 0.05) -> None:
        self._world = world
        self._piece_s = piece_s
        self._reader = LineReader()
        self._verbs: dict[str, Callable[[Message], Mapping[str, Any]]] = {
            "hello": lambda _: {"maker": "SIM", "serial": "C1", "boot": self._boot},
            "status": lambda _: self.picture(),
            "counts": lambda _: self._counts(),
            "begin": self._begin,
            "pause": lambda asked: self._turn(asked, "count", "paused"),
            "restart": lambda asked: self._turn(asked, "paused", "count"),
            "fix": lambda asked: self._turn(asked, ("count", "paused"), "fixed"),
            "end": self._end,
            "pay": self._pay,
        }
        self.is_jammed = False
        self.paid = 0
        """Pieces that the motor has paid since this process began."""
        self.power_up()

    def power_up(self) -> None:
        """All but counts and pieces is forgotten; what lay in escrow stays inside, uncounted, and it knows that."""
        self._boot = secrets.token_hex(4)
        self._deposit: dict[str, Any] | None = None
        self._payout: dict[str, Any] | None = None
        self._left: list[str] = []
        self._next = float("inf")
        for face, count in dict(self._world.places.get(ESCROW, {})).items():
            self._world.move(ESCROW, STOCK, face, count)
            self._world.memory["discrepancy"] = 1

    def insert(self, face: str) -> bool:
        """A hand puts a piece in; False: it falls through."""
        deposit = self._deposit
        if self.is_jammed or deposit is None or deposit["state"] != "count" or face not in deposit["faces"]:
            self._world.move(INSERTED, RETURNED, face)
            return False
        self._world.move(INSERTED, ESCROW, face)
        deposit["counts"][face] = deposit["counts"].get(face, 0) + 1
        return True

    def take(self, tray: str = TRAY) -> dict[str, int]:
        held = dict(self._world.places.get(tray, {}))
        for face, count in held.items():
            self._world.move(tray, TAKEN, face, count)
        return held

    def take_all(self) -> dict[str, dict[str, int]]:
        """A hand empties both trays: what was paid, and what fell through."""
        return {tray: self.take(tray) for tray in (TRAY, RETURNED)}

    # --- the wire

    def advance(self, now: float) -> None:
        while self._left and not self.is_jammed and now >= self._next:
            self._next += self._piece_s
            self._pay_one(self._left.pop(0))
        if (
            self._payout is not None
            and self._payout["state"] == "busy"
            and (not self._left or self.is_jammed)
        ):
            self._payout["state"] = "done"
            self._payout["code"] = "jam" if self.is_jammed and self._left else ""
            self._left = []

    def _pay_one(self, face: str) -> None:
        if self._payout is None or not self._world.count(STOCK, face):
            return
        counts = self._world.memory["counts"]
        counts[face] = max(0, counts[face] - 1)
        self._payout["paid"][face] = self._payout["paid"].get(face, 0) + 1
        self.paid += 1
        self._world.move(STOCK, TRAY, face)

    def next_move(self) -> float | None:
        return self._next if self._left else None

    @property
    def has_bytes(self) -> bool:
        return self._reader.has_bytes

    def idle(self) -> None:
        self._reader.idle()

    def echo(self, data: bytes) -> bytes:
        del data
        return b""

    def requests(self, data: bytes) -> Iterator[Request | bytes]:
        self._reader.feed(data)
        while True:
            try:
                message = self._reader.next_message()
            except PeerProtocolError:
                continue
            if message is None:
                return
            yield self._request(message)

    def _request(self, message: Message) -> Request:
        verb = self._verbs.get(str(message.get("do")))

        def carry_out(now: float) -> bytes | None:
            self._now = now
            answer = {"result": "illegal"} if verb is None else verb(message)
            return encode({"seq": message.get("seq"), "result": "success", **answer})

        def die(pieces: int) -> None:
            for _ in range(min(pieces, len(self._left))):
                self._pay_one(self._left.pop(0))

        return Request(NUMBERS.get(str(message.get("do")), 0), carry_out, die)

    def flipped(self, answer: bytes) -> bytes:
        return answer[:2] + bytes((answer[2] ^ 0x04,)) + answer[3:]

    # --- the verbs

    def picture(self) -> dict[str, Any]:
        counts = self._world.memory["counts"]
        status = "jam" if self.is_jammed else "empty" if not all(counts.values()) else "ok"
        deposit, payout = self._deposit, self._payout
        return {"boot": self._boot, "deposit": deposit, "payout": payout, "status": status, "full": "ok"}

    def _counts(self) -> dict[str, Any]:
        return {
            "counts": {face: count for face, count in self._world.memory["counts"].items() if count},
            "discrepancy": bool(self._world.memory["discrepancy"]),
        }

    def _begin(self, asked: Message) -> dict[str, Any]:
        is_open = self._deposit is not None and self._deposit["state"] != "ended"
        if is_open and self._deposit is not None and self._deposit["op"] == asked.get("op"):
            return {}
        if is_open or self._left:
            return {"result": "illegal"}
        self._deposit = {
            "op": asked["op"],
            "state": "count",
            "faces": asked["faces"],
            "counts": {},
            "repaid": {},
        }
        return {}

    def _turn(self, asked: Message, before: str | tuple[str, ...], after: str) -> dict[str, Any]:
        found = self._deposit
        if found is not None and found["op"] == asked.get("op"):
            if found["state"] == after:
                return {}
            if found["state"] in ((before,) if isinstance(before, str) else before):
                found["state"] = after
                return {}
        return {"result": "illegal"}

    def _end(self, asked: Message) -> dict[str, Any]:
        found = self._deposit
        if found is None or found["op"] != asked.get("op") or found["state"] != "fixed":
            is_done = found is not None and found["op"] == asked.get("op") and found["state"] == "ended"
            return {} if is_done else {"result": "illegal"}
        is_repay = asked.get("action") == "repay"
        counts = self._world.memory["counts"]
        for face, count in dict(self._world.places.get(ESCROW, {})).items():
            if not is_repay:
                counts[face] = counts.get(face, 0) + count
            self._world.move(ESCROW, RETURNED if is_repay else STOCK, face, count)
        found |= {
            "state": "ended",
            "action": asked["action"],
            "repaid": dict(found["counts"]) if is_repay else {},
        }
        return {}

    def _pay(self, asked: Message) -> dict[str, Any]:
        if self._payout is not None and self._payout["op"] == asked.get("op"):
            return {"result": "duplicate"}
        if self.is_jammed:
            return {"result": "jam"}
        if self._left or (self._deposit is not None and self._deposit["state"] != "ended"):
            return {"result": "busy"}
        pieces = self._plan(asked)
        if pieces is None:
            return {"result": "shortage"}
        self._payout = {"op": asked["op"], "state": "busy", "paid": {}, "code": ""}
        self._left = [face for face, count in pieces.items() for _ in range(count)]
        self._next = self._now + self._piece_s
        return {}

    def _plan(self, asked: Message) -> dict[str, int] | None:
        stock = cash_of(self._counts()["counts"])
        if "counts" in asked:
            wanted = cash_of(asked["counts"])
            return counts_of(wanted) if stock.covers(wanted) else None
        plan = make_change(Yen(int(asked["amount"])), stock)
        return None if plan is None else counts_of(plan)
