"""The terminal as a machine: what goes out, what answers and silence mean. Pure: time and ids come from outside.

A request that moves money goes out once. From the moment it may have left, only TransactionStatus is asked, by its
key, until the terminal says how it stands, or `resolve_s` is over: UNKNOWN. `NotFound` is believed when it is said
twice, `settle_s` apart: then nothing that we sent before can still be on its way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from drivers.cashless import messages
from drivers.cashless.codec import Message
from drivers.cashless.messages import Answer
from drivers.cashless.settings import Settings
from kiosk.ids import DeviceId, OpId
from kiosk.money import Yen
from kiosk.ports import (
    AbortPayment,
    Command,
    DeviceArrived,
    DeviceLost,
    Event,
    Outcome,
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

TerminalCommand = (
    ReadTerminal | RequestPayment | ReadPayment | AbortPayment | RequestReversal | ReadReversal | Reconcile
)
NOT_FOUND_TWICE: Final = 2
REMEMBERED: Final = 16
STAGES: Final = {"CardInserted": "processing", "CardRemoved": "touch_again"}
"""nexo EventToNotify, and what the person is told."""


class HangUp(msgspec.Struct, frozen=True):
    """The connection is of no use any more."""

    code: str


Out = Event | Message | HangUp


class _Operation:
    """One payment, void or reconciliation, from its request to its end."""

    def __init__(self, command: Any, category: str, now_s: float) -> None:
        self.op: OpId = command.op
        self.command = command
        self.category = category
        self.amount: Yen = getattr(command, "amount", Yen(0))
        self.since_s = now_s
        self.in_doubt_s: float | None = None
        """Since when nobody can say how it stands."""
        self.ask_at_s: float | None = None
        """When its status is asked next."""
        self.not_found = 0
        self.is_abort_sent = False
        self.asked = ""
        """ServiceID of the status request that is open."""


class Terminal:
    """Everything that a terminal and we may say to each other. One operation at a time."""

    def __init__(
        self, device: DeviceId, settings: Settings, next_id: Callable[[], str], stamp: Callable[[], str]
    ) -> None:
        """`next_id`: a fresh ServiceID for what is no operation of the core. `stamp`: now, as ISO 8601."""
        self._device = device
        self._settings = settings
        self._next_id = next_id
        self._stamp = stamp
        self._out: list[Out] = []
        self._now_s = 0.0
        self._state = "down"
        self._said: str | None = None
        """Code of the DeviceLost that was told last; None: it is here."""
        self._told: TerminalRead | None = None
        self._operation: _Operation | None = None
        self._given_up: dict[OpId, tuple[str, Yen]] = {}
        """Ended UNKNOWN: an answer that comes late is told all the same."""
        self._waiting: dict[str, float] = {}
        """ServiceIDs of Login, Diagnosis, TransactionStatus that are open, and until when."""
        self._diagnosis_at_s = 0.0
        self._later: list[ReadPayment | ReadReversal] = []

    # --- from outside -----------------------------------------------------------------------------------------------

    def connected(self, now_s: float) -> list[Out]:
        """A new connection stands: log in first, always."""
        self._now_s = now_s
        self._state = "logging-in"
        self._waiting.clear()
        self._ask("Login", messages.login(self._stamp()))
        return self._take()

    def lost(self, code: str, now_s: float) -> list[Out]:
        """No connection. What was under way is in doubt from now on."""
        self._now_s = now_s
        self._state = "down"
        self._waiting.clear()
        self._told = None
        self._doubt()
        if code != self._said:
            self._said = code
            self._out.append(DeviceLost(self._device, code))
        return self._take()

    def perform(self, command: TerminalCommand, now_s: float) -> list[Out]:
        self._now_s = now_s
        match command:
            case ReadTerminal():
                self._diagnosis_at_s = now_s
            case RequestPayment():
                self._begin(command, "Payment")
            case RequestReversal():
                self._begin(command, "Reversal")
            case Reconcile():
                self._begin(command, "Reconciliation")
            case ReadPayment() | ReadReversal():
                self._read(command)
            case AbortPayment():
                self._abort(command.op)
        self._tick()
        return self._take()

    def received(self, message: Message, now_s: float) -> list[Out]:
        self._now_s = now_s
        if message.poi_id != self._settings.poi:
            self._out.append(HangUp("wrong-terminal"))
            return self._take()
        if message.kind == "Notification":
            self._notified(message)
        elif message.kind == "Response":
            self._answered(message)
        return self._take()

    def tick(self, now_s: float) -> list[Out]:
        """Time has passed."""
        self._now_s = now_s
        self._tick()
        return self._take()

    @property
    def due_s(self) -> float | None:
        """When `tick` has something to do, if nothing comes before."""
        moments = list(self._waiting.values())
        operation = self._operation
        if operation is not None:
            moments.append(self._deadline(operation))
            if operation.ask_at_s is not None and self._state == "ready" and not operation.asked:
                moments.append(operation.ask_at_s)
        if self._state == "ready":
            moments.append(self._diagnosis_at_s)
        return min(moments, default=None)

    @property
    def is_busy(self) -> bool:
        return self._operation is not None

    # --- what goes out ----------------------------------------------------------------------------------------------

    def _take(self) -> list[Out]:
        out, self._out = self._out, []
        return out

    def _send(self, category: str, service_id: str, body: dict[str, Any]) -> None:
        settings = self._settings
        self._out.append(Message(category, "Request", service_id, settings.sale, settings.poi, body))

    def _ask(self, category: str, body: dict[str, Any]) -> str:
        service_id = self._next_id()
        self._send(category, service_id, body)
        self._waiting[service_id] = self._now_s + self._settings.reply_s
        return service_id

    def _begin(self, command: RequestPayment | RequestReversal | Reconcile, category: str) -> None:
        """A request that moves something: at most once, and only to the right terminal."""
        operation = _Operation(command, category, self._now_s)
        if self._state != "ready":
            self._end(operation, Answer(Outcome.REFUSED, code="no-terminal"))
        elif command.poi != self._settings.poi:
            self._end(operation, Answer(Outcome.REFUSED, code="wrong-terminal"))
        elif self._operation is not None:
            self._end(operation, Answer(Outcome.REFUSED, code="busy"))
        else:
            self._operation = operation
            operation.ask_at_s = self._now_s + self._settings.quiet_s
            self._send(category, command.op, self._body(command))

    def _body(self, command: RequestPayment | RequestReversal | Reconcile) -> dict[str, Any]:
        match command:
            case RequestPayment():
                return messages.payment(self._stamp(), command.number, command.amount, command.brand)
            case RequestReversal():
                return messages.reversal(self._stamp(), command.reference, command.amount)
            case Reconcile():
                return {"ReconciliationType": "SaleReconciliation"}

    def _read(self, command: ReadPayment | ReadReversal) -> None:
        """Only ask. While another operation runs it waits for its turn."""
        if self._operation is not None:
            if self._operation.op != command.op and all(each.op != command.op for each in self._later):
                self._later.append(command)
            return
        if command.poi != self._settings.poi:
            wrong = _Operation(command, _category(command), self._now_s)
            self._end(wrong, Answer(Outcome.UNKNOWN, code="wrong-terminal"))
            return
        operation = _Operation(command, _category(command), self._now_s)
        operation.in_doubt_s = operation.ask_at_s = self._now_s
        self._operation = operation

    def _abort(self, op: OpId) -> None:
        operation, settings = self._operation, self._settings
        if operation is None or operation.op != op or self._state != "ready" or operation.is_abort_sent:
            return
        operation.is_abort_sent = True
        self._send("Abort", self._next_id(), messages.abort(op, settings.sale, settings.poi))

    # --- what comes in ----------------------------------------------------------------------------------------------

    def _notified(self, message: Message) -> None:
        operation = self._operation
        stage = STAGES.get(str(message.body.get("EventToNotify")))
        if operation is not None and stage is not None and operation.in_doubt_s is None:
            self._out.append(PaymentProgressed(operation.op, self._device, stage))

    def _answered(self, message: Message) -> None:
        operation = self._operation
        if (
            operation is not None
            and message.service_id == operation.op
            and message.category == operation.category
        ):
            self._conclude(operation, message.body)
        elif operation is not None and operation.asked and message.service_id == operation.asked:
            self._waiting.pop(message.service_id, None)
            operation.asked = ""
            self._on_status(operation, message.body)
        elif self._waiting.pop(message.service_id, None) is not None:
            if message.category == "Login":
                self._on_login(message.body)
            elif message.category == "Diagnosis":
                self._on_diagnosis(message.body)
        elif message.service_id in self._given_up:
            self._on_late(message)

    def _on_login(self, body: dict[str, Any]) -> None:
        how, condition, _ = messages.result(body)
        if how != "Success":
            self._out.append(HangUp(f"login-{messages.NOT_DONE.get(condition, 'refused')}"))
            return
        data = body.get("POISystemData")
        terminal = data.get("POITerminalData") if isinstance(data, dict) else None
        serial = str(terminal.get("POISerialNumber", "")) if isinstance(terminal, dict) else ""
        if self._settings.serial not in ("", serial):
            self._out.append(HangUp("wrong-serial"))
            return
        self._state, self._said = "ready", None
        self._out.append(DeviceArrived(self._device, f"nexo terminal {self._settings.poi} {serial}".strip()))
        self._diagnosis_at_s = self._now_s
        if self._operation is not None:
            self._operation.ask_at_s = self._now_s
        self._tick()

    def _on_diagnosis(self, body: dict[str, Any]) -> None:
        how, condition, _ = messages.result(body)
        status = body.get("POIStatus")
        overall = str(status.get("GlobalStatus", "")) if isinstance(status, dict) else ""
        hosts = body.get("HostStatus")
        reachable = all(
            each.get("IsReachableFlag") is not False
            for each in (hosts if isinstance(hosts, list) else [])
            if isinstance(each, dict)
        )
        code = ""
        if how != "Success":
            code = messages.NOT_DONE.get(condition, "no-service")
        elif overall not in ("OK", "Busy"):
            code = overall.lower() or "no-status"
        elif not reachable:
            code = "offline"
        read = TerminalRead(self._device, self._settings.poi, not code, code)
        if read != self._told:
            self._told = read
            self._out.append(read)

    def _conclude(self, operation: _Operation, body: dict[str, Any]) -> None:
        """The response itself, or its repetition. `InProgress` is no end."""
        how, condition, _ = messages.result(body)
        if how == "Failure" and condition == messages.IN_PROGRESS:
            operation.ask_at_s = self._now_s + self._settings.status_every_s
            return
        if operation.category == "Reconciliation":
            outcome = Outcome.CONFIRMED if how == "Success" else Outcome.REFUSED
            self._finish(operation, Answer(outcome, code=messages.NOT_DONE.get(condition, "")), body)
        elif operation.category == "Reversal":
            self._finish(operation, messages.read_reversal(body), body)
        else:
            self._finish(operation, messages.read_payment(body, operation.amount), body)

    def _on_status(self, operation: _Operation, body: dict[str, Any]) -> None:
        how, condition, _ = messages.result(body)
        settings = self._settings
        again = messages.repeated(body, operation.category)
        if how == "Success" and again is not None:
            self._conclude(operation, again)
        elif how == "Failure" and condition == messages.NOT_FOUND:
            operation.not_found += 1
            operation.ask_at_s = self._now_s + self._settings.settle_s
            if operation.not_found >= NOT_FOUND_TWICE:
                self._finish(operation, Answer(Outcome.REFUSED, code="not-received"), body)
        else:
            operation.not_found = 0
            if condition == messages.IN_PROGRESS:
                operation.in_doubt_s = None  # it is alive, and says so
            quiet = operation.in_doubt_s is None
            operation.ask_at_s = self._now_s + (settings.quiet_s if quiet else settings.status_every_s)

    def _on_late(self, message: Message) -> None:
        category, amount = self._given_up[OpId(message.service_id)]
        if category != message.category:
            return
        late = _Operation(ReadPayment(OpId(message.service_id), self._device, "", amount), category, 0.0)
        if category == "Payment":
            answer = messages.read_payment(message.body, amount)
        else:
            answer = messages.read_reversal(message.body)
        if answer.outcome is not Outcome.UNKNOWN:
            del self._given_up[late.op]
            self._end(late, answer)

    # --- time and ends ----------------------------------------------------------------------------------------------

    def _deadline(self, operation: _Operation) -> float:
        settings = self._settings
        if operation.in_doubt_s is not None:
            return operation.in_doubt_s + settings.resolve_s
        limit_s = operation.since_s + settings.payment_s
        return limit_s + settings.resolve_s if operation.is_abort_sent else limit_s

    def _tick(self) -> None:
        if any(until_s <= self._now_s for until_s in self._waiting.values()):
            self._waiting.clear()
            if self._operation is not None:
                self._operation.asked = ""
            self._out.append(HangUp("no-answer"))
            return
        operation = self._operation
        if operation is not None and self._now_s >= self._deadline(operation):
            self._out_of_time(operation)
        elif operation is not None and self._state == "ready" and not operation.asked:
            if operation.ask_at_s is not None and self._now_s >= operation.ask_at_s:
                self._ask_status(operation)
        if self._state == "ready" and self._now_s >= self._diagnosis_at_s:
            self._diagnosis_at_s = self._now_s + self._settings.diagnosis_every_s
            self._ask("Diagnosis", {"HostDiagnosisFlag": True})

    def _ask_status(self, operation: _Operation) -> None:
        settings = self._settings
        operation.ask_at_s = None
        if operation.category == "Reconciliation":  # nexo repeats payments and reversals only
            self._finish(operation, Answer(Outcome.UNKNOWN, code="no-answer"), {})
            return
        body = messages.status(operation.category, operation.op, settings.sale, settings.poi)
        operation.asked = self._ask("TransactionStatus", body)

    def _out_of_time(self, operation: _Operation) -> None:
        """Too long for a person: abort, and go on asking. Too long in doubt: UNKNOWN."""
        if operation.in_doubt_s is None and not operation.is_abort_sent and self._state == "ready":
            self._abort(operation.op)
            operation.ask_at_s = self._deadline(operation) - self._settings.resolve_s / 2
            operation.is_abort_sent = True
            return
        self._finish(operation, Answer(Outcome.UNKNOWN, code="no-answer"), {})

    def _doubt(self) -> None:
        operation = self._operation
        if operation is not None:
            operation.asked = ""
            operation.ask_at_s = None
            operation.not_found = 0
            if operation.in_doubt_s is None:
                operation.in_doubt_s = self._now_s

    def _finish(self, operation: _Operation, answer: Answer, body: dict[str, Any]) -> None:
        self._operation = None
        self._end(operation, answer, body)
        if self._later:
            self._read(self._later.pop(0))

    def _end(self, operation: _Operation, answer: Answer, body: dict[str, Any] | None = None) -> None:
        """Exactly one event for each request."""
        if answer.outcome is Outcome.UNKNOWN and operation.category != "Reconciliation":
            self._given_up[operation.op] = (operation.category, operation.amount)
            while len(self._given_up) > REMEMBERED:
                del self._given_up[next(iter(self._given_up))]
        match operation.category:
            case "Payment":
                self._out.append(
                    PaymentEnded(
                        operation.op,
                        self._device,
                        answer.outcome,
                        answer.amount,
                        answer.reference,
                        answer.code,
                        answer.balance_before,
                    )
                )
            case "Reversal":
                self._out.append(ReversalEnded(operation.op, self._device, answer.outcome, answer.code))
            case _:
                totals = messages.read_totals(body or {})
                self._out.append(
                    ReconciliationEnded(operation.op, self._device, answer.outcome, totals, answer.code)
                )


def _category(command: Command) -> str:
    return "Payment" if isinstance(command, ReadPayment) else "Reversal"
