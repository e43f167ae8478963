"""`kiosk-sim modbus`: an input/output module of eight inputs and outputs, with a control socket for hands.

fill THING, take THING      something lies in that tray, or no longer (`certificate`, `spare`, `change`, `receipt`)
pass THING [N]              N sheets leave that outlet, one after the other (`certificate`, `spare`)
stick NAME on|off|free      an input that says this whatever happens: dirt on a sensor, a cable torn off
emergency on|off            the building's alarm contact
die, live                   no power, no answers
state                       what its inputs and outputs are
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from drivers.modbus.codec import (
    NEED_DATA,
    WRITE_COILS,
    Answer,
    Inputs,
    QuestionReader,
    ReadInputs,
    Refused,
    WriteCoils,
    Written,
    encode_answer,
)
from drivers.transport.sim.process import line_of, parser_of, serve
from drivers.transport.sim.wire import Request, Wire
from kiosk.errors import PeerProtocolError

INPUTS: Mapping[str, int] = {
    "certificate": 0,
    "change": 1,
    "receipt": 2,
    "emergency": 3,
    "spare": 4,
    "certificate_exit": 5,
    "spare_exit": 6,
}
OUTPUTS: Mapping[str, int] = {"call": 0, "buzzer": 1}
POINTS = 8
SHEET_S, GAP_S = 0.6, 0.4
"""A sheet of A4 in the outlet, and the time until the next one: about sixty a minute."""


class SimModule:
    """drivers/transport/sim/wire.py: Devices."""

    gap_s = 0.05

    def __init__(self, address: int = 1) -> None:
        self.address = address
        self.inputs = [False] * POINTS
        """What lies and passes there."""
        self.stuck: dict[int, bool] = {}
        """What an input says instead."""
        self.outputs = [False] * POINTS
        self.is_dead = False
        self._reader = QuestionReader()
        self._now = 0.0
        self._moves: list[tuple[float, int, bool]] = []
        """When which input changes, in order."""

    def advance(self, now: float) -> None:
        self._now = now
        while self._moves and self._moves[0][0] <= now:
            _, at, is_on = self._moves.pop(0)
            self.inputs[at] = is_on

    def next_move(self) -> float | None:
        return self._moves[0][0] if self._moves else None

    def pass_sheets(self, at: int, count: int) -> None:
        """After those that are on their way there."""
        begins = max((when + GAP_S for when, where, _ in self._moves if where == at), default=self._now)
        for number in range(count):
            when = begins + number * (SHEET_S + GAP_S)
            self._moves += [(when, at, True), (when + SHEET_S, at, False)]
        self._moves.sort()

    def says(self) -> tuple[bool, ...]:
        return tuple(self.stuck.get(at, is_on) for at, is_on in enumerate(self.inputs))

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
                question = self._reader.next_frame()
            except PeerProtocolError:
                continue  # an RTU device that understands nothing says nothing
            if question is NEED_DATA:
                return
            yield Request(1, partial(self._carry_out, question))

    def _carry_out(self, question: Any, _now: float) -> bytes | None:
        return self._answer(question)

    def _answer(self, question: Any) -> bytes | None:
        if self.is_dead or getattr(question, "address", self.address) != self.address:
            return None
        answer: Answer
        function, count = 0x02, 0
        match question:
            case ReadInputs(count=count):
                answer = Inputs(self.says()[:count]) if count <= POINTS else Refused(2)
            case WriteCoils(on=on):
                function, count = WRITE_COILS, len(on)
                answer = Written() if count <= POINTS else Refused(2)
                if isinstance(answer, Written):
                    self.outputs[:count] = on
            case _:
                answer = question
        return encode_answer(self.address, function, answer, count)

    def flipped(self, answer: bytes) -> bytes:
        return answer[:3] + bytes((answer[3] ^ 0x04,)) + answer[4:]


class Bench:
    """The verbs of the control socket."""

    def __init__(self, module: SimModule, wire: Wire) -> None:
        self._module, self._wire = module, wire

    def verbs(self) -> dict[str, Any]:
        return {
            "fill": lambda thing: self._put(thing, True),
            "take": lambda thing: self._put(thing, False),
            "pass": self._pass,
            "stick": self._stick,
            "emergency": lambda how="on": self._put("emergency", how == "on"),
            "die": lambda: self._power(False),
            "live": lambda: self._power(True),
            "state": self.state,
        }

    def _put(self, name: str, is_on: bool) -> None:
        if name not in INPUTS:
            raise ValueError(f"inputs: {', '.join(INPUTS)}")
        with self._wire.lock:
            self._module.inputs[INPUTS[name]] = is_on

    def _pass(self, thing: str, count: str = "1") -> None:
        if f"{thing}_exit" not in INPUTS:
            raise ValueError("outlets: certificate, spare")
        with self._wire.lock:
            self._module.pass_sheets(INPUTS[f"{thing}_exit"], int(count))

    def _stick(self, name: str, how: str = "off") -> None:
        if name not in INPUTS:
            raise ValueError(f"inputs: {', '.join(INPUTS)}")
        with self._wire.lock:
            self._module.stuck.pop(INPUTS[name], None)
            if how != "free":
                self._module.stuck[INPUTS[name]] = how == "on"

    def _power(self, is_on: bool) -> None:
        with self._wire.lock:
            self._module.is_dead = not is_on
            self._module.outputs = [False] * POINTS

    def state(self) -> dict[str, Any]:
        with self._wire.lock:
            return {
                "inputs": {name: self._module.inputs[at] for name, at in INPUTS.items()},
                "outputs": {name: self._module.outputs[at] for name, at in OUTPUTS.items()},
            }


def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of("kiosk-sim modbus", __doc__, "nothing: sensors have no memory")
    args = parser.parse_args(argv)
    module = SimModule()
    wire = Wire(line_of(args), module)
    return serve(wire, args.control, Bench(module, wire).verbs())
