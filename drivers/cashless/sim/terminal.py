"""The terminal's own behaviour: messages in, messages out, hands between. Time is an argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from drivers.cashless.codec import Message
from drivers.cashless.sim.world import BRANDS, World

MODES: Final = ("ok", "busy", "offline", "maintenance")
_SALE_CATEGORIES: Final = ("Payment", "Reversal", "Reconciliation", "TransactionStatus", "Abort", "Diagnosis")


@dataclass
class Pace:
    """Seconds: to read a card, to wait for one, to wait for the same one again."""

    read_s: float = 0.3
    wait_s: float = 60.0
    again_s: float = 15.0


@dataclass
class _Open:
    """What stands on the terminal's display: a payment, or a void that wants the card."""

    request: Message
    category: str
    amount: int
    brand: str
    until_s: float
    stage: str = "wait"
    """`wait` for a touch, `read`, `again`."""
    transaction: dict[str, Any] | None = None
    original: dict[str, Any] | None = None
    is_declined: bool = False


class SimTerminal:
    """One terminal that is switched on. What it must remember is in `world`; the rest ends with the power."""

    def __init__(self, world: World, poi: str, pace: Pace, serial: str = "SIM-0001") -> None:
        self.world, self.poi, self.pace, self.serial = world, poi, pace, serial
        self.mode = "ok"
        self.declines = 0
        self.is_logged_in = False
        self.executed = 0
        """How many payment requests were carried out: a test counts with it."""
        self._open: _Open | None = None

    # --- messages -------------------------------------------------------------------------------------------------

    def handle(self, message: Message, now_s: float) -> list[Message]:
        if message.kind != "Request":
            return []
        if message.category == "Login":
            self.is_logged_in = True
            return [self._login(message)]
        if message.category not in _SALE_CATEGORIES:
            return [self._failure(message, "MessageFormat")]
        if not self.is_logged_in:
            return [] if message.category == "Abort" else [self._failure(message, "LoggedOut")]
        try:
            return self._HANDLERS[message.category](self, message, now_s)
        except (AttributeError, KeyError, TypeError):  # a request that is JSON and not what the protocol says
            return [self._failure(message, "MessageFormat")]

    def _login(self, message: Message) -> Message:
        return self._answer(
            message,
            {
                "Response": {"Result": "Success"},
                "POISystemData": {
                    "DateTime": "2026-01-01T00:00:00+00:00",
                    "POISoftware": {
                        "ManufacturerID": "Madoguchi",
                        "ApplicationName": "kiosk-sim",
                        "SoftwareVersion": "1",
                    },
                    "POITerminalData": {
                        "TerminalEnvironment": "UnattendedPOS",
                        "POICapabilities": ["ICC", "CashHandling"],
                        "POISerialNumber": self.serial,
                    },
                },
            },
        )

    def _payment(self, message: Message, now_s: float) -> list[Message]:
        known = self.world.find(_key(message))
        if known is not None:  # the same key again: the same answer, never a second payment
            return [self._answer(message, known["response"])]
        if self._open is not None and _key(self._open.request) == _key(message):
            return []
        if self.mode in ("busy", "maintenance") or self._open is not None:
            return [self._refuse(message, "Busy" if self.mode != "maintenance" else "UnavailableService")]
        transaction = message.body.get("PaymentTransaction", {})
        amount = transaction.get("AmountsReq", {}).get("RequestedAmount")
        brands = transaction.get("TransactionConditions", {}).get("AllowedPaymentBrand") or ["credit"]
        if type(amount) is not int or amount <= 0 or brands[0] not in BRANDS:
            return [self._refuse(message, "MessageFormat")]
        if self.mode == "offline" and not BRANDS[brands[0]].is_prepaid:
            return [self._refuse(message, "UnreachableHost")]
        self._open = _Open(message, "Payment", amount, brands[0], now_s + self.pace.wait_s)
        return []

    def _reversal(self, message: Message, now_s: float) -> list[Message]:
        known = self.world.find(_key(message))
        if known is not None:
            return [self._answer(message, known["response"])]
        original = message.body.get("OriginalPOITransaction", {}).get("POITransactionID", {})
        found = self.world.by_reference(str(original.get("TransactionID", "")))
        if found is None:
            return [self._refuse(message, "NotFound")]
        if self._open is not None:
            return [self._refuse(message, "Busy")]
        if not found["is_charged"] or found["is_void"]:
            return [self._refuse(message, "NotAllowed")]
        rule = BRANDS[found["brand"]].void
        is_last = found is [e for e in self.world.transactions if e["is_charged"]][-1]
        if rule == "never" or (rule == "last" and not is_last):
            return [self._refuse(message, "NotAllowed")]
        if rule != "host":
            until_s = now_s + self.pace.wait_s
            self._open = _Open(message, "Reversal", found["amount"], found["brand"], until_s, original=found)
            return []
        return [self._voided(message, found)]

    def _status(self, message: Message, _: float) -> list[Message]:
        reference = message.body.get("MessageReference", {})
        key = f"{reference.get('SaleID', message.sale_id)}/{reference.get('ServiceID', '')}"
        category = str(reference.get("MessageCategory", "Payment"))
        if self._open is not None and _key(self._open.request) == key:
            return [self._failure(message, "InProgress")]
        found = self.world.find(key)
        if found is None or found["category"] != category:
            return [self._failure(message, "NotFound")]
        header = {
            "ProtocolVersion": "3.0",
            "MessageClass": "Service",
            "MessageCategory": category,
            "MessageType": "Response",
            "ServiceID": reference.get("ServiceID", ""),
            "SaleID": reference.get("SaleID", message.sale_id),
            "POIID": self.poi,
        }
        again = {
            "MessageHeader": header,
            "RepeatedResponseMessageBody": {f"{category}Response": found["response"]},
        }
        body = {
            "Response": {"Result": "Success"},
            "MessageReference": reference,
            "RepeatedMessageResponse": again,
        }
        return [self._answer(message, body)]

    def _abort(self, message: Message, now_s: float) -> list[Message]:
        """Has no answer of its own: the payment ends with `Aborted`, if nothing was read yet."""
        reference = message.body.get("MessageReference", {})
        opened = self._open
        if (
            opened is None
            or opened.stage != "wait"
            or reference.get("ServiceID") != opened.request.service_id
        ):
            return []
        return [self._fail_open("Aborted")]

    def _diagnosis(self, message: Message, _: float) -> list[Message]:
        overall = {"busy": "Busy", "maintenance": "Maintenance"}.get(self.mode, "OK")
        return [
            self._answer(
                message,
                {
                    "Response": {"Result": "Success"},
                    "POIStatus": {"GlobalStatus": overall, "CommunicationOKFlag": self.mode != "offline"},
                    "HostStatus": [{"AcquirerID": "sim", "IsReachableFlag": self.mode != "offline"}],
                },
            )
        ]

    def _reconciliation(self, message: Message, _: float) -> list[Message]:
        totals: dict[str, list[int]] = {}
        for each in self.world.transactions[self.world.counted :]:
            if not each["is_charged"]:
                continue
            row = totals.setdefault(each["brand"], [0, 0, 0, 0])
            if each["category"] == "Payment":
                row[0], row[1] = row[0] + 1, row[1] + each["amount"]
            else:
                row[2], row[3] = row[2] + 1, row[3] + each["amount"]
        self.world.counted = len(self.world.transactions)
        self.world.save()
        groups = [
            {
                "PaymentInstrumentType": "Card",
                "PaymentBrand": brand,
                "PaymentTotals": [
                    {"TransactionType": "Debit", "TransactionCount": row[0], "TransactionAmount": row[1]},
                    {
                        "TransactionType": "ReverseDebit",
                        "TransactionCount": row[2],
                        "TransactionAmount": row[3],
                    },
                ],
            }
            for brand, row in totals.items()
        ]
        return [self._answer(message, {"Response": {"Result": "Success"}, "TransactionTotals": groups})]

    _HANDLERS: Final[dict[str, Callable[[SimTerminal, Message, float], list[Message]]]] = {
        "Payment": _payment,
        "Reversal": _reversal,
        "TransactionStatus": _status,
        "Abort": _abort,
        "Diagnosis": _diagnosis,
        "Reconciliation": _reconciliation,
    }

    # --- hands ----------------------------------------------------------------------------------------------------

    def touch(self, brand: str, how: str, now_s: float) -> tuple[str, list[Message]]:
        """A card or phone at the reader. `how`: ``, `early-charged`, `early-not`. What happened, and what is sent."""
        if brand not in BRANDS:
            raise ValueError(f"brands: {', '.join(BRANDS)}")
        opened = self._open
        if opened is None:
            return self._touch_idle(brand), []
        if opened.brand != brand:
            return "another brand is asked for", []
        if opened.stage == "again" and opened.transaction is not None:
            return "settled", [self._read_again(opened)]
        if opened.stage != "wait":
            return "it is reading", []
        if how:
            return how, self._pull_away(opened, how == "early-charged", now_s)
        opened.stage, opened.until_s = "read", now_s + self.pace.read_s
        opened.is_declined = self.declines > 0
        self.declines = max(0, self.declines - 1)
        return "read", [self._event(opened.request, "CardInserted")]

    def cancel(self) -> list[Message]:
        """The red key."""
        if self._open is None or self._open.stage != "wait":
            return []
        return [self._fail_open("Cancel")]

    def _touch_idle(self, brand: str) -> str:
        """The next touch settles what was left open on this card."""
        for each in self.world.transactions:
            if each["is_open"] and each["brand"] == brand:
                self._settle(each)
                return "an open payment of this card is settled"
        return "nothing is asked for"

    def settle_all(self, is_charged: bool | None = None) -> int:
        """The acquirer's word on what was left open; `is_charged` None: as it truly is."""
        found = [each for each in self.world.transactions if each["is_open"]]
        for each in found:
            if is_charged is not None and is_charged != each["is_charged"]:
                if is_charged:
                    self.world.charge(each)
                else:
                    self.world.cards[each["brand"]] += each["amount"]
                    each["is_charged"] = False
            self._settle(each)
        return len(found)

    # --- what happens by itself -----------------------------------------------------------------------------------

    def advance(self, now_s: float) -> list[Message]:
        """Time has passed."""
        opened = self._open
        if opened is None or now_s < opened.until_s:
            return []
        if opened.stage == "read":
            return [self._carried_out(opened)]
        if opened.stage == "again" and opened.transaction is not None:
            return [self._left_open(opened, opened.transaction)]
        return [self._fail_open("Cancel")]

    @property
    def due_s(self) -> float | None:
        return self._open.until_s if self._open is not None else None

    @property
    def display(self) -> str:
        opened = self._open
        return (
            f"{opened.category} {opened.stage} {opened.brand} {opened.amount}" if opened is not None else ""
        )

    # --- money ----------------------------------------------------------------------------------------------------

    def _carried_out(self, opened: _Open) -> Message:
        self._open = None
        if opened.category == "Reversal" and opened.original is not None:
            return self._voided(opened.request, opened.original)
        self.executed += 1
        card = self.world.cards[opened.brand]
        is_short = BRANDS[opened.brand].is_prepaid and card < opened.amount
        if opened.is_declined or is_short:
            return self._refuse(opened.request, "Refusal")
        transaction = self._write(opened.request, opened.amount, opened.brand)
        before = card if BRANDS[opened.brand].is_prepaid else None
        self.world.charge(transaction)
        transaction["response"] = _success(transaction, before)
        self.world.save()
        return self._answer(opened.request, transaction["response"])

    def _pull_away(self, opened: _Open, is_charged: bool, now_s: float) -> list[Message]:
        """The card left the field: whether it was written is true, and unknown to the terminal."""
        transaction = self._write(opened.request, opened.amount, opened.brand)
        transaction["is_open"] = True
        transaction["balance"] = self.world.cards[opened.brand]
        if is_charged:
            self.world.charge(transaction)
        transaction["response"] = _incomplete(transaction)
        self.world.save()
        opened.transaction, opened.stage = transaction, "again"
        opened.until_s = now_s + self.pace.again_s
        return [self._event(opened.request, "CardRemoved")]

    def _read_again(self, opened: _Open) -> Message:
        transaction = opened.transaction or {}
        if not transaction["is_charged"]:
            self.world.charge(transaction)
        self._settle(transaction)
        self._open = None
        self.executed += 1
        return self._answer(opened.request, transaction["response"])

    def _left_open(self, opened: _Open, transaction: dict[str, Any]) -> Message:
        self._open = None
        return self._answer(opened.request, transaction["response"])

    def _settle(self, transaction: dict[str, Any]) -> None:
        transaction["is_open"] = False
        if transaction["is_charged"]:
            transaction["response"] = _success(transaction, transaction.get("balance"))
        else:
            transaction["response"] = {
                "Response": {"Result": "Failure", "ErrorCondition": "Cancel"},
                "POIData": {"POITransactionID": {"TransactionID": transaction["reference"]}},
            }
        self.world.save()

    def _voided(self, message: Message, original: dict[str, Any]) -> Message:
        transaction = self._write(message, original["amount"], original["brand"])
        self.world.void(original)
        transaction["is_charged"] = True
        transaction["response"] = {
            "Response": {"Result": "Success"},
            "POIData": {"POITransactionID": {"TransactionID": transaction["reference"]}},
            "ReversedAmount": original["amount"],
        }
        self.world.save()
        return self._answer(message, transaction["response"])

    def _write(self, message: Message, amount: int, brand: str) -> dict[str, Any]:
        transaction: dict[str, Any] = {
            "key": _key(message),
            "category": message.category,
            "amount": amount,
            "brand": brand,
            "reference": f"{len(self.world.transactions) + 1:05d}",
            "response": {},
            "is_charged": False,
            "is_void": False,
            "is_open": False,
        }
        self.world.transactions.append(transaction)
        return transaction

    # --- answers --------------------------------------------------------------------------------------------------

    def _fail_open(self, condition: str) -> Message:
        opened, self._open = self._open, None
        if opened is None:
            raise ValueError("nothing is open")
        return self._refuse(opened.request, condition)

    def _refuse(self, message: Message, condition: str) -> Message:
        """A refusal is written down too: a status request must find it."""
        transaction = self._write(message, 0, "")
        transaction["response"] = {"Response": {"Result": "Failure", "ErrorCondition": condition}}
        self.world.save()
        return self._answer(message, transaction["response"])

    def _failure(self, message: Message, condition: str) -> Message:
        return self._answer(message, {"Response": {"Result": "Failure", "ErrorCondition": condition}})

    def _answer(self, message: Message, body: dict[str, Any]) -> Message:
        return Message(message.category, "Response", message.service_id, message.sale_id, self.poi, body)

    def _event(self, request: Message, name: str) -> Message:
        body = {"TimeStamp": "2026-01-01T00:00:00+00:00", "EventToNotify": name}
        return Message("Event", "Notification", "", request.sale_id, self.poi, body)


def _key(message: Message) -> str:
    return f"{message.sale_id}/{message.service_id}"


def _success(transaction: dict[str, Any], before: int | None) -> dict[str, Any]:
    response: dict[str, Any] = {"Result": "Success"}
    if before is not None:
        response["AdditionalResponse"] = urlencode({"balance_before": before})
    return {
        "Response": response,
        "POIData": {"POITransactionID": {"TransactionID": transaction["reference"]}},
        "PaymentResult": {
            "PaymentType": "Normal",
            "PaymentInstrumentData": {"CardData": {"PaymentBrand": transaction["brand"]}},
            "AmountsResp": {"Currency": "JPY", "AuthorizedAmount": transaction["amount"]},
        },
    }


def _incomplete(transaction: dict[str, Any]) -> dict[str, Any]:
    more = urlencode({"incomplete": "true", "balance_before": transaction["balance"]})
    return {
        "Response": {"Result": "Failure", "ErrorCondition": "InvalidCard", "AdditionalResponse": more},
        "POIData": {"POITransactionID": {"TransactionID": transaction["reference"]}},
    }
