"""What requests say and responses mean. Pure: bodies of nexo messages to and from our own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from kiosk.money import Yen
from kiosk.ports import BrandTotal, Outcome

CURRENCY: Final = "JPY"

NOT_DONE: Final = {
    "Aborted": "aborted",
    "Busy": "busy",
    "Cancel": "cancelled",
    "DeviceOut": "device-out",
    "InsertedCard": "wrong-card",
    "InvalidCard": "wrong-card",
    "LoggedOut": "logged-out",
    "MessageFormat": "message-format",
    "NotAllowed": "not-allowed",
    "PaymentRestriction": "not-allowed",
    "Refusal": "declined",
    "UnavailableDevice": "device-out",
    "UnavailableService": "no-service",
    "UnreachableHost": "offline",
    "WrongPIN": "declined",
}
"""nexo ErrorCondition of a response with Result `Failure`, and our word. Each says: nothing was taken."""
IN_PROGRESS: Final = "InProgress"
NOT_FOUND: Final = "NotFound"


class Answer(msgspec.Struct, frozen=True):
    """What a response to a payment or reversal says."""

    outcome: Outcome
    amount: Yen = Yen(0)
    reference: str = ""
    code: str = ""
    balance_before: Yen | None = None


# --- requests -----------------------------------------------------------------------------------------------


def login(stamp: str) -> dict[str, Any]:
    """`stamp`: ISO 8601, for the terminal's clock and list."""
    return {
        "DateTime": stamp,
        "SaleSoftware": {
            "ManufacturerID": "Madoguchi",
            "ApplicationName": "Madoguchi",
            "SoftwareVersion": "1",
            "CertificationCode": "none",
        },
        "SaleTerminalData": {"TerminalEnvironment": "UnattendedPOS", "SaleCapabilities": ["CashierStatus"]},
        "OperatorLanguage": "ja",
    }


def payment(stamp: str, number: str, amount: Yen, brand: str) -> dict[str, Any]:
    """One brand, one amount: whether a terminal takes only a part of it is in its answer."""
    return {
        "SaleData": {"SaleTransactionID": {"TransactionID": number, "TimeStamp": stamp}},
        "PaymentTransaction": {
            "AmountsReq": {"Currency": CURRENCY, "RequestedAmount": amount.value},
            "TransactionConditions": {"AllowedPaymentBrand": [brand]},
        },
    }


def reference_to(category: str, service_id: str, sale_id: str, poi_id: str) -> dict[str, Any]:
    return {
        "MessageCategory": category,
        "ServiceID": service_id,
        "SaleID": sale_id,
        "POIID": poi_id,
    }


def status(category: str, service_id: str, sale_id: str, poi_id: str) -> dict[str, Any]:
    """What became of that message? Reads only."""
    return {
        "MessageReference": reference_to(category, service_id, sale_id, poi_id),
        "ReceiptReprintFlag": False,
    }


def abort(service_id: str, sale_id: str, poi_id: str) -> dict[str, Any]:
    return {
        "AbortReason": "MerchantAbort",
        "MessageReference": reference_to("Payment", service_id, sale_id, poi_id),
    }


def reversal(stamp: str, reference: str, amount: Yen) -> dict[str, Any]:
    """The whole of it: a part cannot be voided."""
    return {
        "OriginalPOITransaction": {"POITransactionID": {"TransactionID": reference, "TimeStamp": stamp}},
        "ReversalReason": "MerchantCancel",
        "ReversedAmount": amount.value,
    }


# --- responses ----------------------------------------------------------------------------------------------


def result(body: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    """(Result, ErrorCondition, AdditionalResponse as pairs) of any response; empty texts where it says none."""
    response = body.get("Response")
    if not isinstance(response, dict):
        return "", "", {}
    additional = response.get("AdditionalResponse")
    pairs = dict(parse_qsl(additional)) if isinstance(additional, str) else {}
    return _text(response.get("Result")), _text(response.get("ErrorCondition")), pairs


def read_payment(body: Mapping[str, Any], asked: Yen) -> Answer:
    """A PaymentResponse, against what was asked. What cannot be read is UNKNOWN, never a guess."""
    how, condition, more = result(body)
    reference = _reference(body)
    balance = _yen(more.get("balance_before", ""))
    if how in ("Success", "Partial"):
        amount = _authorised(body)
        if amount is None or amount > asked or amount < Yen(0):
            return Answer(Outcome.UNKNOWN, Yen(0), reference, "unreadable-amount", balance)
        if amount == asked:
            return Answer(Outcome.CONFIRMED, amount, reference, "", balance)
        if not amount:
            return Answer(Outcome.REFUSED, Yen(0), reference, "declined", balance)
        return Answer(Outcome.PARTIAL, amount, reference, "partial", balance)
    return _failure(how, condition, more, reference, balance)


def read_reversal(body: Mapping[str, Any]) -> Answer:
    how, condition, more = result(body)
    if how == "Success":
        return Answer(Outcome.CONFIRMED, reference=_reference(body))
    return _failure(how, condition, more, _reference(body), None)


def _failure(
    how: str, condition: str, more: Mapping[str, str], reference: str, balance: Yen | None
) -> Answer:
    if (
        how == "Failure" and more.get("incomplete") == "true"
    ):  # 処理未了: README, "Words that nexo does not have"
        return Answer(Outcome.UNKNOWN, Yen(0), reference, "incomplete", balance)
    if how == "Failure" and condition in NOT_DONE:
        return Answer(Outcome.REFUSED, Yen(0), reference, NOT_DONE[condition], balance)
    return Answer(Outcome.UNKNOWN, Yen(0), reference, "unreadable", balance)


def repeated(body: Mapping[str, Any], category: str) -> dict[str, Any] | None:
    """The response that a TransactionStatusResponse repeats; None when it repeats none of this category."""
    message = body.get("RepeatedMessageResponse")
    inner = message.get("RepeatedResponseMessageBody") if isinstance(message, dict) else None
    found = inner.get(f"{category}Response") if isinstance(inner, dict) else None
    return found if isinstance(found, dict) else None


def read_totals(body: Mapping[str, Any]) -> tuple[BrandTotal, ...]:
    """TransactionTotals by brand; what cannot be read is left out."""
    groups = body.get("TransactionTotals")
    found = [_total(group) for group in groups if isinstance(group, dict)] if isinstance(groups, list) else []
    return tuple(each for each in found if each is not None)


def _total(group: Mapping[str, Any]) -> BrandTotal | None:
    rows = group.get("PaymentTotals")
    counts = {"Debit": (0, Yen(0)), "ReverseDebit": (0, Yen(0))}
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            return None
        count, amount = row.get("TransactionCount"), _yen(row.get("TransactionAmount"))
        if type(count) is not int or amount is None:
            return None
        counts[_text(row.get("TransactionType"))] = (count, amount)
    return BrandTotal(_text(group.get("PaymentBrand")), *counts["Debit"], *counts["ReverseDebit"])


def _authorised(body: Mapping[str, Any]) -> Yen | None:
    payment_result = body.get("PaymentResult")
    amounts = payment_result.get("AmountsResp") if isinstance(payment_result, dict) else None
    if not isinstance(amounts, dict) or amounts.get("Currency", CURRENCY) != CURRENCY:
        return None
    return _yen(amounts.get("AuthorizedAmount"))


def _reference(body: Mapping[str, Any]) -> str:
    data = body.get("POIData")
    found = data.get("POITransactionID") if isinstance(data, dict) else None
    return _text(found.get("TransactionID")) if isinstance(found, dict) else ""


def _yen(value: object) -> Yen | None:
    """Whole yen only: nexo's amounts are decimals."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Yen(value)
    if isinstance(value, float) and value.is_integer():
        return Yen(int(value))
    if isinstance(value, str) and len(value) < 10 and value.isascii() and value.isdecimal():
        return Yen(int(value))
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
