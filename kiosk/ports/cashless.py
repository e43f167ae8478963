"""Cashless: payment terminals and code gateways, in the verbs of nexo's Sale to POI protocol.

Key of an operation for ever: (SaleID, POIID, ServiceID). The SaleID is this kiosk, the POIID is `poi`, the ServiceID
is `op`: at most ten letters and digits, never used twice. A request goes out once; on any doubt its status is asked
(TransactionStatus), by the same key. Every operation ends CONFIRMED, REFUSED, PARTIAL or UNKNOWN (処理未了).
"""

from __future__ import annotations

import msgspec

from kiosk.ids import DeviceId, OpId
from kiosk.money import Yen
from kiosk.ports.base import Command, Event, Outcome

SERVICE_ID_MAX = 10


class TerminalRead(Event, frozen=True):
    """Diagnosis: which terminal answers, and whether it takes payments now. `code`: why not."""

    device: DeviceId
    poi: str
    is_ready: bool
    code: str = ""


class PaymentProgressed(Event, frozen=True):
    """What the person is to do, or that nothing is: `touch`, `touch_again` (pulled away too early), `processing`."""

    op: OpId
    device: DeviceId
    stage: str


class PaymentCodeMade(Event, frozen=True):
    """Merchant-presented: the text of the code to show for this payment, by EMVCo's rules."""

    op: OpId
    device: DeviceId
    payload: str


class PaymentEnded(Event, frozen=True):
    """How a payment stands. May come again for one that was UNKNOWN, and then settles it.

    CONFIRMED: `amount` was taken. REFUSED: proven not taken. PARTIAL: less than asked was taken. UNKNOWN: nobody can
    say; `code` `incomplete` is the terminal's own 処理未了.
    """

    op: OpId
    device: DeviceId
    outcome: Outcome
    amount: Yen = Yen(0)
    reference: str = ""
    """The terminal's own number of it (POITransactionID): staff and acquirer find it by that."""
    code: str = ""
    balance_before: Yen | None = None
    """Of a prepaid card, for the paper that the person gets; never journaled."""


class ReversalEnded(Event, frozen=True):
    """A void. REFUSED: the payment stands."""

    op: OpId
    device: DeviceId
    outcome: Outcome
    code: str = ""


class BrandTotal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a terminal counted of one brand since the last reconciliation."""

    brand: str
    payments: int
    paid: Yen
    reversals: int
    reversed: Yen


class ReconciliationEnded(Event, frozen=True):
    """The terminal's own count, to be held against the journal's."""

    op: OpId
    device: DeviceId
    outcome: Outcome
    totals: tuple[BrandTotal, ...] = ()
    code: str = ""


class PaymentCodeRead(Event, frozen=True):
    """Consumer-presented: what stands in the code that was held to the camera. It pays once: never logged or kept."""

    device: DeviceId
    text: str

    def __repr__(self) -> str:
        return f"PaymentCodeRead(device={self.device!r})"


class ReadTerminal(Command, frozen=True):
    """Diagnosis, now. Ends in TerminalRead or DeviceLost."""

    device: DeviceId


class RequestPayment(Command, frozen=True):
    """Take this amount, once. Sent only after its intent is durable. Ends in PaymentEnded."""

    op: OpId
    device: DeviceId
    poi: str
    amount: Yen
    brand: str
    number: str
    """The transaction's short number, for the terminal's own list."""
    code: str = ""
    """Consumer-presented: what the camera read."""

    def __repr__(self) -> str:
        return f"RequestPayment(op={self.op!r}, device={self.device!r}, amount={self.amount!r}, brand={self.brand!r})"


class ReadPayment(Command, frozen=True):
    """What became of it? Reads only (TransactionStatus). Ends in PaymentEnded."""

    op: OpId
    device: DeviceId
    poi: str
    amount: Yen


class AbortPayment(Command, frozen=True):
    """Stop waiting for the person, if nothing was taken yet. The payment ends as ever, by what is proven."""

    op: OpId
    device: DeviceId


class RequestReversal(Command, frozen=True):
    """Void the payment `of`, once. Sent only after its intent is durable. Ends in ReversalEnded."""

    op: OpId
    device: DeviceId
    poi: str
    of: OpId
    reference: str
    amount: Yen
    brand: str


class ReadReversal(Command, frozen=True):
    """What became of the void? Reads only. Ends in ReversalEnded."""

    op: OpId
    device: DeviceId
    poi: str


class Reconcile(Command, frozen=True):
    """End the terminal's own day. Ends in ReconciliationEnded."""

    op: OpId
    device: DeviceId
    poi: str


class StartReadingCode(Command, frozen=True):
    """The vision process looks for a payment code. Ends in PaymentCodeRead, at StopReadingCode or with the camera."""

    device: DeviceId


class StopReadingCode(Command, frozen=True):
    device: DeviceId
