"""nexo frames and messages: golden bytes, any cut, any corruption."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cashless import messages
from drivers.cashless.codec import LENGTH_MAX, NEED_DATA, Message, MessageReader, decode, encode
from kiosk.errors import PeerProtocolError
from kiosk.money import Yen
from kiosk.ports import BrandTotal, Outcome

GOLDEN = (
    '{"SaleToPOIRequest":{"MessageHeader":{"ProtocolVersion":"3.0","MessageClass":"Service",'
    '"MessageCategory":"Abort","MessageType":"Request","ServiceID":"0000000002","SaleID":"kiosk-1",'
    '"POIID":"POI-0001"},"AbortRequest":{"AbortReason":"MerchantAbort","MessageReference":'
    '{"MessageCategory":"Payment","ServiceID":"0000000001","SaleID":"kiosk-1","POIID":"POI-0001"}}}}'
)
ABORT = Message(
    "Abort",
    "Request",
    "0000000002",
    "kiosk-1",
    "POI-0001",
    messages.abort("0000000001", "kiosk-1", "POI-0001"),
)
WORDS = st.text(max_size=12)
BODIES = st.dictionaries(WORDS, st.none() | st.booleans() | st.integers(-(2**40), 2**40) | WORDS, max_size=4)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 2**60) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)
MESSAGES = st.builds(
    Message,
    st.sampled_from(["Login", "Payment", "TransactionStatus", "Reversal", "Diagnosis"]),
    st.sampled_from(["Request", "Response"]),
    WORDS,
    WORDS,
    WORDS,
    BODIES,
)


def test_the_bytes_of_an_abort() -> None:
    raw = encode(ABORT)
    assert raw[:4] == len(GOLDEN).to_bytes(4, "big")
    assert raw[4:].decode() == GOLDEN
    assert decode(GOLDEN.encode()) == ABORT


@given(st.lists(MESSAGES, max_size=4), st.data())
def test_a_stream_may_be_cut_anywhere(sent: list[Message], data: st.DataObject) -> None:
    raw, reader, got = b"".join(map(encode, sent)), MessageReader(), []
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        reader.feed(raw[:size])
        raw = raw[size:]
        while (message := reader.next_message()) is not NEED_DATA:
            got.append(message)
    assert got == sent


@given(MESSAGES, st.data())
def test_a_corrupted_frame_is_a_message_or_a_protocol_error(message: Message, data: st.DataObject) -> None:
    raw = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    reader = MessageReader()
    reader.feed(bytes(raw))
    try:
        found = reader.next_message()
    except PeerProtocolError:
        return
    assert found is NEED_DATA or isinstance(found, Message)


@given(st.binary(max_size=64))
def test_any_bytes_are_refused_or_waited_with(data: bytes) -> None:
    reader = MessageReader()
    reader.feed(data)
    try:
        while reader.next_message() is not NEED_DATA:
            pass
    except PeerProtocolError:
        pass


@pytest.mark.parametrize("length", [0, LENGTH_MAX + 1, 2**32 - 1])
def test_an_impossible_length_is_refused_before_a_byte_is_kept(length: int) -> None:
    reader = MessageReader()
    reader.feed(length.to_bytes(4, "big"))
    with pytest.raises(PeerProtocolError):
        reader.next_message()


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"SaleToPOIRequest":{}}',
        '{"SaleToPOIRequest":[]}',
        '{"Other":{}}',
        GOLDEN.replace("SaleToPOIRequest", "SaleToPOIResponse"),
        GOLDEN.replace('"AbortRequest":{', '"AbortRequest":[{').replace("}}}}", "}}]}}"),
        "[" * 5000,
        "\udc80".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_what_is_no_message_is_a_protocol_error(text: str) -> None:
    with pytest.raises(PeerProtocolError):
        decode(text.encode("latin-1"))


def test_a_message_says_nothing_of_its_body() -> None:
    assert repr(ABORT) == "Message(AbortRequest, 0000000002)"


# --- meaning


def success(amount: Any, **more: Any) -> dict[str, Any]:
    return {
        "Response": {"Result": "Success", **more},
        "POIData": {"POITransactionID": {"TransactionID": "00042"}},
        "PaymentResult": {"AmountsResp": {"Currency": "JPY", "AuthorizedAmount": amount}},
    }


def failure(condition: str, additional: str = "") -> dict[str, Any]:
    return {"Response": {"Result": "Failure", "ErrorCondition": condition, "AdditionalResponse": additional}}


@pytest.mark.parametrize(
    ("body", "outcome", "amount", "code"),
    [
        (success(200), Outcome.CONFIRMED, 200, ""),
        (success(200.0), Outcome.CONFIRMED, 200, ""),
        (success("200"), Outcome.CONFIRMED, 200, ""),
        (success(150), Outcome.PARTIAL, 150, "partial"),
        (success(0), Outcome.REFUSED, 0, "declined"),
        (success(201), Outcome.UNKNOWN, 0, "unreadable-amount"),
        (success(-1), Outcome.UNKNOWN, 0, "unreadable-amount"),
        (success(199.5), Outcome.UNKNOWN, 0, "unreadable-amount"),
        (success(True), Outcome.UNKNOWN, 0, "unreadable-amount"),
        (success(None), Outcome.UNKNOWN, 0, "unreadable-amount"),
        ({"Response": {"Result": "Success"}}, Outcome.UNKNOWN, 0, "unreadable-amount"),
        ({}, Outcome.UNKNOWN, 0, "unreadable"),
        (failure("Refusal"), Outcome.REFUSED, 0, "declined"),
        (failure("Busy"), Outcome.REFUSED, 0, "busy"),
        (failure("UnreachableHost"), Outcome.REFUSED, 0, "offline"),
        (failure("SomethingNew"), Outcome.UNKNOWN, 0, "unreadable"),
        (failure("InvalidCard", "incomplete=true&balance_before=900"), Outcome.UNKNOWN, 0, "incomplete"),
    ],
)
def test_what_an_answer_means(body: dict[str, Any], outcome: Outcome, amount: int, code: str) -> None:
    answer = messages.read_payment(body, Yen(200))
    assert (answer.outcome, answer.amount, answer.code) == (outcome, Yen(amount), code)


def test_the_balance_of_before_is_read_and_another_currency_is_not() -> None:
    told = messages.read_payment(failure("InvalidCard", "incomplete=true&balance_before=900"), Yen(200))
    assert told.balance_before == Yen(900)
    foreign = success(200)
    foreign["PaymentResult"]["AmountsResp"]["Currency"] = "USD"
    assert messages.read_payment(foreign, Yen(200)).outcome is Outcome.UNKNOWN


@given(ANY)
def test_any_json_means_something_and_never_money_that_was_not_asked_for(body: Any) -> None:
    body = msgspec.json.decode(msgspec.json.encode(body)) if isinstance(body, dict) else {"Response": body}
    answer = messages.read_payment(body, Yen(200))
    assert Yen(0) <= answer.amount <= Yen(200)
    messages.read_reversal(body)
    messages.read_totals({"TransactionTotals": [body, *body.values()]})
    assert messages.repeated(body, "Payment") is None


def test_totals_by_brand() -> None:
    rows = [
        {"TransactionType": "Debit", "TransactionCount": 2, "TransactionAmount": 400},
        {"TransactionType": "ReverseDebit", "TransactionCount": 1, "TransactionAmount": 200},
    ]
    body = {"TransactionTotals": [{"PaymentBrand": "edy", "PaymentTotals": rows}, {"PaymentTotals": [7]}]}
    assert messages.read_totals(body) == (BrandTotal("edy", 2, Yen(400), 1, Yen(200)),)
