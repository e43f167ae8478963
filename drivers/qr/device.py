"""The gateway as a machine: which request goes out, what answers and failures mean. Pure: time comes from outside.

A payment's PUT goes out once. After it only GET asks, by the same key, until the gateway says how it stands, or
`resolve_s` without a word is over: UNKNOWN. 404 is believed when it is said twice, `settle_s` apart.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from drivers.qr.codec import encode
from drivers.qr.settings import Settings
from kiosk.ids import DeviceId, OpId
from kiosk.money import Yen
from kiosk.ports import (
    AbortPayment,
    BrandTotal,
    DeviceArrived,
    DeviceLost,
    Event,
    Outcome,
    PaymentCodeMade,
    PaymentEnded,
    PaymentProgressed,
    ReadPayment,
    ReadReversal,
    ReadTerminal,
    Reconcile,
    ReconciliationEnded,
    RequestPayment,
    RequestReversal,
    ReversalEnded,
    TerminalRead,
)

GatewayCommand = (
    ReadTerminal | RequestPayment | ReadPayment | AbortPayment | RequestReversal | ReadReversal | Reconcile
)
NOT_FOUND: Final = 404
NOT_FOUND_TWICE: Final = 2
OK: Final = (200, 201)
REFUSALS: Final = frozenset({400, 401, 403, 409, 422})
"""Statuses by which the gateway says that it did nothing."""
NOT_DONE: Final = {
    "cancelled": "aborted",
    "declined": "declined",
    "expired": "cancelled",
    "refused": "not-allowed",
}


class Ask(msgspec.Struct, frozen=True):
    """One HTTP request. Its answer or failure comes back with it."""

    method: str
    path: str
    op: OpId
    body: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"Ask({self.method} {self.path})"


Out = Event | Ask


class _Operation:
    def __init__(self, command: Any, path: str, now_s: float) -> None:
        self.op: OpId = command.op
        self.command = command
        self.path = path
        self.amount: Yen = getattr(command, "amount", Yen(0))
        self.since_s = self.heard_s = now_s
        self.ask_at_s: float | None = None
        self.not_found = 0
        self.is_cancel_sent = False
        self.is_pending_told = False


class Gateway:
    """Several operations may run; each is asked about by itself."""

    def __init__(self, device: DeviceId, settings: Settings) -> None:
        self._device = device
        self._settings = settings
        self._out: list[Out] = []
        self._now_s = 0.0
        self._operations: dict[OpId, _Operation] = {}
        self._health_at_s = 0.0
        self._said: str | None = ""
        self._told: TerminalRead | None = None

    # --- from outside -----------------------------------------------------------------------------------------------

    def perform(self, command: GatewayCommand, now_s: float) -> list[Out]:
        self._now_s = now_s
        match command:
            case ReadTerminal():
                self._health_at_s = now_s
            case RequestPayment():
                self._pay(command)
            case RequestReversal():
                self._begin(command, f"/v1/reversals/{command.op}", {"of": command.of})
            case Reconcile():
                self._begin(command, f"/v1/reconciliations/{command.op}", {})
            case ReadPayment():
                self._read(command, f"/v1/payments/{command.op}")
            case ReadReversal():
                self._read(command, f"/v1/reversals/{command.op}")
            case AbortPayment():
                self._cancel(command.op)
        return self.tick(now_s)

    def tick(self, now_s: float) -> list[Out]:
        """Time has passed."""
        self._now_s = now_s
        for operation in list(self._operations.values()):
            self._look_after(operation)
        if now_s >= self._health_at_s:
            self._health_at_s = now_s + self._settings.health_every_s
            self._out.append(Ask("GET", "/v1/health", OpId("")))
        out, self._out = self._out, []
        return out

    def answered(self, ask: Ask, status: int, body: dict[str, Any], now_s: float) -> list[Out]:
        self._now_s = now_s
        if ask.path == "/v1/health":
            self._on_health(status, body)
        elif (operation := self._operations.get(ask.op)) is not None:
            self._on_answer(operation, ask, status, body)
        return self.tick(now_s)

    def failed(self, ask: Ask, code: str, now_s: float) -> list[Out]:
        """No answer, or none that can be read. A request may have arrived all the same."""
        self._now_s = now_s
        if ask.path == "/v1/health":
            self._lose(code)
            self._health_at_s = now_s + self._settings.retry_s
        elif (operation := self._operations.get(ask.op)) is not None:
            operation.ask_at_s = now_s + self._settings.poll_s
        return self.tick(now_s)

    @property
    def due_s(self) -> float:
        """When `tick` has something to do."""
        moments = [self._health_at_s]
        for each in self._operations.values():
            moments.append(self._deadline(each))
            if each.ask_at_s is not None:
                moments.append(each.ask_at_s)
        return min(moments)

    # --- what goes out ----------------------------------------------------------------------------------------------

    def _pay(self, command: RequestPayment) -> None:
        body: dict[str, Any] = {
            "store": self._settings.store,
            "amount": command.amount.value,
            "method": "consumer" if command.code else "merchant",
            "number": command.number,
        }
        if command.code:
            body["code"] = command.code
        self._begin(command, f"/v1/payments/{command.op}", body)

    def _begin(
        self, command: RequestPayment | RequestReversal | Reconcile, path: str, body: dict[str, Any]
    ) -> None:
        operation = _Operation(command, path, self._now_s)
        if command.poi != self._settings.store:
            self._end(operation, Outcome.REFUSED, "wrong-terminal")
        elif self._told is None:
            self._end(operation, Outcome.REFUSED, "no-terminal")
        else:
            self._operations[operation.op] = operation
            self._out.append(Ask("PUT", path, operation.op, body))

    def _read(self, command: ReadPayment | ReadReversal, path: str) -> None:
        if command.op in self._operations:
            return
        operation = _Operation(command, path, self._now_s)
        if command.poi != self._settings.store:
            self._end(operation, Outcome.UNKNOWN, "wrong-terminal")
            return
        operation.ask_at_s = self._now_s
        self._operations[operation.op] = operation

    def _cancel(self, op: OpId) -> None:
        operation = self._operations.get(op)
        if operation is None or operation.is_cancel_sent:
            return
        operation.is_cancel_sent = True
        operation.since_s = self._now_s
        self._out.append(Ask("POST", f"{operation.path}/cancel", op, {}))

    def _look_after(self, operation: _Operation) -> None:
        if self._now_s >= self._deadline(operation):
            is_silent = self._now_s - operation.heard_s >= self._settings.resolve_s
            if is_silent or operation.is_cancel_sent:
                self._end(operation, Outcome.UNKNOWN, "no-answer")
            else:
                self._cancel(operation.op)
        elif operation.ask_at_s is not None and self._now_s >= operation.ask_at_s:
            operation.ask_at_s = None
            self._out.append(Ask("GET", operation.path, operation.op))

    def _deadline(self, operation: _Operation) -> float:
        """Whichever comes first: too long silent, or too long for a person."""
        settings = self._settings
        patience_s = settings.resolve_s if operation.is_cancel_sent else settings.payment_s
        return min(operation.heard_s + settings.resolve_s, operation.since_s + patience_s)

    # --- what comes in ----------------------------------------------------------------------------------------------

    def _on_health(self, status: int, body: dict[str, Any]) -> None:
        if status not in OK:
            self._lose("refused")
            return
        if body.get("store") != self._settings.store:
            self._lose("wrong-terminal")
            return
        if self._said is not None:
            self._said = None
            self._out.append(DeviceArrived(self._device, f"code gateway {self._settings.store}"))
        code = "" if body.get("is_ready") is True else "no-service"
        read = TerminalRead(self._device, self._settings.store, not code, code)
        if read != self._told:
            self._told = read
            self._out.append(read)

    def _lose(self, code: str) -> None:
        self._told = None
        if code != self._said:
            self._said = code
            self._out.append(DeviceLost(self._device, code))

    def _on_answer(self, operation: _Operation, ask: Ask, status: int, body: dict[str, Any]) -> None:
        settings = self._settings
        if ask.method == "POST":
            operation.ask_at_s = self._now_s  # how it stands is the GET's word
        elif status in OK:
            operation.heard_s, operation.not_found = self._now_s, 0
            self._on_state(operation, body)
        elif status == NOT_FOUND:
            operation.heard_s = self._now_s
            operation.not_found += 1
            operation.ask_at_s = self._now_s + settings.settle_s
            if operation.not_found >= NOT_FOUND_TWICE:
                self._end(operation, Outcome.REFUSED, "not-received")
        elif status in REFUSALS and ask.method == "PUT":
            self._end(operation, Outcome.REFUSED, "not-allowed")
        else:
            operation.ask_at_s = self._now_s + settings.poll_s

    def _on_state(self, operation: _Operation, body: dict[str, Any]) -> None:
        state, amount = body.get("state"), body.get("amount")
        reference = body.get("reference") if isinstance(body.get("reference"), str) else ""
        if isinstance(operation.command, Reconcile):
            self._out.append(_reconciled(operation, self._device, body))
            del self._operations[operation.op]
        elif state in ("paid", "reversed"):
            is_right = state == "reversed" or (type(amount) is int and amount == operation.amount.value)
            if is_right:
                self._end(operation, Outcome.CONFIRMED, "", str(reference))
            else:
                self._end(operation, Outcome.UNKNOWN, "unreadable-amount", str(reference))
        elif isinstance(state, str) and state in NOT_DONE:
            self._end(operation, Outcome.REFUSED, NOT_DONE[state], str(reference))
        elif state == "unknown":
            self._end(operation, Outcome.UNKNOWN, "incomplete", str(reference))
        else:
            operation.ask_at_s = self._now_s + self._settings.poll_s
            self._tell_pending(operation, str(reference))

    def _tell_pending(self, operation: _Operation, reference: str) -> None:
        """The gateway has it: the code may be shown, or the phone asks its owner."""
        command = operation.command
        if operation.is_pending_told or not isinstance(command, RequestPayment):
            return
        operation.is_pending_told = True
        if command.code:
            self._out.append(PaymentProgressed(command.op, self._device, "processing"))
        elif reference:
            settings = self._settings
            payload = encode(settings.merchant, command.amount, reference, settings.terminal)
            self._out.append(PaymentCodeMade(command.op, self._device, payload))

    def _end(self, operation: _Operation, outcome: Outcome, code: str, reference: str = "") -> None:
        """Exactly one event for each request."""
        self._operations.pop(operation.op, None)
        match operation.command:
            case RequestPayment() | ReadPayment():
                amount = operation.amount if outcome is Outcome.CONFIRMED else Yen(0)
                self._out.append(PaymentEnded(operation.op, self._device, outcome, amount, reference, code))
            case RequestReversal() | ReadReversal():
                self._out.append(ReversalEnded(operation.op, self._device, outcome, code))
            case _:
                self._out.append(ReconciliationEnded(operation.op, self._device, outcome, (), code))


class _Total(msgspec.Struct):
    brand: str
    payments: int
    paid: int
    reversals: int
    reversed: int


def _reconciled(operation: _Operation, device: DeviceId, body: dict[str, Any]) -> ReconciliationEnded:
    try:
        rows = msgspec.convert(body.get("totals"), list[_Total])
    except msgspec.ValidationError:
        return ReconciliationEnded(operation.op, device, Outcome.UNKNOWN, (), "unreadable")
    totals = tuple(
        BrandTotal(each.brand, each.payments, Yen(each.paid), each.reversals, Yen(each.reversed))
        for each in rows
    )
    return ReconciliationEnded(operation.op, device, Outcome.CONFIRMED, totals)
