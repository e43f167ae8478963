"""One bit wrong in an answer about money, at each place of it: nothing is invented, and what was taken is not denied.

Neither protocol has a checksum of its own (TCP has one below): what is left is that every answer must make sense.
"""

from __future__ import annotations

import json

from drivers.cashless.codec import NEED_DATA, Message, MessageReader, encode
from drivers.cashless.messages import read_payment
from drivers.qr.device import Ask, Gateway
from drivers.qr.settings import Settings
from drivers.transport.sim.wire import flipped
from kiosk.errors import PeerProtocolError
from kiosk.money import Yen
from kiosk.ports import Outcome, PaymentEnded, RequestPayment
from tests.contract.test_qr_gateway import MERCHANT

ASKED = Yen(200)
SAID = {
    "Response": {"Result": "Success", "AdditionalResponse": "balance_before=3000"},
    "POIData": {"POITransactionID": {"TransactionID": "00001"}},
    "PaymentResult": {"AmountsResp": {"Currency": "JPY", "AuthorizedAmount": 200}},
}
REFUSED = {"Response": {"Result": "Failure", "ErrorCondition": "Cancel"}}


def heard(body: dict[str, object], bit: int) -> Message | None:
    """What a terminal's answer is with that bit wrong; None when there is none."""
    reader = MessageReader()
    reader.feed(flipped(encode(Message("Payment", "Response", "op1", "kiosk-1", "POI-0001", body)), bit))
    try:
        message = reader.next_message()
    except PeerProtocolError:
        return None
    return None if message is NEED_DATA else message


def test_a_terminal_that_took_the_money_is_never_heard_to_refuse_or_to_take_more() -> None:
    length = len(encode(Message("Payment", "Response", "op1", "kiosk-1", "POI-0001", SAID))) * 8
    outcomes = set()
    for bit in range(length):
        message = heard(SAID, bit)
        if message is not None:
            answer = read_payment(message.body, ASKED)
            outcomes.add(answer.outcome)
            assert answer.outcome is not Outcome.REFUSED, bit
            assert answer.amount <= ASKED, bit
            assert answer.outcome is not Outcome.CONFIRMED or answer.amount == ASKED, bit
    assert Outcome.UNKNOWN in outcomes


def test_a_terminal_that_took_nothing_is_never_heard_to_have_taken() -> None:
    for bit in range(len(encode(Message("Payment", "Response", "op1", "kiosk-1", "POI-0001", REFUSED))) * 8):
        message = heard(REFUSED, bit)
        if message is not None:
            assert read_payment(message.body, ASKED).outcome in (Outcome.REFUSED, Outcome.UNKNOWN), bit


def told_by_gateway(raw: bytes) -> list[object]:
    """What the kiosk's side makes of the body of an answer to its PUT."""
    settings = Settings("http://x", "STORE", "k", MERCHANT)
    gateway = Gateway("codes1", settings)
    gateway.tick(0.0)
    gateway.answered(Ask("GET", "/v1/health", ""), 200, {"store": "STORE", "is_ready": True}, 0.0)
    pay = RequestPayment("op1", "codes1", "STORE", ASKED, "code", "0001", "2812345678901234")
    (put,) = [each for each in gateway.perform(pay, 0.0) if isinstance(each, Ask)]
    try:
        body = json.loads(raw)
    except ValueError:
        return list(gateway.failed(put, "no-answer", 0.1))
    if not isinstance(body, dict):
        return list(gateway.failed(put, "no-answer", 0.1))
    return list(gateway.answered(put, 201, body, 0.1))


def test_a_gateway_that_took_the_money_is_never_heard_to_refuse() -> None:
    raw = json.dumps({"state": "paid", "amount": 200, "reference": "abc123", "brand": "paypay"}).encode()
    for bit in range(len(raw) * 8):
        for each in told_by_gateway(flipped(raw, bit)):
            if isinstance(each, PaymentEnded):
                assert each.outcome in (Outcome.CONFIRMED, Outcome.UNKNOWN), bit
                assert each.outcome is not Outcome.CONFIRMED or each.amount == ASKED, bit
